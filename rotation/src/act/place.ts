// How the bytes of a configuration come to their place: by rename, in place where a mount leaves no other way, or
// beside it for others to place.

import {sha256Hex} from '@etcd-encryption/crypto';
import {configurationDirectory, configurationPath} from '../model/file-paths.ts';
import type {Ring} from '../model/ring.ts';
import {type AgentMemory, learn} from '../observe/node.ts';
import {ask, demand, ok, type Result, type Step} from '../ports.ts';
import {writeAtomically, writeInPlace} from './atomic-write.ts';
import type {NodeDeed} from './node-deed.ts';

/** Whoever places the exported file may take days: it is not written again each period. */
function* isThere(path: string, bytes: Uint8Array): Step<boolean> {
  const present = yield* ask('files.read', {path});
  return present.ok && present.value !== undefined && sha256Hex(present.value.bytes) === sha256Hex(bytes);
}

export function* place(
  {memory, observation}: NodeDeed,
  bytes: Uint8Array,
  mode: Ring['settings']['writeMode'],
  check: (bytes: Uint8Array) => string | undefined,
): Step<Result<undefined>> {
  const path = mode === 'external' ? `${configurationPath}.next` : configurationPath;
  if (mode === 'external' && (yield* isThere(path, bytes))) return ok(undefined);
  // A rename would succeed here and leave the server with the file that is mounted into it.
  const pinned = observation.platform.state === 'seen' && observation.platform.value.mount === 'single-file';
  if (mode === 'inPlace' && pinned && observation.file.state !== 'absent') return yield* overwrite(memory, bytes);
  const written = yield* writeAtomically({path, bytes, mode: 0o600, check});
  if (!written.ok) {
    const mounted = mode === 'inPlace' && written.error.reason === 'EBUSY';
    return mounted ? yield* overwrite(memory, bytes) : written;
  }
  memory.lasting.delete('FileNotAtomic');
  learn(memory, bytes);
  return ok(undefined);
}

function* overwrite(memory: AgentMemory, bytes: Uint8Array): Step<Result<undefined>> {
  const copyPath = `${configurationDirectory}/encryption-provider.complete`;
  const written = yield* writeInPlace(configurationPath, bytes, copyPath);
  if (!written.ok) return written;
  const now = yield* demand('clock.now', {});
  const message = 'the configuration is written in place, as its mount demands, and can be seen half-written';
  memory.lasting.set('FileNotAtomic', {message, atMs: now.monotonicMs});
  learn(memory, bytes);
  return ok(undefined);
}

/** How a file is put back: in place only where that is asked for, or was done before and nobody can be asked. */
export function restoreMode({memory, observation}: NodeDeed): 'rename' | 'inPlace' {
  const inPlace =
    observation.ring.state === 'seen'
      ? observation.ring.value.settings.writeMode === 'inPlace'
      : memory.lasting.has('FileNotAtomic');
  return inPlace ? 'inPlace' : 'rename';
}

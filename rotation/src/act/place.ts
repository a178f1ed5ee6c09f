// How the bytes of a configuration come to their place: by rename, in place where a mount leaves no other way, or
// beside it for others to place.

import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {completePath, configurationPath, exportPath} from '../model/file-paths.ts';
import {type AgentMemory, learn} from '../observe/agent-memory.ts';
import {ask, demand, ok, type Result, type Step} from '../ports.ts';
import {writeAtomically, writeInPlace} from './atomic-write.ts';
import type {NodeDeed} from './node-deed.ts';

/** Whoever places the exported file may take days: it is not written again each period. */
function* isThere(path: string, bytes: Uint8Array): Step<boolean> {
  const present = yield* ask('files.read', {path});
  return present.ok && present.value !== undefined && sha256Hex(present.value.bytes) === sha256Hex(bytes);
}

/**
 * Puts a configuration where this node's mode says. Others' file is never touched: where they place it, the export
 * beside it is all that changes.
 */
export function* place(
  {memory, observation}: NodeDeed,
  bytes: Uint8Array,
  check: (bytes: Uint8Array) => string | undefined,
): Step<Result<undefined>> {
  // Where nobody can be asked, a file is written in place only if it was before.
  const mode = memory.writeMode ?? (memory.lasting.has('FileNotAtomic') ? 'inPlace' : 'rename');
  if (mode === 'external') return yield* exportFile(memory, bytes, check);
  // A rename would succeed here and leave the server with the file that is mounted into it.
  const pinned = observation.platform.state === 'seen' && observation.platform.value.mount === 'single-file';
  if (mode === 'inPlace' && pinned && observation.file.state !== 'absent') return yield* overwrite(memory, bytes);
  const written = yield* writeAtomically({path: configurationPath, bytes, mode: 0o600, check});
  if (!written.ok) {
    const mounted = mode === 'inPlace' && written.error.reason === 'EBUSY';
    return mounted ? yield* overwrite(memory, bytes) : written;
  }
  // The copy of a file that was written in place is older than this one from now on; mostly there is none.
  yield* ask('files.remove', {path: completePath});
  memory.lasting.delete('FileNotAtomic');
  const {file} = observation;
  memory.replaced = file.state === 'loadable' ? {file: sha256Hex(bytes), before: file.hash} : undefined;
  learn(memory, bytes);
  return ok(undefined);
}

function* exportFile(
  memory: AgentMemory,
  bytes: Uint8Array,
  check: (bytes: Uint8Array) => string | undefined,
): Step<Result<undefined>> {
  learn(memory, bytes);
  if (yield* isThere(exportPath, bytes)) return ok(undefined);
  return yield* writeAtomically({path: exportPath, bytes, mode: 0o600, check});
}

function* overwrite(memory: AgentMemory, bytes: Uint8Array): Step<Result<undefined>> {
  const written = yield* writeInPlace(configurationPath, bytes, completePath);
  if (!written.ok) return written;
  const now = yield* demand('clock.now', {});
  const message = 'the configuration is written in place, as its mount demands, and can be seen half-written';
  memory.lasting.set('FileNotAtomic', {message, atMs: now.monotonicMs});
  learn(memory, bytes);
  return ok(undefined);
}

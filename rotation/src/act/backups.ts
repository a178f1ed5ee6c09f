// Earlier configurations: each is kept before it is replaced, the oldest go when their keys are in the history.

import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {maxBackups} from '../limits.ts';
import {backupDirectory, configurationPath} from '../model/file-paths.ts';
import {refOf} from '../model/key-ring.ts';
import {formatTime} from '../model/time-text.ts';
import {type AgentMemory, learn} from '../observe/agent-memory.ts';
import {ask, ok, type Result, type Step} from '../ports.ts';
import {writeAtomically} from './atomic-write.ts';
import type {NodeDeed} from './node-deed.ts';

/** The file in place goes into the backup folder before it is replaced, named by time and content. */
export function* backUp({memory, observation}: NodeDeed): Step<Result<undefined>> {
  if (observation.file.state === 'absent') return ok(undefined);
  const present = yield* ask('files.read', {path: configurationPath});
  if (!present.ok) return present.error.code === 'invalid' ? ok(undefined) : present;
  if (present.value === undefined) return ok(undefined);
  const hash = sha256Hex(present.value.bytes);
  if ([...memory.backups.values()].includes(hash)) return ok(undefined);
  const made = yield* ask('files.makeDirectory', {path: backupDirectory, mode: 0o700});
  if (!made.ok && made.error.code !== 'conflict') return made;
  const loads = parseEncryptionConfiguration(present.value.bytes).outcome === 'loadable';
  const time = formatTime(observation.now.wallMs, true).replaceAll(':', '');
  const name = `${time}-${hash.slice(0, 8)}${loads ? '.json' : '.damaged'}`;
  const path = `${backupDirectory}/${name}`;
  const stored = yield* writeAtomically({path, bytes: present.value.bytes, mode: 0o600, check: () => undefined});
  if (!stored.ok) return stored;
  if (loads) {
    learn(memory, present.value.bytes);
    memory.backups.set(name, hash);
  }
  return yield* prune(memory);
}

/** At most 50 backups; one that holds a key the history lacks is never removed. */
function* prune(memory: AgentMemory): Step<Result<undefined>> {
  const kept = new Set((memory.history?.keys ?? []).map((key) => refOf(key).id));
  const names = [...memory.backups.keys()].sort();
  for (const name of names.slice(0, Math.max(0, names.length - maxBackups))) {
    const hash = memory.backups.get(name);
    const blocks = hash === undefined ? undefined : memory.files.get(hash)?.blocks;
    const safe = blocks?.every(({order}) => order.every((entry) => !memory.keys.has(entry) || kept.has(entry)));
    if (safe !== true || hash === memory.lastLoadedHash) continue;
    const removed = yield* ask('files.remove', {path: `${backupDirectory}/${name}`});
    if (!removed.ok) return removed;
    memory.backups.delete(name);
  }
  return ok(undefined);
}

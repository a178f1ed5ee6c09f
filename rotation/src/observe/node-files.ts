// The files on a node that hold keys: the configuration in force, its backups and complete copy, and the history.

import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {parseHistory} from '../act/history.ts';
import {maxFileBytes} from '../limits.ts';
import {absent, seen, unread} from '../model/fact.ts';
import {backupDirectory, completePath, configurationPath, historyPath} from '../model/file-paths.ts';
import {refOf} from '../model/key-ring.ts';
import type {FileReport} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {ask, type FileContent, type Step} from '../ports.ts';
import {type AgentMemory, learn, remember} from './agent-memory.ts';

/** The history, parsed anew only when its bytes are others; its keys are held from then on. */
export function* readHistoryFact(memory: AgentMemory): Step<NodeObservation['history']> {
  const answer = yield* ask('files.read', {path: historyPath});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) {
    memory.history = undefined;
    memory.historyHash = undefined;
    return absent;
  }
  const hash = sha256Hex(answer.value.bytes);
  if (memory.historyHash !== hash || memory.history === undefined) {
    memory.history = parseHistory(answer.value.bytes);
    if (memory.history.foreign) learn(memory, answer.value.bytes);
    memory.historyHash = hash;
  }
  answer.value.bytes.fill(0);
  const {keys, damaged, foreign, newer} = memory.history;
  for (const key of keys) remember(memory, key);
  return seen({keys: [...new Set(keys.map((key) => refOf(key).id))].sort(), damaged, foreign, newer});
}

/** Backups never change, so each is read once; what does not parse is somebody else's. */
export function* readBackups(memory: AgentMemory): Step<readonly string[]> {
  const names = yield* ask('files.list', {directory: backupDirectory});
  if (!names.ok || names.value === undefined) return [];
  const foreign: string[] = [];
  for (const name of names.value) {
    if (!name.endsWith('.json') || memory.backups.has(name)) continue;
    const path = `${backupDirectory}/${name}`;
    const content = yield* ask('files.read', {path});
    if (!content.ok || content.value === undefined || content.value.size > maxFileBytes) continue;
    const known = learn(memory, content.value.bytes);
    memory.backups.set(name, known?.hash);
    if (known === undefined) foreign.push(path);
  }
  for (const name of memory.backups.keys()) if (!names.value.includes(name)) memory.backups.delete(name);
  return foreign;
}

/** Hash of the newest backup that is another file than the present one and that no server refused. */
export function newestOf(memory: AgentMemory, file: FileReport): string | undefined {
  const present = file.state === 'loadable' ? file.hash : undefined;
  const names = [...memory.backups]
    .filter(([, hash]) => hash !== undefined && hash !== present && hash !== memory.refusedFile?.hash)
    .map(([name]) => name);
  const newest = names.sort().at(-1);
  return newest === undefined ? undefined : memory.backups.get(newest);
}

/** Hash of the copy beside a file that is written in place; `undefined` when it is missing or does not load. */
export function* readCompleteCopy(memory: AgentMemory): Step<string | undefined> {
  const copy = yield* ask('files.read', {path: completePath});
  if (!copy.ok || copy.value === undefined || copy.value.size > maxFileBytes) return undefined;
  return learn(memory, copy.value.bytes)?.hash;
}

/** The configuration in force, as a report tells of it. */
export function* readConfiguration(
  memory: AgentMemory,
): Step<{readonly file: FileReport; readonly modifiedAtMs: number; readonly mode?: number}> {
  const answer = yield* ask('files.read', {path: configurationPath});
  if (!answer.ok) {
    const {code, message, reason} = answer.error;
    if (code === 'invalid')
      return {
        file: {state: 'refused', hash: '', problems: [`${configurationPath}: ${reason ?? message}`]},
        modifiedAtMs: 0,
      };
    return {file: {state: 'unknown', why: `${code}: ${message}`}, modifiedAtMs: 0};
  }
  if (answer.value === undefined) return {file: {state: 'absent'}, modifiedAtMs: 0};
  const {modifiedAtMs, mode} = answer.value;
  return {file: describe(memory, answer.value), modifiedAtMs, mode};
}

function describe(memory: AgentMemory, content: FileContent): FileReport {
  const hash = sha256Hex(content.bytes);
  if (content.size > maxFileBytes)
    return {state: 'refused', hash, problems: [`expected at most ${maxFileBytes} bytes, got ${content.size}`]};
  const known = learn(memory, content.bytes);
  if (known !== undefined)
    return {state: 'loadable', hash, blocks: known.blocks, canonical: startsCanonical(content.bytes)};
  const parsed = parseEncryptionConfiguration(content.bytes);
  const problems =
    parsed.outcome === 'refused'
      ? parsed.problems.map(({path, reason, message}) => `${path}: ${reason}: ${message}`)
      : [];
  return {state: 'refused', hash, problems: problems.slice(0, 8)};
}

/** Our files begin with a comment that names the providers. */
const startsCanonical = (bytes: Uint8Array): boolean => bytes[0] === 35 && bytes[2] === 112;

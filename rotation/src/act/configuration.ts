// The configuration changes: rendered from references, asked of the guard once more, and placed. What was refused is
// put back to what it was, and remembered.

import {type StoredKey, utf8} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {configurationDirectory, trialPath} from '../model/file-paths.ts';
import type {KeyId} from '../model/key.ts';
import {materialise, referTo, refOf} from '../model/key-ring.ts';
import {addReadKeys, type RenderedBlock} from '../model/layout.ts';
import type {NodeObservation, TriedFile} from '../model/node-observation.ts';
import type {AgentMemory, KnownFile} from '../observe/agent-memory.ts';
import {guardFile} from '../plan/guard.ts';
import {guardInput} from '../plan/node-file.ts';
import type {NodeAction} from '../plan/node-plan.ts';
import {sameBlocks} from '../plan/view.ts';
import {ask, demand, failed, ok, type Result, type Step} from '../ports.ts';
import {writeAtomically} from './atomic-write.ts';
import {backUp} from './backups.ts';
import {record} from './keep-keys.ts';
import type {NodeDeed} from './node-deed.ts';
import {place} from './place.ts';

/** The canonical bytes of rendered blocks, and why kube-apiserver would not load exactly them. */
function renderBytes(memory: AgentMemory, blocks: readonly RenderedBlock[]): Result<Uint8Array> {
  const configuration = materialise(blocks, memory.keys);
  if ('missing' in configuration) return failed('gone', `${configuration.missing} is not held`);
  const bytes = formatEncryptionConfiguration(configuration);
  const why = differs(bytes, blocks);
  return why === undefined ? ok(bytes) : failed('invalid', why);
}

function differs(bytes: Uint8Array, blocks: readonly RenderedBlock[]): string | undefined {
  const parsed = parseEncryptionConfiguration(bytes);
  if (parsed.outcome === 'refused')
    return `it would not load: ${parsed.problems[0]?.path}: ${parsed.problems[0]?.reason}`;
  return sameBlocks(referTo(parsed.configuration).blocks, blocks)
    ? undefined
    : 'it does not read back as what was meant';
}

export function* writeConfiguration(deed: NodeDeed, blocks: readonly RenderedBlock[]): Step<Result<undefined>> {
  const {memory, observation, plan} = deed;
  const rendered = renderBytes(memory, blocks);
  if (!rendered.ok) return rendered;
  const unkept = yield* keepAll(deed, blocks);
  if (!unkept.ok) return unkept;
  const backup = yield* backUp(deed);
  if (!backup.ok) return backup;
  const now = yield* demand('clock.now', {});
  const current = observation.file.state === 'loadable' ? observation.file.blocks : [];
  const ring = observation.ring.state === 'seen' ? observation.ring.value : undefined;
  const why = guardFile({
    ...guardInput(observation, ring, current, blocks, plan.loaded, plan.server),
    ringAgeMs: now.monotonicMs - observation.ringReadAtMs,
  });
  if (why !== undefined) return failed('denied', `guard: ${why}`);
  const marked = yield* markTrial(deed, rendered.value);
  if (!marked.ok) return marked;
  return yield* place(deed, rendered.value, (bytes) => differs(bytes, blocks));
}

/** Written down before a file of a new kind is in place, so that it is taken back even if this program does not live on. */
function* markTrial({memory, observation, plan}: NodeDeed, bytes: Uint8Array): Step<Result<undefined>> {
  const trial = observation.ring.state === 'seen' ? observation.ring.value.trial : undefined;
  const before = plan.loaded.state === 'known' ? plan.loaded.hash : memory.lastLoadedHash;
  if (trial?.node !== observation.node || before === undefined) return ok(undefined);
  const tried: TriedFile = {v: 1, trial: trial.id, file: sha256Hex(bytes), before};
  const text = utf8(`${JSON.stringify(tried)}\n`);
  return yield* writeAtomically({path: trialPath, bytes: text, mode: 0o600, check: () => undefined});
}

export function* endTrial(): Step<Result<undefined>> {
  const removed = yield* ask('files.remove', {path: trialPath});
  if (!removed.ok && removed.error.code !== 'gone') return removed;
  return yield* ask('files.syncDirectory', {path: configurationDirectory});
}

/** History first: every key that the new file names is in it, synced, before the file is. */
function* keepAll(deed: NodeDeed, blocks: readonly RenderedBlock[]): Step<Result<undefined>> {
  const named = new Set(blocks.flatMap(({order}) => order));
  return yield* record(
    deed,
    [...named].map((entry) => deed.memory.keys.get(entry)).filter((key): key is StoredKey => key !== undefined),
  );
}

/** Puts back bytes that this node had; after a refusal the refused blocks are remembered, so they are not written again. */
export function* restoreConfiguration(
  deed: NodeDeed,
  action: Extract<NodeAction, {do: 'restoreFile'}>,
): Step<Result<undefined>> {
  const {memory, observation} = deed;
  const known = memory.files.get(action.hash);
  if (known === undefined) return failed('gone', `no configuration with hash ${action.hash.slice(0, 12)} is at hand`);
  const backup = yield* backUp(deed);
  if (!backup.ok) return backup;
  const check = (bytes: Uint8Array): string | undefined =>
    parseEncryptionConfiguration(bytes).outcome === 'loadable' ? undefined : 'it would not load';
  const placed = yield* place(deed, widened(memory, known, action.add), check);
  if (!placed.ok) return placed;
  if (action.refused) memory.lastLoadedHash ??= action.hash;
  if (action.refused && observation.file.state === 'loadable') {
    const trial = observation.ring.state === 'seen' ? observation.ring.value.trial : undefined;
    memory.refusedFile = {
      ...(trial?.node === observation.node ? {trial: trial.id} : triedOf(observation)),
      hash: observation.file.hash,
      blocks: observation.file.blocks,
      atMs: observation.now.wallMs,
      ...refusingProcess(deed),
      why: action.why,
    };
  }
  return ok(undefined);
}

/** The bytes of a file with more read keys; as they were, where no file could be made of both. */
function widened(memory: AgentMemory, {bytes, blocks}: KnownFile, add: readonly KeyId[] = []): Uint8Array {
  if (add.length === 0) return bytes;
  const refs = new Map([...memory.keys].map(([id, key]) => [id, refOf(key)]));
  const rendered = renderBytes(memory, addReadKeys(blocks, add, refs));
  return rendered.ok ? rendered.value : bytes;
}

/** The process that counted the failure; where none runs, the last one that was seen. */
function refusingProcess({memory, observation: {evidence}}: NodeDeed): {readonly serverStartedAtMs?: number} {
  const present = evidence.state === 'seen' ? evidence.value.processStartMs : undefined;
  // From memory: where this node's server is the only way to the API, the report cannot be read while it is down.
  const serverStartedAtMs = present ?? memory.lastReport?.counters.startedAtMs;
  return serverStartedAtMs === undefined || serverStartedAtMs === 0 ? {} : {serverStartedAtMs};
}

const triedOf = ({tried, file}: NodeObservation): {readonly trial?: string} =>
  tried !== undefined && file.state === 'loadable' && tried.file === file.hash ? {trial: tried.trial} : {};

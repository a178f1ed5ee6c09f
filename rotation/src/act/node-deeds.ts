// The agent's deeds: each is small, safe to repeat and safe to stop after. Bytes of keys are touched only here.

import {type DataKey, generateDataKey, type Secret, type StoredKey, sha256Hex, utf8} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {maxBackups} from '../limits.ts';
import {
  backupDirectory,
  configurationDirectory,
  configurationPath,
  identityPath,
  statePath,
  trialPath,
} from '../model/file-paths.ts';
import {type KeyId, type KeyRef, keyObjectName} from '../model/key.ts';
import {isNamedAfterKey, readKeyObject, voucherMac, writeKeyObject} from '../model/key-object.ts';
import {keyFrom, materialise, referTo, refOf} from '../model/key-ring.ts';
import type {RenderedBlock} from '../model/layout.ts';
import type {KeyObject} from '../model/node.ts';
import type {NodeObservation, TriedFile} from '../model/node-observation.ts';
import {keyResource, ourNamespace} from '../model/resource-types.ts';
import type {Ring} from '../model/ring.ts';
import {formatTime} from '../model/time-text.ts';
import {type AgentMemory, learn} from '../observe/node.ts';
import {guardFile} from '../plan/guard.ts';
import {guardInput, type NodeAction, type NodePlan, wantedRecipients} from '../plan/node.ts';
import {sameBlocks} from '../plan/view.ts';
import {ask, demand, failed, ok, type Result, type Step} from '../ports.ts';
import {writeAtomically, writeInPlace} from './atomic-write.ts';
import {appendHistory} from './history.ts';
import {makeIdentity, readIdentity} from './identity.ts';

export interface NodeDeed {
  readonly memory: AgentMemory;
  readonly observation: NodeObservation;
  readonly plan: NodePlan;
}

/** Does one action of the node plan. */
export function* doNodeAction(deed: NodeDeed, action: NodeAction): Step<Result<unknown>> {
  switch (action.do) {
    case 'makeIdentity':
      return yield* makeIdentity();
    case 'moveAside':
      return yield* moveAside(deed, action.path);
    case 'appendHistory':
      return yield* appendKeys(deed, action.keys);
    case 'openKey':
      return yield* openKey(deed, action.object);
    case 'sealKey':
      return yield* sealKey(deed, action.key);
    case 'reseal':
      return yield* reseal(deed, action.object);
    case 'mint':
      return yield* mintKey(deed, action.id, action.revision);
    case 'writeFile':
      return yield* writeConfiguration(deed, action.blocks);
    case 'restoreFile':
      return yield* restoreConfiguration(deed, action);
    case 'writeState': {
      const bytes = utf8(`${JSON.stringify(action.state)}\n`);
      return yield* writeAtomically({path: statePath, bytes, mode: 0o600, check: () => undefined});
    }
    case 'endTrial':
      return yield* endTrial();
    default:
      return action satisfies never;
  }
}

/** A file that is not ours is kept, under a name that says when it was found; its keys are in the key ring already. */
function* moveAside({observation}: NodeDeed, path: string): Step<Result<undefined>> {
  const to = `${path}.found-${formatTime(observation.now.wallMs).replaceAll(':', '')}`;
  const moved = yield* ask('files.rename', {from: path, to});
  if (!moved.ok) return moved;
  return yield* ask('files.syncDirectory', {path: path.slice(0, path.lastIndexOf('/'))});
}

function* appendKeys(deed: NodeDeed, ids: readonly KeyId[]): Step<Result<undefined>> {
  const keys = ids.map((id) => deed.memory.keys.get(id)).filter((key): key is StoredKey => key !== undefined);
  return yield* record(deed, keys);
}

/** Appends to the history those keys that it lacks, and remembers that it has them. */
function* record({memory, observation}: NodeDeed, keys: readonly StoredKey[]): Step<Result<undefined>> {
  const kept = new Set((memory.history?.keys ?? []).map((key) => refOf(key).id));
  const missing = keys.filter((key) => !kept.has(refOf(key).id));
  if (missing.length === 0) return ok(undefined);
  const appended = yield* appendHistory(missing, observation.now.wallMs);
  if (!appended.ok) return appended;
  const before = memory.history ?? {keys: [], damaged: 0, torn: false, foreign: false, newer: false};
  memory.history = {...before, keys: [...before.keys, ...missing], torn: false};
  memory.historyHash = undefined;
  return ok(undefined);
}

function* readOwnIdentity(): Step<Result<Secret>> {
  const file = yield* ask('files.read', {path: identityPath});
  if (!file.ok) return file;
  const identity = file.value === undefined ? undefined : readIdentity(file.value.bytes);
  file.value?.bytes.fill(0);
  return identity === undefined ? failed('invalid', `${identityPath}: expected an age identity`) : ok(identity);
}

const findObject = ({observation}: NodeDeed, name: string): KeyObject | undefined =>
  observation.keyObjects.state === 'seen'
    ? observation.keyObjects.value.find((object) => object.name === name)
    : undefined;

/** Opens a sealed key that the ring lists: cluster, check value and voucher must all be right. */
function* openKey(deed: NodeDeed, name: string): Step<Result<undefined>> {
  const object = findObject(deed, name);
  const ring = deed.observation.ring.state === 'seen' ? deed.observation.ring.value : undefined;
  if (object === undefined || ring === undefined) return failed('gone', `${name}: no such sealed key`);
  const key = yield* openObject(deed, object, ring);
  if (!key.ok) return key;
  const listed = ring.keys.filter((each) => keyObjectName(each) === name);
  if (listed.length === 0) deed.memory.keys.set(refOf(key.value).id, key.value);
  for (const ref of listed) {
    const named = key.value.secret.withBytes((bytes) => keyFrom(ref, bytes));
    if (named === undefined) return failed('invalid', `${name}: its bytes do not give the check value ${ref.check}`);
    deed.memory.keys.set(refOf(named).id, named);
  }
  return ok(undefined);
}

function* openObject({memory}: NodeDeed, object: KeyObject, ring: Ring): Step<Result<StoredKey>> {
  if (object.clusterId !== ring.clusterId)
    return failed('denied', `${object.name}: it belongs to cluster ${object.clusterId}`);
  const voucher = checkVoucher(memory, object, ring);
  if (voucher !== undefined) return failed('denied', `${object.name}: ${voucher}`);
  const identity = yield* readOwnIdentity();
  if (!identity.ok) return identity;
  const opened = yield* ask('seal.open', {sealed: object.sealed, identity: identity.value});
  identity.value.wipe();
  if (!opened.ok) return opened;
  const key = opened.value.plaintext.withBytes((bytes) => keyFrom(object.key, bytes));
  opened.value.plaintext.wipe();
  return key === undefined
    ? failed('invalid', `${object.name}: its bytes do not give the check value ${object.key.check}`)
    : ok(key);
}

/** From the second key of ours on, an object without the voucher of an earlier key could have been planted. */
function checkVoucher(memory: AgentMemory, object: KeyObject, ring: Ring): string | undefined {
  if (object.key.revision === 0) return undefined;
  if (object.voucher === undefined) {
    const earlier = ring.keys.some(({revision}) => revision > 0 && revision < object.key.revision);
    return earlier ? 'no earlier key vouches for it' : undefined;
  }
  const under = memory.keys.get(object.voucher.key);
  if (under === undefined) {
    const dropped = ring.certificates.some(({key}) => key === object.voucher?.key);
    const listed = ring.keys.some(({id, check}) => id === object.key.id && check === object.key.check);
    return listed && dropped ? undefined : `the key ${object.voucher.key} that vouches for it is not held`;
  }
  return voucherMac(object, under) === object.voucher.mac
    ? undefined
    : `what ${object.voucher.key} vouches for was changed`;
}

function* seal(deed: NodeDeed, key: StoredKey): Step<Result<{sealed: string; recipients: readonly string[]}>> {
  const recipients = wantedRecipients(deed.observation);
  if (recipients.length === 0) return failed('unavailable', 'no recipient to seal a key for');
  const sealed = yield* ask('seal.seal', {plaintext: key.secret, recipients});
  return sealed.ok ? ok({sealed: sealed.value.sealed, recipients}) : sealed;
}

/** The newest key of ours that the ring holds below a revision; it vouches for the next. */
function voucherKey(memory: AgentMemory, ring: Ring, below: number): StoredKey | undefined {
  const earlier = ring.keys
    .filter(({revision}) => revision > 0 && revision < below)
    .sort((a, b) => b.revision - a.revision);
  return earlier.map(({id}) => memory.keys.get(id)).find((key) => key !== undefined);
}

function* createObject(deed: NodeDeed, key: StoredKey, ref: KeyRef, mintId?: string): Step<Result<undefined>> {
  const {memory, observation} = deed;
  const ring = observation.ring.state === 'seen' ? observation.ring.value : undefined;
  if (ring === undefined) return failed('unavailable', 'the ring is not known');
  const made = yield* seal(deed, key);
  if (!made.ok) return made;
  const clear = {
    name: keyObjectName(ref),
    key: ref,
    clusterId: ring.clusterId,
    ...(mintId === undefined ? {} : {mintId}),
    createdAtMs: observation.now.wallMs,
    createdBy: observation.node,
  };
  const under = ref.revision > 0 ? voucherKey(memory, ring, ref.revision) : undefined;
  const voucher = under === undefined ? {} : {voucher: {key: refOf(under).id, mac: voucherMac(clear, under)}};
  const object = writeKeyObject({...clear, ...voucher, ...made.value});
  const created = yield* ask('store.create', {resource: keyResource, object});
  return created.ok ? ok(undefined) : created;
}

/** Seals a key that this node holds and no object does yet; somebody else being first is success. */
function* sealKey(deed: NodeDeed, id: KeyId): Step<Result<undefined>> {
  const key = deed.memory.keys.get(id);
  if (key === undefined) return failed('gone', `${id} is not held`);
  const created = yield* createObject(deed, key, refOf(key));
  return !created.ok && created.error.code === 'conflict' ? ok(undefined) : created;
}

/** Adds recipients to a sealed key, at the version that was read, and only if the bytes held are the object's. */
function* reseal(deed: NodeDeed, name: string): Step<Result<undefined>> {
  const object = findObject(deed, name);
  if (object === undefined) return failed('gone', `${name}: no such sealed key`);
  const key = [...deed.memory.keys.values()].find((each) => refOf(each).check === object.key.check);
  if (key === undefined) return failed('gone', `${name}: its key is not held`);
  const made = yield* seal(deed, key);
  if (!made.ok) return made;
  const {resourceVersion, ...rest} = object;
  const replaced = yield* ask('store.replace', {
    resource: keyResource,
    object: writeKeyObject({...rest, ...made.value}, resourceVersion),
  });
  return replaced.ok || replaced.error.code === 'conflict' ? ok(undefined) : replaced;
}

/**
 * Makes the key of a revision and stores it sealed. Where an object of that name exists, its key is taken instead: it
 * is what an earlier try made whose answer was lost.
 */
function* mintKey(deed: NodeDeed, id: string, revision: number): Step<Result<undefined>> {
  const {memory} = deed;
  const existing = yield* takeExisting(deed, id, revision);
  if (!existing.ok || existing.value) return existing.ok ? ok(undefined) : existing;
  const random = yield* ask('entropy.bytes', {length: 32});
  if (!random.ok) return random;
  const key = makeKey(revision, random.value, [...memory.keys.values()]);
  if (key === undefined) return failed('unavailable', 'the random bytes are constant or those of a key that exists');
  const ref = refOf(key);
  const created = yield* createObject(deed, key, ref, id);
  if (!created.ok) {
    key.secret.wipe();
    return created.error.code === 'conflict' ? ok(undefined) : created;
  }
  memory.keys.set(ref.id, key);
  const kept = yield* record(deed, [key]);
  if (!kept.ok) return kept;
  memory.minted = {id, revision, name: ref.name, check: ref.check};
  return ok(undefined);
}

/** A key from random bytes; `undefined` when the generator that gave them is broken: then no key is made from it. */
function makeKey(revision: number, bytes: Uint8Array, existing: readonly StoredKey[]): DataKey | undefined {
  try {
    return generateDataKey({revision, randomBytes: () => bytes, existing});
  } catch {
    return undefined;
  }
}

function* takeExisting(deed: NodeDeed, id: string, revision: number): Step<Result<boolean>> {
  const ring = deed.observation.ring.state === 'seen' ? deed.observation.ring.value : undefined;
  if (ring === undefined) return failed('unavailable', 'the ring is not known');
  const answer = yield* ask('store.get', {resource: keyResource, namespace: ourNamespace, name: `r${revision}`});
  if (!answer.ok) return answer;
  if (answer.value === undefined) return ok(false);
  const read = readKeyObject(answer.value);
  if (read.outcome !== 'ok') return failed('invalid', `r${revision}: ${read.outcome}`);
  if (!isNamedAfterKey(read.object)) return failed('invalid', `r${revision}: it is not named after its key`);
  if (read.object.mintId !== id) return failed('denied', `r${revision}: it answers another request than this one`);
  const key = yield* openObject(deed, read.object, ring);
  if (!key.ok) return key;
  const ref = refOf(key.value);
  deed.memory.keys.set(ref.id, key.value);
  const kept = yield* record(deed, [key.value]);
  if (!kept.ok) return kept;
  deed.memory.minted = {id, revision, name: ref.name, check: ref.check};
  return ok(true);
}

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

function* writeConfiguration(deed: NodeDeed, blocks: readonly RenderedBlock[]): Step<Result<undefined>> {
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
  return yield* place(deed, rendered.value, ring?.settings.writeMode ?? 'rename', (bytes) => differs(bytes, blocks));
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

function* endTrial(): Step<Result<undefined>> {
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

/** The file in place goes into the backup folder before it is replaced, named by time and content. */
function* backUp({memory, observation}: NodeDeed): Step<Result<undefined>> {
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

/** Whoever places the exported file may take days: it is not written again each period. */
function* isThere(path: string, bytes: Uint8Array): Step<boolean> {
  const present = yield* ask('files.read', {path});
  return present.ok && present.value !== undefined && sha256Hex(present.value.bytes) === sha256Hex(bytes);
}

function* place(
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
function restoreMode({memory, observation}: NodeDeed): 'rename' | 'inPlace' {
  const inPlace =
    observation.ring.state === 'seen'
      ? observation.ring.value.settings.writeMode === 'inPlace'
      : memory.lasting.has('FileNotAtomic');
  return inPlace ? 'inPlace' : 'rename';
}

/** Puts back bytes that this node had; after a refusal the refused blocks are remembered, so they are not written again. */
function* restoreConfiguration(
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
  const placed = yield* place(deed, known.bytes, restoreMode(deed), check);
  if (!placed.ok) return placed;
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

/** The process that counted the failure; where none runs, the last one that was seen. */
function refusingProcess({memory, observation: {evidence}}: NodeDeed): {readonly serverStartedAtMs?: number} {
  const present = evidence.state === 'seen' ? evidence.value.processStartMs : undefined;
  // From memory: where this node's server is the only way to the API, the report cannot be read while it is down.
  const serverStartedAtMs = present ?? memory.lastReport?.counters.startedAtMs;
  return serverStartedAtMs === undefined || serverStartedAtMs === 0 ? {} : {serverStartedAtMs};
}

const triedOf = ({tried, file}: NodeObservation): {readonly trial?: string} =>
  tried !== undefined && file.state === 'loadable' && tried.file === file.hash ? {trial: tried.trial} : {};

// What an agent reads each period: its node's files, its own server's word, ring, keys and recipients. Bytes of keys
// go into the agent's key ring and stay there; the observation holds references.

import {type StoredKey, sha256Hex} from '@etcd-encryption/crypto';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import type {EtcdFacts} from '../act/etcd-facts.ts';
import {parseHistory, type ReadHistory} from '../act/history.ts';
import {readIdentity} from '../act/identity.ts';
import {maxFileBytes} from '../limits.ts';
import {absent, type Fact, seen, unknown, unread} from '../model/fact.ts';
import {
  backupDirectory,
  completePath,
  configurationPath,
  historyPath,
  identityPath,
  statePath,
  trialPath,
} from '../model/file-paths.ts';
import type {KeyId} from '../model/key.ts';
import {isNamedAfterKey, readKeyObject} from '../model/key-object.ts';
import {referTo, refOf} from '../model/key-ring.ts';
import type {RenderedBlock} from '../model/layout.ts';
import {
  type FileReport,
  type InForce,
  type KeyObject,
  type LoadedReport,
  type NodeReport,
  type Problem,
  readNodeReport,
} from '../model/node.ts';
import {
  type NodeObservation,
  type NodeState,
  newerState,
  type Recipient,
  type TriedFile,
} from '../model/node-observation.ts';
import {
  configResource,
  keyResource,
  kubernetesNodeResource,
  leaseResource,
  namespaceResource,
  nodeReportResource,
  ourNamespace,
  ringResource,
  singletonName,
} from '../model/resource-types.ts';
import {isAnotherLine, newerSeen, type Ring, readRing, type SeenRing} from '../model/ring.ts';
import {lastingReasons} from '../plan/reason.ts';
import {ask, demand, type FileContent, type Instant, type Step, type StoredObject} from '../ports.ts';
import {listAll} from './lists.ts';
import {recogniseLoaded} from './recognise.ts';

/** A configuration read once, by the hash of its bytes. */
export interface KnownFile {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly blocks: readonly RenderedBlock[];
}

/** The agent's memory between periods: a plain value, lost at a crash without harm. */
export interface AgentMemory {
  readonly node: string;
  readonly recoveryRecipients: readonly string[];
  readonly can: NodeReport['can'];
  readonly keys: Map<KeyId, StoredKey>;
  readonly files: Map<string, KnownFile>;
  /** Backups read so far, name → hash; `undefined` = not a configuration. */
  readonly backups: Map<string, string | undefined>;
  historyHash: string | undefined;
  history: ReadHistory | undefined;
  failures: Problem[];
  /** What people should know of this node's file for longer than a period, by reason; see `lastingReasons`. */
  readonly lasting: Map<string, {readonly message: string; readonly atMs: number}>;
  downSinceMs: number | undefined;
  lastLoadedHash: string | undefined;
  inForce: InForce | undefined;
  /** How files are put in place, as the ring or the state file said last. */
  writeMode: Ring['settings']['writeMode'] | undefined;
  /** The newest that was seen of this cluster's ring. */
  seenRing: SeenRing | undefined;
  /** Version of our report object. */
  reportObject: StoredObject | undefined;
  minted: NodeReport['minted'] | undefined;
  refusedFile: NodeReport['refusedFile'] | undefined;
  lastReport: NodeReport | undefined;
  lastReportAtMs: number;
  values: NodeReport['values'] | undefined;
  scan: NodeReport['scan'] | undefined;
  /** What etcd itself said last. */
  etcdFacts: EtcdFacts;
  etcdPrefix: string;
  /** What `spec.mode` said when it was read last. */
  observing: boolean;
}

export const newAgentMemory = (
  node: string,
  recoveryRecipients: readonly string[],
  can: NodeReport['can'],
): AgentMemory => ({
  node,
  recoveryRecipients,
  can,
  keys: new Map(),
  files: new Map(),
  backups: new Map(),
  historyHash: undefined,
  history: undefined,
  failures: [],
  lasting: new Map(),
  downSinceMs: undefined,
  lastLoadedHash: undefined,
  inForce: undefined,
  writeMode: undefined,
  seenRing: undefined,
  reportObject: undefined,
  minted: undefined,
  refusedFile: undefined,
  lastReport: undefined,
  lastReportAtMs: Number.NEGATIVE_INFINITY,
  values: undefined,
  scan: undefined,
  etcdFacts: {},
  etcdPrefix: '/registry',
  observing: false,
});

/** Reads everything; never throws, every failed read is an unknown fact. */
export function* observeNode(memory: AgentMemory): Step<NodeObservation> {
  const now = yield* demand('clock.now', {});
  const observing = yield* readObserving(memory);
  const clusterId = yield* readClusterId();
  const ring = yield* readRingFact();
  const {monotonicMs: ringReadAtMs} = now;
  const keyObjects = yield* readKeyObjects();
  const previous = yield* readOwnReport(memory, now);
  const recipients = yield* readRecipients();
  const history = yield* readHistoryFact(memory);
  const foreignFiles = yield* readBackups(memory);
  const {file, modifiedAtMs, mode} = yield* readConfiguration(memory);
  const state = yield* readState();
  if (ring.state === 'seen') memory.writeMode = ring.value.settings.writeMode;
  else if (state.state === 'seen' && state.value.external) memory.writeMode ??= 'external';
  const tried = yield* readTried();
  const seenRing = noteRing(memory, {ring, state, clusterId});
  const recipient = yield* readRecipient();
  const platform = yield* ask('server.platform', {});
  if (platform.ok) memory.etcdPrefix = platform.value.etcdPrefix;
  const evidence = yield* ask('server.evidence', {});
  const later = yield* demand('clock.now', {});
  const down = !evidence.ok && evidence.error.reason === 'ECONNREFUSED' ? evidence.error.message : undefined;
  memory.downSinceMs = down === undefined ? undefined : (memory.downSinceMs ?? later.monotonicMs);
  if (evidence.ok && evidence.value.loadedHash !== undefined) {
    memory.lastLoadedHash = evidence.value.loadedHash;
    if (!memory.files.has(memory.lastLoadedHash) && ring.state === 'seen') {
      const bytes = recogniseLoaded(memory, ring.value, memory.lastLoadedHash);
      if (bytes !== undefined) learn(memory, bytes);
    }
  }
  const newestBackup = newestOf(memory, file);
  const completeCopy = file.state === 'loadable' ? undefined : yield* readCompleteCopy(memory);
  const foreignHistory = history.state === 'seen' && history.value.foreign ? [historyPath] : [];
  return {
    now: later,
    observing,
    node: memory.node,
    clusterId,
    ring,
    ringReadAtMs,
    seenRing,
    keyObjects,
    recipients,
    recoveryRecipients: memory.recoveryRecipients,
    previous,
    platform: platform.ok ? seen(platform.value) : unread(platform.error),
    evidence: evidence.ok ? seen(evidence.value) : unread(evidence.error),
    ...(down === undefined ? {} : {serverDown: down}),
    file,
    fileModifiedAtMs: modifiedAtMs,
    ...(mode === undefined ? {} : {fileMode: mode}),
    known: new Map([...memory.files].map(([hash, {blocks}]) => [hash, blocks])),
    ...(newestBackup === undefined ? {} : {newestBackup}),
    ...(completeCopy === undefined ? {} : {completeCopy}),
    history,
    foreignFiles: [...foreignHistory, ...foreignFiles],
    state,
    ...(tried === undefined ? {} : {tried}),
    recipient,
    held: new Map([...memory.keys].map(([id, key]) => [id, refOf(key)])),
    failures: memory.failures,
    can: memory.can,
    ...(memory.downSinceMs === undefined ? {} : {downSinceMs: memory.downSinceMs}),
    ...(memory.lastLoadedHash === undefined ? {} : {lastLoadedHash: memory.lastLoadedHash}),
    ...(memory.inForce === undefined ? {} : {inForce: memory.inForce}),
  };
}

/** Remembers what this node's server has loaded, once that is known. */
export function noteLoaded(memory: AgentMemory, {evidence}: NodeObservation, loaded: LoadedReport): void {
  if (loaded.state !== 'known' || evidence.state !== 'seen') return;
  const {processStartMs = 0, reloadSuccesses, form} = evidence.value;
  memory.lastLoadedHash = loaded.hash;
  memory.inForce = form === 'hash' ? undefined : {hash: loaded.hash, startedAtMs: processStartMs, reloadSuccesses};
}

/** Whether people want nothing changed; where the configuration cannot be read, what it said last. */
function* readObserving(memory: AgentMemory): Step<boolean> {
  const config = yield* ask('store.get', {resource: configResource, name: singletonName});
  if (config.ok) memory.observing = (config.value?.spec as {mode?: unknown} | undefined)?.mode === 'observe';
  return memory.observing;
}

/** The cluster's id is the uid of kube-system: made by the cluster, kept by snapshots, never replicated. */
export function* readClusterId(): Step<Fact<string>> {
  const answer = yield* ask('store.get', {resource: namespaceResource, name: ourNamespace});
  if (!answer.ok) return unread(answer.error);
  const uid = answer.value?.metadata.uid;
  return uid === undefined || uid === '' ? absent : seen(uid);
}

export function* readRingFact(): Step<Fact<Ring>> {
  const answer = yield* ask('store.get', {resource: ringResource, namespace: ourNamespace, name: singletonName});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const read = readRing(answer.value);
  if (read.outcome === 'ok') return seen(read.ring, answer.value.metadata.resourceVersion ?? '');
  return unknown(read.outcome === 'newer' ? `written by a newer release (v${read.v})` : read.detail);
}

export function* readKeyObjects(): Step<Fact<readonly KeyObject[]>> {
  const list = yield* listAll({resource: keyResource, namespace: ourNamespace});
  if (list.state !== 'seen') return list;
  const objects: KeyObject[] = [];
  for (const item of list.value) {
    const read = readKeyObject(item);
    if (read.outcome === 'ok' && isNamedAfterKey(read.object)) objects.push(read.object);
  }
  return seen(objects.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function* readOwnReport(memory: AgentMemory, now: Instant): Step<Fact<NodeReport>> {
  const answer = yield* ask('store.get', {resource: nodeReportResource, namespace: ourNamespace, name: memory.node});
  if (!answer.ok) return unread(answer.error);
  memory.reportObject = answer.value;
  if (answer.value === undefined) return absent;
  const read = readNodeReport(answer.value);
  if (read.outcome !== 'ok') return unknown(read.outcome);
  memory.minted ??= read.report.minted;
  memory.refusedFile ??= read.report.refusedFile;
  memory.inForce ??= read.report.inForce;
  memory.lastLoadedHash ??= read.report.inForce?.hash;
  if (memory.lastReport === undefined) {
    for (const {reason, message} of read.report.problems)
      if (lastingReasons.has(reason)) memory.lasting.set(reason, {message, atMs: now.monotonicMs});
  }
  memory.lastReport ??= read.report;
  return seen(read.report);
}

/**
 * A recipient is genuine when there is a control-plane Node of its name, or the identity lease of a server on a host of
 * that name. Who may write these reports is for the API's policies to hold: names are no secrets.
 */
function* readRecipients(): Step<Fact<readonly Recipient[]>> {
  const reports = yield* listAll({resource: nodeReportResource, namespace: ourNamespace});
  if (reports.state !== 'seen') return reports;
  const nodes = yield* listAll({
    resource: kubernetesNodeResource,
    labelSelector: 'node-role.kubernetes.io/control-plane',
    metadataOnly: true,
  });
  if (nodes.state !== 'seen') return nodes;
  const leases = yield* listAll({
    resource: leaseResource,
    namespace: ourNamespace,
    labelSelector: 'apiserver.kubernetes.io/identity=kube-apiserver',
    metadataOnly: true,
  });
  if (leases.state !== 'seen') return leases;
  const names = new Set(nodes.value.map(({metadata}) => metadata.name));
  const hosts = new Map(leases.value.map(({metadata}) => [metadata.name, metadata.labels?.['kubernetes.io/hostname']]));
  const recipients: Recipient[] = [];
  for (const item of reports.value) {
    const read = readNodeReport(item);
    if (read.outcome !== 'ok' || read.report.node !== item.metadata.name) continue;
    const {node, recipient, identity} = read.report;
    recipients.push({node, recipient, genuine: names.has(node) || hosts.get(identity) === node});
  }
  return seen(recipients);
}

function* readHistoryFact(memory: AgentMemory): Step<NodeObservation['history']> {
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

const remember = (memory: AgentMemory, key: StoredKey): void => {
  const {id} = refOf(key);
  if (!memory.keys.has(id)) memory.keys.set(id, key);
};

/** Backups never change, so each is read once; what does not parse is somebody else's. */
function* readBackups(memory: AgentMemory): Step<readonly string[]> {
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

/** Parses a configuration once and takes its keys; `undefined` when it does not load. */
export function learn(memory: AgentMemory, bytes: Uint8Array): KnownFile | undefined {
  const hash = sha256Hex(bytes);
  const present = memory.files.get(hash);
  if (present !== undefined) return present;
  const parsed = parseEncryptionConfiguration(bytes);
  if (parsed.outcome !== 'loadable') return undefined;
  const {blocks, keys} = referTo(parsed.configuration);
  for (const key of keys) remember(memory, key);
  const known: KnownFile = {hash, bytes: Uint8Array.from(bytes), blocks};
  memory.files.set(hash, known);
  return known;
}

function newestOf(memory: AgentMemory, file: FileReport): string | undefined {
  const present = file.state === 'loadable' ? file.hash : undefined;
  const names = [...memory.backups]
    .filter(([, hash]) => hash !== undefined && hash !== present && hash !== memory.refusedFile?.hash)
    .map(([name]) => name);
  const newest = names.sort().at(-1);
  return newest === undefined ? undefined : memory.backups.get(newest);
}

function* readCompleteCopy(memory: AgentMemory): Step<string | undefined> {
  const copy = yield* ask('files.read', {path: completePath});
  if (!copy.ok || copy.value === undefined || copy.value.size > maxFileBytes) return undefined;
  return learn(memory, copy.value.bytes)?.hash;
}

function* readConfiguration(
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

/** What was seen of the ring before it was read now; a ring that goes on from there is remembered. */
function noteRing(
  memory: AgentMemory,
  {ring, state, clusterId}: Pick<NodeObservation, 'ring' | 'state' | 'clusterId'>,
): SeenRing {
  const kept = state.state === 'seen' ? {epoch: state.value.epoch, version: state.value.version ?? 0} : none;
  const past = newerSeen(memory.seenRing ?? none, kept);
  const ours = ring.state === 'seen' && clusterId.state === 'seen' && ring.value.clusterId === clusterId.value;
  memory.seenRing = ours && !isAnotherLine(ring.value, past) ? newerSeen(past, ring.value) : past;
  return past;
}

const none: SeenRing = {epoch: 0, version: 0};

function* readState(): Step<Fact<NodeState>> {
  const answer = yield* ask('files.read', {path: statePath});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  try {
    const state = JSON.parse(String.fromCharCode(...answer.value.bytes)) as Partial<NodeState>;
    if (typeof state.v === 'number' && state.v > 1) return unknown(`${newerState} (v${state.v})`);
    if (typeof state.v !== 'number' || typeof state.epoch !== 'number') return absent;
    return seen({
      v: 1,
      clusterId: state.clusterId ?? '',
      epoch: state.epoch,
      generation: state.generation ?? 0,
      bundle: state.bundle ?? '',
      revision: state.revision ?? 0,
      ...(state.version === undefined ? {} : {version: state.version}),
      ...(state.external === true ? {external: true} : {}),
    });
  } catch {
    return absent;
  }
}

function* readTried(): Step<TriedFile | undefined> {
  const answer = yield* ask('files.read', {path: trialPath});
  if (!answer.ok || answer.value === undefined) return undefined;
  try {
    const {v, trial, file, before} = JSON.parse(String.fromCharCode(...answer.value.bytes)) as Partial<TriedFile>;
    if (v !== 1 || trial === undefined || file === undefined || before === undefined) return undefined;
    return {v, trial, file, before};
  } catch {
    return undefined;
  }
}

function* readRecipient(): Step<Fact<string>> {
  const answer = yield* ask('files.read', {path: identityPath});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const identity = readIdentity(answer.value.bytes);
  answer.value.bytes.fill(0);
  if (identity === undefined) return unknown(`${identityPath}: expected an age identity`);
  const recipient = yield* ask('seal.recipientOf', {identity});
  identity.wipe();
  return recipient.ok ? seen(recipient.value.recipient) : unread(recipient.error);
}

// What an agent remembers between periods: the keys it holds, the files it has read, and what it said last. Bytes of
// keys stay here; observations hold references.

import type {StoredKey} from '@etcd-encryption/crypto';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import type {EtcdFacts} from '../act/etcd-facts.ts';
import type {ReadHistory} from '../act/history.ts';
import type {DerivationSettings, PreparedBundle} from '../model/bundle.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {referTo, refOf} from '../model/key-ring.ts';
import type {RenderedBlock} from '../model/layout.ts';
import type {InForce, LoadedReport, NodeReport, Problem} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {isAnotherLine, newerSeen, type Ring, type SeenRing} from '../model/ring.ts';
import type {StoredObject} from '../ports.ts';
import type {RootKey} from './root-key.ts';
import type {OpenedBundle} from './seed-bundles.ts';

/** A configuration read once, by the hash of its bytes. */
export interface KnownFile {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly blocks: readonly RenderedBlock[];
}

/** What an agent derives with under one set of settings. */
export interface DerivationMemory {
  readonly settings: DerivationSettings;
  root: RootKey | undefined;
  /** Bundles opened under the root key, by their text: the stored and the accepted one. */
  readonly opened: Map<string, OpenedBundle>;
  /** Keys that were derived by this program. */
  readonly derived: Set<KeyId>;
  /** The chained key after the newest of the bundle with this hash. */
  next: {readonly after: string; readonly ref: KeyRef} | undefined;
  /** The bundle made for the ring's present request. */
  prepared: PreparedBundle | undefined;
}

export const newDerivationMemory = (
  settings: DerivationSettings,
  derived: ReadonlySet<KeyId> = new Set(),
): DerivationMemory => ({
  settings,
  root: undefined,
  opened: new Map(),
  derived: new Set(derived),
  next: undefined,
  prepared: undefined,
});

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
  replaced: NodeObservation['replaced'] | undefined;
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
  /** Absent under the random strategy. */
  derivation: DerivationMemory | undefined;
}

/** What an agent knows when it starts: nothing. */
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
  replaced: undefined,
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
  derivation: undefined,
});

/** Remembers what this node's server has loaded, once that is known. */
export function noteLoaded(memory: AgentMemory, {evidence}: NodeObservation, loaded: LoadedReport): void {
  if (loaded.state !== 'known' || evidence.state !== 'seen') return;
  const {processStartMs: startedAtMs, reloadSuccesses, form} = evidence.value;
  memory.lastLoadedHash = loaded.hash;
  // Without its start, another process with the same count could not be told from this one.
  memory.inForce =
    form === 'hash' || startedAtMs === undefined ? undefined : {hash: loaded.hash, startedAtMs, reloadSuccesses};
}

/** What was seen of the ring before it was read now; a ring that goes on from there is remembered. */
export function noteRing(
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

/** Holds a key from now on. */
export const remember = (memory: AgentMemory, key: StoredKey): void => {
  const {id} = refOf(key);
  if (!memory.keys.has(id)) memory.keys.set(id, key);
};

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

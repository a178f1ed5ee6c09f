// Observations, rings and reports in typical states. A file or loaded configuration is its blocks; its hash follows
// from them. Keys are references: there are no bytes to be had.

import {utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  type ClusterObservation,
  emptyLayout,
  type FileReport,
  type KeyObject,
  type KeyRef,
  keyObjectName,
  type Layout,
  type MigrationMark,
  type NodeObservation,
  type NodePlatform,
  type NodeReport,
  type RenderedBlock,
  type ResourceType,
  type Ring,
  type RingKey,
  type Rotation,
  renderLayout,
  ringKeys,
  type SeenReport,
  type ServerEvidence,
  type Spec,
  seen,
} from '@etcd-encryption/rotation';

/** Unix time of every observation that does not say another, ms. */
export const now = 1_750_000_000_000;
export const monotonicNow = 50_000_000;
export const minute = 60_000;
export const hour = 3_600_000;
export const day = 24 * hour;
export const cluster = 'c1';
export const names = ['n1', 'n2', 'n3'] as const;
const resources = ['secrets', 'configmaps'] as const;

const checkOf = (text: string): string => sha256Hex(utf8(`check of ${text}`)).slice(0, 16);

/** Reference of a key of ours; another `variant` is another key of the same revision. */
export function ours(revision: number, variant = 0): RingKey {
  const check = checkOf(`r${revision} ${variant}`);
  const name = `r${revision}-${check.slice(0, 8)}`;
  return {id: name, provider: 'aesgcm', name, check, revision, length: 32, createdAtMs: now - 30 * day, mintedBy: 'n1'};
}

/** Reference of a key that an earlier configuration brought. */
export function found(provider: KeyRef['provider'], name: string, variant = 0): RingKey {
  const check = checkOf(`${provider} ${name} ${variant}`);
  return {
    id: `${provider}/${name}/${check}`,
    provider,
    name,
    check,
    revision: 0,
    length: 32,
    createdAtMs: now - 30 * day,
  };
}

export const r1 = ours(1);
export const r2 = ours(2);
export const r3 = ours(3);

/** A layout that writes every resource with one entry. */
export const layoutOf = (
  keys: readonly RingKey[],
  write: string,
  list: readonly string[] = resources,
  more: Partial<Layout> = {},
): Layout => ({
  ...emptyLayout,
  keys: keys.map(({id}) => id),
  resources: list.map((resource) => ({resource, write})),
  ...more,
});

const proven = ['aesgcm/32', 'resource/configmaps', 'resource/secrets'];

/** A ring with these members in place, nothing else. */
export function ringOf(changes: Partial<Ring> = {}): Ring {
  return {
    v: 1,
    clusterId: cluster,
    epoch: 4,
    version: 70,
    keys: [],
    layout: emptyLayout,
    proven: [],
    history: [],
    stoppedWriting: {},
    clean: [],
    certificates: [],
    members: names.map((node) => ({node, identity: identityOf(node), address: addressOf(node)})),
    forgotten: [],
    accepted: [],
    refusals: [],
    settings: {writeMode: 'rename'},
    ...changes,
  };
}

/** At rest: the last key was made the write key and everything rewritten, an hour ago. */
export function restingRing(keys: readonly RingKey[] = [r1], changes: Partial<Ring> = {}): Ring {
  const [newest] = keys;
  if (newest === undefined) throw new RangeError('keys: expected at least one');
  const completedAtMs = now - hour;
  return ringOf({
    keys,
    layout: layoutOf(keys, newest.id),
    proven,
    accepted: [...resources].sort(),
    history: [
      {
        revision: newest.revision,
        key: newest.id,
        reason: 'first',
        startedAtMs: completedAtMs - 10 * minute,
        completedAtMs,
        rewritten: 40,
        outcome: 'Complete',
      },
    ],
    stoppedWriting: Object.fromEntries(keys.slice(1).map(({id}) => [id, completedAtMs])),
    ...changes,
  });
}

export const markOf = (resource: string, changes: Partial<MigrationMark> = {}): MigrationMark => ({
  resource,
  state: 'pending',
  seen: 0,
  rewritten: 0,
  pass: 1,
  startedAtMs: now - 5 * minute,
  blocked: [],
  blockedCount: 0,
  attempts: 0,
  ...changes,
});

export const doneMarks = (changes: Partial<MigrationMark> = {}): readonly MigrationMark[] =>
  resources
    .map((resource) =>
      markOf(resource, {
        state: 'done',
        seen: 20,
        rewritten: 20,
        revision: '900',
        completedAtMs: now - 2 * minute,
        ...changes,
      }),
    )
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));

/** The stages of a rotation from r1 to r2. */
export const stages = ['minting', 'minted', 'distributed', 'activated', 'converged', 'migrated', 'verified'] as const;
export type Stage = (typeof stages)[number];

/** The ring at a stage; every report of {@link reportOf} has loaded it. */
export function ringAt(stage: Stage, changes: Partial<Ring> = {}): Ring {
  const at = stages.indexOf(stage);
  const reached = (other: Stage): boolean => at >= stages.indexOf(other);
  const rotation: Rotation = {
    revision: 2,
    ...(reached('minted') ? {key: r2.id} : {}),
    reason: 'schedule',
    startedAtMs: now - 20 * minute,
    ...(reached('activated') ? {activatedAtMs: now - 10 * minute} : {}),
    ...(reached('converged') ? {convergedAtMs: now - 5 * minute} : {}),
    migration: reached('migrated')
      ? doneMarks()
      : reached('converged')
        ? [markOf('configmaps'), markOf('secrets')]
        : [],
    ...(reached('verified') ? {verifiedBy: 'scan'} : {}),
  };
  const keys = reached('minted') ? [r2, r1] : [r1];
  const filed = reached('distributed') ? [r2, r1] : [r1];
  return restingRing([r1], {
    keys,
    layout: layoutOf(filed, reached('activated') ? r2.id : r1.id),
    rotation,
    ...(stage === 'minting' ? {minting: {revision: 2, node: 'n1', id: 'mint-r2-4-60'}} : {}),
    stoppedWriting: reached('converged') ? {[r1.id]: now - 5 * minute} : {},
    ...changes,
  });
}

export const identityOf = (node: string): string => `apiserver-${node}`;
export const addressOf = (node: string): string => `10.0.0.${node.slice(1)}`;

export const hashOf = (blocks: readonly RenderedBlock[]): string => sha256Hex(utf8(JSON.stringify(blocks)));
export const fileOf = (blocks: readonly RenderedBlock[]): FileReport & {state: 'loadable'} => ({
  state: 'loadable',
  hash: hashOf(blocks),
  blocks,
  canonical: true,
});
export const loadedOf = (blocks: readonly RenderedBlock[]): NodeReport['loaded'] & {state: 'known'} => ({
  state: 'known',
  hash: hashOf(blocks),
  blocks,
});
export const blockOf = (order: readonly string[], list: readonly string[] = resources): RenderedBlock => ({
  resources: list,
  order,
});
export const clear: readonly RenderedBlock[] = [blockOf(['identity'])];

/** What a layout's file holds on a node that writes nothing of its own. */
export const rendered = (ring: Ring, layout: Layout = ring.layout): readonly RenderedBlock[] =>
  layout.resources.length === 0 ? clear : renderLayout(layout, ringKeys(ring), () => undefined);

/** A node that has loaded the ring's file, holds and keeps every key, and answers the ring's gate. */
export function reportOf(node: string, ring: Ring, changes: Partial<NodeReport> = {}): NodeReport {
  const blocks = rendered(ring);
  const ids = ring.keys.map(({id}) => id);
  return {
    v: 1,
    node,
    clusterId: cluster,
    recipient: `age1${node}`,
    address: addressOf(node),
    identity: identityOf(node),
    sequence: 9,
    atMs: now - 500,
    ring: {epoch: ring.epoch, version: ring.version},
    ...(ring.gate === undefined ? {} : {gate: ring.gate.id}),
    server: {state: 'up', startedAtMs: now - 30 * day},
    configPath: '/etc/kubernetes/encryption-provider.conf',
    automaticReload: true,
    mount: 'directory',
    fipsOnly: false,
    file: fileOf(blocks),
    loaded: loadedOf(blocks),
    fileWrittenAtMs: now - 30_000,
    reloadFailures: 0,
    history: ids,
    held: ids,
    found: ring.keys.map(({createdAtMs: _c, mintedBy: _m, ...ref}) => ref),
    encryptions: {},
    counters: {startedAtMs: 0, byName: {}},
    highest: {epoch: ring.epoch, revision: Math.max(0, ...ring.keys.map(({revision}) => revision))},
    problems: [],
    can: [],
    ...changes,
  };
}

/** Changes of one node's report, by its name. */
export type NodeChanges = Readonly<Partial<Record<string, Partial<NodeReport>>>>;

export const reportsOf = (
  ring: Ring,
  changes: NodeChanges = {},
  all: Partial<NodeReport> = {},
): readonly SeenReport[] =>
  names.map((node) => ({report: reportOf(node, ring, {...all, ...changes[node]}), unchangedForMs: 500}));

export const specOf = (changes: Partial<Spec> = {}): Spec => ({
  resources,
  rotationIntervalMs: 168 * hour,
  keyStrategy: 'random',
  mode: 'rotate',
  retention: {revisions: 8, minAgeMs: day},
  migration: {maxInFlight: 64},
  nodes: {writeMode: 'rename'},
  adoption: {replaceKMS: false},
  windows: [],
  generation: 3,
  uid: 'config-uid',
  ...changes,
});

export const typeOf = (resource: string): ResourceType => {
  const [plural = '', ...group] = resource.split('.');
  return {group: group.join('.'), version: 'v1', plural, kind: plural, namespaced: true};
};

export interface Given {
  readonly ring?: Ring;
  readonly spec?: Partial<Spec>;
  /** Changes of single reports, and of all. */
  readonly nodes?: NodeChanges;
  readonly every?: Partial<NodeReport>;
  readonly facts?: Partial<ClusterObservation>;
}

/** What a controller that ran all the while has counted. */
export function countedOf(
  {stoppedWriting, layout, history, gate}: Ring,
  wallMs = now,
): Readonly<Record<string, number>> {
  const since = history[0]?.completedAtMs ?? wallMs;
  const stamps = [
    ...Object.entries(stoppedWriting),
    ...layout.resources.map(({resource}) => [`resource/${resource}`, since] as const),
    ...(gate === undefined ? [] : [[`gate/${gate.id}`, gate.atMs] as const]),
  ];
  return Object.fromEntries(stamps.map(([id, stampMs]) => [id, Math.max(0, wallMs - stampMs)]));
}

/** The ring with all of that saved, unless it says itself what was. */
export function withCounted(ring: Ring): Ring {
  const stopped = Object.entries(ring.stoppedWriting);
  if (ring.counted !== undefined || stopped.length === 0) return ring;
  const counts = countedOf(ring);
  const saved = stopped.map(([id, stoppedAtMs]) => [id, {stoppedAtMs, ms: counts[id] ?? 0}] as const);
  return {...ring, counted: Object.fromEntries(saved)};
}

/** An observation in which everything was read and all is well: the leader of the ring's epoch looks at it. */
export function observe({ring, spec = {}, nodes = {}, every = {}, facts = {}}: Given = {}): ClusterObservation {
  const present = ring ?? ringOf({members: [], epoch: 0});
  return {
    now: {wallMs: now, monotonicMs: monotonicNow},
    leading: true,
    ownEpoch: present.epoch,
    clusterId: seen(cluster),
    spec: seen({outcome: 'ok', spec: specOf(spec)}),
    ring: ring === undefined ? {state: 'absent'} : seen(withCounted(ring), '7000'),
    ringAnnotations: {},
    reports: seen(reportsOf(present, nodes, every)),
    badReports: {},
    keyObjects: seen([]),
    leases: seen(names.map((node) => ({identity: identityOf(node), hostName: node, life: 'alive' as const}))),
    leaseWatch: {watchedForMs: 10 * minute, gone: []},
    controlPlaneNodes: seen(names.map((name) => ({name, addresses: [addressOf(name), name]}))),
    endpoints: seen(names.map(addressOf)),
    types: Object.fromEntries(
      [...new Set([...resources, ...(spec.resources ?? [])])].map((each) => [each, seen([typeOf(each)])]),
    ),
    lists: seen({}),
    listed: {broken: {}, atMs: monotonicNow},
    compacted: [],
    counted: countedOf(present),
    seedBundle: {state: 'absent'},
    synchronizer: {state: 'absent'},
    pruned: seen([]),
    ...facts,
  };
}

/** Freezes a plain value through and through; maps stay as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}

export interface GivenNode {
  readonly ring?: Ring;
  /** Blocks of the file in place; absent = the ring's. */
  readonly file?: readonly RenderedBlock[];
  /** Blocks that its server has loaded; absent = the file's. */
  readonly loaded?: readonly RenderedBlock[];
  /** Keys that the agent holds; absent = the ring's. */
  readonly keys?: readonly KeyRef[];
  /** `undefined` takes a member out. */
  readonly evidence?: {readonly [K in keyof ServerEvidence]?: ServerEvidence[K] | undefined};
  readonly platform?: {readonly [K in keyof NodePlatform]?: NodePlatform[K] | undefined};
  readonly facts?: Partial<NodeObservation>;
}

const refIn = ({id, provider, name, check, revision, length}: KeyRef): KeyRef => ({
  id,
  provider,
  name,
  check,
  revision,
  length,
});

export const keyObjectOf = (
  key: KeyRef,
  recipients: readonly string[] = names.map((node) => `age1${node}`),
): KeyObject => ({
  name: keyObjectName(key),
  key: refIn(key),
  clusterId: cluster,
  recipients,
  sealed: 'sealed',
  createdAtMs: now - day,
  createdBy: 'n1',
  resourceVersion: '40',
});

const defined = <T extends object>(value: object): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

/** What the agent of n1 reads when its file is the ring's, loaded, and every key is held, kept and sealed. */
export function observeNode(given: GivenNode = {}): NodeObservation {
  const {ring, evidence = {}, platform = {}, facts = {}} = given;
  const present = ring ?? ringOf();
  const file = given.file ?? rendered(present);
  const loaded = given.loaded ?? file;
  const keys = given.keys ?? present.keys;
  const evidenceFact = defined<ServerEvidence>({
    identityHashes: ['hash-n1'],
    expectedIdentityHash: 'hash-n1',
    expectedIdentity: identityOf('n1'),
    processStartMs: now - 30 * day,
    loadedHash: hashOf(loaded),
    reloadSuccesses: 4,
    reloadFailures: 0,
    form: 'hash',
    encryptions: {},
    decryptions: {},
    ...evidence,
  });
  const platformFact = defined<NodePlatform>({
    configPath: '/etc/kubernetes/encryption-provider.conf',
    automaticReload: true,
    mount: 'directory',
    etcdPrefix: '/registry',
    fipsOnly: false,
    address: addressOf('n1'),
    hostName: 'n1',
    ...platform,
  });
  return {
    now: {wallMs: now, monotonicMs: monotonicNow},
    observing: false,
    node: 'n1',
    clusterId: seen(cluster),
    ring: ring === undefined ? {state: 'absent'} : seen(ring, '7000'),
    ringReadAtMs: monotonicNow - 100,
    keyObjects: seen(present.keys.map((key) => keyObjectOf(key))),
    recipients: seen(names.map((node) => ({node, recipient: `age1${node}`, genuine: true}))),
    recoveryRecipients: [],
    previous: {state: 'absent'},
    platform: seen(platformFact),
    evidence: seen(evidenceFact),
    file: fileOf(file),
    fileModifiedAtMs: now - 10 * minute,
    known: new Map([file, loaded].map((blocks) => [hashOf(blocks), blocks])),
    history: seen({keys: keys.map(({id}) => id).sort(), damaged: 0, foreign: false, newer: false}),
    foreignFiles: [],
    state: seen({
      v: 1,
      clusterId: cluster,
      epoch: present.epoch,
      generation: 0,
      bundle: '',
      revision: Math.max(0, ...[...present.keys, ...keys].map(({revision}) => revision)),
    }),
    recipient: seen('age1n1'),
    held: new Map(keys.map((key) => [key.id, refIn(key)])),
    failures: [],
    can: [],
    ...facts,
  };
}

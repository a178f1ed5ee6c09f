// One object of each of our kinds with every field filled in, for the question whether anything of it is lost.

import type {ConfigSpec, ConfigStatus, KeySpec, SeedBundleSpec} from '@etcd-encryption/host-k8s';
import type {
  BundleRef,
  DerivationReport,
  Layout,
  MigrationMark,
  NodeReport,
  PreparedBundle,
  RenderedBlock,
  Ring,
} from '@etcd-encryption/rotation';

const atMs = 1_764_000_000_123;
const key = {
  id: 'r2-0011aabb',
  provider: 'aesgcm',
  name: 'r2-0011aabb',
  check: '0123456789abcdef',
  revision: 2,
  length: 32,
} as const;
const kms = 'kms:{"apiVersion":"v2","name":"k","endpoint":"unix:///k.sock"}';

const layout: Required<Layout> = {
  keys: [key.id],
  resources: [
    {resource: 'secrets', write: key.id},
    {resource: 'configmaps', write: 'identity', leaving: true},
  ],
  kept: [{resources: ['events'], order: [kms, 'identity']}],
  kms: [kms],
};

const mark: Required<MigrationMark> = {
  resource: 'secrets',
  state: 'blocked',
  token: 'next',
  seen: 5_001,
  rewritten: 5_000,
  pass: 2,
  startedAtMs: atMs,
  completedAtMs: atMs + 1,
  revision: '123456789012345',
  broken: true,
  blocked: [{namespace: 'default', name: 'a', reason: 'webhook "w" denied it'}],
  blockedCount: 1,
  attempts: 3,
  lastAttemptAtMs: atMs + 2,
};

const bundle: Required<BundleRef> = {
  bundleId: '00112233445566778899aabbccddeeff',
  generation: 3,
  hash: 'cd'.repeat(32),
  entries: [{revision: 2, key: key.id, check: key.check, createdAtMs: atMs, activateAtMs: atMs + 1}],
};
const prepared: Required<PreparedBundle> = {...bundle, id: 'publish-1', bytes: 'RUVTQg=='};

export const fullRing: Required<Ring> = {
  v: 1,
  clusterId: 'c',
  epoch: 2,
  version: 345,
  begunAtVersion: 300,
  keys: [{...key, createdAtMs: atMs, mintedBy: 'node-1', derived: true}],
  layout,
  trial: {layout, node: 'node-1', id: 'trial-1', startedAtMs: atMs},
  proven: ['aesgcm/32', 'resource/secrets'],
  gate: {id: 'gate-1', deed: 'drop', atMs},
  minting: {revision: 3, node: 'node-1', id: 'mint-1'},
  rotation: {
    revision: 2,
    key: key.id,
    reason: 'request',
    requestedBy: 'someone',
    request: 'now',
    startedAtMs: atMs,
    activatedAtMs: atMs,
    convergedAtMs: atMs,
    adding: ['configmaps'],
    removing: ['events'],
    migration: [mark],
    rewritten: 7,
    local: true,
    verifiedBy: 'scan',
    completedAtMs: atMs,
  },
  handledRequest: 'before',
  history: [
    {
      revision: 1,
      key: 'r1-00000000',
      reason: 'first',
      requestedBy: 'nobody',
      startedAtMs: atMs,
      activatedAtMs: atMs,
      completedAtMs: atMs,
      rewritten: 12,
      outcome: 'Complete',
    },
  ],
  lastMigration: {revision: 1, marks: [mark], completedAtMs: atMs, local: true},
  stoppedWriting: {'r1-00000000': atMs, 'aescbc/key1/0123456789abcdef': atMs},
  counted: {'r1-00000000': {stoppedAtMs: atMs, ms: 5}},
  clean: [{key: 'r1-00000000', by: 'scan-1', revision: '1', atMs, compactedBy: 'etcd'}],
  certificates: [
    {
      key: 'r0',
      check: 'c',
      stoppedWritingAtMs: atMs,
      cleanBy: 'scan-1',
      cleanRevision: '1',
      compactedBy: 'etcd',
      snapshotAtMs: atMs,
      atMs,
    },
  ],
  members: [{node: 'node-1', identity: 'apiserver-a', address: '127.0.0.1'}],
  forgotten: [{node: 'node-2', identity: 'apiserver-b', atMs}],
  accepted: ['secrets'],
  scan: {id: 'scan-2', resources: ['secrets'], node: 'node-1', deep: true, clears: ['r1-00000000'], atMs},
  refusals: [{node: 'node-1', hash: 'ff', kinds: ['kms'], why: 'it said no', atMs}],
  checked: 'scan-1',
  settings: {
    writeMode: 'inPlace',
    derivation: {
      replicationGroupId: '6f1b0d7c-9d0e-4bb4-8f14-0f0c5a1f2a33',
      dimension: 'default',
      rootSecret: {namespace: 'kube-system', name: 'etcd-derivation-root'},
    },
  },
  publishing: {id: 'publish-1', node: 'node-1', kind: 'next', revision: 2, approvalDelayMs: 1_800_000, prepared},
  publications: [{bundleId: bundle.bundleId, generation: 3, hash: bundle.hash, atMs}],
  following: {...bundle, sinceMs: atMs, rootCheck: '0011223344556677', otherLineage: true},
  leftWindow: {[key.id]: atMs},
  spent: {[`node-9 ${key.id}`]: 9},
  synchronizer: {lastSeenAtMs: atMs, goneSinceMs: atMs + 1},
  standbyProven: [bundle.bundleId],
  restored: {atMs, merged: false},
  handledForget: 'node-2',
  refusedForget: 'node-3',
  proof: {id: 'proof-1', keys: [key.id], migration: [mark]},
  record: [{atMs, deed: 'activate', what: key.id, why: 'schedule', facts: ['all loaded'], previous: '', hash: 'ab'}],
};

const blocks: readonly RenderedBlock[] = [{resources: ['secrets'], order: [key.id, 'identity']}];

const report = {
  v: 1,
  node: 'node-1',
  clusterId: 'c',
  recipient: 'age1q',
  address: '127.0.0.1',
  identity: 'apiserver-a',
  sequence: 9,
  atMs,
  ring: {epoch: 2, version: 345},
  gate: 'gate-1',
  configPath: '/etc/kubernetes/encryption-provider.conf',
  automaticReload: true,
  mount: 'directory',
  fipsOnly: false,
  fileWrittenAtMs: atMs,
  reloadFailures: 1,
  history: [key.id],
  held: [key.id],
  found: [key],
  minted: {id: 'mint-1', revision: 3, name: 'r3', check: 'd'},
  inForce: {hash: 'ff', startedAtMs: atMs, reloadSuccesses: 2},
  refusedFile: {trial: 'trial-1', hash: 'ff', blocks, atMs, why: 'it said no'},
  encryptions: {[key.name]: 4_294_967_296},
  decryptions: {[key.name]: 7},
  counters: {startedAtMs: atMs, byName: {[key.name]: 17}},
  highest: {epoch: 2, revision: 2, version: 7},
  problems: [{reason: 'ReloadFailing', message: 'three times'}],
  can: ['scan', 'values'],
  scan: {
    id: 'scan-2',
    startedAtMs: atMs,
    completedAtMs: atMs,
    revision: 1_234,
    counts: {secrets: {'aesgcm:r2-0011aabb': 3, clear: 1}, 'widgets.example.com': {'other:k8s:enc:kms:v2': 2}},
  },
  etcdOverrides: ['/events'],
  compaction: [{by: 'scan-1', revision: '1', gone: true}],
  etcdSpace: {inUsePercent: 12, filePercent: 34},
  values: {
    id: 'scan-3',
    completedAtMs: atMs,
    opened: 9,
    unreadable: [{etcdKey: '/registry/secrets/a/b', keyName: 'r9', diagnosis: 'unknown-key', detail: 'nobody has it'}],
    unreadableCount: 1,
  },
} as const;

const derivation: DerivationReport = {
  root: {state: 'ready', rootCheck: 'ab'.repeat(8), groupTag: 'ab'.repeat(16), dimensionTag: 'cd'.repeat(8)},
  bundle: {state: 'read', bundle, acceptance: 'accepted', detail: 'first'},
  accepted: bundle,
  next: key,
  derived: [key.id],
  prepared,
};

/** One report for each state of its file, its server, what is loaded, root and bundle. */
export const fullReports: readonly NodeReport[] = [
  {
    ...report,
    file: {state: 'loadable', hash: 'aa', blocks, canonical: true},
    loaded: {state: 'known', hash: 'aa', blocks},
    server: {state: 'up', startedAtMs: atMs},
    derivation,
  },
  {
    ...report,
    file: {state: 'refused', hash: 'aa', problems: ['two providers']},
    loaded: {state: 'unknown', why: 'no metrics'},
    server: {state: 'down', why: 'refused'},
    derivation: {
      ...derivation,
      root: {state: 'refused', why: '33 bytes'},
      bundle: {state: 'refused', hash: 'ff', outcome: 'tampered', detail: 'its MAC does not verify'},
    },
  },
  {
    ...report,
    file: {state: 'absent'},
    loaded: {state: 'unknown', why: 'x'},
    server: {state: 'foreign', why: 'y'},
    derivation: {root: {state: 'missing', why: 'no Secret'}, bundle: {state: 'absent'}, derived: []},
  },
  {
    ...report,
    file: {state: 'unknown', why: 'EIO'},
    loaded: {state: 'unknown', why: 'x'},
    server: {state: 'unknown', why: 'z'},
    derivation: {root: {state: 'unknown', why: '500'}, bundle: {state: 'unknown', why: '500'}, derived: []},
  },
];

export const fullSeedBundle: Required<SeedBundleSpec> = {bundle: 'RUVTQg=='};

export const fullKey: Required<KeySpec> = {
  v: 1,
  provider: 'aesgcm',
  name: key.name,
  check: key.check,
  revision: 2,
  length: 32,
  clusterId: 'c',
  recipients: ['age1a', 'age1b'],
  sealed: 'YWdl',
  voucher: {key: 'r1-00000000', mac: 'ab'.repeat(64)},
  mintId: 'mint-1',
  createdAtMs: atMs,
  createdBy: 'node-1',
};

export const fullConfig: Required<ConfigSpec> = {
  resources: ['secrets', 'configmaps', 'widgets.example.com', '*.apps'],
  rotationInterval: '168h0m0s',
  type: 'aesgcm',
  keyStrategy: 'deterministic',
  deterministic: {
    replicationGroupId: '6f1b0d7c-9d0e-4bb4-8f14-0f0c5a1f2a33',
    rootSecretRef: {name: 'etcd-derivation-root', namespace: 'kube-system'},
    activationPolicy: 'timed-approval',
    approvalDelay: '30m',
    derivationAlgorithm: 'hkdf-sha512-v1',
    dimension: 'default',
    promotionGrace: '10m',
    standby: 'expected',
  },
  mode: 'observe',
  writeBudget: 2_147_483_648,
  windows: [{action: 'allow', cron: '0 2 * * 6', duration: '4h', timeZone: 'Europe/Berlin'}],
  retention: {revisions: 8, minAge: '24h', requireSnapshot: true},
  migration: {mode: 'etcd', maxInFlight: 64, qps: 1_000},
  nodes: {writeMode: 'rename', reload: 'restart'},
  adoption: {replaceKMS: true},
};

const when = '2025-05-27T05:47:01Z';

export const fullStatus: Required<ConfigStatus> = {
  revision: 3,
  deployStatus: {'192.168.100.1': {revision: 3, state: 'Success', message: 'loaded'}},
  migration: {revision: 3, state: 'Success', resources: ['secrets'], completeTimestamp: when, message: 'all'},
  observedGeneration: 4,
  phase: 'Idle',
  role: 'Standalone',
  clusterId: 'c',
  conditions: [
    {type: 'Ready', status: 'True', observedGeneration: 4, lastTransitionTime: when, reason: 'AllWell', message: 'm'},
    {type: 'FailoverReady', status: 'False', lastTransitionTime: when, reason: 'NoPair', message: 'm'},
  ],
  keys: [
    {
      name: key.name,
      check: key.check,
      revision: 2,
      state: 'Write',
      created: when,
      activated: when,
      encryptions: 4,
      values: 5,
    },
  ],
  rotation: {reason: 'schedule', requestedBy: 'x', startTime: when, completeTime: when, nextTime: when},
  progress: {
    nodes: '3/3',
    resource: 'secrets',
    resources: '1/2',
    seen: 1,
    rewritten: 2,
    remaining: 3,
    blocked: 4,
  },
  census: {time: when, revision: 5, counts: {secrets: {'aesgcm:r2': 3}}},
  history: [
    {
      revision: 2,
      reason: 'schedule',
      requestedBy: 'x',
      startTime: when,
      completeTime: when,
      values: 9,
      seconds: 8,
      outcome: 'Complete',
    },
  ],
};

// Random observations: type-correct, mostly near the states that really occur, with any fact possibly unknown.

import {
  absent,
  annotation,
  type ClusterObservation,
  type DropCertificate,
  emptyLayout,
  type Fact,
  type Layout,
  type NodeReport,
  type RenderedBlock,
  type Ring,
  type RingKey,
  type Rotation,
  type ScanReport,
  type Spec,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {openProofRun} from '../../scripts/proof-run.ts';
import {
  addressOf,
  day,
  fileOf,
  found,
  hour,
  identityOf,
  keyObjectOf,
  layoutOf,
  loadedOf,
  markOf,
  minute,
  names,
  now,
  observe,
  ours,
  reportOf,
  restingRing,
  ringAt,
  ringOf,
  stages,
  typeOf,
  withCounted,
} from './fixtures.ts';
import {asPair, settledPair} from './pair/arbitraries.ts';

const run = openProofRun();

/** Runs of a property: few in every test run, many in a long one. A failure prints seed and path. */
export const runs = (small = 500): {numRuns: number; seed: number} => ({
  numRuns: run.long ? small * 200 : small,
  seed: run.seed,
});
export const {long, seed} = run;

const keys: readonly RingKey[] = [
  ours(4),
  ours(3),
  ours(2),
  ours(1),
  found('aescbc', 'key1', 1),
  found('aescbc', 'key1', 2),
];
export const key = fc.constantFrom(...keys);
const keySet = fc.subarray([...keys], {minLength: 1});
/** Moments around now; some in the future, most a whole number of seconds and one millisecond ago. */
const moment = fc.oneof(
  fc.integer({min: 0, max: 4 * 3600}).map((seconds) => now - seconds * 1000 - 1),
  fc.constantFrom(now - 190_001, now - day - 1, now - 2 * day - 1, now - 40 * day - 1, now + 5 * minute - 1),
);
const resource = fc.constantFrom('secrets', 'configmaps', 'events', '*.apps');
const entry = fc.oneof(
  key.map(({id}) => id),
  fc.constantFrom('identity', 'kms:{"name":"a"}'),
);
const block: fc.Arbitrary<RenderedBlock> = fc.record({
  resources: fc.uniqueArray(resource, {minLength: 1, maxLength: 2}),
  order: fc.uniqueArray(entry, {minLength: 1, maxLength: 5}),
});
export const blocks = fc.array(block, {maxLength: 3});
const write = fc.oneof(
  key.map(({id}) => id),
  fc.constantFrom<'identity' | 'own'>('identity', 'own'),
);
export const layout: fc.Arbitrary<Layout> = fc.oneof(
  fc.constant(emptyLayout),
  keySet.map((set) => layoutOf(set, set[0]?.id ?? 'identity')),
  fc.record({
    keys: fc.uniqueArray(key.map(({id}) => id)),
    resources: fc.uniqueArray(
      fc.record({resource, write, leaving: fc.constant<true>(true)}, {requiredKeys: ['resource', 'write']}),
      {selector: (each) => each.resource, maxLength: 3},
    ),
    kept: fc.array(fc.record({resources: fc.constant(['leases']), order: fc.uniqueArray(entry, {minLength: 1})}), {
      maxLength: 1,
    }),
    kms: fc.constantFrom([], ['kms:{"name":"a"}']),
  }),
);

const label = fc.oneof(
  key.map(({provider, name}) => `${provider}:${name}`),
  fc.constantFrom('clear', 'other:kms:v2:x', 'aesgcm:r9-0123abcd'),
);
const scanIds = fc.constantFrom('scan-4-60', 'scan-4-61', 'values-4-60');
const counts = fc.dictionary(
  fc.constantFrom('secrets', 'configmaps', 'deployments.apps'),
  fc.dictionary(label, fc.nat(3)),
);
const scanReport: fc.Arbitrary<ScanReport> = fc.record({
  id: scanIds,
  startedAtMs: moment,
  completedAtMs: moment,
  revision: fc.nat(2000),
  counts,
});

const mark = fc
  .record({
    resource: fc.constantFrom('secrets', 'configmaps'),
    state: fc.constantFrom('pending' as const, 'running' as const, 'done' as const, 'blocked' as const),
    pass: fc.integer({min: 1, max: 5}),
    rewritten: fc.nat(2),
    attempts: fc.nat(4),
    blockedCount: fc.nat(2),
    lastAttemptAtMs: moment,
    completedAtMs: moment,
    revision: fc.constantFrom('900', '1000', 'opaque', ''),
  })
  .map(({resource: name, ...changes}) => markOf(name, changes));

const rotation: fc.Arbitrary<Rotation> = fc.record(
  {
    revision: fc.integer({min: 1, max: 5}),
    key: key.map(({id}) => id),
    reason: fc.constantFrom(
      'first' as const,
      'schedule' as const,
      'request' as const,
      'budget' as const,
      'resources' as const,
    ),
    request: fc.constant('audit'),
    startedAtMs: moment,
    activatedAtMs: moment,
    convergedAtMs: moment,
    adding: fc.constant(['events']),
    removing: fc.constantFrom(['configmaps'], ['*.apps']),
    migration: fc.array(mark, {maxLength: 3}),
    verifiedBy: fc.constantFrom('scan' as const, 'second-pass' as const),
  },
  {requiredKeys: ['revision', 'reason', 'startedAtMs', 'migration']},
);

const byKey = fc.dictionary(
  key.map(({id}) => id),
  moment,
);
const certificate: fc.Arbitrary<DropCertificate> = fc.record({
  key: key.map(({id}) => id),
  check: fc.constant('0123456789abcdef'),
  stoppedWritingAtMs: moment,
  cleanBy: scanIds,
  cleanRevision: fc.constant('900'),
  compactedBy: fc.constant('events-410'),
  atMs: moment,
});

const proof = fc.record(
  {
    key: fc.oneof(
      key.map(({id}) => id),
      resource.map((each) => `resource/${each}`),
    ),
    by: scanIds,
    revision: fc.constantFrom('900', '950', 'opaque'),
    atMs: moment,
    compactedBy: fc.constant('events-410'),
  },
  {requiredKeys: ['key', 'by', 'revision', 'atMs']},
);

const chaos: fc.Arbitrary<Partial<Ring>> = fc.record(
  {
    layout,
    rotation,
    trial: fc.record({id: fc.constant('trial-4-60'), layout, node: fc.constantFrom('n1', 'n9'), startedAtMs: moment}),
    proven: fc.subarray([
      'aesgcm/32',
      'aescbc/32',
      'resource/secrets',
      'resource/configmaps',
      'resource/events',
      'kms',
    ]),
    gate: fc.record({
      id: fc.constantFrom('activate-4-60', 'drop-4-60', 'drop-3-1'),
      deed: fc.constantFrom('activate' as const, 'drop' as const),
      atMs: moment,
    }),
    minting: fc.record({
      revision: fc.integer({min: 1, max: 5}),
      node: fc.constantFrom('n1', 'n9'),
      id: fc.constant('mint-1'),
    }),
    handledRequest: fc.constant('audit'),
    stoppedWriting: byKey,
    clean: fc.array(proof, {maxLength: 3}),
    certificates: fc.array(certificate, {maxLength: 2}),
    scan: fc.record({
      id: scanIds,
      resources: fc.constant(['secrets']),
      node: fc.constantFrom('n1', 'n2', 'n9'),
      deep: fc.boolean(),
      atMs: moment,
    }),
    refusals: fc.array(
      fc.record({
        node: fc.constantFrom(...names),
        hash: fc.constant('x'),
        kinds: fc.constantFrom(['aesgcm/32'], ['resource/events']),
        why: fc.constant('no'),
        atMs: moment,
      }),
      {maxLength: 2},
    ),
    checked: scanIds,
    restored: fc.record({atMs: moment, merged: fc.boolean()}),
    proof: fc.record({
      id: fc.constant('pass-4-1'),
      keys: fc.array(key.map(({id}) => id)),
      migration: fc.array(mark, {maxLength: 2}),
    }),
    forgotten: fc.array(
      fc.constantFrom(...names, 'n9').map((node) => ({node, identity: identityOf(node), atMs: now - hour})),
      {maxLength: 2},
    ),
    members: fc
      .uniqueArray(fc.constantFrom(...names, 'n9'))
      .map((list) =>
        list
          .map((node) => ({node, identity: identityOf(node), address: `10.0.0.${node.slice(1)}`}))
          .sort((a, b) => (a.node < b.node ? -1 : 1)),
      ),
  },
  {requiredKeys: []},
);

/** Rings of every stage, some of them with anything in them. */
export const ring: fc.Arbitrary<Ring> = fc
  .tuple(
    fc.oneof(
      fc.constant(ringOf({epoch: 4})),
      keySet.map((set) => restingRing(set)),
      fc.constantFrom(...stages).map((stage) => ringAt(stage)),
    ),
    fc.oneof({weight: 1, arbitrary: fc.constant({})}, {weight: 2, arbitrary: chaos}),
  )
  .map(([base, changes]) => {
    const any: Ring = {...base, ...changes};
    const gone = new Set(any.forgotten.map(({node}) => node));
    return {...any, members: any.members.filter(({node}) => !gone.has(node))};
  });

const reportChanges: fc.Arbitrary<Partial<NodeReport>> = fc.record(
  {
    server: fc.constantFrom<NodeReport['server']>(
      {state: 'down', why: 'refused'},
      {state: 'foreign', why: 'another'},
      {state: 'up', startedAtMs: now - 1000},
    ),
    file: fc.oneof(
      blocks.map(fileOf),
      fc.constantFrom<NodeReport['file']>({state: 'absent'}, {state: 'refused', hash: 'x', problems: ['no']}),
    ),
    loaded: blocks.map(loadedOf),
    gate: fc.constantFrom('activate-4-60', 'drop-4-60', 'x'),
    history: fc.uniqueArray(key.map(({id}) => id)),
    held: fc.uniqueArray(key.map(({id}) => id)),
    found: keySet.map((set) => set.map(({createdAtMs: _c, mintedBy: _m, ...ref}) => ref)),
    minted: fc.constantFrom(
      {id: 'mint-1', revision: 2, name: ours(2).name, check: ours(2).check},
      {id: 'mint-r2-4-60', revision: 2, name: ours(2).name, check: ours(2).check},
    ),
    configPath: fc.constant(''),
    automaticReload: fc.boolean(),
    mount: fc.constantFrom('directory' as const, 'single-file' as const, 'unknown' as const),
    fipsOnly: fc.boolean(),
    fileWrittenAtMs: moment,
    reloadFailures: fc.nat(1),
    encryptions: fc.dictionary(
      key.map(({name}) => name),
      fc.constantFrom(1, 200_000),
    ),
    highest: fc.record({epoch: fc.constantFrom(1, 4, 4, 4, 6), revision: fc.nat(6)}),
    problems: fc.array(fc.constantFrom({reason: 'CannotWriteFile', message: 'ENOSPC'}, {reason: 'Odd', message: '?'}), {
      maxLength: 1,
    }),
    can: fc.subarray(['scan', 'values'] as const),
    scan: scanReport,
    values: fc.record({
      id: scanIds,
      completedAtMs: moment,
      opened: fc.nat(9),
      unreadable: fc.array(
        fc.record({
          etcdKey: fc.constant('/registry/secrets/a/b'),
          keyName: fc.constant('key1'),
          diagnosis: fc.constantFrom('unknown-key' as const, 'ambiguous' as const),
          detail: fc.constant('no'),
        }),
        {maxLength: 1},
      ),
      unreadableCount: fc.nat(1),
    }),
    refusedFile: fc.record(
      {trial: fc.constant('trial-4-60'), hash: fc.constant('x'), blocks, atMs: moment, why: fc.constant('no')},
      {requiredKeys: ['hash', 'blocks', 'atMs', 'why']},
    ),
    ring: fc.constantFrom({epoch: 4, version: 70}, {epoch: 3, version: 1}),
  },
  {requiredKeys: []},
);

const spec: fc.Arbitrary<Partial<Spec>> = fc.record(
  {
    resources: fc.constantFrom(
      ['secrets'],
      ['secrets', 'configmaps'],
      ['secrets', 'configmaps', 'events'],
      ['secrets', '*.apps'],
    ),
    rotationIntervalMs: fc.constantFrom(1_000, hour, 168 * hour),
    mode: fc.constantFrom('rotate' as const, 'rotate' as const, 'rotate' as const, 'observe' as const),
    rotateRequest: fc.constantFrom('audit', 'now', 'compromised-x'),
    pause: fc.constant('why'),
    retention: fc.record({revisions: fc.integer({min: 1, max: 3}), minAgeMs: fc.constantFrom(0, hour, day)}),
    nodes: fc.record({writeMode: fc.constantFrom('rename' as const, 'external' as const)}),
    adoption: fc.record({replaceKMS: fc.boolean()}),
    writeBudget: fc.constantFrom(100, 1_000_000),
  },
  {requiredKeys: []},
);

/** A fact as it was read, or one of the ways it was not. */
const maybe = <T>(value: Fact<T>): fc.Arbitrary<Fact<T>> =>
  fc.oneof(
    {weight: 12, arbitrary: fc.constant(value)},
    {weight: 1, arbitrary: fc.constant(unknown('unavailable: no'))},
    {weight: 1, arbitrary: fc.constant(absent)},
  );

const life = fc.constantFrom('alive' as const, 'alive' as const, 'silent' as const, 'unknown' as const);
const nodeNames: fc.Arbitrary<readonly string[]> = fc.subarray([...names, 'n4'], {minLength: 1});
const anyNodes: fc.Arbitrary<readonly string[]> = fc.oneof(fc.constant(names), fc.subarray([...names, 'n4']));
const usual: fc.Arbitrary<readonly string[]> = fc.oneof(fc.constant(names), nodeNames);

/** Observations with everything read. */
const randomObservation: fc.Arbitrary<ClusterObservation> = fc
  .record({
    ring,
    spec: fc.oneof(fc.constant<Partial<Spec>>({}), spec),
    nodes: fc.oneof(
      fc.constant<Partial<NodeReport>[]>([]),
      fc.array(fc.oneof(fc.constant<Partial<NodeReport>>({}), reportChanges), {minLength: 3, maxLength: 3}),
    ),
    reporting: usual,
    leases: usual,
    lives: fc.array(life, {minLength: 4, maxLength: 4}),
    watched: fc.constantFrom(0, 10 * minute),
    gone: fc.constantFrom([], [{identity: identityOf('n2'), hostName: 'n2', goneForMs: 5_000}]),
    nodesListed: anyNodes,
    endpoints: anyNodes,
    objects: fc.subarray([ours(1), ours(2), ours(3)].map((each) => keyObjectOf(each))),
    annotations: fc.oneof(
      fc.constant({}),
      fc.record(
        {
          [annotation.forgetNode]: fc.constantFrom('n2', 'n9', 'n4 today'),
          [annotation.dropAdopted]: fc.constantFrom('all', keys[4]?.check ?? ''),
          [annotation.acceptAmbiguous]: fc.constant('yes'),
        },
        {requiredKeys: []},
      ),
    ),
    lists: fc.constantFrom<Fact<Record<string, string>>>(seen({}), seen({}), absent, seen({secrets: 'unreadable'})),
    compacted: fc.subarray(['900', '950', '1000', 'opaque']),
    ownEpoch: fc.constantFrom(4, 4, 4, 4, 3),
    silent: fc.constantFrom(0, 0, 10 * minute),
    hasRing: fc.constantFrom(true, true, true, true, true, true, true, false),
  })
  .map((each) => {
    const present = each.ring;
    const reports = each.reporting.map((node, at) => ({
      report: reportOf(node, present, each.nodes[at] ?? {}),
      unchangedForMs: each.silent,
    }));
    return observe({
      ring: present,
      spec: each.spec,
      facts: {
        ring: each.hasRing ? seen(withCounted(present), '7000') : absent,
        ownEpoch: each.ownEpoch,
        reports: seen(reports),
        leases: seen(
          each.leases.map((node, at) => ({
            identity: identityOf(node),
            hostName: node,
            life: each.lives[at] ?? 'alive',
          })),
        ),
        leaseWatch: {watchedForMs: each.watched, gone: each.gone},
        controlPlaneNodes: seen(each.nodesListed.map((name) => ({name, addresses: [addressOf(name)]}))),
        endpoints: each.endpoints.length === 0 ? absent : seen(each.endpoints.map(addressOf)),
        keyObjects: seen(each.objects),
        ringAnnotations: each.annotations,
        lists: each.lists,
        compacted: each.compacted,
        types: Object.fromEntries(
          ['secrets', 'configmaps', 'events', '*.apps'].map((name) => [
            name,
            seen([typeOf(name === '*.apps' ? 'deployments.apps' : name)]),
          ]),
        ),
      },
    });
  });

/** Observations with everything read, of both strategies. */
export const knownObservation: fc.Arbitrary<ClusterObservation> = fc.oneof(
  randomObservation,
  randomObservation.chain(asPair),
  settledPair,
);

/** Ways to lose one fact of an observation. */
export type Blinding = (o: ClusterObservation) => ClusterObservation;

const blindReport =
  (node: string, changes: (report: NodeReport) => Partial<NodeReport>): Blinding =>
  (o) =>
    o.reports.state !== 'seen'
      ? o
      : {
          ...o,
          reports: seen(
            o.reports.value.map((each) =>
              each.report.node === node ? {...each, report: {...each.report, ...changes(each.report)}} : each,
            ),
          ),
        };

const why = unknown('unavailable: no');
/** Each takes one fact away; what was absent or unknown stays so. */
export const blinding: fc.Arbitrary<{readonly what: string; readonly blind: Blinding}> = fc.oneof(
  fc
    .constantFrom(
      'clusterId',
      'spec',
      'ring',
      'reports',
      'keyObjects',
      'leases',
      'controlPlaneNodes',
      'endpoints',
      'lists',
      'pruned',
      'seedBundle',
      'synchronizer',
    )
    .map((fact) => ({what: fact, blind: (o: ClusterObservation) => ({...o, [fact]: why})})),
  fc.constantFrom('secrets', 'configmaps', 'events', '*.apps').map((name) => ({
    what: `types of ${name}`,
    blind: (o: ClusterObservation) => ({...o, types: {...o.types, [name]: why}}),
  })),
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom('file', 'loaded', 'server', 'scan', 'values', 'mount', 'report', 'root', 'bundle'),
    )
    .map(([node, part]) => ({
      what: `${part} of ${node}`,
      blind: blindPart(node, part),
    })),
  fc.constantFrom(...names).map((node) => ({
    what: `life of ${node}`,
    blind: (o: ClusterObservation): ClusterObservation =>
      o.leases.state !== 'seen'
        ? o
        : {
            ...o,
            leases: seen(
              o.leases.value.map((lease) => (lease.hostName === node ? {...lease, life: 'unknown'} : lease)),
            ),
          },
  })),
);

function blindPart(node: string, part: string): Blinding {
  switch (part) {
    case 'scan':
      return blindReport(node, () => ({scan: undefined}) as never);
    case 'values':
      return blindReport(node, () => ({values: undefined}) as never);
    case 'root':
    case 'bundle':
      return blindReport(node, ({derivation}) =>
        derivation === undefined ? {} : {derivation: {...derivation, [part]: {state: 'unknown', why: 'no'}}},
      );
    case 'mount':
      return blindReport(node, () => ({mount: 'unknown'}));
    case 'report':
      return (o) =>
        o.reports.state !== 'seen'
          ? o
          : {
              ...o,
              reports: seen(o.reports.value.filter(({report}) => report.node !== node)),
              badReports: {...o.badReports, [node]: 'malformed'},
            };
    default:
      return blindReport(node, () => ({[part]: {state: 'unknown', why: 'no'}}));
  }
}

/** Observations with any fact possibly unknown or absent. */
export const observation: fc.Arbitrary<ClusterObservation> = knownObservation.chain((o) =>
  fc
    .record({
      leading: fc.constantFrom(true, true, true, true, true, true, true, false),
      clusterId: maybe(o.clusterId),
      spec: maybe(o.spec),
      ring: maybe(o.ring),
      reports: maybe(o.reports),
      keyObjects: maybe(o.keyObjects),
      leases: maybe(o.leases),
      controlPlaneNodes: maybe(o.controlPlaneNodes),
      endpoints: maybe(o.endpoints),
      lists: maybe(o.lists),
      pruned: maybe(o.pruned),
      seedBundle: maybe(o.seedBundle),
      synchronizer: maybe(o.synchronizer),
      badReports: fc.constantFrom({}, {}, {n3: 'newer'}),
    })
    .map((facts) => ({...o, ...facts})),
);

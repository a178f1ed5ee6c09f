// Any rehearsal that a file can say: names refer to what is there, and times go forward.

import {
  type ClusterPlan,
  type CrashTarget,
  type Deed,
  deedKinds,
  type Expectation,
  faultClasses,
  goals,
  invariants,
  type ProgramTarget,
  phases,
  type Rehearsal,
  type Settings,
  type TimelineEntry,
} from '@etcd-encryption/host-sim';
import fc from 'fast-check';

const durationMs = fc.oneof(
  fc.integer({min: 1, max: 5_000}),
  fc.integer({min: 1, max: 400}).map((hours) => hours * 3_600_000),
  fc.integer({min: 1, max: 200_000}).map((seconds) => seconds * 1_000),
  fc.integer({min: 1, max: 315_360_000_000}),
);
const durationOrNoneMs = fc.oneof(fc.constant(0), durationMs);
// Words that YAML would read as something else stand among them.
const label = fc.oneof(
  fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/),
  fc.constantFrom('null', 'true', 'no', 'constructor', 'to-string', 'e1', 'nan'),
);
const someResources = fc.uniqueArray(
  fc.constantFrom('secrets', 'configmaps', 'leases.coordination.k8s.io', 'null', 'constructor'),
  {minLength: 1},
);
const objects = someResources.chain((resources) =>
  fc.tuple(...resources.map((resource) => fc.nat(1_000_000).map((count) => ({resource, count})))),
);
const explanation = fc
  .oneof(fc.string({unit: 'grapheme', maxLength: 300}), fc.lorem({maxCount: 60}), fc.string({maxLength: 300}))
  .map((text) => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\ufeff]/gu, '').trim())
  .filter((text) => text.length > 0 && text.length <= 2_000);

/** A record of which the properties that are not named as required may be absent. */
const partly = <T extends object, K extends keyof T>(model: {[P in keyof T]: fc.Arbitrary<T[P]>}, requiredKeys: K[]) =>
  fc.record(model, {requiredKeys});

const settings: fc.Arbitrary<Settings> = partly(
  {
    keyStrategy: fc.constantFrom('random' as const, 'deterministic' as const),
    rotationIntervalMs: durationMs,
    approvalDelayMs: durationOrNoneMs,
    activationPolicy: fc.constantFrom('timed-approval' as const, 'manual-approval' as const, 'immediate' as const),
    promotionGraceMs: durationOrNoneMs,
    standby: fc.constantFrom('expected' as const, 'none' as const),
    revisions: fc.integer({min: 1, max: 64}),
    resources: someResources,
  },
  ['keyStrategy'],
);

function clusterPlan(name: string, role: ClusterPlan['role'], nodes: readonly string[]): fc.Arbitrary<ClusterPlan> {
  const skew = fc.oneof(
    durationOrNoneMs,
    durationMs.map((ms) => 0 - ms),
  );
  const common = {name: fc.constant(name), role: fc.constant(role), nodes: fc.constant(nodes)};
  const lateWrites = fc.record({percent: fc.integer({min: 1, max: 100}), maxMs: durationMs});
  const refusesAesGcm = fc.boolean();
  const any = {...common, localObjects: objects, lateWrites, refusesAesGcm, clockSkewMs: skew};
  if (role === 'standby') return partly(any, ['name', 'role', 'nodes']);
  const writes = fc.record({
    count: fc.integer({min: 1, max: 1_000}),
    per: fc.constantFrom('s' as const, 'm' as const, 'h' as const),
  });
  return partly({...any, objects, writes}, ['name', 'role', 'nodes']);
}

const clusters: fc.Arbitrary<readonly ClusterPlan[]> = fc
  .record({
    names: fc.uniqueArray(label, {minLength: 1, maxLength: 2}),
    nodes: fc.uniqueArray(label, {minLength: 2, maxLength: 6}),
    activeFirst: fc.boolean(),
  })
  .chain(({names: [first = 'east', second], nodes, activeFirst}) => {
    if (second === undefined) return clusterPlan(first, 'active', nodes.slice(0, 5)).map((plan) => [plan]);
    const half = Math.ceil(nodes.length / 2);
    return fc.tuple(
      clusterPlan(first, activeFirst ? 'active' : 'standby', nodes.slice(0, half)),
      clusterPlan(second, activeFirst ? 'standby' : 'active', nodes.slice(half)),
    );
  });

function anyDeed(plans: readonly ClusterPlan[]): fc.Arbitrary<Deed> {
  const names = plans.map(({name}) => name);
  const cluster = fc.constantFrom(...names);
  const node = fc.constantFrom(...plans.flatMap(({nodes}) => nodes));
  const some = fc.uniqueArray(cluster, {minLength: 1});
  const kind = <const K extends Deed['kind']>(word: K) => fc.constant(word);
  const program: fc.Arbitrary<ProgramTarget> = fc.oneof(
    fc.record({cluster, program: fc.constantFrom('controller' as const, 'scanner' as const)}),
    fc.record({node, program: fc.constant('agent' as const)}),
  );
  const target: fc.Arbitrary<CrashTarget> = fc.oneof(
    program,
    fc.record({node, program: fc.constant('server' as const)}),
  );
  const resource = fc.constantFrom('secrets', '*.', '*.apps', 'leases.coordination.k8s.io');
  const inCluster = fc.constantFrom('compromised' as const, 'pause' as const, 'resume' as const, 'rotate' as const);
  const alone: fc.Arbitrary<Deed>[] = [
    partly({kind: kind('down'), node, forMs: durationMs}, ['kind', 'node']),
    fc.record({kind: fc.constantFrom('up' as const, 'forgetNode' as const), node}),
    fc.record({kind: kind('crash'), target}),
    fc.record({kind: kind('crash'), target: program, after: fc.constant('deed' as const)}),
    fc.record({kind: kind('crash'), target: program, before: fc.constant('deed' as const)}),
    fc.record({kind: kind('unknownAnswer'), target: program}),
    fc.record({
      kind: fc.constantFrom('staleView' as const, 'missedEvents' as const),
      target: program,
      forMs: durationMs,
    }),
    fc.record({kind: kind('powerLoss'), node, forMs: durationMs}),
    fc.record({kind: kind('clock'), of: fc.oneof(cluster, node), byMs: durationMs}),
    fc.record({kind: kind('editFile'), node}),
    fc.record({kind: kind('cutFile'), node}),
    fc.record({kind: kind('stateRoot'), cluster}),
    fc.record({kind: kind('restore'), cluster, ageMs: durationMs}),
    fc.record({kind: kind('rootReplaced'), clusters: some, onPurpose: fc.boolean()}),
    fc.record({kind: kind('addResource'), resource, clusters: some}),
    fc.record({kind: kind('removeResource'), resource, clusters: some}),
    fc.record({kind: inCluster, cluster}),
    fc.record({kind: kind('advance'), byMs: durationMs}),
  ];
  if (names.length === 1) return fc.oneof(...alone);
  const mode = fc.constantFrom('planned' as const, 'unplanned' as const);
  const mirror = fc.constantFrom('uninstallSynchronizer' as const, 'installSynchronizer' as const);
  return fc.oneof(
    ...alone,
    fc.record({kind: kind('stall'), what: fc.constant('replication' as const), forMs: durationMs}),
    fc.record({kind: kind('resync'), what: fc.constant('replication' as const)}),
    fc.record({kind: kind('loseDeletes'), what: fc.constant('replication' as const), forMs: durationMs}),
    fc.record({kind: kind('surplusKey'), cluster}),
    fc.record({kind: kind('failover'), to: cluster, mode}),
    fc.record({kind: kind('failback'), to: cluster}),
    fc.record({kind: mirror, cluster}),
    fc.record({kind: kind('stopSynchronizer'), cluster, forMs: durationMs}),
    fc.record({
      kind: kind('stateRole'),
      cluster,
      role: fc.constantFrom('Active' as const, 'Standby' as const),
      on: fc.constantFrom('ring' as const, 'config' as const),
    }),
  );
}

function anyEntry(plans: readonly ClusterPlan[]): fc.Arbitrary<TimelineEntry> {
  const deeds = fc.array(anyDeed(plans), {minLength: 1, maxLength: 4});
  const facts = fc.constantFrom(...plans).chain(({name, nodes}) =>
    partly(
      {
        cluster: fc.constant(name),
        phase: fc.constantFrom(...phases),
        loadedOn: fc.nat(nodes.length),
      },
      ['cluster', 'phase'],
    ),
  );
  return fc.oneof(
    fc.record({kind: fc.constant('at' as const), atMs: durationOrNoneMs, deeds}),
    fc.record({kind: fc.constant('after' as const), delayMs: durationOrNoneMs, deeds}),
    fc.record({kind: fc.constant('when' as const), fact: facts, deeds}),
  );
}

/** Without the entries with a stated time that would come too early, or later than any time a file can state. */
function forward(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  let nowMs = 0;
  return entries.filter((entry) => {
    if (entry.kind === 'at' && entry.atMs < nowMs) return false;
    if (entry.kind === 'at') nowMs = entry.atMs;
    if (entry.kind === 'after') nowMs += entry.delayMs;
    for (const deed of entry.deeds) if (deed.kind === 'advance') nowMs += deed.byMs;
    return true;
  });
}

function anyExpectation(plans: readonly ClusterPlan[], done: readonly Deed['kind'][]): fc.Arbitrary<Expectation> {
  const cluster = fc.constantFrom(...plans.map(({name}) => name));
  const state = partly(
    {
      role: fc.constantFrom('Active' as const, 'Standby' as const, 'Unknown' as const),
      phase: fc.constantFrom(...phases),
      unreadable: fc.nat(1_000_000),
      failoverReady: fc.boolean(),
    },
    [],
  ).filter((value) => Object.keys(value).length > 0);
  const always = fc.record({kind: fc.constant('always' as const), invariant: fc.constantFrom(...invariants)});
  const eventually = partly(
    {
      kind: fc.constant('eventually' as const),
      goal: fc.constantFrom(...goals),
      cluster,
      lineages: fc.integer({min: 1, max: 100}),
    },
    ['kind', 'goal'],
  );
  if (done.length === 0) return fc.oneof(always, eventually);
  const deed = fc.constantFrom(...done);
  const moment = fc.record({deed, during: fc.constantFrom(...phases)});
  return fc.oneof(
    always,
    eventually,
    fc.record({kind: fc.constant('within' as const), limitMs: durationMs, of: deed, cluster, is: state}),
    fc.record({kind: fc.constant('sometimes' as const), moment}),
  );
}

const chaos = fc.oneof(
  fc.record({profile: fc.constantFrom('none' as const, 'light' as const, 'full' as const)}),
  fc.record({classes: fc.uniqueArray(fc.constantFrom(...faultClasses), {minLength: 1})}),
);

export const anyRehearsal: fc.Arbitrary<Rehearsal> = fc
  .tuple(clusters, chaos)
  .chain(([plans, faults]) =>
    fc.tuple(fc.constant(plans), fc.constant(faults), fc.array(anyEntry(plans), {maxLength: 8}).map(forward)),
  )
  .chain(([plans, faults, timeline]) => {
    const planned = timeline.flatMap(({deeds}) => deeds.map(({kind}) => kind));
    const done = 'profile' in faults && faults.profile === 'none' ? planned : deedKinds;
    const [active, standby] = (['active', 'standby'] as const).map((role) => plans.find((plan) => plan.role === role));
    const lag = fc
      .tuple(durationOrNoneMs, durationOrNoneMs)
      .map(([a, b]) => ({meanMs: Math.min(a, b), maxMs: Math.max(a, b)}));
    const replication = partly({from: fc.constant(active?.name ?? ''), to: fc.constant(standby?.name ?? ''), lag}, [
      'from',
      'to',
    ]);
    const common = {
      metadata: partly({name: label, explanation}, ['name']),
      seeds: fc.record({from: fc.nat(), count: fc.oneof(fc.constant(1), fc.integer({min: 1, max: 1_000_000}))}),
      settings: fc.oneof(
        settings,
        fc.constantFrom('eec.yaml', '/etc/a b/#c.yaml').map((fromConfig) => ({fromConfig})),
      ),
      clusters: fc.constant(plans),
      timeline: fc.constant(timeline),
      chaos: fc.constant(faults),
      expect: fc.array(anyExpectation(plans, done), {maxLength: 6}),
    };
    const world = partly(
      {
        pollMs: durationMs,
        compactionMs: durationMs,
        drainMs: durationOrNoneMs,
        minAgeMs: durationOrNoneMs,
        adopted: fc.boolean(),
        prepared: fc.boolean(),
      },
      [],
    );
    const plain = fc.oneof(fc.record(common), fc.record({...common, world}));
    if (standby === undefined) return plain;
    return fc.oneof(plain, fc.record({...common, replication}));
  });

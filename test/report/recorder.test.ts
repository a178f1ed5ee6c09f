// A recording against the run that it is of: what it says of any moment is what was so at that moment.

import {hex, toBase64} from '@etcd-encryption/crypto';
import {
  type Cluster,
  type Recording,
  type Rehearsal,
  recordRehearsal,
  recordRun,
  runRehearsal,
  type SeedResult,
  type TimelineEntry,
} from '@etcd-encryption/host-sim';
import {beforeAll, describe, expect, test} from 'vitest';

const minuteMs = 60_000;
const seed = 5;

const rehearsalWith = (change: Partial<Rehearsal>): Rehearsal => ({
  metadata: {name: 'small-failover', explanation: 'A failover after the first rotation.'},
  seeds: {from: seed, count: 1},
  settings: {keyStrategy: 'deterministic', rotationIntervalMs: 7_200_000, approvalDelayMs: 2 * minuteMs},
  clusters: [
    {
      name: 'east',
      role: 'active',
      nodes: ['e1', 'e2'],
      objects: [{resource: 'secrets', count: 30}],
      writes: {count: 30, per: 'm'},
    },
    {name: 'west', role: 'standby', nodes: ['w1', 'w2'], localObjects: [{resource: 'secrets', count: 10}]},
  ],
  replication: {from: 'east', to: 'west', lag: {meanMs: 2_000, maxMs: 10_000}},
  timeline,
  chaos: {profile: 'none'},
  expect: [],
  ...change,
});

const timeline: readonly TimelineEntry[] = [
  {kind: 'at', atMs: 8 * minuteMs, deeds: [{kind: 'stall', what: 'replication', forMs: 4 * minuteMs}]},
  {
    kind: 'after',
    delayMs: minuteMs,
    deeds: [
      {kind: 'powerLoss', node: 'e1', forMs: 2 * minuteMs},
      {kind: 'failover', to: 'west', mode: 'unplanned'},
    ],
  },
  {kind: 'after', delayMs: 4 * minuteMs, deeds: [{kind: 'installSynchronizer', cluster: 'east'}]},
];

interface Truth {
  readonly atMs: number;
  readonly cluster: string;
  readonly active: boolean;
  readonly servers: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

/** Tags such as `aesgcm/r1-…/…` as a recording names them. */
const nameOf = (tag: string): string => tag.split('/')[1] ?? tag;

function truthOf(cluster: Cluster, atMs: number): Truth {
  const servers = cluster.nodes.map(({name, server}) => {
    const [write, ...reads] = server?.serves === true ? server.loaded.of('secrets').map(({tag}) => nameOf(tag)) : ['-'];
    return [name, [write, ...reads.sort()].join(' ')];
  });
  const live = ['secrets', 'configmaps'].flatMap((resource) => [...cluster.need.of(resource)]);
  const values: Record<string, number> = {};
  for (const [tag, count] of live) if (count.live > 0) values[nameOf(tag)] = (values[nameOf(tag)] ?? 0) + count.live;
  return {atMs, cluster: cluster.name, active: cluster.active, servers: Object.fromEntries(servers), values};
}

const at = <T extends {readonly fromMs: number; readonly toMs: number}>(spans: readonly T[], ms: number) =>
  spans.filter(({fromMs, toMs}) => fromMs <= ms && ms < toMs);

describe('a recorded failover', () => {
  const truths: Truth[] = [];
  const secrets = new Set<string>();
  let recording: Recording;
  let result: SeedResult;

  beforeAll(() => {
    const {run, finish} = recordRun(rehearsalWith({}), {seed});
    // Between whole seconds, where nothing happens in the very millisecond that is looked at.
    for (let ms = 501; !run.over; ms += 5_000) {
      run.runUntil(ms);
      if (run.over) break;
      for (const {cluster} of run.clusters.values()) {
        truths.push(truthOf(cluster, run.nowMs));
        for (const {server} of cluster.nodes) noteSecrets(server?.loaded.all ?? [], secrets);
      }
    }
    ({result, recording} = finish());
  }, 240_000);

  test('with and without a recorder ⇒ the same run', () => {
    expect(runRehearsal(rehearsalWith({}), {seed}).traceHash).toBe(result.traceHash);
    expect(recording.verdict).toEqual({
      state: 'passed',
      text: expect.stringMatching(/^2 rotations completed, 0 values/),
    });
    expect(recording.virtualMs).toBe(result.virtualMs);
  }, 240_000);

  test('any moment ⇒ each lane says what that server had loaded, or that none served', () => {
    expect(truths.length).toBeGreaterThan(200);
    for (const {atMs, cluster, servers} of truths) {
      const lanes = recording.clusters.find(({name}) => name === cluster)?.lanes ?? [];
      const said = lanes.map(({node, intervals}) => {
        const [{state, writeKey, readKeys} = {state: 'none', writeKey: '', readKeys: []}] = at(intervals, atMs);
        return [node, state === 'serving' ? [writeKey, ...[...readKeys].sort()].join(' ') : '-'];
      });
      expect(Object.fromEntries(said), `${cluster} at ${atMs}`).toEqual(servers);
    }
    expect(truths.some(({servers}) => servers.e1 === '-')).toBe(true);
  });

  test('any moment ⇒ values by key are those in etcd, within one of a hundred, and none is shown that is not there', () => {
    for (const {atMs, cluster, values} of truths) {
      const series = recording.clusters.find(({name}) => name === cluster)?.values;
      const step = series?.steps.findLast((each) => each.atMs <= atMs);
      const total = Object.values(values).reduce((sum, count) => sum + count, 0);
      for (const [place, key] of (series?.keys ?? []).entries()) {
        const [said, truth] = [step?.counts[place] ?? 0, values[key] ?? 0];
        expect(said === 0, `${key} on ${cluster} at ${atMs}`).toBe(truth === 0);
        expect(Math.abs(said - truth)).toBeLessThanOrEqual(total / 100);
      }
    }
  });

  test('any moment ⇒ exactly one role, the true one, and at most one phase and bundle', () => {
    for (const {atMs, cluster, active} of truths) {
      const {roles, phases, bundles} = recording.clusters.find(({name}) => name === cluster) ?? {};
      expect(at(roles ?? [], atMs).map(({name}) => name.split(',')[0])).toEqual([active ? 'Active' : 'Standby']);
      expect(at(phases ?? [], atMs).length).toBeLessThanOrEqual(1);
      expect(at(bundles ?? [], atMs).length).toBeLessThanOrEqual(1);
    }
  });

  test('the failover ⇒ roles change at its very moment, and what the new Active says of itself is said too', () => {
    const [east, west] = recording.clusters;
    const became = (roles: Recording['clusters'][number]['roles'] | undefined, role: string) =>
      roles?.find(({name, fromMs}) => name.startsWith(role) && fromMs > 60_000)?.fromMs;
    expect(became(west?.roles, 'Active')).toBe(9 * minuteMs);
    expect(became(east?.roles, 'Standby')).toBe(13 * minuteMs);
    expect(west?.roles.some(({name}) => name === 'Active, says Unknown')).toBe(true);
  });

  test('deeds, faults and the failover ⇒ marks in order, each at its cluster', () => {
    const telling = recording.marks.filter(({kind}) => kind !== 'step');
    const told = telling.map(({cluster, kind, what}) => `${cluster} ${kind} ${what}`);
    expect(told.slice(0, 3)).toEqual(['east deed publish', 'east deed activate', 'east deed publish']);
    const places = [
      ' operator stall',
      'west fault stall',
      ' operator powerLoss',
      'east fault powerLoss',
      ' operator failover',
      'west failover failover',
      ' operator installSynchronizer',
      'east failover becomes Standby',
    ];
    const found = places.map((each) => told.indexOf(each));
    expect(found).not.toContain(-1);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(telling.find(({what}) => what === 'powerLoss')?.atMs).toBe(9 * minuteMs);
    expect(recording.marks.find(({what}) => what === 'complete')?.text).toMatch(/^rotation 1 is complete: .* r1-/);
  });

  test('the bundle ⇒ followed by both, written by east, and a stall shows as a backlog', () => {
    const [east, west] = recording.clusters;
    for (const cluster of [east, west]) {
      expect(cluster?.bundles.map(({writer, generation}) => `${writer} ${generation}`)).toEqual(['east 1', 'east 2']);
      expect(cluster?.bundles.at(-1)?.revisions).toEqual([1, 2]);
    }
    expect(Math.max(...(west?.backlog.map(({count}) => count) ?? []))).toBeGreaterThan(3);
  });

  test('all of it ⇒ plain JSON without a key’s bytes', () => {
    const text = JSON.stringify(recording);
    expect(JSON.parse(text)).toEqual(recording);
    expect(secrets.size).toBeGreaterThanOrEqual(4);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

type Loaded = readonly {readonly key?: {readonly secret: {withBytes: <T>(f: (bytes: Uint8Array) => T) => T}}}[];

function noteSecrets(loaded: Loaded, secrets: Set<string>): void {
  for (const {key} of loaded) {
    if (key === undefined) continue;
    secrets.add(key.secret.withBytes(toBase64)).add(key.secret.withBytes(hex));
  }
}

describe('what came out', () => {
  test('an expectation that breaks ⇒ violated, with its cause and a mark', () => {
    const {recording} = recordRehearsal(
      rehearsalWith({
        timeline: [{kind: 'at', atMs: minuteMs, deeds: [{kind: 'failover', to: 'west', mode: 'unplanned'}]}],
        expect: [{kind: 'within', limitMs: 1_000, of: 'failover', cluster: 'west', is: {role: 'Active'}}],
      }),
      {seed},
    );
    expect(recording.verdict).toEqual({state: 'violated', text: expect.stringContaining('expect[0]')});
    expect(recording.marks.at(-1)).toMatchObject({kind: 'violation', cluster: 'west'});
  }, 240_000);

  test('a deed that cannot come to pass ⇒ vacuous', () => {
    const {recording} = recordRehearsal(
      rehearsalWith({
        timeline: [{kind: 'at', atMs: minuteMs, deeds: [{kind: 'installSynchronizer', cluster: 'west'}]}],
      }),
      {seed},
    );
    expect(recording.verdict.state).toBe('vacuous');
  }, 240_000);

  test('a run that begins after the first rotation ⇒ nothing of before is told as new, and its bundle is there at once', () => {
    const {recording} = recordRehearsal(rehearsalWith({timeline: [], world: {prepared: true}}), {seed});
    expect(recording.marks.filter(({kind, what}) => kind === 'deed' || what === 'complete')).toEqual([]);
    for (const {bundles, values} of recording.clusters) {
      expect(bundles[0]).toMatchObject({fromMs: 0, writer: 'east', generation: 2, revisions: [1, 2]});
      expect(values.keys).toEqual([expect.stringMatching(/^r1-/)]);
    }
  }, 240_000);

  test('settings ⇒ said in the words and units of a file', () => {
    const {recording} = recordRehearsal(rehearsalWith({timeline: []}), {seed});
    expect(recording.settings.map(({name, value}) => `${name}: ${value}`)).toEqual([
      'key strategy: deterministic',
      'rotation interval: 2h',
      'approval delay: 2m',
      'east: active, 2 servers',
      'west: standby, 2 servers',
      'replication lag: 2s on average, at most 10s',
    ]);
  }, 240_000);
});

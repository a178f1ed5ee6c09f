// Each deed of a timeline does what its name says, and what is a fault strikes as one.

import {createRun, type Deed, type Rehearsal, type Run} from '@etcd-encryption/host-sim';
import {annotation} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {after, minuteMs, pairWith, times} from './small.ts';

const faultsOf = (run: Run): readonly string[] => run.result().strikes.map(({fault, cluster}) => `${fault} ${cluster}`);
const shortly = minuteMs + 1_000;
const configPath = '/registry/cluster.alauda.io/etcdencryptionconfigs/default';

const annotationsOf = (run: Run, cluster: string): Readonly<Record<string, string>> =>
  run.clusters.get(cluster)?.cluster.etcd.get(configPath)?.value.object?.metadata.annotations ?? {};

const serves = (run: Run, cluster: string, node: string): boolean =>
  run.clusters.get(cluster)?.cluster.node(node).server?.serves === true;

describe('a node', () => {
  test('goes down for two minutes ⇒ its server is gone, then it serves again', () => {
    const run = after(shortly, {kind: 'down', node: 'e2', forMs: 2 * minuteMs});
    expect(serves(run, 'east', 'e2')).toBe(false);
    expect(faultsOf(run)).toEqual(['nodeDown east']);
    run.runUntil(4 * minuteMs);
    expect(serves(run, 'east', 'e2')).toBe(true);
    expect(run.result().missed).toEqual([1]);
  });

  test('goes down and is brought up ⇒ it serves; an up of a node that is there never comes to pass', () => {
    const run = after(
      3 * minuteMs,
      {kind: 'down', node: 'w1'},
      {kind: 'advance', byMs: minuteMs},
      {kind: 'up', node: 'w1'},
    );
    expect(serves(run, 'west', 'w1')).toBe(true);
    expect(after(shortly, {kind: 'up', node: 'w1'}).result().missed).toContain(0);
  });

  test('loses its power ⇒ it strikes as that and boots after its time', () => {
    const run = after(shortly, {kind: 'powerLoss', node: 'e1', forMs: minuteMs});
    expect(faultsOf(run)).toEqual(['powerLoss east']);
    run.runUntil(3 * minuteMs);
    expect(serves(run, 'east', 'e1')).toBe(true);
  });

  test('its clock is set, and that of a controller ⇒ the wall time is another one', () => {
    const run = after(shortly, {kind: 'clock', of: 'e1', byMs: 5_000}, {kind: 'clock', of: 'west', byMs: -2_000});
    expect(faultsOf(run)).toEqual(['clock east', 'clock west']);
    const {cluster} = run.clusters.get('east') ?? {};
    expect(cluster?.node('e1').wallMs()).toBe((cluster?.wallMs() ?? 0) + 5_000);
  });

  test('gets an older file by hand ⇒ the agent repairs it', () => {
    const run = after(shortly, {kind: 'editFile', node: 'e1'});
    expect(faultsOf(run)).toEqual(['operatorEdit east']);
    run.runUntil(4 * minuteMs);
    const files = run.clusters.get('east')?.cluster.nodes.map(({file}) => file.state === 'loadable' && file.hash);
    expect(new Set(files).size).toBe(1);
  });

  test('is down and forgotten ⇒ it is no member of the ring; back again ⇒ it is one', () => {
    const run = after(
      12 * minuteMs,
      {kind: 'down', node: 'e2'},
      {kind: 'advance', byMs: 2 * minuteMs},
      {kind: 'forgetNode', node: 'e2'},
      {kind: 'advance', byMs: 15 * minuteMs},
      {kind: 'up', node: 'e2'},
    );
    const membersOf = () =>
      run.clusters
        .get('east')
        ?.ring()
        ?.members.map(({node}) => node);
    expect(membersOf()).toEqual(['e1']);
    expect(run.clusters.get('east')?.cluster.node('e2').settings.member).toBe(false);
    expect(faultsOf(run)).toEqual(['nodeDown east', 'forgetNode east']);
    run.runUntil(30 * minuteMs);
    expect(membersOf()).toEqual(['e1', 'e2']);
    expect(run.clusters.get('east')?.cluster.node('e2').settings.member).toBe(true);
  });
});

describe('a program', () => {
  test('dies now ⇒ it is killed and starts again within ten seconds', () => {
    const run = after(minuteMs + 500, {kind: 'crash', target: {cluster: 'east', program: 'controller'}});
    expect(run.simulation.programState('east/controller').state).toBe('killed');
    run.runUntil(minuteMs + 10_000);
    expect(run.simulation.programState('east/controller').state).not.toBe('killed');
    expect(faultsOf(run)).toEqual(['crash east']);
  });

  test.each([
    ['after', 'done', true],
    ['before', 'not done', false],
  ] as const)('dies %s its next deed ⇒ the deed is %s', (when, _, isDone) => {
    const crash: Deed = {kind: 'crash', target: {cluster: 'east', program: 'controller'}, [when]: 'deed'};
    const run = after(minuteMs, crash, {kind: 'rotate', cluster: 'east'});
    const versionOf = (): number => run.clusters.get('east')?.ring()?.version ?? 0;
    const before = versionOf();
    run.runUntil(() => run.result().strikes.some(({fault}) => fault === 'crash'), 10 * minuteMs);
    expect(faultsOf(run)).toContain('crash east');
    expect(versionOf() > before).toBe(isDone);
  });

  test('is told nothing of its deed ⇒ the deed is done, and it goes on', () => {
    const target = {cluster: 'east', program: 'controller'} as const;
    const run = after(minuteMs, {kind: 'unknownAnswer', target}, {kind: 'rotate', cluster: 'east'});
    run.runUntil(() => run.clusters.get('east')?.completed.includes(2) === true, 20 * minuteMs);
    expect(faultsOf(run)).toContain('unknownAnswer east');
    expect(run.clusters.get('east')?.completed).toEqual([2]);
  });

  test('sees an old view for five minutes ⇒ a request is carried out only after that', () => {
    const target = {cluster: 'east', program: 'controller'} as const;
    const run = after(minuteMs, {kind: 'staleView', target, forMs: 5 * minuteMs}, {kind: 'rotate', cluster: 'east'});
    run.runUntil(6 * minuteMs - 1_000);
    expect(run.clusters.get('east')?.ring()?.rotation).toBeUndefined();
    run.runUntil(9 * minuteMs);
    expect(run.clusters.get('east')?.completed).toEqual([2]);
    expect(faultsOf(run)[0]).toBe('staleView east');
  });

  test('no watch wakes it ⇒ it sees a request only when it wakes by itself', () => {
    const target = {cluster: 'east', program: 'controller'} as const;
    const startedAt = (...first: readonly Deed[]): number => {
      const run = after(minuteMs, ...first, {kind: 'rotate', cluster: 'east'});
      run.runUntil(() => run.clusters.get('east')?.ring()?.rotation !== undefined, 10 * minuteMs);
      return run.nowMs;
    };
    expect(startedAt({kind: 'missedEvents', target, forMs: 5 * minuteMs})).toBeGreaterThan(startedAt());
  });

  test.each(['now', 'before', 'after'] as const)('a server dies %s ⇒ another process serves', (when) => {
    const target = {node: 'e1', program: 'server'} as const;
    const crash: Deed = when === 'now' ? {kind: 'crash', target} : {kind: 'crash', target, [when]: 'deed'};
    const run = after(minuteMs - 1, crash, {kind: 'rotate', cluster: 'east'});
    const before = run.clusters.get('east')?.cluster.node('e1').server;
    run.runUntil(() => run.result().strikes.some(({fault}) => fault === 'crash'), 30 * minuteMs);
    run.runUntil(run.nowMs + 10_000);
    expect(serves(run, 'east', 'e1')).toBe(true);
    expect(run.clusters.get('east')?.cluster.node('e1').server).not.toBe(before);
  });
});

describe('the Synchronizer', () => {
  test('stalls for three minutes ⇒ nothing is copied meanwhile, then all at once', () => {
    const run = after(3 * minuteMs, {kind: 'stall', what: 'replication', forMs: 3 * minuteMs});
    expect(run.pair?.synchronizer('west').backlog).toBeGreaterThan(0);
    run.runUntil(4 * minuteMs + 1_000);
    expect(run.pair?.synchronizer('west').lagMs).toBeLessThan(60_000);
    expect(faultsOf(run)).toEqual(['stall east', 'stall west']);
  });

  test('copies everything again, and loses deletions for a while ⇒ both strike', () => {
    const run = after(
      shortly,
      {kind: 'resync', what: 'replication'},
      {kind: 'loseDeletes', what: 'replication', forMs: minuteMs},
    );
    expect(faultsOf(run)).toEqual(['resync east', 'resync west', 'lostDelete east', 'lostDelete west']);
    expect(run.pair?.synchronizer('west').faults.losesDeletes).toBe(true);
    run.runUntil(3 * minuteMs);
    expect(run.pair?.synchronizer('west').faults.losesDeletes).toBe(false);
  });

  test('a key is on the Standby alone ⇒ it is surplus; on an Active no key can be', () => {
    const run = after(shortly, {kind: 'surplusKey', cluster: 'west'});
    expect(run.pair?.compare('west').surplus).toHaveLength(1);
    expect(after(shortly, {kind: 'surplusKey', cluster: 'east'}).result().missed).toContain(0);
  });

  test('is uninstalled and installed again ⇒ the Standby stays one', () => {
    const run = after(shortly, {kind: 'uninstallSynchronizer', cluster: 'west'});
    expect(run.pair?.synchronizer('west').installed).toBe(false);
    const again = after(
      3 * minuteMs,
      {kind: 'uninstallSynchronizer', cluster: 'west'},
      {kind: 'advance', byMs: minuteMs},
      {kind: 'installSynchronizer', cluster: 'west'},
    );
    expect([again.pair?.synchronizer('west').installed, again.pair?.active]).toEqual([true, ['east']]);
  });
});

describe('roles', () => {
  test.each(['planned', 'unplanned'] as const)(
    'a failover that is %s ⇒ users are on the new side, both are Active',
    (mode) => {
      const run = after(2 * minuteMs, {kind: 'failover', to: 'west', mode});
      expect(run.pair?.active).toEqual(['east', 'west']);
      expect(run.pair?.users.cluster.name).toBe('west');
      expect(faultsOf(run)).toEqual(['failover east', 'failover west']);
      if (mode === 'planned') expect(run.pair?.users.counts.lost).toBe(0);
    },
  );

  test('a failover that is planned while a surplus key is there ⇒ the key is deleted first', () => {
    const run = after(
      2 * minuteMs,
      {kind: 'surplusKey', cluster: 'west'},
      {kind: 'failover', to: 'west', mode: 'planned'},
    );
    expect(run.pair?.compare('west').surplus).toEqual([]);
    expect(run.pair?.active).toEqual(['east', 'west']);
  });

  test('a failover that is planned while the Standby is not ready ⇒ nobody moves', () => {
    const run = after(
      8 * minuteMs,
      {kind: 'rootReplaced', clusters: ['west'], onPurpose: false},
      {kind: 'advance', byMs: 3 * minuteMs},
      {kind: 'failover', to: 'west', mode: 'planned'},
    );
    expect(run.clusters.get('west')?.role()).toBe('Standby');
    expect(run.pair?.users.cluster.name).toBe('east');
    expect(run.result().missed).toContain(0);
  });

  test('a failback ⇒ the first side is the Active again, the other one its Standby', () => {
    const run = after(
      8 * minuteMs,
      {kind: 'failover', to: 'west', mode: 'unplanned'},
      {kind: 'advance', byMs: minuteMs},
      {kind: 'failback', to: 'east'},
    );
    expect(run.pair?.active).toEqual(['east']);
    expect(run.pair?.users.cluster.name).toBe('east');
    expect(run.pair?.synchronizer('west').installed).toBe(true);
    expect(run.result().missed).toEqual([1]);
  });
});

describe('an operator', () => {
  test('asks for a rotation ⇒ it completes; after a compromise ⇒ under a key that was in no file before', () => {
    const asked = after(6 * minuteMs, {kind: 'rotate', cluster: 'east'});
    expect(asked.clusters.get('east')?.ring()?.history[0]).toMatchObject({revision: 2, reason: 'request'});
    const fresh = after(12 * minuteMs, {kind: 'compromised', cluster: 'east'});
    expect(fresh.clusters.get('east')?.ring()?.history[0]).toMatchObject({reason: 'compromise', revision: 4});
  });

  test('pauses ⇒ nothing rotates; resumes ⇒ it does', () => {
    const run = after(30 * minuteMs, {kind: 'pause', cluster: 'east'});
    expect(annotationsOf(run, 'east')).toHaveProperty([annotation.pause]);
    expect(run.clusters.get('east')?.completed).toEqual([]);
    const resumed = after(
      40 * minuteMs,
      {kind: 'pause', cluster: 'east'},
      {kind: 'advance', byMs: 25 * minuteMs},
      {kind: 'resume', cluster: 'east'},
    );
    expect(resumed.clusters.get('east')?.completed).toEqual([2]);
  });

  test('adds a resource on both sides and takes it out ⇒ the rings follow, and no value stays under a key', () => {
    const resource = 'leases.coordination.k8s.io';
    const clusters = ['east', 'west'];
    const listed = (run: Run): boolean =>
      run.clusters
        .get('east')
        ?.ring()
        ?.layout.resources.some((each) => each.resource === resource) === true;
    const added = after(8 * minuteMs, {kind: 'addResource', resource, clusters});
    expect(listed(added)).toBe(true);
    const removed = after(
      25 * minuteMs,
      {kind: 'addResource', resource, clusters},
      {kind: 'advance', byMs: 8 * minuteMs},
      {kind: 'removeResource', resource, clusters},
    );
    expect(listed(removed)).toBe(false);
  });

  test('replaces the root on one side by mistake ⇒ it is named there; on both on purpose ⇒ a new bundle id', () => {
    const mistake = after(6 * minuteMs, {kind: 'rootReplaced', clusters: ['west'], onPurpose: false});
    const said = mistake.clusters.get('west')?.status()?.conditions ?? [];
    expect(said.find(({type}) => type === 'FailoverReady')?.status).toBe('False');
    const before = mistake.clusters.get('east')?.ring()?.following?.bundleId;
    const purpose = after(12 * minuteMs, {kind: 'rootReplaced', clusters: ['east', 'west'], onPurpose: true});
    expect(purpose.clusters.get('east')?.ring()?.following?.bundleId).not.toBe(before);
    expect(faultsOf(purpose)).toEqual(['rootSwap east', 'rootSwap west']);
  });

  test('restores etcd to what it was four minutes ago ⇒ what came since is gone, and a later epoch begins', () => {
    const run = after(
      10 * minuteMs,
      {kind: 'rotate', cluster: 'east'},
      {kind: 'advance', byMs: 5 * minuteMs},
      {kind: 'restore', cluster: 'east', ageMs: 5 * minuteMs + 30_000},
    );
    expect(faultsOf(run)).toContain('restore east');
    expect(run.clusters.get('east')?.ring()?.restored).toBeDefined();
  });
});

test('a fact with loadedOn ⇒ its deeds come when exactly so many nodes have loaded the newest file', () => {
  const fact = {cluster: 'east', phase: 'Activate', loadedOn: 1} as const;
  const timeline: Rehearsal['timeline'] = [{kind: 'when', fact, deeds: [{kind: 'resync', what: 'replication'}]}];
  const run = createRun(pairWith({timeline}), {seed: 1, times, prepared: true});
  run.runUntil(() => run.result().strikes.length > 0);
  expect(run.clusters.get('east')?.loadedOn()).toBe(1);
  expect(run.phaseOf('east')).toBe('Activate');
  expect(faultsOf(run)).toEqual(['resync east', 'resync west']);
});

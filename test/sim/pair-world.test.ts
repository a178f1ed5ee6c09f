// Two clusters and the Synchronizer between them: what is copied, when and in which order, and the steps of a failover.

import {
  type Cluster,
  createSimPorts,
  createSimulation,
  exactCopyKeys,
  excludedNamespaces,
  excludedPrefixes,
  mirrorDeployment,
  mirrorLease,
  type Pair,
  secretResource,
  takeSnapshot,
} from '@etcd-encryption/host-sim';
import {configResource, createEngine, demand, historyPath, leaseResource, type Step} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {file, historyLine, testKey} from './files.ts';
import {hourMs, minuteMs, pairOf, plant, remove, watchCopies} from './pairs.ts';
import {smallRotation} from './small-rotation.ts';

const secretKey = (name: string): string => `/registry/secrets/apps/${name}`;
const present = ({etcd}: Cluster, key: string): boolean => etcd.get(key) !== undefined;

/** Lets the Synchronizer bring everything. */
function settle(pair: Pair): void {
  pair.users.pause();
  const done = pair.simulation.runUntil(() => pair.synchronizers.west.backlog === 0, pair.simulation.nowMs + hourMs);
  expect(done).toBe(true);
}

describe('what is copied', () => {
  test('values written under real keys ⇒ the same bytes under the same etcd keys, and every server there reads them', () => {
    const pair = pairOf({realCrypto: true});
    pair.simulation.runFor(2 * minuteMs);
    settle(pair);
    const [east, west] = [pair.cluster('east'), pair.cluster('west')];
    const items = east.etcd.range({prefix: '/registry/secrets/apps/', limit: 1_000}).items;
    expect(items.length).toBeGreaterThanOrEqual(12);
    expect(items.some(({version}) => version > 1)).toBe(true);
    for (const {key, value} of items) {
      expect(west.etcd.get(key)?.value.bytes()).toEqual(value.bytes());
      expect(west.etcd.get(key)?.value.path).toBe(key);
    }
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
    pair.users.moveTo(west);
    expect(pair.users.verifyAll()).toBe(true);
    expect(pair.users.counts.lost).toBe(0);
  });

  test.each([
    ...excludedNamespaces.map((namespace) => `/registry/secrets/${namespace}/x`),
    ...excludedNamespaces.map((namespace) => `/registry/example.com/widgets/${namespace}/x`),
    '/registry/namespaces/cert-manager',
    '/registry/minions/e9',
    '/registry/cluster.alauda.io/seedbundles/kube-system/other',
  ])('%s ⇒ not copied', (key) => {
    const pair = pairOf();
    plant(pair.cluster('east'), key);
    settle(pair);
    pair.synchronizers.west.resync();
    settle(pair);
    expect(present(pair.cluster('west'), key)).toBe(false);
  });

  test.each([
    '/registry/secrets/apps/x',
    '/registry/secrets/default-2/x',
    '/registry/secrets/apps/default',
    '/registry/namespaces/team',
    '/registry/example.com/widgets/apps/x',
    '/registry/operators.coreos.com/operators/x',
    '/registry/cluster.alauda.io/etcdencryptionconfigs/default',
    '/registry/cluster.alauda.io/seedbundles/kube-system/default',
  ])('%s ⇒ copied', (key) => {
    const pair = pairOf();
    plant(pair.cluster('east'), key);
    settle(pair);
    expect(present(pair.cluster('west'), key)).toBe(true);
  });

  test.each([
    ['without the exclusion of Nodes', [], true],
    ['with one more prefix', [...excludedPrefixes, '/registry/cluster.alauda.io/etcdencryptionconfigs/'], false],
  ])('a list of its own, %s ⇒ Nodes and the config go by it', (_how, prefixes, copied) => {
    const pair = pairOf({replication: {rule: {prefixes}}});
    const config = '/registry/cluster.alauda.io/etcdencryptionconfigs/default';
    plant(pair.cluster('east'), config);
    settle(pair);
    expect(present(pair.cluster('west'), '/registry/minions/e1')).toBe(copied);
    expect(present(pair.cluster('west'), config)).toBe(copied);
  });

  test('a Synchronizer too old for the bundle ⇒ everything but the bundle arrives', () => {
    const pair = pairOf({replication: {rule: {exactKeys: []}}});
    for (const key of [...exactCopyKeys, secretKey('x')]) plant(pair.cluster('east'), key);
    settle(pair);
    expect(exactCopyKeys.map((key) => present(pair.cluster('west'), key))).toEqual([false]);
    expect(present(pair.cluster('west'), secretKey('x'))).toBe(true);
  });

  test('a key whose changes are lost ⇒ it alone stays behind', () => {
    const pair = pairOf();
    pair.synchronizers.west.faults.skips = (key) => exactCopyKeys.includes(key);
    for (const key of [...exactCopyKeys, secretKey('x')]) plant(pair.cluster('east'), key);
    settle(pair);
    pair.synchronizers.west.resync();
    settle(pair);
    expect(pair.compare('west').missed).toEqual(exactCopyKeys);
  });

  test('one way: a new key of the Standby ⇒ not on the Active; its write to a copied key ⇒ gone at the next copy', () => {
    const pair = pairOf();
    const [east, west] = [pair.cluster('east'), pair.cluster('west')];
    pair.simulation.runFor(minuteMs);
    settle(pair);
    const user = createSimPorts(west, {program: 'someone', as: 'user'});
    const object = {metadata: {name: 'own', namespace: 'apps'}, data: {}};
    expectValue(user['store.create']({resource: secretResource, object}));
    const address = {resource: secretResource, namespace: 'apps', name: 'secrets-0'};
    const copied = expectValue(user['store.get'](address));
    if (copied === undefined) throw new Error('not copied');
    expectValue(user['store.replace']({resource: secretResource, object: {...copied, data: {content: 'mine'}}}));
    pair.simulation.runFor(10 * minuteMs);
    expect(present(east, secretKey('own'))).toBe(false);
    expect(pair.compare('west').different).toEqual([secretKey('secrets-0')]);
    plant(east, secretKey('secrets-0'));
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [secretKey('own')], different: []});
  });
});

describe('when and in which order', () => {
  const replication = {lag: {meanMs: 5_000, maxMs: 20_000}};

  test('an hour of writes ⇒ in the order of revisions, none later than the bound, most of them late', () => {
    const pair = pairOf({replication});
    const copies = watchCopies(pair.cluster('east'), pair.cluster('west'));
    const east = pair.cluster('east');
    let committed = 0;
    east.etcd.listen({
      onCommit({key}) {
        if (east.isReplicated(key)) committed++;
      },
    });
    pair.simulation.runFor(hourMs);
    settle(pair);
    const lags = copies.map(({atMs, committedAtMs}) => atMs - committedAtMs);
    expect(copies.length).toBeGreaterThan(1_500);
    expect(copies.length).toBe(committed);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
    expect(Math.max(...lags)).toBeLessThanOrEqual(20_000);
    expect(Math.max(...lags)).toBeGreaterThan(15_000);
    expect(lags.filter((lag) => lag > 1_000).length).toBeGreaterThan(copies.length / 2);
    const revisions = copies.map(({revision}) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(pair.synchronizers.west.copied).toBeGreaterThanOrEqual(copies.length);
  });

  test('a stall ⇒ nothing comes, the backlog is counted by key; at its end all that is due comes at once, in order', () => {
    const pair = pairOf({replication: {lag: {meanMs: 1, maxMs: 1}}});
    const {simulation, synchronizers} = pair;
    const copies = watchCopies(pair.cluster('east'), pair.cluster('west'));
    synchronizers.west.stall(5 * minuteMs);
    const endMs = simulation.nowMs + 5 * minuteMs;
    simulation.runUntil(endMs - 1);
    expect(copies).toEqual([]);
    const counts = ['secrets', 'configmaps'].map((resource) =>
      [...pair.cluster('west').need.of(resource)].map(([tag, {backlog}]) => [tag, backlog] as const),
    );
    const tag = `aesgcm/${testKey(1).name}/${testKey(1).checkValue}`;
    expect(counts.flat().map(([name]) => name)).toEqual([tag, tag]);
    expect(counts.flat().reduce((sum, [, backlog]) => sum + backlog, 0)).toBe(synchronizers.west.backlog);
    expect(synchronizers.west.backlog).toBeGreaterThan(100);
    expect(synchronizers.west.lagMs).toBeGreaterThan(4 * minuteMs);
    simulation.runUntil(endMs);
    expect(new Set(copies.map(({atMs}) => atMs))).toEqual(new Set([endMs]));
    expect(copies.length).toBeGreaterThan(100);
    const revisions = copies.map(({revision}) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    settle(pair);
    expect([...pair.cluster('west').need.of('secrets')].map(([, {backlog}]) => backlog)).toEqual([0]);
  });

  test('a full resync ⇒ in the order of keys, not of revisions, so many a second', () => {
    const pair = pairOf({replication: {resyncKeysPerSecond: 10}});
    const [east, west] = [pair.cluster('east'), pair.cluster('west')];
    pair.simulation.runFor(10 * minuteMs);
    settle(pair);
    const order: string[] = [];
    const times: number[] = [];
    west.etcd.listen({
      onCommit({key, writer}) {
        if (!writer.startsWith('mirror/')) return;
        order.push(key);
        times.push(pair.simulation.nowMs);
      },
    });
    pair.synchronizers.west.resync();
    settle(pair);
    expect(order).toEqual([...order].sort());
    expect(order.length).toBeGreaterThan(18);
    const revisions = order.map((key) => east.etcd.get(key)?.modRevision ?? 0);
    expect(revisions).not.toEqual([...revisions].sort((a, b) => a - b));
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBe(Math.floor((order.length - 1) * 100));
  });

  test('an etcd that does not answer ⇒ the copies wait for it', () => {
    const pair = pairOf();
    const copies = watchCopies(pair.cluster('east'), pair.cluster('west'));
    pair.cluster('west').faults.etcdDown = true;
    pair.simulation.runFor(5 * minuteMs);
    expect(copies).toEqual([]);
    pair.cluster('west').faults.etcdDown = false;
    settle(pair);
    expect(pair.compare('west').missed).toEqual([]);
    expect(copies.length).toBeGreaterThan(100);
  });

  test('drawn stalls and resyncs ⇒ both strike, and everything arrives in the end', () => {
    const stalls = {everyMs: 10 * minuteMs, leastMs: minuteMs, mostMs: 5 * minuteMs};
    const pair = pairOf({replication: {stalls, resyncs: {everyMs: 15 * minuteMs}}});
    // Installed again and again, it is stalled no more often than when it was installed once.
    for (let times = 0; times < 10; times++) {
      pair.synchronizers.west.uninstall();
      pair.synchronizers.west.install();
    }
    const events: string[] = [];
    pair.simulation.world.trace.listen(({event}) => events.push(event));
    pair.simulation.runFor(3 * hourMs);
    const stalled = events.filter((event) => event === 'mirror-stalled').length;
    expect(stalled).toBeGreaterThan(5);
    expect(stalled).toBeLessThan(40);
    expect(events.filter((event) => event === 'mirror-resync').length).toBeGreaterThan(5);
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
  });
});

describe('deletions', () => {
  const deleted = secretKey('secrets-3');

  test('users who delete ⇒ what they deleted is gone on both sides', () => {
    const pair = pairOf({users: {writesPerSecond: 1, deletes: 0.1}});
    pair.simulation.runFor(10 * minuteMs);
    expect(pair.users.counts.deleted).toBeGreaterThan(20);
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
    expect(pair.users.failures).toEqual([]);
    const left = pair.cluster('west').etcd.range({prefix: '/registry/', limit: 10_000}).items;
    expect(left.filter(({key}) => key.includes('/apps/'))).toHaveLength(pair.users.size);
  });

  test('nothing goes wrong ⇒ gone on both sides, also when a resync comes between', () => {
    const pair = pairOf();
    remove(pair.cluster('east'), secretKey('secrets-4'));
    settle(pair);
    pair.synchronizers.west.stall(minuteMs);
    remove(pair.cluster('east'), deleted);
    pair.synchronizers.west.resync();
    settle(pair);
    expect(pair.compare('west').surplus).toEqual([]);
  });

  test.each([
    ['all are lost', {}, true],
    ['drawn with probability 1', {lostDeletes: 1}, false],
  ])('%s ⇒ a surplus key, which no resync removes', (_how, replication, losesDeletes) => {
    const pair = pairOf({replication});
    pair.synchronizers.west.faults.losesDeletes = losesDeletes;
    remove(pair.cluster('east'), deleted);
    settle(pair);
    pair.synchronizers.west.resync();
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [deleted], different: []});
  });

  test('its process ends with a deletion in memory ⇒ a surplus key; what was written meanwhile arrives', () => {
    const pair = pairOf();
    remove(pair.cluster('east'), deleted);
    pair.synchronizers.west.kill();
    plant(pair.cluster('east'), secretKey('later'));
    pair.simulation.runFor(10 * minuteMs);
    expect(present(pair.cluster('west'), secretKey('later'))).toBe(false);
    expect(pair.synchronizers.west.backlog).toBeGreaterThan(0);
    pair.synchronizers.west.start();
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [deleted], different: []});
  });
});

describe('signs of the Synchronizer', () => {
  const lease = {resource: leaseResource, ...mirrorLease};
  const deployment = {
    resource: {group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true},
    ...mirrorDeployment,
  };
  const reader = (pair: Pair, side: 'east' | 'west') => createSimPorts(pair.cluster(side), {program: `${side}/reader`});
  const renewed = (pair: Pair): number => {
    const spec = expectValue(reader(pair, 'west')['store.get'](lease))?.spec as {renewTime?: string} | undefined;
    return Date.parse(spec?.renewTime ?? '');
  };
  const isInstalled = (pair: Pair, side: 'east' | 'west'): boolean =>
    expectValue(reader(pair, side)['store.get'](deployment)) !== undefined;

  test('it runs, stalled or not ⇒ its Lease is renewed on the Standby alone, by the clock there', () => {
    const pair = pairOf({west: {clockSkewMs: 40_000}});
    pair.simulation.runFor(10 * minuteMs);
    pair.synchronizers.west.stall(hourMs);
    pair.simulation.runFor(10 * minuteMs);
    const {epochMs} = pair.simulation.world;
    const age = epochMs + pair.simulation.nowMs + 40_000 - renewed(pair);
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(2_000);
    expect(isInstalled(pair, 'west')).toBe(true);
    expect(expectValue(reader(pair, 'east')['store.get'](lease))).toBeUndefined();
    expect(isInstalled(pair, 'east')).toBe(false);
  });

  test('its process ends ⇒ the Lease grows old, the Deployment stays; uninstalled ⇒ the Deployment goes', () => {
    const pair = pairOf();
    pair.simulation.runFor(10 * minuteMs);
    pair.synchronizers.west.kill();
    const last = renewed(pair);
    pair.simulation.runFor(10 * minuteMs);
    expect(renewed(pair)).toBe(last);
    expect(isInstalled(pair, 'west')).toBe(true);
    pair.synchronizers.west.uninstall();
    expect(isInstalled(pair, 'west')).toBe(false);
    expect(pair.synchronizers.west.backlog).toBe(0);
    expect(renewed(pair)).toBe(last);
  });
});

describe('failover and back', () => {
  test('planned ⇒ nothing is lost, users go on, and the other direction copies after the next installation', () => {
    const pair = pairOf();
    pair.simulation.runFor(10 * minuteMs);
    expect(pair.failover('west', 'planned')).toBe(true);
    expect(pair.active).toEqual(['east', 'west']);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
    pair.simulation.runFor(10 * minuteMs);
    expect(pair.compare('west').different.length + pair.compare('west').surplus.length).toBeGreaterThan(5);
    pair.follow('east');
    expect(pair.active).toEqual(['west']);
    pair.simulation.runFor(10 * minuteMs);
    pair.users.pause();
    pair.simulation.runFor(minuteMs);
    expect(pair.compare('east')).toEqual({missed: [], surplus: [], different: []});
    expect(pair.users.verifyAll()).toBe(true);
    expect(pair.users.counts).toMatchObject({lost: 0, failedReads: 0, failedWrites: 0, wrongContent: 0});
    expect(pair.users.failures).toEqual([]);
  });

  test('unplanned in a stall ⇒ what was in the backlog is lost and counted, users go on with what is there', () => {
    const pair = pairOf();
    pair.synchronizers.west.stall(hourMs);
    pair.simulation.runFor(5 * minuteMs);
    for (const name of ['e1', 'e2', 'e3']) pair.simulation.powerLoss(name);
    expect(pair.failover('west')).toBe(true);
    expect(pair.users.counts.lost).toBeGreaterThan(5);
    pair.simulation.runFor(5 * minuteMs);
    expect(pair.users.verifyAll()).toBe(true);
    expect(pair.users.failures).toEqual([]);
    for (const name of ['e1', 'e2', 'e3']) pair.simulation.boot(name);
    pair.simulation.runFor(minuteMs);
    expect(pair.cluster('east').serving()).toHaveLength(3);
  });

  test('writes are under way while users move ⇒ what the old side commits later is not theirs any more', () => {
    const users = {writesPerSecond: 500, creates: 0.5, lateCommit: {p: 0.2, maxMs: 5_000}, listsPerSecond: 0};
    const pair = pairOf({users});
    pair.synchronizers.west.stall(hourMs);
    pair.simulation.runFor(5_000);
    pair.failover('west');
    pair.simulation.runFor(5_000);
    expect(pair.users.failures).toEqual([]);
    expect(pair.users.verifyAll()).toBe(true);
  });

  test('a Synchronizer is installed on the Active ⇒ the other one goes, and the roles change', () => {
    const pair = pairOf();
    pair.follow('east');
    expect(pair.active).toEqual(['west']);
    expect([pair.synchronizers.east.installed, pair.synchronizers.west.installed]).toEqual([true, false]);
  });

  test('a stall outlasts the drain of a planned one ⇒ nothing is done', () => {
    const pair = pairOf();
    pair.simulation.runFor(minuteMs);
    pair.synchronizers.west.stall(2 * hourMs);
    pair.simulation.runFor(minuteMs);
    expect(pair.failover('west', 'planned')).toBe(false);
    expect(pair.active).toEqual(['east']);
    expect(pair.synchronizers.west.installed).toBe(true);
  });

  test('the Standby’s etcd is put back ⇒ keys are missed until a resync; the Active’s ⇒ the Standby follows it back', () => {
    const pair = pairOf();
    const snapshots = {east: takeSnapshot(pair.cluster('east')), west: takeSnapshot(pair.cluster('west'))};
    pair.simulation.runFor(10 * minuteMs);
    settle(pair);
    pair.restore('west', snapshots.west);
    pair.simulation.runFor(10 * minuteMs);
    const {missed, different} = pair.compare('west');
    expect(missed.length + different.length).toBeGreaterThan(10);
    pair.synchronizers.west.resync();
    settle(pair);
    expect(pair.compare('west')).toEqual({missed: [], surplus: [], different: []});
    remove(pair.cluster('east'), secretKey('secrets-3'));
    settle(pair);
    pair.restore('east', snapshots.east);
    settle(pair);
    expect(present(pair.cluster('west'), secretKey('secrets-3'))).toBe(true);
    const restored = pair.compare('west');
    expect(restored.missed).toEqual([]);
    expect(restored.different).toEqual([]);
    // A mirror that reads everything anew does not see what is gone.
    expect(restored.surplus.length).toBeGreaterThan(0);
  });
});

describe('two clusters in one run', () => {
  test('the same seed ⇒ the same trace; another seed or one fault more ⇒ another', () => {
    const hash = (seed: number, stallMs = 0): string => {
      const pair = pairOf({seed});
      pair.simulation.runFor(minuteMs);
      if (stallMs > 0) pair.synchronizers.west.stall(stallMs);
      pair.simulation.runFor(10 * minuteMs);
      return pair.simulation.traceHash;
    };
    expect(hash(1)).toBe(hash(1));
    expect(hash(2)).not.toBe(hash(1));
    expect(hash(1, minuteMs)).not.toBe(hash(1));
  });

  test('one fault is taken away ⇒ the Active is untouched, and so is each copy outside of it', () => {
    const run = (stalls: boolean) => {
      const pair = pairOf();
      const copies = watchCopies(pair.cluster('east'), pair.cluster('west'));
      pair.simulation.runFor(5 * minuteMs);
      if (stalls) pair.synchronizers.west.stall(3 * minuteMs);
      pair.simulation.runFor(10 * minuteMs);
      settle(pair);
      const values = takeSnapshot(pair.cluster('east')).map(({key, modRevision, value}) => [
        key,
        modRevision,
        value.json,
      ]);
      return {copies, values};
    };
    const [clean, stalled] = [run(false), run(true)];
    expect(stalled.values).toEqual(clean.values);
    const outside = ({atMs}: {atMs: number}): boolean => atMs < 5 * minuteMs || atMs > 8 * minuteMs;
    expect(stalled.copies.filter(outside)).toEqual(clean.copies.filter(outside));
    expect(stalled.copies).not.toEqual(clean.copies);
    expect(stalled.copies.map(({revision}) => revision)).toEqual(clean.copies.map(({revision}) => revision));
  });

  test('programs of both sides ⇒ each hears of its own cluster’s changes alone, and has its clock', () => {
    const pair = pairOf({west: {clockSkewMs: 40_000}, users: {writesPerSecond: 0, readsPerSecond: 0}});
    const woken = {east: 0, west: 0};
    function* listening(side: 'east' | 'west'): Step<void> {
      for (;;) if ((yield* demand('clock.sleep', {ms: 60_000})) === 'woken') woken[side]++;
    }
    for (const side of ['east', 'west'] as const) {
      const ports = createSimPorts(pair.cluster(side), {program: `${side}/listener`});
      const wakeOn = [secretResource];
      pair.simulation.startProgram(`${side}/listener`, () => listening(side), ports, {wakeOn});
    }
    pair.simulation.runFor(1_000);
    const user = createSimPorts(pair.cluster('west'), {program: 'someone', as: 'user'});
    const object = {metadata: {name: 'own', namespace: 'default'}, data: {}};
    expectValue(user['store.create']({resource: secretResource, object}));
    pair.simulation.runFor(1_000);
    expect(woken).toEqual({east: 0, west: 1});
    const wall = (['east', 'west'] as const).map((side) => {
      const node = side === 'east' ? 'e1' : 'w1';
      const ports = createSimPorts(pair.cluster(side), {program: `${side}/clock`, node});
      return expectValue(ports['clock.now']({})).wallMs;
    });
    expect((wall[1] ?? 0) - (wall[0] ?? 0)).toBe(40_000);
  });

  test('the engine on the Active ⇒ its rotation completes there, under both sides’ oracles', () => {
    const pair = pairOf({
      file: file(['identity']),
      history: new Uint8Array(),
      // Nobody brings the Standby these keys.
      oracleOptions: {mayLag: () => true, isDerivable: (_key, cluster) => cluster === 'west'},
    });
    const east = pair.cluster('east');
    const engine = createEngine();
    for (const {name: node} of east.nodes) {
      const program = `east/agent-${node}`;
      const ports = createSimPorts(east, {program, node});
      pair.simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node});
    }
    const program = 'east/controller';
    const ports = createSimPorts(east, {program});
    pair.simulation.startProgram(program, () => engine.controller({identity: program}), ports);
    const operator = createSimPorts(east, {program: 'operator', as: 'user'});
    const spec = {resources: ['secrets', 'configmaps'], rotationInterval: '2400h0m0s', type: 'aesgcm'};
    expectValue(operator['store.create']({resource: configResource, object: {metadata: {name: 'default'}, spec}}));
    const phase = (side: 'east' | 'west'): unknown => {
      const reader = createSimPorts(pair.cluster(side), {program: 'reader', as: 'user'});
      const config = expectValue(reader['store.get']({resource: configResource, name: 'default'}));
      return (config?.status as {migration?: {state?: string}} | undefined)?.migration?.state;
    };
    const entities = new Set<string>();
    pair.simulation.world.trace.listen(({entity}) => entities.add(entity));
    expect(pair.simulation.runUntil(() => phase('east') === 'Success', hourMs)).toBe(true);
    expect([...entities].filter((entity) => entity.includes('controller'))).toEqual(['east/controller']);
    settle(pair);
    // The config is replicated with its status: to the Standby's programs it speaks of another cluster.
    expect(phase('west')).toBe('Success');
    expect(pair.users.failures).toEqual([]);
    expect(new Set(pair.simulation.findings.map(({name, node}) => `${name} ${node}`))).toEqual(
      new Set(['LaggingKey w1', 'LaggingKey w2', 'LaggingKey w3']),
    );
  });

  test('one name for two nodes ⇒ refused', () => {
    const nodes = [{name: 'same', address: '10.9.0.1'}];
    expect(() => pairOf({east: {nodes}, west: {nodes}})).toThrow('got same twice');
  });
});

// What one cluster alone did before there were pairs, and must do still: streams, events and lines are its own.
test.each([
  [7, 'f06e9e9ba6a82383', 5_618],
  [8, '862ad597af29e9ce', 5_263],
])('a cluster alone with seed %i ⇒ trace and events as ever', (seed, hash, events) => {
  const simulation = createSimulation({
    seed,
    objects: {secrets: 30, configmaps: 12},
    file: file([testKey(1), 'identity']),
    users: {writesPerSecond: 2, readsPerSecond: 2, listsPerSecond: 0.2},
  });
  const {cluster} = simulation;
  for (const {disk} of cluster.nodes) disk.place(historyPath, historyLine(testKey(1)));
  const nodes = cluster.nodes.map(({name}) => createSimPorts(cluster, {program: 'rotator', node: name}));
  const plan = {nodes, from: [testKey(1), 'identity'], key: testKey(2), to: [testKey(2), 'identity']} as const;
  simulation.startProgram('rotator', () => smallRotation(plan), createSimPorts(cluster, {program: 'rotator'}));
  simulation.users.start();
  simulation.runUntil(() => simulation.programState('rotator').state === 'finished', hourMs);
  expect([simulation.traceHash, simulation.world.scheduler.events]).toEqual([hash, events]);
});

// The invariants on a pair, each seen to break, and silent on the nearest run in which nothing is wrong.

import type {DataKey} from '@etcd-encryption/crypto';
import {
  type Cluster,
  createSimPorts,
  type OracleOptions,
  type Pair,
  type PairOptions,
  type SideName,
  secretResource,
} from '@etcd-encryption/host-sim';
import {
  configResource,
  historyPath,
  type ResourceType,
  ringResource,
  type StoredObject,
  seedBundleResource,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {distribute, replaceFile, violation} from './deeds.ts';
import {file, testKey} from './files.ts';
import {histories, hourMs, minuteMs, pairOf} from './pairs.ts';

const [k1, k2, k3] = [testKey(1), testKey(2), testKey(3)];
const tagOf = ({name, checkValue}: DataKey): string => `aesgcm/${name}/${checkValue}`;
const quiet: Partial<PairOptions> = {users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0}};

/** A pair whose users do nothing by themselves. */
const still = (options: Partial<PairOptions> = {}): Pair => pairOf({...quiet, ...options});

/** On the Active r2 becomes the write key; the Standby knows nothing of it. */
function activate(pair: Pair, cluster: Cluster = pair.cluster('east')): void {
  distribute(cluster, [k1, k2, 'identity']);
  pair.simulation.runFor(minuteMs);
  distribute(cluster, [k2, k1, 'identity']);
  pair.simulation.runFor(minuteMs);
}

function create(cluster: Cluster, name: string, namespace = 'apps'): void {
  const user = createSimPorts(cluster, {program: 'someone', as: 'user'});
  expectValue(user['store.create']({resource: secretResource, object: {metadata: {name, namespace}, data: {}}}));
}

/** Every secret of the replicated namespace, written again by the servers of a cluster. */
function rewrite(cluster: Cluster, namespace: string): void {
  const ports = createSimPorts(cluster, {program: `${cluster.name}/migrator`});
  const {items} = expectValue(ports['store.list']({resource: secretResource, namespace, limit: 1_000}));
  for (const {metadata} of items) {
    const {name, uid = '', resourceVersion = ''} = metadata;
    expectValue(ports['store.rewrite']({resource: secretResource, namespace, name, uid, resourceVersion}));
  }
}

describe('S1 on a Standby', () => {
  const lenient = (limitMs: number): OracleOptions => ({
    mayLag: (key, ageMs, cluster) => cluster === 'west' && key === tagOf(k2) && ageMs < limitMs,
  });
  const arrived = (oracleOptions: OracleOptions = {}): Pair => {
    const pair = still({oracleOptions});
    activate(pair);
    create(pair.cluster('east'), 'new');
    return pair;
  };

  test('a copied value whose key no server there has loaded ⇒ violated at its arrival', () => {
    const pair = arrived();
    expect(violation(() => pair.simulation.runFor(minuteMs))).toMatchObject({
      invariant: 'S1 readable',
      cluster: 'west',
      key: tagOf(k2),
    });
  });

  test('it may lag, and the key is loaded in time ⇒ a finding on each server; never in time ⇒ violated at the bound', () => {
    const pair = arrived(lenient(3 * minuteMs));
    pair.simulation.runFor(minuteMs);
    expect(pair.simulation.findings.map(({name, node}) => [name, node])).toEqual([
      ['LaggingKey', 'w1'],
      ['LaggingKey', 'w2'],
      ['LaggingKey', 'w3'],
    ]);
    distribute(pair.cluster('west'), [k1, k2, 'identity']);
    pair.simulation.runFor(hourMs);
    const late = arrived(lenient(3 * minuteMs));
    const sinceMs = late.simulation.nowMs;
    const {atMs} = violation(() => late.simulation.runFor(hourMs));
    expect(atMs - sinceMs).toBeGreaterThan(3 * minuteMs);
    expect(atMs - sinceMs).toBeLessThan(4 * minuteMs);
  });

  test('it may lag, and a failover comes ⇒ violated at that moment', () => {
    const pair = arrived(lenient(hourMs));
    pair.simulation.runFor(minuteMs);
    const {nowMs} = pair.simulation;
    expect(violation(() => pair.failover('west'))).toMatchObject({
      invariant: 'S1 readable',
      cluster: 'west',
      atMs: nowMs,
    });
  });

  test('it may lag, and a server of the Standby itself wrote with the key ⇒ violated', () => {
    const pair = still({oracleOptions: lenient(hourMs), oracles: ['S1 readable']});
    activate(pair);
    create(pair.cluster('east'), 'new');
    pair.simulation.runFor(minuteMs);
    replaceFile(pair.cluster('west'), 'w1', file([k2, k1, 'identity']));
    pair.simulation.runFor(minuteMs);
    const server = pair.cluster('west').node('w1').server;
    if (server === undefined) throw new Error('no server');
    const object = {metadata: {name: 'own', namespace: 'default'}, data: {}};
    const write = (): unknown =>
      pair.cluster('west').api.create({server, writer: 'user'}, {resource: secretResource, object});
    expect(violation(write)).toMatchObject({invariant: 'S1 readable', node: 'w2', key: tagOf(k2)});
  });
});

describe('S3 with what is on its way', () => {
  /** Both sides write with r2 and hold nothing under r1, but for one value that the Active wrote late. */
  function dropping(late: boolean): Pair {
    const pair = still({oracles: ['S3 drop after need'], objects: {secrets: 6}});
    for (const side of ['east', 'west'] as const) {
      activate(pair, pair.cluster(side));
      rewrite(pair.cluster(side), 'default');
    }
    rewrite(pair.cluster('east'), 'apps');
    const {api, nodes} = pair.cluster('east');
    const server = nodes[0]?.server;
    if (server === undefined) throw new Error('no server');
    pair.simulation.runFor(12 * minuteMs);
    if (late) {
      pair.synchronizers.west.stall(hourMs);
      distribute(pair.cluster('east'), [k1, k2, 'identity']);
      pair.simulation.runFor(minuteMs);
      const object = {metadata: {name: 'late', namespace: 'apps'}, data: {}};
      expectValue(api.create({server, writer: 'user'}, {resource: secretResource, object}));
    }
    return pair;
  }
  const drop = (pair: Pair): void => distribute(pair.cluster('west'), [k2, 'identity']);

  test('no value under it anywhere ⇒ kept', () => {
    drop(dropping(false));
  });

  test('only a value in the backlog needs it ⇒ violated, and named so', () => {
    const detail = violation(() => drop(dropping(true)));
    expect(detail).toMatchObject({invariant: 'S3 drop after need', cluster: 'west', key: tagOf(k1)});
    expect(detail.explanation).toContain('on their way');
  });

  test('the Synchronizer is gone, and with it the backlog ⇒ kept', () => {
    const pair = dropping(true);
    pair.synchronizers.west.uninstall();
    drop(pair);
  });
});

describe('S4 known', () => {
  /** r3 is distributed, activated and written with; histories hold it on so many nodes. */
  function writing(disks: number, oracleOptions: OracleOptions = {}, first: (pair: Pair) => void = () => {}): Pair {
    const pair = still({oracles: ['S4 known'], oracleOptions});
    first(pair);
    const cluster = pair.cluster('east');
    for (const {disk} of cluster.nodes.slice(0, disks)) disk.place(historyPath, histories([k1, k2, k3]));
    for (const entries of [
      [k1, k3],
      [k3, k1],
    ]) {
      distribute(cluster, [...entries, 'identity']);
      pair.simulation.runFor(minuteMs);
    }
    pair.synchronizers.west.uninstall();
    create(cluster, 'new');
    return pair;
  }

  test.each([0, 1])('a value under a key in %i of three histories ⇒ violated', (disks) => {
    expect(violation(() => writing(disks))).toMatchObject({invariant: 'S4 known', cluster: 'east', key: tagOf(k3)});
  });

  test('in two histories, written and not synced ⇒ violated', () => {
    const written = (pair: Pair): void => {
      for (const node of ['e1', 'e2']) {
        const ports = createSimPorts(pair.cluster('east'), {program: 'east/writer', node});
        expectValue(ports['files.write']({path: historyPath, bytes: histories([k3]), append: true}));
      }
    };
    expect(violation(() => writing(0, {}, written)).key).toBe(tagOf(k3));
  });

  test('in two histories, or derivable ⇒ kept', () => {
    writing(2);
    writing(0, {isDerivable: (key, cluster) => key === tagOf(k3) && cluster === 'east'});
  });

  test('a program takes a needed key out of a history ⇒ violated; a fault does ⇒ excused until it is back', () => {
    const path = '/etc/kubernetes/.history';
    const shorten = (pair: Pair, node: string, keys: readonly DataKey[]): void => {
      const ports = createSimPorts(pair.cluster('east'), {program: 'east/writer', node});
      expectValue(ports['files.create']({path, mode: 0o600}));
      expectValue(ports['files.write']({path, bytes: histories(keys), append: false}));
      expectValue(ports['files.sync']({path}));
      expectValue(ports['files.rename']({from: path, to: historyPath}));
      expectValue(ports['files.syncDirectory']({path: '/etc/kubernetes'}));
    };
    expect(violation(() => shorten(writing(2), 'e1', [k1]))).toMatchObject({invariant: 'S4 known', key: tagOf(k3)});
    const pair = writing(2);
    pair
      .cluster('east')
      .node('e1')
      .disk.place(historyPath, histories([k1]), {actor: 'fault'});
    create(pair.cluster('east'), 'meanwhile');
    shorten(pair, 'e3', [k1, k2, k3]);
    expect(violation(() => shorten(pair, 'e3', [k1])).key).toBe(tagOf(k3));
  });

  test('a value on its way to a Standby whose histories lack its key ⇒ violated before it arrives; derivable ⇒ kept', () => {
    const east = {history: histories([k1, k2, k3])};
    const send = (oracleOptions: OracleOptions): void => {
      const pair = still({oracles: ['S4 known'], oracleOptions, east});
      distribute(pair.cluster('east'), [k3, k1, 'identity']);
      pair.simulation.runFor(minuteMs);
      pair.synchronizers.west.stall(hourMs);
      create(pair.cluster('east'), 'new');
    };
    expect(violation(() => send({}))).toMatchObject({invariant: 'S4 known', cluster: 'west', key: tagOf(k3)});
    send({isDerivable: () => true});
  });
});

test('S5: one name for two keys, one on each side ⇒ violated', () => {
  const [one, another] = [testKey(5), testKey(5, 1)];
  const pair = still();
  const forged = new TextEncoder().encode(
    new TextDecoder().decode(file([k1, another, 'identity'])).replace(another.name, one.name),
  );
  replaceFile(pair.cluster('east'), 'e1', file([k1, one, 'identity']));
  expect(violation(() => replaceFile(pair.cluster('west'), 'w1', forged))).toMatchObject({
    invariant: 'S5 one name, one key',
    cluster: 'west',
  });
});

test('S9: a program of the Standby changes an object of its own side ⇒ violated; the Synchronizer’s copies are not judged', () => {
  const pair = pairOf();
  pair.simulation.runFor(minuteMs);
  const ports = createSimPorts(pair.cluster('west'), {program: 'west/controller'});
  const object = expectValue(ports['store.get']({resource: secretResource, namespace: 'default', name: 'secrets-0'}));
  if (object === undefined) throw new Error('no object');
  const change = (): unknown =>
    ports['store.replace']({resource: secretResource, object: {...object, data: {content: 'other'}}});
  expect(violation(change)).toMatchObject({invariant: 'S9 content', cluster: 'west', node: 'program/west/controller'});
});

describe('S10 quiet Standby', () => {
  const config: StoredObject = {metadata: {name: 'default'}, spec: {}};
  const bundle: StoredObject = {metadata: {name: 'default', namespace: 'kube-system'}, spec: {}};
  const ring: StoredObject = {metadata: {name: 'default', namespace: 'kube-system'}, spec: {}};

  /** A pair with a config that has been copied, and a program of each side. */
  function installed(options: Partial<PairOptions> = {}) {
    const pair = still({oracles: ['S10 quiet Standby'], ...options});
    const operator = createSimPorts(pair.cluster('east'), {program: 'operator', as: 'user'});
    expectValue(operator['store.create']({resource: configResource, object: config}));
    pair.simulation.runFor(minuteMs);
    const program = (side: SideName) => createSimPorts(pair.cluster(side), {program: `${side}/controller`});
    return {pair, program};
  }
  type Installation = ReturnType<typeof installed>;

  const add = ({program}: Installation, side: SideName, resource: ResourceType, object: StoredObject): void => {
    expectValue(program(side)['store.create']({resource, object}));
  };
  function edit({program}: Installation, side: SideName, what: 'spec' | 'status'): void {
    const ports = program(side);
    const object = expectValue(ports['store.get']({resource: configResource, name: 'default'}));
    if (object === undefined) throw new Error('no config');
    const write = {resource: configResource, object: {...object, [what]: {phase: 'Idle'}}};
    expectValue(what === 'status' ? ports['store.replaceStatus'](write) : ports['store.replace'](write));
  }

  test('a program of the Standby publishes, edits the config or rewrites a copied object ⇒ violated', () => {
    const deeds: readonly ((installation: Installation) => void)[] = [
      (installation) => add(installation, 'west', seedBundleResource, bundle),
      (installation) => edit(installation, 'west', 'spec'),
      (installation) => {
        const west = installation.pair.cluster('west');
        activate(installation.pair, west);
        rewrite(west, 'apps');
      },
    ];
    for (const deed of deeds) {
      expect(violation(() => deed(installed()))).toMatchObject({invariant: 'S10 quiet Standby', cluster: 'west'});
    }
  });

  test('it publishes where no Synchronizer copies bundles ⇒ violated all the same', () => {
    const installation = installed({replication: {rule: {exactKeys: []}}});
    expect(violation(() => add(installation, 'west', seedBundleResource, bundle))).toMatchObject({
      invariant: 'S10 quiet Standby',
      cluster: 'west',
      explanation: 'a program published on a Standby',
    });
  });

  test('the status of the config, objects of its own, and anything on the Active ⇒ kept', () => {
    const installation = installed();
    edit(installation, 'west', 'status');
    add(installation, 'west', ringResource, ring);
    activate(installation.pair, installation.pair.cluster('west'));
    rewrite(installation.pair.cluster('west'), 'default');
    add(installation, 'east', seedBundleResource, bundle);
    edit(installation, 'east', 'spec');
    installation.pair.simulation.runFor(minuteMs);
  });

  test('after a failover ⇒ both sides may; after the old Active follows ⇒ it may not, but for its grace', () => {
    const installation = installed();
    installation.pair.failover('west');
    edit(installation, 'west', 'spec');
    edit(installation, 'east', 'spec');
    installation.pair.follow('east');
    installation.pair.simulation.runFor(minuteMs);
    expect(violation(() => add(installation, 'east', seedBundleResource, bundle)).cluster).toBe('east');

    const lenient = installed({oracleOptions: {demotionGraceMs: minuteMs}});
    lenient.pair.failover('west');
    lenient.pair.follow('east');
    lenient.pair.simulation.runFor(minuteMs - 1);
    add(lenient, 'east', seedBundleResource, bundle);
    lenient.pair.simulation.runFor(1);
    expect(violation(() => edit(lenient, 'east', 'spec')).invariant).toBe('S10 quiet Standby');
  });

  test('the Synchronizer is uninstalled for an upgrade ⇒ the Standby stays one by the script', () => {
    const installation = installed();
    installation.pair.synchronizers.west.uninstall();
    installation.pair.simulation.runFor(hourMs);
    expect(violation(() => add(installation, 'west', seedBundleResource, bundle)).invariant).toBe('S10 quiet Standby');
  });
});

describe('S13 budget', () => {
  const busy = (encryptionBudget: number): Pair =>
    pairOf({oracleOptions: {encryptionBudget}, users: {writesPerSecond: 1}, east: {}, west: {}});
  const encrypted = (pair: Pair, side: SideName): number => {
    let total = 0;
    pair.cluster(side).observe({
      onEncryption: () => {
        total++;
      },
    });
    pair.simulation.runFor(5 * minuteMs);
    return total;
  };

  test('servers restart all the time ⇒ counted across them, violated at the very number', () => {
    const run = (budget: number): Pair => {
      const pair = busy(budget);
      for (let minute = 0; minute < 5; minute++) {
        for (const node of pair.cluster('east').nodes) node.restart();
        pair.simulation.runFor(minuteMs);
      }
      return pair;
    };
    const detail = violation(() => run(150));
    expect(detail).toMatchObject({invariant: 'S13 budget', cluster: 'east', key: tagOf(k1)});
    expect(detail.explanation).toContain('150 encryptions');
    run(2 ** 31);
  });

  test('copies on the Standby ⇒ are no encryptions', () => {
    const pair = busy(2 ** 31);
    expect(encrypted(pair, 'west')).toBe(0);
    expect(encrypted(pair, 'east')).toBeGreaterThan(100);
  });
});

test('every invariant watched through stalls, resyncs, a node down, failover and failback ⇒ silent', () => {
  const pair = pairOf({
    replication: {
      lag: {meanMs: 2_000, maxMs: 30_000},
      stalls: {everyMs: 10 * minuteMs, leastMs: 1_000, mostMs: 3 * minuteMs},
      resyncs: {everyMs: 20 * minuteMs},
      lostDeletes: 0.5,
    },
  });
  for (const {users} of pair.simulation.sides) users.start();
  for (let round = 0; round < 4; round++) {
    const [from, to] = round % 2 === 0 ? (['east', 'west'] as const) : (['west', 'east'] as const);
    pair.simulation.runFor(20 * minuteMs);
    pair.simulation.powerLoss(to === 'west' ? 'w2' : 'e2');
    pair.simulation.runFor(5 * minuteMs);
    pair.simulation.boot(to === 'west' ? 'w2' : 'e2');
    pair.simulation.runFor(minuteMs);
    expect(pair.failover(to, round < 2 ? 'planned' : 'unplanned')).toBe(true);
    pair.simulation.runFor(5 * minuteMs);
    pair.follow(from);
  }
  pair.simulation.runFor(20 * minuteMs);
  expect(pair.active).toEqual(['east']);
  expect(pair.users.verifyAll()).toBe(true);
  expect(pair.users.failures).toEqual([]);
  expect(pair.simulation.findings).toEqual([]);
});

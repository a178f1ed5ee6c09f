// The oracles are mutated too: one that does not look at history, at the mirror's backlog or at draining servers lets
// pass what the seeing one stops. Each blind spot has its named scenarios; where one passes under both, nobody looks.

import type {DataKey} from '@etcd-encryption/crypto';
import {
  type BlindSpot,
  type Cluster,
  createSimPorts,
  createSimulation,
  type OracleOptions,
  type Simulation,
  secretResource,
} from '@etcd-encryption/host-sim';
import {configurationPath} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {distribute, replaceFile, violation} from './deeds.ts';
import {file, testKey} from './files.ts';
import {histories, hourMs, minuteMs, pairOf} from './pairs.ts';

const [k1, k2] = [testKey(1), testKey(2)];
const tagOf = ({name, checkValue}: DataKey): string => `aesgcm/${name}/${checkValue}`;

interface Scenario {
  readonly name: string;
  readonly blindTo: BlindSpot;
  readonly invariant: 'S1 readable' | 'S3 drop after need';
  /** Throws under an oracle that sees. */
  readonly run: (oracleOptions: OracleOptions) => void;
}

function rewriteAll(cluster: Cluster, namespace: string): void {
  const store = createSimPorts(cluster, {program: `${cluster.name}/migrator`});
  const {items} = expectValue(store['store.list']({resource: secretResource, limit: 99, namespace}));
  for (const {metadata} of items) {
    const {name, uid = '', resourceVersion = ''} = metadata;
    expectValue(store['store.rewrite']({resource: secretResource, namespace, name, uid, resourceVersion}));
  }
}

/** r2 is distributed, activated and loaded on both nodes; every live value is under it, r1 is in the history of etcd. */
function migrated(oracleOptions: OracleOptions, invariant: Scenario['invariant']): Simulation {
  const simulation = createSimulation({
    seed: 3,
    nodes: 2,
    objects: {secrets: 4},
    file: file([k1, 'identity']),
    history: histories([k1, k2]),
    oracles: [invariant],
    oracleOptions,
  });
  activate(simulation);
  rewriteAll(simulation.cluster, 'default');
  return simulation;
}

function activate(simulation: Simulation, cluster: Cluster = simulation.cluster): void {
  distribute(cluster, [k1, k2, 'identity']);
  simulation.runFor(minuteMs);
  distribute(cluster, [k2, k1, 'identity']);
  simulation.runFor(minuteMs);
}

/** Both sides of a pair write with r2; one value under r1 is on its way to the Standby. */
function dropBeforeArrival(oracleOptions: OracleOptions): void {
  const quiet = {users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0}};
  const pair = pairOf({...quiet, oracles: ['S3 drop after need'], oracleOptions, objects: {secrets: 6}});
  const [east, west] = [pair.cluster('east'), pair.cluster('west')];
  for (const cluster of [east, west]) {
    activate(pair.simulation, cluster);
    rewriteAll(cluster, 'default');
  }
  rewriteAll(east, 'apps');
  pair.simulation.runFor(12 * minuteMs);
  pair.synchronizers.west.stall(hourMs);
  distribute(east, [k1, k2, 'identity']);
  pair.simulation.runFor(minuteMs);
  const user = createSimPorts(east, {program: 'someone', as: 'user'});
  const object = {metadata: {name: 'late', namespace: 'apps'}, data: {}};
  expectValue(user['store.create']({resource: secretResource, object}));
  distribute(west, [k2, 'identity']);
}

/** Servers without automatic reload that write with r1 stop slowly, while those that follow them have the file of r2. */
function dropBesideDraining(oracleOptions: OracleOptions): void {
  const simulation = createSimulation({
    seed: 3,
    nodes: 2,
    file: file([k1, k2, 'identity']),
    history: histories([k1, k2]),
    oracles: ['S3 drop after need'],
    oracleOptions,
  });
  const {cluster} = simulation;
  simulation.runFor(minuteMs);
  for (const node of cluster.nodes) {
    node.settings.automaticReload = false;
    node.disk.place(configurationPath, file([k2, k1, 'identity']));
    node.restart(10 * minuteMs);
  }
  simulation.runFor(minuteMs);
  replaceFile(cluster, 'n1', file([k2, 'identity']));
}

const scenarios: readonly Scenario[] = [
  {
    name: 'a server loads a file without the key of a past value that can still be read',
    blindTo: 'history',
    invariant: 'S1 readable',
    run(oracleOptions) {
      const simulation = migrated(oracleOptions, 'S1 readable');
      simulation.cluster.node('n1').disk.place(configurationPath, file([k2, 'identity']));
      simulation.runFor(minuteMs);
    },
  },
  {
    name: 'a key leaves the files while only uncompacted history needs it',
    blindTo: 'history',
    invariant: 'S3 drop after need',
    run: (oracleOptions) =>
      replaceFile(migrated(oracleOptions, 'S3 drop after need').cluster, 'n1', file([k2, 'identity'])),
  },
  {
    name: 'a key leaves the files of a Standby while only a value in the mirror’s backlog needs it',
    blindTo: 'backlog',
    invariant: 'S3 drop after need',
    run: dropBeforeArrival,
  },
  {
    name: 'a key leaves the files while only a server that is draining writes with it',
    blindTo: 'draining',
    invariant: 'S3 drop after need',
    run: dropBesideDraining,
  },
];

describe.each(scenarios)('$name', ({blindTo, invariant, run}) => {
  const others = (['history', 'backlog', 'draining'] as const).filter((spot) => spot !== blindTo);

  test(`the seeing oracle ⇒ ${invariant} is broken; one blind to ${others.join(' and ')} ⇒ broken too`, () => {
    for (const seen of [[], others]) {
      expect(violation(() => run({blindTo: seen}))).toMatchObject({invariant, key: tagOf(k1)});
    }
  });

  test(`an oracle blind to ${blindTo} ⇒ it passes`, () => {
    run({blindTo: [blindTo]});
  });
});

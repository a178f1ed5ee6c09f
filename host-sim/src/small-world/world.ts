// A world small enough to try everything in: two servers a cluster, a few objects, the shipped engine's programs as
// actors, and time that passes only when it is told to.

import {toBase64} from '@etcd-encryption/crypto';
import {
  configResource,
  defaultRootSecret,
  type EngineParts,
  ourNamespace,
  type ResourceType,
  rootKeyField,
  type StoredObject,
  secretResource,
  singletonName,
} from '@etcd-encryption/rotation';
import {createNamedPair, type Pair} from '../pair.ts';
import {createSimPorts} from '../ports/index.ts';
import {createDerivable} from '../rehearsal/derivable.ts';
import {beginningOf, fill} from '../rehearsal/prepared.ts';
import {createSimulation, type Simulation} from '../run.ts';
import type {NodeOptions} from '../world/node.ts';
import type {Actor} from './actor.ts';
import {createCluster, pollMs, type SmallCluster, tickMs} from './cluster.ts';
import {type Beginning, runToRest} from './prepared.ts';

export interface SmallWorldOptions {
  /** One cluster under the random strategy, or a pair under the deterministic one. */
  readonly kind: 'single' | 'pair';
  /** Objects of each cluster that are encrypted; two, unless given. */
  readonly objects?: number;
  /** Parts of the engine in place of its own, new ones for each world: some remember what they saw. */
  readonly parts?: () => EngineParts;
}

export interface SmallWorldScene {
  readonly simulation: Simulation;
  readonly pair: Pair<string> | undefined;
  readonly clusters: readonly SmallCluster[];
  readonly actors: readonly Actor[];
}

const group = 'small';
/** Keys that were published before a world begins have been there for longer than any wait. */
const restedMs = 90_000_000;

const nodes = (prefix: string, subnet: number): readonly NodeOptions[] =>
  [1, 2].map((n) => ({
    name: `${prefix}${n}`,
    address: `10.${subnet}.0.${n}`,
    pollPhaseMs: n === 1 ? 1 : pollMs / 2 + 1,
  }));

/** A world in which r1 writes everywhere and nothing has gone wrong. */
export function createSmallWorld(options: SmallWorldOptions): SmallWorldScene {
  const beginning = beginningFor(options);
  const scene = createScene(options, beginning);
  for (const {touch} of scene.clusters) touch();
  if (options.kind === 'single') scene.clusters[0]?.askToRotate();
  return scene;
}

/** A pure function is remembered here. */
const beginnings = new Map<string, Beginning>();

function beginningFor({kind, objects = 2}: SmallWorldOptions): Beginning {
  const id = `${kind} ${objects}`;
  const known = beginnings.get(id);
  if (known !== undefined) return known;
  const {simulation, clusters, actors} = createScene({kind, objects}, undefined);
  const rings = new Map(clusters.map(({cluster, ring}) => [cluster, ring]));
  const made = runToRest({
    clusters: clusters.map(({cluster}) => cluster),
    actors,
    ringOf: (cluster) => rings.get(cluster)?.(),
    pass: () => simulation.runFor(tickMs),
  });
  beginnings.set(id, made);
  return made;
}

function createScene(options: SmallWorldOptions, from: Beginning | undefined): SmallWorldScene {
  const {simulation, pair} = options.kind === 'pair' ? makePair(options, from) : makeSingle(options, from);
  const clusters = simulation.sides.map(({cluster}) => createCluster(cluster, options.parts?.()));
  const scene = {
    simulation,
    pair,
    clusters,
    actors: clusters.flatMap(({agents, controller}) => [...agents, controller]),
  };
  if (from === undefined) begin(scene, options);
  else goOn(scene, from);
  return scene;
}

function begin({simulation, pair, clusters}: SmallWorldScene, options: SmallWorldOptions): void {
  const operators = clusters.map(({cluster}) => createSimPorts(cluster, {program: 'operator', as: 'user'}));
  const create = (at: number, resource: ResourceType, object: StoredObject): void => {
    const made = operators[at]?.['store.create']({resource, object});
    if (made?.ok !== true) throw new Error(`${resource.plural}: expected that it is made`);
  };
  if (pair !== undefined) for (const at of clusters.keys()) create(at, secretResource, rootSecret(simulation));
  create(0, configResource, {metadata: {name: singletonName}, spec: specOf(options)});
}

function goOn({pair, clusters}: SmallWorldScene, from: Beginning): void {
  for (const {cluster} of clusters) {
    const prepared = from.clusters.get(cluster.name);
    if (prepared !== undefined) fill(cluster, prepared);
  }
  if (pair !== undefined) pair.synchronizer(pair.names[1]).install('copied');
}

const common = {pollMs, compactionMs: pollMs, latencyMs: {least: 1, most: 1}, skip: false, seed: 1} as const;
/** Other uids and nonces than those of what lies there. */
const goneOn = (from: Beginning | undefined) => (from === undefined ? {} : {epochMs: from.wallMs + restedMs, seed: 2});
const beginningIn = (from: Beginning | undefined, name: string) => {
  const prepared = from?.clusters.get(name);
  return prepared === undefined ? {} : beginningOf(prepared);
};

function makeSingle(
  {objects = 2}: SmallWorldOptions,
  from: Beginning | undefined,
): Pick<SmallWorldScene, 'simulation' | 'pair'> {
  const there = from === undefined ? {objects: {secrets: objects}} : beginningIn(from, 'n');
  const side = {name: 'n', nodes: nodes('n', 0), ...there};
  return {simulation: createSimulation({...common, ...goneOn(from), clusters: [side]}), pair: undefined};
}

function makePair(
  {objects = 2}: SmallWorldOptions,
  from: Beginning | undefined,
): Pick<SmallWorldScene, 'simulation' | 'pair'> {
  let made: Simulation | undefined;
  const derivable = createDerivable({replicationGroupId: group});
  const isDerivable = (tag: string, name: string): boolean =>
    made !== undefined && derivable(tag, made.side(name).cluster);
  const pair = createNamedPair(['e', 'w'], {
    ...common,
    ...goneOn(from),
    objects: from === undefined ? {secrets: objects} : {},
    east: {nodes: nodes('e', 1), ...beginningIn(from, 'e')},
    west: {nodes: nodes('w', 2), objects: from === undefined ? {secrets: 1} : {}, ...beginningIn(from, 'w')},
    replication: {lag: {meanMs: 1, maxMs: 1}},
    installed: from === undefined,
    oracleOptions: {
      isDerivable,
      // A program of the Standby may stand still for as long as it likes.
      mayLag: (tag, _ageMs, name) => isDerivable(tag, name),
      demotionGraceMs: 0,
    },
  });
  made = pair.simulation;
  return {simulation: made, pair};
}

const rootSecret = ({world}: Simulation): StoredObject => ({
  metadata: {name: defaultRootSecret, namespace: ourNamespace},
  data: {[rootKeyField]: toBase64(new Uint8Array(32).map((_, at) => (at * 37 + world.random.seed) % 251))},
});

/** One cluster rotates when it is asked to, so that it comes to rest in between; a pair whenever it may. */
const specOf = ({kind}: SmallWorldOptions): Readonly<Record<string, unknown>> => ({
  resources: ['secrets'],
  rotationInterval: kind === 'single' ? '8760h' : '24h',
  type: 'aesgcm',
  retention: {revisions: 1, minAge: '0s'},
  ...(kind === 'single'
    ? {}
    : {
        keyStrategy: 'deterministic',
        deterministic: {replicationGroupId: group, approvalDelay: '0s', standby: 'none'},
      }),
});

// A world small enough to try everything in: two servers a cluster, a few objects, the shipped engine's programs as
// actors, and time that passes only when it is told to.

import {toBase64} from '@etcd-encryption/crypto';
import {
  configResource,
  createEngine,
  defaultRootSecret,
  type EngineParts,
  ourNamespace,
  type ResourceType,
  type Ring,
  ringResource,
  rootKeyField,
  type StoredObject,
  secretResource,
  singletonName,
} from '@etcd-encryption/rotation';
import {createNamedPair, type Pair} from '../pair.ts';
import {createSimPorts} from '../ports/index.ts';
import {createDerivable} from '../rehearsal/derivable.ts';
import {createSimulation, type Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';
import {objectPath} from '../world/kinds.ts';
import type {NodeOptions} from '../world/node.ts';
import {Actor} from './actor.ts';

export interface SmallWorldOptions {
  /** One cluster under the random strategy, or a pair under the deterministic one. */
  readonly kind: 'single' | 'pair';
  readonly seed?: number;
  /** Objects of each cluster that are encrypted. */
  readonly objects?: number;
  readonly parts?: EngineParts;
}

export interface SmallWorldScene {
  readonly simulation: Simulation;
  readonly pair: Pair<string> | undefined;
  readonly clusters: readonly Cluster[];
  readonly actors: readonly Actor[];
  readonly ringOf: (cluster: Cluster) => Ring | undefined;
}

/** Servers look at their files this often, half a period apart; time passes in steps of half a period, ms. */
const pollMs = 10_000;
export const tickMs = pollMs / 2;
const drainMs = 5_000;
const group = 'small';

const nodes = (prefix: string, subnet: number): readonly NodeOptions[] =>
  [1, 2].map((n) => ({
    name: `${prefix}${n}`,
    address: `10.${subnet}.0.${n}`,
    pollPhaseMs: n === 1 ? 1 : pollMs / 2 + 1,
  }));

export function createSmallWorld(options: SmallWorldOptions): SmallWorldScene {
  const {simulation, pair} = options.kind === 'pair' ? makePair(options) : makeSingle(options);
  const clusters = simulation.sides.map(({cluster}) => cluster);
  const actors = clusters.flatMap((cluster) => actorsOf(cluster, options.parts));
  const operators = clusters.map((cluster) => createSimPorts(cluster, {program: 'operator', as: 'user'}));
  const create = (at: number, resource: ResourceType, object: StoredObject): void => {
    const made = operators[at]?.['store.create']({resource, object});
    if (made?.ok !== true) throw new Error(`${resource.plural}: expected that it is made`);
  };
  if (pair !== undefined) for (const at of clusters.keys()) create(at, secretResource, rootSecret(simulation));
  create(0, configResource, {metadata: {name: singletonName}, spec: specOf(options)});
  const ringOf = ({etcd, kinds}: Cluster): Ring | undefined => {
    const kind = kinds.find(ringResource);
    if (kind === undefined) return undefined;
    return etcd.get(objectPath(kind, {namespace: ourNamespace, name: singletonName}))?.value.object?.spec as Ring;
  };
  return {simulation, pair, clusters, actors, ringOf};
}

const common = {pollMs, compactionMs: pollMs, latencyMs: {least: 1, most: 1}} as const;

function makeSingle({seed = 1, objects = 2}: SmallWorldOptions): Pick<SmallWorldScene, 'simulation' | 'pair'> {
  const side = {name: 'n', nodes: nodes('n', 0), objects: {secrets: objects}};
  return {simulation: createSimulation({...common, seed, clusters: [side]}), pair: undefined};
}

function makePair({seed = 1, objects = 2}: SmallWorldOptions): Pick<SmallWorldScene, 'simulation' | 'pair'> {
  let made: Simulation | undefined;
  const derivable = createDerivable({replicationGroupId: group});
  const isDerivable = (tag: string, name: string): boolean =>
    made !== undefined && derivable(tag, made.side(name).cluster);
  const pair = createNamedPair(['e', 'w'], {
    ...common,
    seed,
    objects: {secrets: objects},
    east: {nodes: nodes('e', 1)},
    west: {nodes: nodes('w', 2), objects: {secrets: 1}},
    replication: {lag: {meanMs: 1, maxMs: 1}},
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

function actorsOf(cluster: Cluster, parts: EngineParts | undefined): readonly Actor[] {
  const engine = createEngine(parts);
  const agents = cluster.nodes.map(({name: node}) => {
    const name = `agent-${node}`;
    const ports = createSimPorts(cluster, {program: name, node});
    return new Actor({name, node, make: () => engine.agent({node, etcd: true}), ports});
  });
  const name = `controller-${cluster.name}`;
  const ports = createSimPorts(cluster, {program: name});
  return [...agents, new Actor({name, make: () => engine.controller({identity: name, drainMs}), ports})];
}

const rootSecret = ({world}: Simulation): StoredObject => ({
  metadata: {name: defaultRootSecret, namespace: ourNamespace},
  data: {[rootKeyField]: toBase64(new Uint8Array(32).map((_, at) => (at * 37 + world.random.seed) % 251))},
});

const specOf = ({kind}: SmallWorldOptions): Readonly<Record<string, unknown>> => ({
  resources: ['secrets'],
  rotationInterval: '10s',
  type: 'aesgcm',
  retention: {revisions: 1, minAge: '0s'},
  ...(kind === 'single'
    ? {}
    : {
        keyStrategy: 'deterministic',
        deterministic: {replicationGroupId: group, approvalDelay: '0s', standby: 'none'},
      }),
});

// The simulated world of a rehearsal: one cluster, or a pair with its Synchronizer, as the file says, with the shipped
// engine on every node and side, the root Secrets and the config that operators made, users, and all oracles.

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
import {defaultEpochMs} from '../limits.ts';
import type {OracleOptions} from '../oracles/options.ts';
import type {InvariantName} from '../oracles/violation.ts';
import {createNamedPair, type Pair, type PairOptions} from '../pair.ts';
import {createSimulation, type Simulation} from '../run.ts';
import type {NodeOptions} from '../world/node.ts';
import type {UserOptions} from '../world/user-counts.ts';
import type {Users} from '../world/users.ts';
import {adoptedFile} from './adopted.ts';
import {createDerivable} from './derivable.ts';
import {type ManagedCluster, manage} from './managed.ts';
import type {ClusterPlan, ObjectCount, Rate, Rehearsal} from './model.ts';
import {beginningOf, fill, type Prepared} from './prepared.ts';
import {groupOf, type Spec, specOf, timesOf, type WorldTimes} from './settings.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Parts of the engine in place of its own, on every cluster or by the cluster's name. */
  readonly parts?: EngineParts | ((cluster: string) => EngineParts);
  /** Invariants whose breaking ends the run; all, unless given. */
  readonly oracles?: readonly InvariantName[];
  readonly oracleOptions?: OracleOptions;
  /** Beside those that the rehearsal says itself. */
  readonly times?: WorldTimes;
  /** Of the file that `settings.fromConfig` names. */
  readonly spec?: Spec;
  /** Whether periods of programs that would find nothing new are left out; they are unless false. */
  readonly skip?: boolean;
  /** Whether values are really encrypted, and opened at each read; they are symbolic unless true. */
  readonly realCrypto?: boolean;
}

export interface BeginningOptions extends WorldOptions {
  /** Where the world goes on from; absent: nothing is encrypted yet. */
  readonly from?: Prepared;
}

export interface RehearsalWorld {
  readonly simulation: Simulation;
  /** Absent where the file has one cluster. */
  readonly pair: Pair<string> | undefined;
  /** In the order of the file. */
  readonly clusters: readonly ManagedCluster[];
  /** Who works in what is replicated, or on the one cluster. */
  readonly users: Users;
  readonly spec: Spec;
  /** From now on users work at their full rate for five polls; elsewhere their requests are counted bundles. */
  readonly enliven: () => void;
}

/** For how long after a cluster ceased to be Active its programs may finish what they had begun, ms. */
const demotionGraceMs = 60_000;
const realPollMs = 60_000;
/** Users work at their full rate for so many polls after something happened. */
const livelyPolls = 5;
/** Mean time between two bundles of requests elsewhere, s. */
const bundleSeconds = 600;
/** Most requests that users make a second when nothing is said of it: reads, and lists. */
const fewReads = 0.05;
const fewLists = 0.01;

/**
 * Longest time until a derivable key is loaded on a Standby: the periods of agent and controller, a poll on the node
 * that gets the file first, the same for the others, and their requests, ms.
 */
const loadMs = (pollMs: number): number => 2 * (30_000 + 30_000 + pollMs) + 10_000;

/** @throws RangeError where the file has other than one Active, or an Active and a Standby */
export function createRehearsalWorld(rehearsal: Rehearsal, options: BeginningOptions): RehearsalWorld {
  const times = timesOf(rehearsal, options.times);
  const {parts} = options;
  const spec = specOf(rehearsal, times, options.spec);
  const {simulation, pair, users} = createClusters(rehearsal, spec, {...options, times});
  const names = rehearsal.clusters.map(({name}) => name);
  const clusters = names.map((name) =>
    manage(simulation, simulation.side(name).cluster, {
      paired: pair !== undefined,
      ...(parts === undefined ? {} : {parts: typeof parts === 'function' ? parts(name) : parts}),
      ...(times.drainMs === undefined ? {} : {drainMs: times.drainMs}),
    }),
  );
  if (options.from === undefined) makeObjects(simulation, clusters, spec);
  const active = activeOf(rehearsal);
  const everybody = [users, ...clusters.map(({name}) => simulation.side(name).users)];
  for (const each of new Set(everybody)) each.start();
  return {simulation, pair, clusters, users, spec, enliven: paceOf(simulation, users, active, times.pollMs)};
}

type Clusters = Pick<RehearsalWorld, 'simulation' | 'pair' | 'users'>;

function createClusters(rehearsal: Rehearsal, spec: Spec, options: BeginningOptions): Clusters {
  const {seed, oracles, skip, realCrypto, from, times: {pollMs = realPollMs, compactionMs, latencyMs} = {}} = options;
  let made: Simulation | undefined;
  const derivable = createDerivable({replicationGroupId: groupOf(spec)});
  const isDerivable = (tag: string, name: string): boolean =>
    made !== undefined && derivable(tag, made.side(name).cluster);
  const common = {
    seed,
    pollMs,
    ...(from === undefined ? {} : {epochMs: defaultEpochMs + from.atMs}),
    ...(compactionMs === undefined ? {} : {compactionMs}),
    ...(latencyMs === undefined ? {} : {latencyMs}),
    ...(oracles === undefined ? {} : {oracles}),
    ...(skip === undefined ? {} : {skip}),
    ...(realCrypto === undefined ? {} : {realCrypto}),
    oracleOptions: {
      isDerivable,
      mayLag: (tag: string, ageMs: number, name: string) => ageMs < loadMs(pollMs) && isDerivable(tag, name),
      demotionGraceMs,
      ...options.oracleOptions,
    },
  };
  const clusters = makeClusters(rehearsal, common, from);
  made = clusters.simulation;
  if (from !== undefined) goOn(clusters, from);
  return clusters;
}

type Common = Omit<PairOptions, 'objects' | 'users' | 'east' | 'west' | 'replication' | 'installed'>;

function makeClusters(rehearsal: Rehearsal, common: Common, from: Prepared | undefined): Clusters {
  const active = activeOf(rehearsal);
  const standby = rehearsal.clusters.find(({role}) => role === 'standby');
  const begins = (plan: ClusterPlan, subnet: number, objects: Readonly<Record<string, number>>) => {
    const prepared = from?.clusters.get(plan.name);
    const side = sideOf(plan, subnet);
    if (prepared !== undefined) return {...side, ...beginningOf(prepared)};
    return {...side, objects, ...(rehearsal.world?.adopted === true ? {file: adoptedFile()} : {})};
  };
  if (standby === undefined) {
    const objects = countsOf(active.objects, active.localObjects);
    const side = {...begins(active, 1, objects), name: active.name, users: usersOf(active)};
    const simulation = createSimulation({...common, clusters: [side]});
    return {simulation, pair: undefined, users: simulation.users};
  }
  const {lag} = rehearsal.replication ?? {};
  const pair = createNamedPair([active.name, standby.name], {
    ...common,
    objects: from === undefined ? countsOf(active.objects) : {},
    users: usersOf(active),
    east: {...begins(active, 1, countsOf(active.localObjects)), users: idle},
    west: {...begins(standby, 2, countsOf(standby.objects, standby.localObjects)), users: usersOf(standby)},
    replication: lag === undefined ? {} : {lag},
    installed: from === undefined,
  });
  return {simulation: pair.simulation, pair, users: pair.users};
}

/** Puts what a world at rest held into one that has just begun. */
function goOn({simulation, pair, users}: Clusters, from: Prepared): void {
  for (const {cluster, users: people} of simulation.sides) {
    const prepared = from.clusters.get(cluster.name);
    if (prepared !== undefined) fill(cluster, prepared);
    people.adopt();
  }
  users.adopt();
  if (pair !== undefined) pair.synchronizer(pair.names[1]).install('copied');
}

function activeOf({clusters}: Rehearsal): ClusterPlan {
  const [active] = clusters.filter(({role}) => role === 'active');
  const roles = clusters.map(({role}) => role).sort();
  const isKnown = ['active', 'active standby'].includes(roles.join(' '));
  if (active === undefined || !isKnown)
    throw new RangeError(`clusters: expected one active, or an active and a standby, got ${roles.join(', ')}`);
  return active;
}

const sideOf = ({nodes, clockSkewMs}: ClusterPlan, subnet: number): {nodes: NodeOptions[]; clockSkewMs?: number} => ({
  nodes: nodes.map((name, index) => ({name, address: `10.${subnet}.0.${index + 1}`})),
  ...(clockSkewMs === undefined ? {} : {clockSkewMs}),
});

function countsOf(...lists: readonly (readonly ObjectCount[] | undefined)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const {resource, count} of lists.flatMap((list) => list ?? []))
    counts[resource] = (counts[resource] ?? 0) + count;
  return counts;
}

const seconds = {s: 1, m: 60, h: 3_600} as const;
const perSecond = ({count, per}: Rate): number => count / seconds[per];

const idle: UserOptions = {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0};

function usersOf({writes, lateWrites}: ClusterPlan): UserOptions {
  const rate = writes === undefined ? 0 : perSecond(writes);
  return {
    writesPerSecond: rate,
    readsPerSecond: Math.min(rate, fewReads),
    listsPerSecond: Math.min(rate, fewLists),
    creates: 0.01,
    deletes: 0.01,
    ...(lateWrites === undefined ? {} : {lateCommit: {p: lateWrites.percent / 100, maxMs: lateWrites.maxMs}}),
  };
}

/** What operators made by hand: a root Secret on each side, and the config on the Active. */
function makeObjects(simulation: Simulation, clusters: readonly ManagedCluster[], spec: Spec): void {
  const root = simulation.world.random.stream('operator', 'root key').bytes(32);
  for (const managed of clusters) create(managed, secretResource, rootSecretWith(root));
  const [active] = clusters.filter(({cluster}) => cluster.active);
  if (active !== undefined) create(active, configResource, {metadata: {name: singletonName}, spec});
}

/** The root Secret with a key. */
export const rootSecretWith = (root: Uint8Array): StoredObject => ({
  metadata: {name: defaultRootSecret, namespace: ourNamespace},
  data: {[rootKeyField]: toBase64(root)},
});

function create({operator, name}: ManagedCluster, resource: ResourceType, object: StoredObject): void {
  const created = operator['store.create']({resource, object});
  if (!created.ok)
    throw new Error(`${resource.plural} on ${name}: expected that it is made, got ${created.error.message}`);
}

/** How users are made to hurry for a while; they do at the beginning. */
function paceOf(simulation: Simulation, users: Users, active: ClusterPlan, pollMs = realPollMs): () => void {
  const {scheduler} = simulation.world;
  const rate = active.writes === undefined ? 0 : perSecond(active.writes);
  const size = Math.max(1, Math.round(rate * bundleSeconds));
  let untilMs = 0;
  let scheduled = false;
  const rest = (): void => {
    scheduled = scheduler.nowMs < untilMs;
    if (scheduled) scheduler.at(untilMs, 'rehearsal/users', rest);
    else users.bundle(size);
  };
  const enliven = (): void => {
    untilMs = scheduler.nowMs + livelyPolls * pollMs;
    users.bundle(1);
    if (!scheduled) rest();
  };
  enliven();
  return enliven;
}

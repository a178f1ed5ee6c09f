// The small world of a pair: two nodes a side, minutes for days, the engine on both, the operator who makes the root
// Secrets and records the Standby's proof, and the events of the mutant's script.

import {toBase64} from '@etcd-encryption/crypto';
import {
  annotation,
  configResource,
  createEngine,
  defaultRootSecret,
  type EngineParts,
  nodeReportResource,
  ourNamespace,
  rootKeyField,
  type StoredObject,
  secretResource,
} from '@etcd-encryption/rotation';
import type {OracleOptions} from '../oracles/options.ts';
import {ringOf} from '../oracles/own-objects.ts';
import {createPair, type Pair, type PairOptions, type SideName} from '../pair.ts';
import {createSimPorts} from '../ports/index.ts';
import {createDerivable} from '../rehearsal/derivable.ts';
import type {Cluster} from '../world/cluster.ts';
import type {WatchedPromises} from './deaths.ts';
import {annotateRing, createStage, hasLoadedEverywhere, type Stage} from './stage.ts';

/** What can differ between the small worlds of a pair. */
export interface PairWorld {
  /** How long it lasts, ms. */
  readonly lengthMs?: number;
  /** Changes to `spec`, and to `spec.deterministic`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly deterministic?: Readonly<Record<string, unknown>>;
  readonly pair?: Partial<PairOptions>;
  /** Sides on which the operator makes the root Secret; both, unless given. */
  readonly roots?: readonly SideName[];
  /** Whether the Standby's proof is recorded as soon as there is one; it is unless false. */
  readonly proves?: boolean;
  /** Programs that lead on each side; one, unless given. */
  readonly controllers?: 1 | 2;
  /** Promises that are watched from some moment on, and judged at the end. */
  readonly promises?: WatchedPromises;
  /** What happens in every seed. */
  readonly script: (stage: Stage) => void;
}

/** A pair in which nothing happens but the faults of the seed. */
export const plainPair: PairWorld = {lengthMs: 720_000, script: () => undefined};

export interface PairRun {
  readonly pair: Pair;
  readonly stage: Stage;
}

export const replicationGroupId = 'group-1';
export const rootKeyOf = (which: number): Uint8Array =>
  Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11 * which) % 256);
/** Longest that a request runs in these worlds, and what the engine is told of it, ms. */
const drainMs = 60_000;
const pollMs = 10_000;
/** Longest until a derivable key is loaded on a Standby: two rounds of agent, controller and poll, ms. */
const loadMs = 2 * (30_000 + 30_000 + pollMs) + 10_000;
/** For as long a demoted side may finish what it had begun, ms. */
const demotionGraceMs = 60_000;
/** How long a usual pair's world lasts, ms: the first key and three rotations. */
export const usualPairMs = 1_200_000;

export interface PairSetting {
  readonly seed: number;
  readonly world: PairWorld;
  readonly parts: (side: SideName) => EngineParts;
  readonly oracles?: PairOptions['oracles'];
}

/** Makes the world and starts everything in it; no time has passed. */
export function startPair({seed, world, parts, oracles}: PairSetting): PairRun {
  const {lengthMs = usualPairMs, roots = ['east', 'west'], proves = true} = world;
  const pair = makePair(seed, world, oracles);
  for (const side of ['east', 'west'] as const) {
    startSide(pair, side, {parts: parts(side), leaders: world.controllers ?? 1});
    if (roots.includes(side)) createRoot(pair.cluster(side), rootKeyOf(1));
  }
  createConfig(pair.cluster('east'), world);
  pair.users.start();
  const stage = createStage(pair.simulation, {pair, untilMs: (lengthMs * 3) / 4, startAgent: () => undefined});
  if (proves) recordProof(stage, pair);
  world.script(stage);
  return {pair, stage};
}

function makePair(seed: number, {pair: options = {}}: PairWorld, oracles: PairOptions['oracles']): Pair {
  const derivable = createDerivable({replicationGroupId});
  let made: Pair | undefined;
  const isDerivable = (tag: string, name: string): boolean =>
    made !== undefined && derivable(tag, made.cluster(name === 'east' ? 'east' : 'west'));
  const oracleOptions: OracleOptions = {
    isDerivable,
    mayLag: (tag, ageMs, name) => ageMs < loadMs && isDerivable(tag, name),
    demotionGraceMs,
  };
  const {east, west, users, ...rest} = options;
  made = createPair({
    seed,
    pollMs,
    compactionMs: 60_000,
    objects: {secrets: 3, configmaps: 2},
    users: {writesPerSecond: 0.2, readsPerSecond: 0.05, listsPerSecond: 0.01, creates: 0.05, ...users},
    east: {nodes: 2, objects: {secrets: 1}, ...east},
    west: {nodes: 2, objects: {secrets: 1}, ...west},
    latencyMs: {least: 5, most: 150},
    oracleOptions,
    ...(oracles === undefined ? {} : {oracles}),
    ...rest,
  });
  return made;
}

/** `east/controller`, `west/agent-w1`. */
export const controllerOf = (side: SideName, which = 0): string => `${side}/controller${which === 0 ? '' : '-b'}`;
export const agentOn = (side: SideName, node: string): string => `${side}/agent-${node}`;

function startSide(
  {simulation}: Pair,
  side: SideName,
  {parts, leaders}: {readonly parts: EngineParts; readonly leaders: number},
): void {
  const {cluster} = simulation.side(side);
  const engine = createEngine(parts);
  for (const {name: node} of cluster.nodes) {
    const program = agentOn(side, node);
    const ports = createSimPorts(cluster, {program, node});
    simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node});
  }
  for (let which = 0; which < leaders; which++) {
    const program = controllerOf(side, which);
    const make = () => engine.controller({identity: program, drainMs});
    const ports = createSimPorts(cluster, {program});
    simulation.startProgram(program, make, ports, {wakeOn: [configResource, nodeReportResource]});
  }
}

/** An operator makes the root Secret by hand, or puts another key into it. */
export function createRoot(cluster: Cluster, root: Uint8Array): void {
  const ports = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const address = {resource: secretResource, namespace: ourNamespace, name: defaultRootSecret};
  const present = ports['store.get'](address);
  const metadata = {name: defaultRootSecret, namespace: ourNamespace};
  const data = {[rootKeyField]: toBase64(root)};
  const before = present.ok ? present.value : undefined;
  const done =
    before === undefined
      ? ports['store.create']({resource: secretResource, object: {metadata, data}})
      : ports['store.replace']({resource: secretResource, object: {...before, data}});
  if (!done.ok) throw new Error(`root Secret: expected that it is written, got ${done.error.message}`);
}

function createConfig(cluster: Cluster, {spec, deterministic}: PairWorld): void {
  const ports = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const object: StoredObject = {
    metadata: {name: 'default'},
    spec: {
      resources: ['secrets', 'configmaps'],
      rotationInterval: '4m0s',
      type: 'aesgcm',
      keyStrategy: 'deterministic',
      deterministic: {replicationGroupId, approvalDelay: '30s', promotionGrace: '2m', ...deterministic},
      retention: {revisions: 1, minAge: '0s'},
      ...spec,
    },
  };
  const created = ports['store.create']({resource: configResource, object});
  if (!created.ok) throw new Error(`config: expected that it is created, got ${created.error.message}`);
}

/** As `verify --record` does: what the Standby's servers have loaded of the bundle, put on the Active's ring. */
function recordProof(stage: Stage, pair: Pair): void {
  const [standby, active] = [pair.cluster('west'), pair.cluster('east')];
  const loaded = () =>
    (ringOf(standby)?.following?.entries ?? []).filter(({key, check}) =>
      hasLoadedEverywhere(standby, `aesgcm/${key}/${check}`),
    );
  stage.when(
    () => loaded().length > 0,
    () => {
      const revisions = loaded().map(({revision, key: name, check: checkValue}) => ({revision, name, checkValue}));
      const text = JSON.stringify({bundleId: ringOf(standby)?.following?.bundleId, revisions});
      annotateRing(stage, active, {name: annotation.standbyProof, text});
    },
  );
}

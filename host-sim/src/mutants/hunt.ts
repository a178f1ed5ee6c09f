// Looks for the seed that kills a mutant: a small busy world, the faults of the seed, all oracles on. The same seed and
// faults with the shipped engine must end with every invariant kept.

import {
  configResource,
  createEngine,
  doControllerAction,
  doNodeAction,
  type EngineParts,
  nodeReportResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {allInvariants} from '../oracles/index.ts';
import type {InvariantName} from '../oracles/violation.ts';
import {createSimPorts} from '../ports/index.ts';
import {createRandom} from '../prng.ts';
import type {Rehearsal} from '../rehearsal/model.ts';
import {createSimulation, type Simulation, type SimulationOptions} from '../run.ts';
import {aimedRehearsal, cleanIn, deathIn} from './aims/aimed.ts';
import {type Death, firstViolation} from './deaths.ts';
import {agentOf, controllers, drawnFaults, type FaultName, strike} from './faults.ts';
import type {Mutant, SmallWorld} from './mutant.ts';
import {sleepingBefore} from './parts.ts';
import {createStage} from './stage.ts';

export interface HuntOptions {
  readonly seed: number;
  /** Faults that strike whatever the seed draws. */
  readonly aimed?: readonly FaultName[];
  readonly parts?: EngineParts;
  /** Invariants whose breaking ends the run; all, unless given. */
  readonly oracles?: readonly InvariantName[];
  readonly world?: SmallWorld;
}

export interface HuntResult {
  /** What broke, if anything did. */
  readonly died: Death | undefined;
  readonly faults: readonly FaultName[];
  /** Whether users could read everything at the end. */
  readonly readable: boolean;
  /** Revisions of which keys were seen as the first in some file: rotations that got that far. */
  readonly activated: number;
  readonly traceHash: string;
}

/** How long a small world lasts, ms: three rotations where nothing hinders them. */
const usualLengthMs = 300_000;
/** Longest that a request runs in these worlds, and what the engine is told of it, ms. */
const lateCommitMs = 25_000;
const drainMs = 60_000;

/** Runs one seed to its end or to the first broken invariant. @throws ProgramFailed if the engine itself threw */
export function runSeed({seed, aimed = [], parts = {}, oracles, world = {}}: HuntOptions): HuntResult {
  const {lengthMs = usualLengthMs, rotationInterval = '1m0s', users = {}, spec = {}} = world;
  const leaders = controllers.slice(0, world.controllers ?? 2);
  const faults = world.quiet === true ? aimed : faultsOf(seed, aimed);
  const simulation = smallWorld({
    seed,
    users,
    ...world.simulation,
    ...(oracles === undefined ? {} : {oracles}),
  });
  const startAgent = startEngine(simulation, withPauses(parts, seed, faults), {
    spec: {rotationInterval, ...spec},
    leaders,
  });
  world.script?.(createStage(simulation, startAgent));
  for (const kind of faults)
    strike(kind, {simulation, cluster: simulation.cluster, leaders, agentOf, untilMs: (lengthMs * 2) / 3});
  const activated = new Set<string>();
  simulation.cluster.observe({
    onFile({file}) {
      const first = file.state === 'loadable' ? file.transformers.of('secrets')[0] : undefined;
      if (first !== undefined && first.name !== '') activated.add(first.name);
    },
  });
  const died = firstViolation(() => simulation.runUntil(lengthMs));
  const readable = died === undefined && simulation.users.verifyAll();
  return {died, faults, readable, activated: activated.size, traceHash: simulation.traceHash};
}

export interface Kill {
  readonly seed: number;
  readonly detail: Death;
  /** In which it died; absent where it was hunted in a world with a script of its own. */
  readonly rehearsal?: Rehearsal;
}

/** The first seed from `from` on in which an invariant of the mutant's row breaks; `undefined` when none of `seeds` does. */
export function hunt(mutant: Mutant, seeds: number, from = 1): Kill | undefined {
  for (let seed = from; seed < from + seeds; seed++) {
    const rehearsal = aimedRehearsal(mutant, seed);
    if (rehearsal !== undefined) {
      const detail = deathIn(mutant, {rehearsal, seed});
      if (detail !== undefined) return {seed, detail, rehearsal};
      continue;
    }
    const detail = killedBy(mutant, seed);
    if (detail !== undefined) return {seed, detail};
  }
  return undefined;
}

/** Another invariant may break earlier and end the run: then the same seed runs on under those of the row alone. */
function killedBy(mutant: Mutant, seed: number): Death | undefined {
  const died = runMutant(mutant, seed);
  if (died === undefined || mutant.diesBy.some((name) => name === died.invariant)) return died;
  return runMutant(
    mutant,
    seed,
    allInvariants.filter((each) => mutant.diesBy.includes(each)),
  );
}

function runMutant(
  {aimed = [], parts, world = {}}: Mutant,
  seed: number,
  oracles?: readonly InvariantName[],
): Death | undefined {
  const watched = oracles === undefined ? {} : {oracles};
  return runSeed({seed, aimed, world, parts: parts('east'), ...watched}).died;
}

/** The shipped engine in the rehearsal of a mutant, or in its world and under its faults. */
export function runClean(mutant: Mutant, seed: number): Pick<HuntResult, 'died' | 'readable'> {
  const rehearsal = aimedRehearsal(mutant, seed);
  if (rehearsal !== undefined) return cleanIn({rehearsal, seed});
  const {aimed = [], world = {}} = mutant;
  return runSeed({seed, aimed, world});
}

function faultsOf(seed: number, aimed: readonly FaultName[]): readonly FaultName[] {
  const {stream} = createRandom(seed);
  const drawn = drawnFaults.filter((kind) => stream('faults', `draws ${kind}`).chance(0.25));
  return [...new Set([...aimed, ...drawn])].sort();
}

function smallWorld({users, ...options}: Partial<SimulationOptions> & Pick<SimulationOptions, 'seed'>): Simulation {
  return createSimulation({
    nodes: 3,
    pollMs: 10_000,
    compactionMs: 60_000,
    objects: {secrets: 3, configmaps: 2},
    users: {
      writesPerSecond: 1,
      readsPerSecond: 0.2,
      listsPerSecond: 0.02,
      creates: 0.15,
      deletes: 0.15,
      lateCommit: {p: 0.2, maxMs: lateCommitMs},
      toDraining: 0.3,
      ...users,
    },
    latencyMs: {least: 5, most: 150},
    ...options,
  });
}

interface Setting {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly leaders: readonly string[];
}

/** @returns what starts an agent on a node that joins later */
function startEngine(simulation: Simulation, parts: EngineParts, {spec, leaders}: Setting): (node: string) => void {
  const {cluster} = simulation;
  const engine = createEngine(parts);
  const startAgent = (node: string): void => {
    const program = agentOf(node);
    const ports = createSimPorts(cluster, {program, node});
    simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node});
  };
  for (const {name} of cluster.nodes) startAgent(name);
  for (const program of leaders) {
    const make = () => engine.controller({identity: program, drainMs});
    const ports = createSimPorts(cluster, {program});
    simulation.startProgram(program, make, ports, {wakeOn: [configResource, nodeReportResource]});
  }
  const operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const created = operator['store.create']({resource: configResource, object: configOf(spec)});
  if (!created.ok) throw new Error(`config: expected that it is created, got ${created.error.message}`);
  simulation.users.start();
  return startAgent;
}

const configOf = (spec: Readonly<Record<string, unknown>>): StoredObject => ({
  metadata: {name: 'default'},
  spec: {
    resources: ['secrets', 'configmaps'],
    type: 'aesgcm',
    retention: {revisions: 1, minAge: '0s'},
    migration: {maxInFlight: 2},
    ...spec,
  },
});

/** Now and then a program stands still between its plan and a deed, as a suspended process does. */
function withPauses(parts: EngineParts, seed: number, faults: readonly FaultName[]): EngineParts {
  const {stream} = createRandom(seed);
  const pauses = (kind: FaultName, least: number): (() => number) => {
    const draws = stream('faults', kind);
    return () => (draws.chance(0.15) ? draws.integer(least, 60_000) : 0);
  };
  const {node = doNodeAction, controller = doControllerAction} = parts.deeds ?? {};
  const deeds = {
    ...parts.deeds,
    ...(faults.includes('slowDeeds') ? {node: sleepingBefore(node, pauses('slowDeeds', 5_000))} : {}),
    // For longer than the lease lasts, so that another leads by then.
    ...(faults.includes('slowLeader') ? {controller: sleepingBefore(controller, pauses('slowLeader', 20_000))} : {}),
  };
  return {...parts, deeds};
}

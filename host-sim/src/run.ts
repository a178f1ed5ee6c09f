// A simulation: one world, its clusters with their oracles, users, and the programs of the engine. Whoever holds it
// starts and kills programs, breaks things, and lets time pass.

import {configResource, type ResourceType, ringResource, type Step, type SyncPorts} from '@etcd-encryption/rotation';
import {maxLatencyMs, minLatencyMs} from './limits.ts';
import type {OracleOptions} from './oracles/options.ts';
import type {Finding} from './oracles/readable.ts';
import type {InvariantName} from './oracles/violation.ts';
import {type Decorator, Program, type ProgramState} from './program.ts';
import {checkNames, createSide, type Side, type SideOptions} from './side.ts';
import {type ClusterStillness, createStillness, isHeartbeat, type Sleeper, seersOf} from './stillness.ts';
import type {Cluster} from './world/cluster.ts';
import type {Commit} from './world/etcd.ts';
import type {Kind} from './world/kinds.ts';
import {resourceId} from './world/kinds.ts';
import type {SimNode} from './world/node.ts';
import type {Users} from './world/users.ts';
import {createWorld, type World} from './world/world.ts';

export interface SimulationOptions extends Omit<SideOptions, 'name'> {
  readonly seed: number;
  /** Several clusters; what is said beside it holds for each that says nothing else. Absent: one, of `clusterName`. */
  readonly clusters?: readonly SideOptions[];
  /** Invariants whose breaking ends the run; absent: all of them, and with an empty list nobody watches. */
  readonly oracles?: readonly InvariantName[];
  /** Where oracles are lenient; they are not unless told. */
  readonly oracleOptions?: OracleOptions;
  readonly epochMs?: number;
  readonly latencyMs?: {readonly least: number; readonly most: number};
  readonly clusterName?: string;
  /** Whether periods of programs that would find nothing new are left out; they are unless false. */
  readonly skip?: boolean;
}

export interface ProgramOptions {
  /** Node that it runs on; it dies with it. */
  readonly node?: string;
  /** Cluster whose changes wake it; absent: the one before the slash in its name, or else the first. */
  readonly cluster?: string;
  /** Kinds whose changes by others wake it from its sleep. */
  readonly wakeOn?: readonly ResourceType[];
}

interface Running {
  readonly make: () => Step<unknown>;
  readonly ports: Partial<SyncPorts>;
  readonly options: ProgramOptions;
  readonly decorators: Decorator[];
  /** Its cluster's name, and the ids of the kinds whose changes wake it. */
  readonly cluster: string;
  readonly wakeOn: ReadonlySet<string>;
  program: Program;
}

/** A program threw: a bug in it, or a decorator's or oracle's doing. */
export class ProgramFailed extends Error {
  constructor(name: string, cause: unknown) {
    super(`program ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {cause});
    this.name = 'ProgramFailed';
  }
}

export class Simulation {
  readonly world: World;
  /** Every cluster, with its users. */
  readonly sides: readonly Side[];
  readonly #programs = new Map<string, Running>();
  readonly #latencyMs: {readonly least: number; readonly most: number};
  /** How many hold back the watches of a program. */
  readonly #deaf = new Map<string, number>();
  /** By cluster; empty when nothing is left out. */
  readonly #stillness = new Map<string, ClusterStillness>();
  #failure: ProgramFailed | undefined;

  /** @throws RangeError if two clusters or two nodes have one name */
  constructor(options: SimulationOptions) {
    const {seed, epochMs, clusters, clusterName = 'east', oracles, oracleOptions, latencyMs, skip, ...common} = options;
    this.world = createWorld(epochMs === undefined ? {seed} : {seed, epochMs});
    this.#latencyMs = latencyMs ?? {least: minLatencyMs, most: maxLatencyMs};
    const watch = {registry: new Map(), ...(oracles === undefined ? {} : {oracles}), ...oracleOptions};
    const setups = clusters?.map((each) => ({...common, ...each})) ?? [{...common, name: clusterName}];
    this.sides = setups.map((setup) => createSide(this.world, setup, watch));
    checkNames(this.sides);
    for (const {cluster} of this.sides) {
      cluster.observe({onCommit: (commit, kind) => this.#hint(cluster.name, commit, kind)});
      const {scheduler} = this.world;
      if (skip === false) continue;
      this.#stillness.set(
        cluster.name,
        createStillness(cluster, scheduler, () => this.#sleepers(cluster.name)),
      );
    }
  }

  /** The first cluster; the only one, but in a pair. */
  get cluster(): Cluster {
    return this.#first.cluster;
  }

  /** Users of the first cluster. */
  get users(): Users {
    return this.#first.users;
  }

  side(name: string): Side {
    const found = this.sides.find(({cluster}) => cluster.name === name);
    if (found === undefined) throw new RangeError(`cluster: expected one of this run, got ${name}`);
    return found;
  }

  get nowMs(): number {
    return this.world.scheduler.nowMs;
  }

  /** Named exceptions that the oracles saw. */
  get findings(): readonly Finding[] {
    return this.sides.flatMap(({findings}) => findings);
  }

  /** Hash of everything that happened so far. */
  get traceHash(): string {
    return this.world.trace.hash;
  }

  /**
   * Starts a program: `make` gives its generator, again at each restart.
   * @throws RangeError if a program of this name runs
   */
  startProgram(name: string, make: () => Step<unknown>, ports: Partial<SyncPorts>, options: ProgramOptions = {}): void {
    const known = this.#programs.get(name);
    if (known?.program.runs === true) throw new RangeError(`program: expected none of the name ${name}, got one`);
    const decorators = known?.decorators ?? [];
    this.#disturb(name, options);
    this.#programs.set(name, {
      make,
      ports,
      options,
      decorators,
      cluster: this.#clusterOf(name, options),
      wakeOn: new Set((options.wakeOn ?? defaultWakeOn).map(resourceId)),
      program: this.#launch(name, make(), ports, {options, decorators}),
    });
  }

  /** Ends a program between two of its requests; what it asked for last may or may not have happened. */
  killProgram(name: string): void {
    this.#disturb(name, this.#running(name).options);
    this.#running(name).program.kill();
    this.#record(name, 'program-killed');
  }

  /** Lets a program end by itself: its sleep is answered `stop`. */
  stopProgram(name: string): void {
    this.#disturb(name, this.#running(name).options);
    this.#running(name).program.stop();
  }

  /** Starts a program again with a new generator, after killing it if it runs. */
  restartProgram(name: string, afterMs = 0): void {
    const running = this.#running(name);
    if (running.program.runs) this.killProgram(name);
    const start = (): void => {
      if (running.program.runs) return;
      this.#disturb(name, running.options);
      running.program = this.#launch(name, running.make(), running.ports, running);
      this.#record(name, 'program-restarted');
    };
    if (afterMs === 0) start();
    else this.world.scheduler.after(afterMs, name, start);
  }

  programState(name: string): ProgramState {
    return this.#running(name).program.state;
  }

  /** Wakes a program as a watch would. */
  wake(name: string): void {
    this.#running(name).program.hint();
  }

  /** From now on no watch wakes a program; call the answer to let them again. */
  deafen(name: string): () => void {
    const add = (times: number): void => {
      this.#disturb(name, this.#running(name).options);
      this.#deaf.set(name, (this.#deaf.get(name) ?? 0) + times);
    };
    add(1);
    return () => add(-1);
  }

  /** Puts a fault between a program and its ports; call the answer to take it away. The newest one stands outermost. */
  decorate(name: string, decorator: Decorator): () => void {
    const {decorators, options} = this.#running(name);
    this.#disturb(name, options);
    decorators.push(decorator);
    return () => {
      const index = decorators.indexOf(decorator);
      this.#disturb(name, options);
      if (index >= 0) decorators.splice(index, 1);
    };
  }

  /** A node loses its power: its server and programs end, unsynced writes are lost with probability `loss`. */
  powerLoss(node: string, loss?: number): void {
    for (const [name, {program, options}] of this.#programs) {
      if (options.node === node && program.runs) this.killProgram(name);
    }
    this.#node(node).powerLoss(loss);
  }

  /** The node starts: first its server, then after `agentsAfterMs` its programs. */
  boot(node: string, agentsAfterMs = 10_000): void {
    this.#node(node).boot();
    for (const [name, {options}] of this.#programs) {
      if (options.node === node) this.restartProgram(name, agentsAfterMs);
    }
  }

  /**
   * Lets time pass until `until` (a time in ms, or something that becomes true), and at most until `limitMs`.
   * @returns whether it came to pass
   * @throws InvariantViolation at the event that broke an invariant, ProgramFailed when a program threw
   */
  runUntil(until: number | (() => boolean), limitMs = Number.POSITIVE_INFINITY): boolean {
    const failed = (): boolean => this.#failure !== undefined;
    const done = typeof until === 'number' ? failed : (): boolean => failed() || until();
    const held = this.world.scheduler.run(done, typeof until === 'number' ? until : limitMs);
    if (this.#failure !== undefined) throw this.#failure;
    return typeof until === 'number' ? true : held;
  }

  /** Lets `ms` pass. */
  runFor(ms: number): void {
    this.runUntil(this.nowMs + ms);
  }

  get #first(): Side {
    const [first] = this.sides;
    if (first === undefined) throw new RangeError('clusters: expected at least one, got none');
    return first;
  }

  /** Nodes of all clusters have different names. */
  #node(name: string): SimNode {
    const owner = this.sides.find(({cluster}) => cluster.nodes.some((node) => node.name === name));
    return (owner ?? this.#first).cluster.node(name);
  }

  #clusterOf(program: string, {cluster}: ProgramOptions): string {
    const [before = ''] = program.split('/');
    if (cluster !== undefined) return cluster;
    return this.sides.some((side) => side.cluster.name === before) ? before : this.cluster.name;
  }

  #running(name: string): Running {
    const running = this.#programs.get(name);
    if (running === undefined) throw new RangeError(`program: expected one that was started, got ${name}`);
    return running;
  }

  /** Programs of one cluster that run. */
  #sleepers(of: string): readonly Sleeper[] {
    const sleepers: Sleeper[] = [];
    for (const {program, cluster, options} of this.#programs.values()) {
      if (cluster !== of || !program.runs) continue;
      sleepers.push(options.node === undefined ? {program} : {program, node: options.node});
    }
    return sleepers;
  }

  #disturb(name: string, options: ProgramOptions): void {
    this.#stillness.get(this.#clusterOf(name, options))?.disturb();
  }

  #launch(
    name: string,
    step: Step<unknown>,
    ports: Partial<SyncPorts>,
    {options, decorators}: Pick<Running, 'options' | 'decorators'>,
  ): Program {
    const {node} = options;
    const stillness = this.#stillness.get(this.#clusterOf(name, options));
    const seen = stillness && {
      version: () => stillness.version(node),
      disturbedAtMs: stillness.disturbedAtMs,
      calm: (lookedForMs: number) => stillness.calm(node, lookedForMs),
      askedHistory: stillness.askedHistory,
      signMs: () => (node === undefined ? undefined : stillness.signMs(node)),
    };
    return new Program(name, step, ports, {
      ...(seen === undefined ? {} : {stillness: seen}),
      scheduler: this.world.scheduler,
      latency: this.world.random.keyed(name, 'latency'),
      latencyMs: this.#latencyMs,
      decorators: () => decorators,
      isDeaf: () => (this.#deaf.get(name) ?? 0) > 0,
      onEnd: (state) => {
        if (state.state === 'failed') this.#fail(name, options, state.error);
        if (state.state === 'finished') this.#record(name, 'program-finished');
      },
    });
  }

  #hint(cluster: string, {key, writer, previous, current}: Commit, kind: Kind | undefined): void {
    const [before, after] = [previous?.value.object, current?.value.object];
    if (kind === undefined || isHeartbeat(kind, before, after)) return;
    const forNodes = seersOf(kind, key, before, after) !== 'controllers';
    for (const [name, {program, options, ...running}] of this.#programs) {
      if (running.cluster !== cluster || !running.wakeOn.has(kind.id)) continue;
      if (options.node !== undefined && !forNodes) continue;
      if (program.runs && writer !== `program/${name}` && (this.#deaf.get(name) ?? 0) === 0) program.hint();
    }
  }

  /** What a program says when it throws ends in a log, so it is a line of the trace and searched like every other. */
  #fail(name: string, options: ProgramOptions, error: unknown): void {
    this.#failure = new ProgramFailed(name, error);
    const prefix = `${this.#clusterOf(name, options)}/`;
    const entity = name.startsWith(prefix) ? name : `${prefix}${name}`;
    this.world.trace.record(this.nowMs, entity, 'program-failed', messagesOf(error));
  }

  #record(name: string, event: string): void {
    this.world.trace.record(this.nowMs, name, event);
  }
}

/** Causes of an error that are told, with its own message. */
const maxCauses = 8;

/** Messages of an error and of what caused it; no stack, which is another one on each machine. */
function messagesOf(error: unknown): string {
  const messages: string[] = [];
  let present: unknown = error;
  while (present !== undefined && messages.length < maxCauses) {
    messages.push(present instanceof Error ? present.message : String(present));
    present = present instanceof Error ? present.cause : undefined;
  }
  return messages.join(': ');
}

/** Makes a world in which nothing has gone wrong yet. */
export const createSimulation = (options: SimulationOptions): Simulation => new Simulation(options);

const defaultWakeOn: readonly ResourceType[] = [configResource, ringResource];

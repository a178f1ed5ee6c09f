// A simulation: one world, its clusters with their oracles, users, and the programs of the engine. Whoever holds it
// starts and kills programs, breaks things, and lets time pass.

import {utf8} from '@etcd-encryption/crypto';
import {configResource, type ResourceType, ringResource, type Step, type SyncPorts} from '@etcd-encryption/rotation';
import {maxLatencyMs, minLatencyMs} from './limits.ts';
import {watchInvariants} from './oracles/index.ts';
import type {NameRegistry} from './oracles/name.ts';
import type {Finding} from './oracles/readable.ts';
import type {InvariantName} from './oracles/violation.ts';
import {type Decorator, Program, type ProgramState} from './program.ts';
import {Cluster} from './world/cluster.ts';
import type {Kind} from './world/kinds.ts';
import {resourceId} from './world/kinds.ts';
import type {NodeOptions} from './world/node.ts';
import {type UserOptions, Users} from './world/users.ts';
import {createWorld, type World} from './world/world.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** How many control-plane nodes (`n1`, `n2`, …), or each of them. */
  readonly nodes?: number | readonly NodeOptions[];
  /** Objects that are there at the beginning, such as `{secrets: 100, configmaps: 50}`. */
  readonly objects?: Readonly<Record<string, number>>;
  /**
   * What every node's file holds at the beginning; `absent` = the servers have neither flag nor file. By default all
   * that is encrypted later is listed and in clear.
   */
  readonly file?: Uint8Array | 'absent';
  /** Values are encrypted and opened for real, at each write and read. */
  readonly realCrypto?: boolean;
  /** Invariants whose breaking ends the run; absent: all of them, and with an empty list nobody watches. */
  readonly oracles?: readonly InvariantName[];
  readonly epochMs?: number;
  readonly pollMs?: number;
  readonly compactionMs?: number;
  readonly latencyMs?: {readonly least: number; readonly most: number};
  readonly kinds?: readonly Kind[];
  readonly users?: UserOptions;
  readonly clusterName?: string;
}

export interface ProgramOptions {
  /** Node that it runs on; it dies with it. */
  readonly node?: string;
  /** Kinds whose changes by others wake it from its sleep. */
  readonly wakeOn?: readonly ResourceType[];
}

interface Running {
  readonly make: () => Step<unknown>;
  readonly ports: Partial<SyncPorts>;
  readonly options: ProgramOptions;
  readonly decorators: Decorator[];
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
  readonly cluster: Cluster;
  readonly users: Users;
  readonly #programs = new Map<string, Running>();
  readonly #latencyMs: {readonly least: number; readonly most: number};
  readonly #findings: readonly Finding[];
  #failure: ProgramFailed | undefined;

  constructor(options: SimulationOptions) {
    const {seed, epochMs} = options;
    this.world = createWorld(epochMs === undefined ? {seed} : {seed, epochMs});
    this.#latencyMs = options.latencyMs ?? {least: minLatencyMs, most: maxLatencyMs};
    this.cluster = new Cluster(this.world, {
      name: options.clusterName ?? 'east',
      nodes: nodesOf(options.nodes ?? 3),
      file: options.file === 'absent' ? undefined : (options.file ?? clearFile),
      pollMs: options.pollMs ?? 60_000,
      ...(options.kinds === undefined ? {} : {kinds: options.kinds}),
      ...(options.realCrypto === undefined ? {} : {realCrypto: options.realCrypto}),
      ...(options.compactionMs === undefined ? {} : {compactionMs: options.compactionMs}),
    });
    const registry: NameRegistry = new Map();
    this.#findings = watchInvariants(this.cluster, registry, options.oracles).findings;
    this.users = new Users(this.cluster, options.users);
    for (const [resource, count] of Object.entries(options.objects ?? {})) this.users.populate(resource, count);
    this.cluster.observe({onCommit: ({writer}, kind) => this.#hint(writer, kind)});
  }

  get nowMs(): number {
    return this.world.scheduler.nowMs;
  }

  /** Named exceptions that the oracles saw. */
  get findings(): readonly Finding[] {
    return this.#findings;
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
    this.#programs.set(name, {
      make,
      ports,
      options,
      decorators,
      program: this.#launch(name, make(), ports, decorators),
    });
  }

  /** Ends a program between two of its requests; what it asked for last may or may not have happened. */
  killProgram(name: string): void {
    this.#running(name).program.kill();
    this.#record(name, 'program-killed');
  }

  /** Lets a program end by itself: its sleep is answered `stop`. */
  stopProgram(name: string): void {
    this.#running(name).program.stop();
  }

  /** Starts a program again with a new generator, after killing it if it runs. */
  restartProgram(name: string, afterMs = 0): void {
    const running = this.#running(name);
    if (running.program.runs) this.killProgram(name);
    const start = (): void => {
      if (running.program.runs) return;
      running.program = this.#launch(name, running.make(), running.ports, running.decorators);
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

  /** Puts a fault between a program and its ports; call the answer to take it away. The newest one stands outermost. */
  decorate(name: string, decorator: Decorator): () => void {
    const {decorators} = this.#running(name);
    decorators.push(decorator);
    return () => {
      const index = decorators.indexOf(decorator);
      if (index >= 0) decorators.splice(index, 1);
    };
  }

  /** A node loses its power: its server and programs end, unsynced writes are lost with probability `loss`. */
  powerLoss(node: string, loss?: number): void {
    for (const [name, {program, options}] of this.#programs) {
      if (options.node === node && program.runs) this.killProgram(name);
    }
    this.cluster.node(node).powerLoss(loss);
  }

  /** The node starts: first its server, then after `agentsAfterMs` its programs. */
  boot(node: string, agentsAfterMs = 10_000): void {
    this.cluster.node(node).boot();
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

  #running(name: string): Running {
    const running = this.#programs.get(name);
    if (running === undefined) throw new RangeError(`program: expected one that was started, got ${name}`);
    return running;
  }

  #launch(name: string, step: Step<unknown>, ports: Partial<SyncPorts>, decorators: readonly Decorator[]): Program {
    return new Program(name, step, ports, {
      scheduler: this.world.scheduler,
      latency: this.world.random.stream(name, 'latency'),
      latencyMs: this.#latencyMs,
      decorators: () => decorators,
      onEnd: (state) => {
        if (state.state === 'failed') this.#failure = new ProgramFailed(name, state.error);
        if (state.state === 'finished') this.#record(name, 'program-finished');
      },
    });
  }

  #hint(writer: string, kind: Kind | undefined): void {
    if (kind === undefined) return;
    for (const [name, {program, options}] of this.#programs) {
      if (!program.runs || writer === `program/${name}`) continue;
      const wakes = (options.wakeOn ?? defaultWakeOn).some((resource) => resourceId(resource) === kind.id);
      if (wakes) program.hint();
    }
  }

  #record(name: string, event: string): void {
    this.world.trace.record(this.nowMs, name, event);
  }
}

/** Makes a world with one cluster in which nothing has gone wrong yet. */
export const createSimulation = (options: SimulationOptions): Simulation => new Simulation(options);

const defaultWakeOn: readonly ResourceType[] = [configResource, ringResource];

const nodesOf = (nodes: number | readonly NodeOptions[]): readonly NodeOptions[] =>
  typeof nodes === 'number'
    ? Array.from({length: nodes}, (_, index) => ({name: `n${index + 1}`, address: `10.0.0.${index + 1}`}))
    : nodes;

/** A configuration that encrypts nothing: what a cluster has whose servers were given the flag and no key yet. */
const clearFile = utf8(
  '# providers:\n#   - identity\n{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration",' +
    '"resources":[{"resources":["secrets","configmaps"],"providers":[{"identity":{}}]}]}',
);

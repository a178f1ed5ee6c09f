// Kills by phase: watches where a rotation is, kills processes there with SIGKILL, starts them again and counts. A kill
// counts only when the phase was on right before it and still right after it, and the process was at work again.

import {setTimeout as sleep} from 'node:timers/promises';
import type {Random} from '../loader/random.ts';
import {ringPhase, rotationPhases} from './ring-phase.ts';
import type {RotationCluster} from './rotation-cluster.ts';

export const killPhases = [...rotationPhases, 'Dropping'] as const;
export type KillPhase = (typeof killPhases)[number];

export const killTargets = ['controller', 'agent-node-1', 'agent-node-2', 'server-node-2'] as const;
export type KillTarget = (typeof killTargets)[number];

const serverNode = 'node-2';

export interface KillsOptions {
  readonly cluster: RotationCluster;
  readonly random: Random;
  /** Kills wanted of each process in each phase. */
  readonly wanted: number;
  /** Most processes killed at the same moment. */
  readonly together: number;
  /** Longest time that a process stays dead, ms. */
  readonly deadMs: number;
  /** About how long a migration takes, ms: kills hit anywhere in it. */
  readonly migrationMs: number;
}

/** Longest wait between the first sight of a phase and the kill, ms: short phases leave no time, long ones are hit anywhere. */
const delayMs: Readonly<Record<Exclude<KillPhase, 'Migrating'>, number>> = {
  Preflight: 60,
  Minting: 30,
  Distributing: 1_200,
  Activating: 20,
  Converging: 800,
  Verifying: 20,
  Dropping: 1_000,
};

const pollMs = 10;

export class Kills {
  readonly #options: KillsOptions;
  readonly #counts = new Map<KillTarget, Map<KillPhase, number>>();
  /** Processes that are dead or have not done anything yet since they were started again. */
  readonly #recovering = new Map<KillTarget, Promise<void>>();
  #missed = 0;

  constructor(options: KillsOptions) {
    this.#options = options;
    for (const target of killTargets) this.#counts.set(target, new Map());
  }

  get missed(): number {
    return this.#missed;
  }

  /** Nodes whose server is away, for users to avoid. */
  isAway(node: string): boolean {
    return node === serverNode && this.#recovering.has('server-node-2');
  }

  count(target: KillTarget, phase: KillPhase): number {
    return this.#counts.get(target)?.get(phase) ?? 0;
  }

  /** Processes that are still to be killed in a phase. */
  open(phases: readonly KillPhase[]): readonly string[] {
    return killTargets.flatMap((target) =>
      phases.filter((phase) => this.count(target, phase) < this.#options.wanted).map((phase) => `${target} ${phase}`),
    );
  }

  /** Requests a rotation and kills until it is complete and every process is at work again. */
  async duringRotation(request: string, timeoutMs: number): Promise<void> {
    const {cluster} = this.#options;
    await cluster.rotate(request);
    await this.#killWhile(async () => {
      const phase = ringPhase(await cluster.ring(), request);
      return phase === 'Idle' ? undefined : phase;
    }, timeoutMs);
  }

  /** Kills while keys are on their way out of the files, as the status says, until `isOver`. */
  async duringDrop(isOver: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const {cluster} = this.#options;
    await this.#killWhile(async () => {
      if (await isOver()) return undefined;
      const {phase} = await cluster.status();
      return phase === 'Dropping' ? 'Dropping' : 'between';
    }, timeoutMs);
  }

  async #killWhile(read: () => Promise<KillPhase | 'between' | undefined>, timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    let struck: KillPhase | undefined;
    for (;;) {
      const phase = await read();
      if (phase === undefined) break;
      if (performance.now() > end) throw await this.#late(phase, timeoutMs);
      const victims = phase === 'between' ? [] : this.#choose(phase);
      if (phase !== 'between' && victims.length > 0) {
        if (phase !== struck) await sleep(this.#options.random.below(this.#delayMs(phase)));
        struck = phase;
        await this.#strike(phase, victims, read);
      }
      await sleep(pollMs);
    }
    await Promise.all(this.#recovering.values());
  }

  #delayMs(phase: KillPhase): number {
    return phase === 'Migrating' ? this.#options.migrationMs : delayMs[phase];
  }

  async #late(phase: string, timeoutMs: number): Promise<Error> {
    const {controller, agents} = this.#options.cluster;
    const logs = await Promise.all([controller, ...agents.values()].map((program) => program.log()));
    const ends = logs.map((log) => log.split('\n').slice(-12).join('\n'));
    const {conditions} = await this.#options.cluster.status();
    const recovering = [...this.#recovering.keys()].join(', ');
    const words = [`not within ${timeoutMs / 1_000} s: the end of ${phase}`, `recovering: ${recovering}`];
    return new Error([...words, JSON.stringify(conditions), ...ends].join('\n\n'));
  }

  /** Nobody is killed while nothing moves, which is until a controller is at work again. */
  #choose(phase: KillPhase): readonly KillTarget[] {
    const {random, wanted, together} = this.#options;
    if (this.#recovering.has('controller')) return [];
    const able = killTargets.filter((target) => this.count(target, phase) < wanted && !this.#recovering.has(target));
    const chosen: KillTarget[] = [];
    while (chosen.length < together && able.length > 0) chosen.push(...able.splice(random.below(able.length), 1));
    return chosen;
  }

  async #strike(phase: KillPhase, victims: readonly KillTarget[], read: () => Promise<string | undefined>) {
    if ((await read()) !== phase) return;
    const epoch = (await this.#options.cluster.ring())?.epoch ?? 0;
    const ends = victims.map((target) => this.#kill(target));
    await Promise.all(ends);
    const isStill = (await read()) === phase;
    for (const target of victims) {
      if (isStill) this.#counts.get(target)?.set(phase, this.count(target, phase) + 1);
      else this.#missed++;
      const recovery = this.#revive(target, epoch).finally(() => this.#recovering.delete(target));
      // Whoever waits for it is told; until then a failure is nobody's.
      recovery.catch(() => undefined);
      this.#recovering.set(target, recovery);
    }
  }

  async #kill(target: KillTarget): Promise<void> {
    const {cluster} = this.#options;
    this.#recovering.set(target, Promise.resolve());
    if (target === 'server-node-2') await cluster.plane.killServer(serverNode);
    else await this.#program(target).end('SIGKILL');
  }

  #program(target: Exclude<KillTarget, 'server-node-2'>) {
    const {cluster} = this.#options;
    const program = target === 'controller' ? cluster.controller : cluster.agents.get(target.slice('agent-'.length));
    if (program === undefined) throw new RangeError(`target: expected a program of the cluster, got ${target}`);
    return program;
  }

  /** Starts a process again after a pause and waits until it has done something. */
  async #revive(target: KillTarget, epoch: number): Promise<void> {
    const {cluster, random, deadMs} = this.#options;
    await sleep(random.below(deadMs));
    if (target === 'server-node-2') return await cluster.plane.startServer(serverNode);
    const startedAtMs = Date.now();
    this.#program(target).start();
    const isAtWork = async (): Promise<boolean> => {
      if (target === 'controller') return ((await cluster.ring())?.epoch ?? 0) > epoch;
      const report = (await cluster.reports()).find(({node}) => `agent-${node}` === target);
      return (report?.atMs ?? 0) > startedAtMs;
    };
    while (!(await isAtWork())) await sleep(100);
  }

  /** Processes down, phases across. */
  table(phases: readonly KillPhase[]): string {
    const rows = [
      ['', ...phases],
      ...killTargets.map((target) => [target, ...phases.map((phase) => `${this.count(target, phase)}`)]),
    ];
    return rows
      .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(14) : cell.padStart(13))).join(''))
      .join('\n');
  }
}

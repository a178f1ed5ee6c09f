// Runs one seed of a rehearsal: the timeline, then everything heals, then time passes until the clusters have settled
// and every goal is reached, or too much of it has passed. Whoever needs more than the result drives the run itself.

import {defaultPromotionGraceMs} from '@etcd-encryption/rotation';
import {createLiveness} from '../oracles/liveness.ts';
import {InvariantViolation} from '../oracles/violation.ts';
import type {Pair} from '../pair.ts';
import {ProgramFailed, type Simulation} from '../run.ts';
import {restoresOf, startChaos} from './chaos.ts';
import {deleteSurplus} from './deeds/mirror.ts';
import {refuseAesGcm} from './deeds/nodes.ts';
import {followMembership} from './deeds/operator.ts';
import {keepBackups, restoresIn} from './deeds/restore.ts';
import {createExpectations, type Expectations, unreadableValues} from './expectations.ts';
import type {ManagedCluster} from './managed.ts';
import type {Phase, Rehearsal} from './model.ts';
import {phaseOf} from './phase.ts';
import {keepProof} from './proof.ts';
import {prepare} from './reference.ts';
import type {SeedResult, Violation} from './result.ts';
import {play, type Scene, waitFor, waitUntil} from './scene.ts';
import {intervalOf} from './settings.ts';
import {clusterOf, createStage, type RunEvent, type Stage} from './stage.ts';
import {startTimeline, type Timeline} from './timeline.ts';
import {createRehearsalWorld, type RehearsalWorld, type WorldOptions} from './world.ts';

export interface RunOptions extends WorldOptions {
  /**
   * Begins where the first rotation is complete and the next key is loaded everywhere, as after a restart of all
   * programs; such a world is made once for each shape. Without it nothing is encrypted at the beginning, unless the
   * rehearsal itself says so.
   */
  readonly prepared?: boolean;
  /** Told of what happened, for people. */
  readonly listen?: (event: RunEvent) => void;
}

/** One seed of a rehearsal as it goes on. */
export interface Run {
  readonly simulation: Simulation;
  /** Absent where the file has one cluster. */
  readonly pair: Pair<string> | undefined;
  /** By the names of the file, in its order. */
  readonly clusters: ReadonlyMap<string, ManagedCluster>;
  readonly nowMs: number;
  /** Whether it came to its end, or to a violation. */
  readonly over: boolean;
  readonly violation: Violation | undefined;
  /** @throws RangeError where the file has no cluster of this name */
  readonly phaseOf: (cluster: string) => Phase;
  /**
   * Lets time pass until `until` (a time in ms, or something that becomes true), at most until `limitMs`, and no
   * further than the end of the run.
   * @returns whether it came to pass
   */
  readonly runUntil: (until: number | (() => boolean), limitMs?: number) => boolean;
  /** What came out so far; at the end, of the seed. */
  readonly result: () => SeedResult;
}

/**
 * Runs a seed to its end.
 * @throws RangeError where the rehearsal names what it has not
 */
export function runRehearsal(rehearsal: Rehearsal, options: RunOptions): SeedResult {
  const run = createRun(rehearsal, options);
  run.runUntil(() => run.over);
  return run.result();
}

/** Makes the world of a seed; nothing happens until time passes. @throws RangeError as {@link runRehearsal} */
export function createRun(rehearsal: Rehearsal, options: RunOptions): Run {
  const {prepared = false, adopted: _, ...times} = rehearsal.world ?? {};
  const asked = {...options, times: {...times, ...options.times}};
  const from = (options.prepared ?? prepared) ? {from: prepare(rehearsal, asked)} : {};
  const world = createRehearsalWorld(rehearsal, {...asked, ...from});
  const stage = createStage(world, options.listen);
  const end = new Ending(stage);
  followMembership(stage);
  if (!('standby' in rehearsal.settings && rehearsal.settings.standby === 'none')) keepProof(world);
  for (const {name, refusesAesGcm} of rehearsal.clusters)
    if (refusesAesGcm === true) refuseAesGcm(stage, clusterOf(stage, name));
  watchPhases(stage);
  const expectations = createExpectations(stage, rehearsal, (violation) => end.fail(violation));
  const intervalMs = intervalOf(rehearsal.settings);
  const random = {chaos: rehearsal.chaos, intervalMs};
  const names = world.clusters.map(({name}) => name);
  const backups = keepBackups(stage, [...restoresIn(rehearsal), ...restoresOf(random, names)]);
  const timeline = startTimeline(stage, rehearsal.timeline, {
    backups,
    factLimitMs: factIntervals * intervalMs,
    did: (deed) => expectations.did(deed),
  });
  const chaos = watchEnd((over) => startChaos(stage, {...random, backups}, over));
  const scene = conduct(rehearsal, {stage, timeline, expectations, chaos});
  play(stage.scheduler, 'rehearsal', scene, (violation) => {
    if (violation === undefined) end.pass();
    else end.fail(violation);
  });
  const told = {timeline, expectations, end, seed: options.seed};
  return runOf(stage, told);
}

/** Longest that an entry waits for its fact, in rotation intervals. */
const factIntervals = 5;
/** Longest that a run waits until it has settled, in rotation intervals, and beside them, ms. */
const settleIntervals = 2;
const settleMs = 5_400_000;
/** How often it is looked whether it has, ms. */
const settleLookMs = 60_000;
/** Programs that died last have started again by then, and leaders have raised their epochs, ms. */
const restartMs = 60_000;
/** An obstacle has to be named within this, ms. */
const namedMs = 600_000;

function graceOf({settings}: Rehearsal): number {
  const {promotionGraceMs} = 'fromConfig' in settings ? {} : settings;
  return promotionGraceMs ?? defaultPromotionGraceMs;
}

interface Conducted {
  readonly stage: Stage;
  readonly timeline: Timeline;
  readonly expectations: Expectations;
  readonly chaos: {readonly whenOver: (then: () => void) => void};
}

/** Begins something, and calls back whoever asks for its end. */
function watchEnd(begin: (over: () => void) => void): Conducted['chaos'] {
  const waiting: (() => void)[] = [];
  let isOver = false;
  begin(() => {
    isOver = true;
    for (const then of waiting.splice(0)) then();
  });
  return {
    whenOver(then) {
      if (isOver) then();
      else waiting.push(then);
    },
  };
}

/** The order of a run; ends with what was expected and did not come. */
function* conduct(
  rehearsal: Rehearsal,
  {stage, timeline, expectations, chaos}: Conducted,
): Scene<Violation | undefined> {
  yield {kind: 'call', begin: (resume) => timeline.whenOver(() => resume(true))};
  yield {kind: 'call', begin: (resume) => chaos.whenOver(() => resume(true))};
  expectations.begin();
  if (!expectations.isObstacleNamed()) yield* waitUntil(() => expectations.isObstacleNamed(), namedMs);
  if (!expectations.isObstacleNamed()) return expectations.unreached();
  heal(stage);
  stage.tell({what: 'everything is put right', kind: 'deed'});
  const limitMs = settleIntervals * intervalOf(rehearsal.settings) + graceOf(rehearsal) + settleMs;
  const healedAtMs = stage.scheduler.nowMs;
  yield* waitFor(restartMs);
  const {simulation, clusters} = stage.world;
  const liveness = createLiveness({simulation, clusters, healedAtMs, settleMs: limitMs});
  yield* waitUntil(() => expectations.areReached() && liveness.settled(), limitMs, settleLookMs);
  return liveness.judge() ?? expectations.unreached();
}

/** Faults end, nodes come back, and a pair without a Synchronizer gets one on the side that users left. */
function heal(stage: Stage): void {
  stage.healAll();
  const {pair, users, simulation} = stage.world;
  users.resume();
  if (pair === undefined) return;
  for (const name of pair.names) {
    const synchronizer = pair.synchronizer(name);
    synchronizer.faults.losesDeletes = false;
    if (synchronizer.installed) deleteSurplus(pair, name);
  }
  if (pair.names.some((name) => pair.synchronizer(name).installed)) return;
  const left = pair.names.find((name) => simulation.side(name).cluster !== users.cluster);
  if (left !== undefined) pair.follow(left);
}

/** How a run ends: with the first thing that was not as it had to be, or without. */
class Ending {
  readonly #stage: Stage;
  #violation: Violation | undefined;
  #over = false;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get over(): boolean {
    return this.#over;
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  pass(): void {
    this.#over = true;
  }

  fail(violation: Violation): void {
    if (this.#over) return;
    this.#over = true;
    this.#violation = violation;
    const {name: what, cluster, node, explanation} = violation;
    const where = node === '' ? {cluster} : {cluster, node};
    this.#stage.tell({...where, what: `${what}: ${explanation}`, kind: 'verdict'});
  }

  /** What an oracle or a program threw, as a violation. @throws whatever it was, if it is neither */
  take(thrown: unknown): void {
    if (thrown instanceof InvariantViolation) {
      const {invariant: name, ...detail} = thrown.detail;
      this.fail({name, ...detail});
    } else if (thrown instanceof ProgramFailed) {
      const atMs = this.#stage.scheduler.nowMs;
      this.fail({name: 'program failed', cluster: '', node: '', key: '', explanation: thrown.message, atMs});
    } else {
      throw thrown;
    }
  }
}

interface ToldRun {
  readonly timeline: Timeline;
  readonly expectations: Expectations;
  readonly end: Ending;
  readonly seed: number;
}

function runOf(stage: Stage, told: ToldRun): Run {
  const {world, scheduler} = stage;
  const {simulation, pair} = world;
  const {end} = told;
  return {
    simulation,
    pair,
    clusters: new Map(world.clusters.map((managed) => [managed.name, managed])),
    get nowMs() {
      return scheduler.nowMs;
    },
    get over() {
      return end.over;
    },
    get violation() {
      return end.violation;
    },
    phaseOf: (cluster) => phaseOf(clusterOf(stage, cluster)),
    runUntil(until, limitMs = Number.POSITIVE_INFINITY) {
      if (end.over) return false;
      const isThere = typeof until === 'number' ? () => scheduler.nowMs >= until : until;
      const mostMs = typeof until === 'number' ? Math.min(until, limitMs) : limitMs;
      try {
        simulation.runUntil(() => end.over || isThere(), mostMs);
      } catch (thrown) {
        end.take(thrown);
      }
      return isThere();
    },
    result: () => resultOf(stage, told),
  };
}

function resultOf({world, scheduler, strikes}: Stage, {timeline, expectations, end, seed}: ToldRun): SeedResult {
  return {
    seed,
    violation: end.violation,
    strikes,
    missed: timeline.missed(),
    moments: expectations.moments(),
    rotations: world.clusters.reduce((sum, {completed}) => sum + completed.length, 0),
    unreadable: world.clusters.reduce((sum, managed) => sum + unreadableValues(managed), 0),
    events: scheduler.events,
    virtualMs: scheduler.nowMs,
    traceHash: world.simulation.traceHash,
  };
}

/** Tells of each phase that a cluster enters, and has users hurry while anything is under way. */
function watchPhases({world, tell}: Stage): void {
  for (const managed of world.clusters) watchPhase(world, managed, tell);
}

function watchPhase({enliven}: RehearsalWorld, managed: ManagedCluster, tell: Stage['tell']): void {
  let last: Phase = 'Idle';
  managed.onFact(() => {
    const phase = phaseOf(managed);
    if (phase === last) return;
    last = phase;
    enliven();
    tell({cluster: managed.name, what: `phase ${phase}`, kind: 'fact'});
  });
}

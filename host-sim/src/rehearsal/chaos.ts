// Random faults beside the timeline. Each class draws from a stream of its own, so that leaving one out does not change
// when the others strike; each fault ends by itself. Of the deeds that turn a pair around, one goes on at a time.

import type {Stream} from '../prng.ts';
import {perform} from './deeds/perform.ts';
import type {Backups, Restore} from './deeds/restore.ts';
import {agentsOf} from './managed.ts';
import {type Chaos, type CrashTarget, type Deed, type FaultClass, faultClasses, type ProgramTarget} from './model.ts';
import {play, type Scene, waitFor, waitUntil} from './scene.ts';
import type {Stage} from './stage.ts';

export interface ChaosOptions {
  readonly chaos: Chaos;
  readonly intervalMs: number;
  readonly backups: Backups;
}

interface Draw {
  readonly stage: Stage;
  readonly draws: Stream;
  readonly intervalMs: number;
}

/** A deed, or time that passes before the next one. */
type Steps = readonly (Deed | number)[];

/** Faults of a class in one rotation interval, on average. */
const perInterval = {light: 1, full: 4} as const;
const perIntervalOfNamed = 2;
/** How long faults begin, in rotation intervals. */
const chaosIntervals = 3;
const secondMs = 1_000;
const minuteMs = 60_000;

/** Classes of a profile, sorted. */
const classesOf = (chaos: Chaos): readonly FaultClass[] =>
  'classes' in chaos ? [...chaos.classes].sort() : chaos.profile === 'none' ? [] : [...faultClasses].sort();

/** Restores that chaos may draw: backups are kept for these. */
export function restoresOf(
  {chaos, intervalMs}: Omit<ChaosOptions, 'backups'>,
  clusters: readonly string[],
): readonly Restore[] {
  if (!classesOf(chaos).includes('restore')) return [];
  return clusters.map((cluster) => ({kind: 'restore', cluster, ageMs: Math.ceil(intervalMs / 8)}));
}

/** Lets faults strike from now on; calls back once when the last one has ended. */
export function startChaos(stage: Stage, {chaos, intervalMs, backups}: ChaosOptions, over: () => void): void {
  const classes = classesOf(chaos);
  const rate = 'classes' in chaos ? perIntervalOfNamed : chaos.profile === 'none' ? 0 : perInterval[chaos.profile];
  const turning = {busy: false};
  let running = classes.length;
  if (running === 0) over();
  for (const fault of classes) {
    const draws = stage.world.simulation.world.random.stream('chaos', fault);
    const scene = recur({stage, draws, intervalMs}, {fault, rate, turning, backups});
    play(stage.scheduler, `chaos/${fault}`, scene, () => {
      running--;
      if (running === 0) over();
    });
  }
}

interface Recurring {
  readonly fault: FaultClass;
  readonly rate: number;
  readonly turning: {busy: boolean};
  readonly backups: Backups;
}

function* recur(draw: Draw, {fault, rate, turning, backups}: Recurring): Scene<void> {
  const {stage, draws, intervalMs} = draw;
  const endMs = stage.scheduler.nowMs + chaosIntervals * intervalMs;
  for (;;) {
    yield* waitFor(Math.ceil((-Math.log(1 - draws.next()) * intervalMs) / rate));
    if (stage.scheduler.nowMs > endMs) return;
    const steps = stepsOf(fault, draw);
    if (turns.has(fault)) {
      if (!(yield* waitUntil(() => !turning.busy, intervalMs, minuteMs))) continue;
      turning.busy = true;
    }
    for (const step of steps) {
      if (typeof step === 'number') yield* waitFor(step);
      else yield* perform(stage, step, {came: () => {}, backups});
    }
    if (turns.has(fault)) turning.busy = false;
  }
}

/** What changes who is who, or what a whole side holds. */
const turns: ReadonlySet<FaultClass> = new Set<FaultClass>(['failover', 'restore', 'rootSwap', 'forgetNode']);

function stepsOf(fault: FaultClass, draw: Draw): Steps {
  const {stage, draws, intervalMs} = draw;
  const upTo = (mostMs: number): number => draws.integer(5 * secondMs, Math.max(5 * secondMs, Math.floor(mostMs)));
  const cluster = draws.pick(stage.world.clusters);
  const node = draws.pick(cluster.cluster.nodes).name;
  const shortMs = upTo(Math.min(10 * minuteMs, intervalMs / 8));
  const longMs = upTo(intervalMs / 4);
  switch (fault) {
    case 'crash':
      return [crash(draw, node)];
    case 'unknownAnswer':
      return [{kind: 'unknownAnswer', target: programOf(draw)}];
    case 'powerLoss':
      return isAlone(stage, node) ? [] : [{kind: 'powerLoss', node, forMs: shortMs}, shortMs];
    case 'nodeDown':
      return isAlone(stage, node) ? [] : [{kind: 'down', node, forMs: longMs}, longMs];
    case 'staleView':
      return [{kind: 'staleView', target: programOf(draw), forMs: shortMs}];
    case 'missedEvent':
      return [{kind: 'missedEvents', target: programOf(draw), forMs: shortMs}];
    case 'clock': {
      const of = draws.pick([node, cluster.name]);
      const byMs = draws.pick([-1, 1]) * shortMs;
      return [{kind: 'clock', of, byMs}, longMs, {kind: 'clock', of, byMs: -byMs}];
    }
    case 'stall':
      return [{kind: 'stall', what: 'replication', forMs: longMs}, longMs];
    case 'resync':
      return [{kind: 'resync', what: 'replication'}];
    case 'lostDelete':
      return [{kind: 'loseDeletes', what: 'replication', forMs: shortMs}, shortMs];
    case 'surplusKey':
      return [{kind: 'surplusKey', cluster: cluster.name}];
    case 'operatorEdit':
      return [
        draws.pick<Deed>([
          {kind: 'editFile', node},
          {kind: 'rotate', cluster: activeOf(stage)},
        ]),
      ];
    case 'pause':
      return [{kind: 'pause', cluster: cluster.name}, longMs, {kind: 'resume', cluster: cluster.name}];
    case 'forgetNode':
      return isAlone(stage, node)
        ? []
        : [{kind: 'down', node}, 2 * minuteMs, {kind: 'forgetNode', node}, longMs, {kind: 'up', node}, minuteMs];
    case 'rootSwap':
      return [{kind: 'rootReplaced', clusters: stage.world.clusters.map(({name}) => name), onPurpose: true}, longMs];
    case 'restore':
      return [{kind: 'restore', cluster: cluster.name, ageMs: Math.ceil(intervalMs / 8)}, longMs];
    case 'failover':
      return turnAround(draw, longMs);
    default:
      return fault satisfies never;
  }
}

function crash({stage, draws}: Draw, node: string): Deed {
  const program = programOf({stage, draws});
  const target = draws.pick<CrashTarget>([program, program, {node, program: 'server'}]);
  return draws.pick<Deed>([
    {kind: 'crash', target},
    {kind: 'crash', target, after: 'deed'},
    {kind: 'crash', target, before: 'deed'},
  ]);
}

function programOf({stage, draws}: Pick<Draw, 'stage' | 'draws'>): ProgramTarget {
  return draws.pick(
    stage.world.clusters.flatMap((managed): readonly ProgramTarget[] => [
      {cluster: managed.name, program: 'controller'},
      ...agentsOf(managed),
    ]),
  );
}

/** Whether no other node of the cluster is there, or one is away already. */
function isAlone({world: {clusters}, away}: Stage, node: string): boolean {
  const owner = clusters.find(({cluster}) => cluster.nodes.some(({name}) => name === node));
  const nodes = owner?.cluster.nodes ?? [];
  return nodes.length < 2 || nodes.some(({name}) => away.has(name));
}

const activeOf = ({world: {clusters, users}}: Stage): string =>
  clusters.find(({cluster}) => cluster === users.cluster)?.name ?? '';

/** The side that follows takes over; after a while the other one follows it. */
function turnAround({stage, draws}: Draw, afterMs: number): Steps {
  const {pair} = stage.world;
  const to = pair?.names.find((name) => pair.synchronizer(name).installed);
  if (pair === undefined || to === undefined) return [];
  const mode = draws.pick(['planned', 'unplanned'] as const);
  return [{kind: 'failover', to, mode}, afterMs, {kind: 'installSynchronizer', cluster: pair.other(to)}, minuteMs];
}

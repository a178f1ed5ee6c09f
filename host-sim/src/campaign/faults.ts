// One fault of a campaign as deeds of a rehearsal: what strikes at once, and what has to follow so that the world is
// whole again. Each draws from a stream of its own, so that leaving it out changes no other.

import type {Stream} from '../prng.ts';
import type {ClusterPlan, CrashTarget, Deed, FaultClass, ProgramTarget} from '../rehearsal/model.ts';

/** Where and on what a fault strikes. */
export interface FaultPlace {
  readonly cluster: ClusterPlan;
  /** The other side of a pair. */
  readonly other: ClusterPlan | undefined;
  /** Whether it has to strike at this very moment, and not with a program's next deed. */
  readonly now: boolean;
}

/** Deeds at a moment counted from when the fault strikes, ms. */
export interface Happening {
  readonly offsetMs: number;
  readonly deeds: readonly Deed[];
}

type Draw = (place: FaultPlace, draws: Stream) => readonly Happening[];

/** What a fault of this class is here and now. */
export const drawFault = (fault: FaultClass, place: FaultPlace, draws: Stream): readonly Happening[] =>
  drawn[fault](place, draws);

const secondMs = 1_000;
const minuteMs = 60_000;

/** A time of any order of magnitude between both, as whole tenths of a second, ms. */
const around = (draws: Stream, leastMs: number, mostMs: number): number =>
  Math.max(100, Math.round((leastMs * (mostMs / leastMs) ** draws.next()) / 100) * 100);

const atOnce = (...deeds: readonly Deed[]): readonly Happening[] => [{offsetMs: 0, deeds}];
const later = (offsetMs: number, ...deeds: readonly Deed[]): Happening => ({offsetMs, deeds});

const drawn: Readonly<Record<FaultClass, Draw>> = {
  crash: (place, draws) => atOnce(crash(place, draws)),
  unknownAnswer: ({cluster}, draws) => atOnce({kind: 'unknownAnswer', target: programOf(cluster, draws)}),
  powerLoss: ({cluster}, draws) =>
    atOnce({kind: 'powerLoss', node: draws.pick(cluster.nodes), forMs: around(draws, 5 * secondMs, 2 * minuteMs)}),
  nodeDown: ({cluster}, draws) =>
    atOnce({kind: 'down', node: draws.pick(cluster.nodes), forMs: around(draws, 5 * secondMs, 5 * minuteMs)}),
  staleView: ({cluster}, draws) =>
    atOnce({kind: 'staleView', target: programOf(cluster, draws), forMs: around(draws, secondMs, 2 * minuteMs)}),
  missedEvent: ({cluster}, draws) =>
    atOnce({kind: 'missedEvents', target: programOf(cluster, draws), forMs: around(draws, secondMs, 5 * minuteMs)}),
  clock: ({cluster}, draws) => {
    const byMs = around(draws, secondMs, 120 * minuteMs);
    const of = draws.pick([cluster.name, ...cluster.nodes]);
    return atOnce({kind: 'clock', of, byMs: draws.chance(0.5) ? byMs : -byMs});
  },
  stall: (_, draws) => atOnce({kind: 'stall', what: 'replication', forMs: around(draws, 2 * secondMs, 10 * minuteMs)}),
  resync: () => atOnce({kind: 'resync', what: 'replication'}),
  lostDelete: (_, draws) =>
    atOnce({kind: 'loseDeletes', what: 'replication', forMs: around(draws, 10 * secondMs, 3 * minuteMs)}),
  surplusKey: ({cluster}) => atOnce({kind: 'surplusKey', cluster: cluster.name}),
  operatorEdit: ({cluster}, draws) => atOnce({kind: 'editFile', node: draws.pick(cluster.nodes)}),
  pause: ({cluster: {name: cluster}}, draws) => [
    ...atOnce({kind: 'pause', cluster}),
    later(around(draws, 5 * secondMs, 5 * minuteMs), {kind: 'resume', cluster}),
  ],
  forgetNode: ({cluster}, draws) => {
    const node = draws.pick(cluster.nodes);
    return [
      ...atOnce({kind: 'down', node}, {kind: 'forgetNode', node}),
      later(around(draws, 10 * secondMs, 5 * minuteMs), {kind: 'up', node}),
    ];
  },
  rootSwap: ({cluster, other}) => {
    const clusters = [cluster, ...(other === undefined ? [] : [other])].map(({name}) => name).sort();
    return atOnce({kind: 'rootReplaced', clusters, onPurpose: true});
  },
  restore: ({cluster}, draws) =>
    atOnce({kind: 'restore', cluster: cluster.name, ageMs: around(draws, 2 * secondMs, 10 * minuteMs)}),
  failover: ({cluster, other}, draws) => {
    const [from, to] = cluster.role === 'active' ? [cluster, other] : [other, cluster];
    if (from === undefined || to === undefined) return [];
    const mode = draws.chance(0.3) ? 'planned' : 'unplanned';
    const back: Deed = draws.chance(0.5)
      ? {kind: 'failback', to: from.name}
      : {kind: 'installSynchronizer', cluster: from.name};
    return [...atOnce({kind: 'failover', to: to.name, mode}), later(around(draws, minuteMs, 10 * minuteMs), back)];
  },
};

function crash({cluster, now}: FaultPlace, draws: Stream): Deed {
  const node = draws.pick(cluster.nodes);
  const target = draws.pick<CrashTarget>([
    {cluster: cluster.name, program: 'controller'},
    {cluster: cluster.name, program: 'controller'},
    {node, program: 'agent'},
    {node, program: 'agent'},
    {node, program: 'server'},
    {cluster: cluster.name, program: 'scanner'},
  ]);
  const when = draws.pick(['now', 'before', 'after'] as const);
  if (now || when === 'now' || target.program === 'server') return {kind: 'crash', target};
  return when === 'before' ? {kind: 'crash', target, before: 'deed'} : {kind: 'crash', target, after: 'deed'};
}

const programOf = ({name, nodes}: ClusterPlan, draws: Stream): ProgramTarget =>
  draws.pick<ProgramTarget>([
    {cluster: name, program: 'controller'},
    {cluster: name, program: 'controller'},
    {node: draws.pick(nodes), program: 'agent'},
    {cluster: name, program: 'scanner'},
  ]);

// One fault of a campaign as deeds of a rehearsal: what strikes at once, and what has to follow so that the world is
// whole again. Each draws from a stream of its own, so that leaving it out changes no other's times and sizes.

import type {Stream} from '../prng.ts';
import type {ClusterPlan, CrashTarget, Deed, FaultClass, ProgramTarget} from '../rehearsal/model.ts';
import type {Bookings} from './bookings.ts';

/** When, where and on what a fault strikes. */
export interface FaultPlace {
  readonly cluster: ClusterPlan;
  /** The other side of a pair. */
  readonly other: ClusterPlan | undefined;
  readonly atMs: number;
  /** How long the run goes on before it at least, ms: what is restored has to be that old. */
  readonly elapsedMs: number;
  /** Whether it has to strike at this very moment, and not with whatever a program does next. */
  readonly now: boolean;
  readonly bookings: Bookings;
}

/** Deeds at a moment of the run, ms. */
export interface Happening {
  readonly atMs: number;
  readonly deeds: readonly Deed[];
}

type Draw = (place: FaultPlace, draws: Stream) => readonly Happening[];

/** What a fault of this class is then and there; nothing where all that it could strike is busy. */
export const drawFault = (fault: FaultClass, place: FaultPlace, draws: Stream): readonly Happening[] =>
  drawn[fault](place, draws);

const secondMs = 1_000;
const minuteMs = 60_000;
/** Until a node that came back is as it was, and a program that died runs again, ms. */
const bootMs = 60_000;
const restartMs = 15_000;
/** Between two backups of an etcd at most, when backups are wanted that are some seconds old, ms. */
const backupStepMs = 10_000;
/** Until the end of a campaign's run. */
const forever = Number.POSITIVE_INFINITY;

/** A time of any order of magnitude between both, in tenths of a second, ms. */
const around = (draws: Stream, leastMs: number, mostMs: number): number =>
  Math.max(100, Math.round((leastMs * (Math.max(leastMs, mostMs) / leastMs) ** draws.next()) / 100) * 100);

const drawn: Readonly<Record<FaultClass, Draw>> = {
  crash,
  unknownAnswer: (place, draws) => onProgram(place, draws, (target) => ({kind: 'unknownAnswer', target})),
  staleView: (place, draws) => {
    const forMs = around(draws, secondMs, 2 * minuteMs);
    return onProgram(place, draws, (target) => ({kind: 'staleView', target, forMs}));
  },
  missedEvent: (place, draws) => {
    const forMs = around(draws, secondMs, 5 * minuteMs);
    return onProgram(place, draws, (target) => ({kind: 'missedEvents', target, forMs}));
  },
  powerLoss: (place, draws) => {
    const forMs = around(draws, 5 * secondMs, 2 * minuteMs);
    return onNode(place, draws, forMs, (node) => [{kind: 'powerLoss', node, forMs}]);
  },
  nodeDown: (place, draws) => {
    const forMs = around(draws, 5 * secondMs, 5 * minuteMs);
    return onNode(place, draws, forMs, (node) => [{kind: 'down', node, forMs}]);
  },
  forgetNode: (place, draws) => {
    const forMs = around(draws, 10 * secondMs, 5 * minuteMs);
    // Somebody else has to serve, to be told.
    const {cluster, atMs, bookings} = place;
    const others = cluster.nodes.length > 1 && cluster.nodes.every((each) => bookings.isFree(each, atMs, atMs + forMs));
    if (!others) return [];
    const begun = onNode(place, draws, forMs, (node) => [
      {kind: 'down', node},
      {kind: 'forgetNode', node},
    ]);
    return begun.flatMap((happening) => {
      const [deed] = happening.deeds;
      if (deed?.kind !== 'down') return [];
      for (const node of cluster.nodes) bookings.book(node, atMs, atMs + forMs + bootMs);
      return [happening, {atMs: place.atMs + forMs, deeds: [{kind: 'up', node: deed.node}]}];
    });
  },
  operatorEdit: (place, draws) => onNode(place, draws, 0, (node) => [{kind: 'editFile', node}]),
  clock: ({cluster, atMs}, draws) => {
    const byMs = around(draws, secondMs, 120 * minuteMs) * (draws.chance(0.5) ? 1 : -1);
    return [{atMs, deeds: [{kind: 'clock', of: draws.pick([cluster.name, ...cluster.nodes]), byMs}]}];
  },
  stall: (place, draws) =>
    onMirror(place, {kind: 'stall', what: 'replication', forMs: around(draws, 2 * secondMs, 10 * minuteMs)}),
  resync: (place) => onMirror(place, {kind: 'resync', what: 'replication'}),
  lostDelete: (place, draws) =>
    onMirror(place, {kind: 'loseDeletes', what: 'replication', forMs: around(draws, 10 * secondMs, 3 * minuteMs)}),
  surplusKey: (place) => {
    const standby = place.cluster.role === 'standby' ? place.cluster : place.other;
    return standby === undefined ? [] : onMirror(place, {kind: 'surplusKey', cluster: standby.name}, standby);
  },
  pause: ({cluster: {name: cluster}, atMs, bookings}, draws) => {
    const resumeMs = atMs + around(draws, 5 * secondMs, 5 * minuteMs);
    if (!reserve(bookings, `${cluster}/pause`, atMs, resumeMs + secondMs)) return [];
    return [
      {atMs, deeds: [{kind: 'pause', cluster}]},
      {atMs: resumeMs, deeds: [{kind: 'resume', cluster}]},
    ];
  },
  rootSwap: ({cluster, other, atMs, bookings}) => {
    if (!reserve(bookings, 'root/once', 0, forever)) return [];
    bookings.book('root', atMs, forever);
    const clusters = [cluster, ...(other === undefined ? [] : [other])].map(({name}) => name).sort();
    return [{atMs, deeds: [{kind: 'rootReplaced', clusters, onPurpose: true}]}];
  },
  restore: ({cluster: {name: cluster}, atMs, elapsedMs, bookings}, draws) => {
    const oldestMs = elapsedMs - backupStepMs;
    const ageMs = around(draws, 2 * secondMs, Math.min(oldestMs, 10 * minuteMs));
    // A backup from before a change of root has the old root: that takes an operator who puts the new one back.
    if (!bookings.isFree('root', atMs - ageMs - 2 * backupStepMs, atMs + secondMs)) return [];
    if (ageMs > oldestMs || !reserve(bookings, `${cluster}/restore`, 0, forever)) return [];
    bookings.book(`${cluster}/writes`, atMs, atMs + minuteMs);
    return [{atMs, deeds: [{kind: 'restore', cluster, ageMs}]}];
  },
  failover,
};

/** One for the pair and run: the sides change their roles for a while, or for good. */
function failover({cluster, other, atMs, now, bookings}: FaultPlace, draws: Stream): readonly Happening[] {
  const [from, to] = cluster.role === 'active' ? [cluster, other] : [other, cluster];
  if (from === undefined || to === undefined || !reserve(bookings, 'mirror', atMs - secondMs, forever)) return [];
  const mode = !now && draws.chance(0.3) ? 'planned' : 'unplanned';
  const back: Deed = draws.chance(0.5)
    ? {kind: 'failback', to: from.name}
    : {kind: 'installSynchronizer', cluster: from.name};
  return [
    {atMs, deeds: [{kind: 'failover', to: to.name, mode}]},
    {atMs: atMs + around(draws, minuteMs, 10 * minuteMs), deeds: [back]},
  ];
}

function crash(place: FaultPlace, draws: Stream): readonly Happening[] {
  const {cluster, now, atMs} = place;
  const when = draws.pick(['now', 'before', 'after'] as const);
  if (!draws.chance(0.25))
    return onProgram(place, draws, (target) => {
      if (now || when === 'now') return {kind: 'crash', target};
      return when === 'before' ? {kind: 'crash', target, before: 'deed'} : {kind: 'crash', target, after: 'deed'};
    });
  const node = draws.pick(cluster.nodes);
  if (!reserve(place.bookings, node, atMs, atMs + restartMs)) return [];
  const target: CrashTarget = {node, program: 'server'};
  return [{atMs, deeds: [{kind: 'crash', target}]}];
}

/** A node that is there; it is busy until it is as before. */
function onNode(
  {cluster, atMs, bookings}: FaultPlace,
  draws: Stream,
  forMs: number,
  deedsOf: (node: string) => readonly Deed[],
): readonly Happening[] {
  const drawnNode = draws.integer(0, cluster.nodes.length - 1);
  const inTurn = cluster.nodes.map((_, index) => cluster.nodes[(drawnNode + index) % cluster.nodes.length] ?? '');
  const node = inTurn.find((each) => reserve(bookings, each, atMs, atMs + forMs + bootMs));
  return node === undefined ? [] : [{atMs, deeds: deedsOf(node)}];
}

/** A program that runs. What waits for its next deed is done to the controller, which has deeds to do in any phase. */
function onProgram(
  {cluster, atMs, now, bookings}: FaultPlace,
  draws: Stream,
  deedOf: (target: ProgramTarget) => Deed,
): readonly Happening[] {
  const node = draws.pick(cluster.nodes);
  const target = draws.pick<ProgramTarget>([
    {cluster: cluster.name, program: 'controller'},
    {cluster: cluster.name, program: 'controller'},
    {node, program: 'agent'},
    {cluster: cluster.name, program: 'scanner'},
  ]);
  const deed = deedOf(target);
  const waits = deed.kind === 'unknownAnswer' || (deed.kind === 'crash' && (deed.before ?? deed.after) !== undefined);
  if (waits) {
    const controller: ProgramTarget = {cluster: cluster.name, program: 'controller'};
    return reserve(bookings, `${cluster.name}/controller`, now ? atMs : 0, forever)
      ? [{atMs, deeds: [deedOf(controller)]}]
      : [];
  }
  // Any node may be the one that scans.
  const nodes = target.program === 'agent' ? [node] : target.program === 'scanner' ? cluster.nodes : [];
  if (!nodes.every((each) => bookings.isFree(each, atMs, atMs + restartMs))) return [];
  const names = target.program === 'controller' ? [`${cluster.name}/controller`] : nodes.map((each) => `${each}/agent`);
  if (!names.every((each) => bookings.isFree(each, atMs - restartMs, atMs + restartMs))) return [];
  for (const each of names) bookings.book(each, atMs, atMs + restartMs);
  for (const each of nodes) bookings.book(each, atMs, atMs + restartMs);
  return [{atMs, deeds: [deed]}];
}

/** The Synchronizer while it is installed where it was at the beginning. */
function onMirror({atMs, bookings}: FaultPlace, deed: Deed, answers?: ClusterPlan): readonly Happening[] {
  if (!bookings.isFree('mirror', atMs, atMs + secondMs)) return [];
  const isThere =
    answers === undefined ||
    (bookings.isFree(`${answers.name}/writes`, atMs, atMs + secondMs) &&
      answers.nodes.some((node) => bookings.isFree(node, atMs, atMs + secondMs)));
  return isThere ? [{atMs, deeds: [deed]}] : [];
}

function reserve(bookings: Bookings, what: string, fromMs: number, toMs: number): boolean {
  if (!bookings.isFree(what, fromMs, toMs)) return false;
  bookings.book(what, fromMs, toMs);
  return true;
}

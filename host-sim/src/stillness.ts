// What the programs of one cluster could see change, as version numbers, so that periods which would find nothing new
// are left out. Before a change, programs that left something out catch up with it; around faults nothing is left out.

import {
  configResource,
  type Freshness,
  isNews,
  leaseResource,
  type NodeReport,
  nodeReportResource,
  type StoredObject,
  same,
} from '@etcd-encryption/rotation';
import {calmMs, catchUpMs, settleMs} from './limits.ts';
import type {Program} from './program.ts';
import type {Scheduler} from './scheduler.ts';
import type {Cluster} from './world/cluster.ts';
import {type Kind, resourceId} from './world/kinds.ts';

/** A program with the node it runs on, if any. */
export interface Sleeper {
  readonly program: Program;
  readonly node?: string;
}

export interface ClusterStillness {
  /** Changes with whatever a program on a node, or on none, could see. */
  readonly version: (node: string | undefined) => number;
  /** When a fault began or ended last. */
  readonly disturbedAtMs: () => number;
  /**
   * What becomes of what others keep fresh, for a program on a node, or on none, that has looked for `lookedForMs` since
   * then; undefined where it cannot be told: what had ceased looked as if it went on.
   */
  readonly calm: (node: string | undefined, lookedForMs: number) => Freshness | undefined;
  /** Where the agent of a node must go on so that it has told lately that it lives; undefined where it has. */
  readonly signMs: (node: string) => number | undefined;
  /** Somebody asked for history: the next compaction may tell something. */
  readonly askedHistory: () => void;
  /** A fault begins or ends now: what was left out lately is done, and for a while nothing is left out. */
  readonly disturb: () => void;
}

/** @param sleepers the programs of this cluster that run now */
export function createStillness(
  cluster: Cluster,
  scheduler: Scheduler,
  sleepers: () => readonly Sleeper[],
): ClusterStillness {
  const seen = {all: 0, controllers: 0, nodes: new Map<string, number>()};
  /** When a program on a node, or on none, could last see something change. */
  const changedAtMs = new Map<string | undefined, number>();
  /** By node: when the period began in which its agent reported last. */
  const toldAtMs = new Map<string, number>();
  let disturbedAtMs = 0;
  let isCatchingUp = false;
  let isHistoryAsked = false;

  const catchUp = (of: (sleeper: Sleeper) => number | undefined): void => {
    const due = sleepers().flatMap((sleeper) => {
      const atMs = of(sleeper);
      return atMs === undefined ? [] : [{program: sleeper.program, atMs}];
    });
    if (due.length === 0) return;
    const {nowMs} = scheduler;
    scheduler.rewind(Math.min(...due.map(({atMs}) => atMs)), () => {
      for (const {program, atMs} of due) program.resume(atMs, nowMs);
    });
  };
  /** Where a program on a node must go on to have told lately before `byMs` that it lives; no earlier than it saw a change. */
  const lastSign = ({program, node = ''}: Sleeper, byMs = scheduler.nowMs): number | undefined => {
    const atMs = program.resumptionForSign(toldAtMs.get(node), byMs);
    return atMs === undefined || atMs < (changedAtMs.get(node) ?? 0) ? undefined : atMs;
  };
  /** The same, or to be in the middle of what it would be in the middle of now. */
  const lastPeriod = (sleeper: Sleeper): number | undefined =>
    earlier(lastSign(sleeper), sleeper.program.resumptionMidway);
  const note = (seers: 'all' | 'controllers'): void => {
    seen[seers]++;
    changedAtMs.set(undefined, scheduler.nowMs);
    if (seers === 'all') for (const {name} of cluster.nodes) changedAtMs.set(name, scheduler.nowMs);
  };
  const noteNode = (name: string): void => {
    seen.nodes.set(name, (seen.nodes.get(name) ?? 0) + 1);
    changedAtMs.set(name, scheduler.nowMs);
  };
  const disturb = (): void => {
    if (isCatchingUp) return;
    isCatchingUp = true;
    // What was left out before a change would see what came after it; it had ended by then.
    const sinceMs = scheduler.nowMs - catchUpMs;
    catchUp((sleeper) => {
      const {program, node} = sleeper;
      const atMs = program.resumptionSince(Math.max(sinceMs, changedAtMs.get(node) ?? 0));
      return earlier(lastSign(sleeper, sinceMs), atMs);
    });
    isCatchingUp = false;
    note('all');
    disturbedAtMs = scheduler.nowMs;
  };

  cluster.disturbances.push(disturb);
  cluster.reportKeepers.push(() => catchUp((sleeper) => lastSign(sleeper)));
  cluster.nodeWatchers.push((name) => {
    catchUp((sleeper) => (sleeper.node === name ? lastPeriod(sleeper) : undefined));
    noteNode(name);
  });
  for (const {name, disk} of cluster.nodes) disk.watch(() => noteNode(name));
  cluster.etcd.listen({
    beforeCommit: (key, present, next) => {
      const kind = cluster.kinds.ofPath(key);
      const seers = seersOf(kind, key, present?.value.object, next?.object);
      if (seers === 'nobody') return;
      catchUp((sleeper) => (seers === 'all' || sleeper.node === undefined ? lastPeriod(sleeper) : undefined));
      note(seers);
    },
    onCommit: ({current}) => {
      const object = current?.value.object;
      if (object?.kind !== nodeReportResource.kind) return;
      const {name} = object.metadata;
      const agent = sleepers().find(({node}) => node === name);
      if (agent !== undefined) toldAtMs.set(name, agent.program.beganAtMs);
    },
    onCompaction: () => {
      if (!isHistoryAsked) return;
      isHistoryAsked = false;
      catchUp(lastPeriod);
      note('all');
    },
  });

  return {
    version: (node) => seen.all + (node === undefined ? seen.controllers : (seen.nodes.get(node) ?? 0)),
    disturbedAtMs: () => disturbedAtMs,
    calm: (node, lookedForMs) => {
      if (lookedForMs < settleMs || cluster.faults.etcdDown || cluster.serving().length === 0) return undefined;
      // Of several controllers the leader renews a lease that the others watch.
      if (node === undefined && sleepers().filter((each) => each.node === undefined).length !== 1) return undefined;
      const isWhole = cluster.serving().length === cluster.nodes.length;
      return isWhole && lookedForMs >= calmMs ? 'fresh' : 'aging';
    },
    signMs: (name) => {
      const agent = sleepers().find(({node}) => node === name);
      return agent === undefined ? undefined : lastSign(agent);
    },
    askedHistory: () => {
      isHistoryAsked = true;
    },
    disturb,
  };
}

/** The earlier of two times, where there are two. */
const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** Namespaces whose objects programs read. */
const readNamespaces: ReadonlySet<string> = new Set(['kube-system', 'cpaas-system']);
const reportKind = resourceId(nodeReportResource);
const configKind = resourceId(configResource);
const leaseKind = resourceId(leaseResource);

/** Which programs could see that an object becomes another one; renewals and heartbeats are seen by nobody. */
export function seersOf(
  kind: Kind | undefined,
  key: string,
  before: StoredObject | undefined,
  after: StoredObject | undefined,
): Seers {
  const known = after === undefined ? undefined : judged.get(after);
  if (known !== undefined && known.before === before) return known.seers;
  const seers = judge(kind, key, before, after);
  if (after !== undefined) judged.set(after, {before, seers});
  return seers;
}

type Seers = 'nobody' | 'controllers' | 'all';
/** By what an object becomes: each write is asked about before and after it happens. */
const judged = new WeakMap<StoredObject, {readonly before: StoredObject | undefined; readonly seers: Seers}>();

function judge(
  kind: Kind | undefined,
  key: string,
  before: StoredObject | undefined,
  after: StoredObject | undefined,
): Seers {
  if (kind === undefined) return 'all';
  const inside = kind.resource.namespaced ? key.slice(kind.path.length).split('/')[0] : undefined;
  if (inside !== undefined && !readNamespaces.has(inside)) return 'nobody';
  if (before === undefined || after === undefined) return 'all';
  switch (kind.id) {
    case leaseKind:
      return 'nobody';
    case reportKind:
      return reportSeers(before.status as NodeReport, after.status as NodeReport);
    case configKind: {
      const {status: _a, ...rest} = before;
      const {status: _b, ...now} = after;
      return same(rest, now) ? 'controllers' : 'all';
    }
    default:
      return 'all';
  }
}

/** A report that says nothing new: no watch of it need wake anybody. */
export const isHeartbeat = (kind: Kind, before: StoredObject | undefined, after: StoredObject | undefined): boolean => {
  if (kind.id !== reportKind || before === undefined || after === undefined) return false;
  const [old, next] = [before.status, after.status] as readonly (NodeReport | undefined)[];
  return old !== undefined && next !== undefined && !isNews(old, next);
};

function reportSeers(before: NodeReport | undefined, after: NodeReport | undefined): Seers {
  if (before === undefined || after === undefined) return 'all';
  if (!isNews(before, after)) return 'nobody';
  return before.recipient === after.recipient && before.node === after.node ? 'controllers' : 'all';
}

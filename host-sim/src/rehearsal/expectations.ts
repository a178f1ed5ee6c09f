// What a file expects: states within a time after a deed, goals that are reached in the end, moments that some seed has
// to meet. Invariants that shall always hold are the oracles' matter, and all of them are on.

import type {RingKey} from '@etcd-encryption/rotation';
import {isNeeded} from '../world/need.ts';
import {unreadableTag} from '../world/stored-value.ts';
import {bundleText} from './derivable.ts';
import {isFailoverReady, type ManagedCluster} from './managed.ts';
import type {ClusterState, Deed, Expectation, Goal, Rehearsal} from './model.ts';
import {phaseOf} from './phase.ts';
import type {Violation} from './result.ts';
import {play, waitUntil} from './scene.ts';
import {intervalOf} from './settings.ts';
import {clusterOf, type Stage} from './stage.ts';

export interface Expectations {
  /** Tells of a deed that is done now. */
  readonly did: (deed: Deed) => void;
  /** Tells that the timeline is over: rotations count as goals from now on. */
  readonly begin: () => void;
  /** Whether every goal was reached, each at some moment since `begin`. */
  readonly areReached: () => boolean;
  /** Whether none of the goals is an obstacle that was not named yet; later, when it is put right, is too late. */
  readonly isObstacleNamed: () => boolean;
  /** The first goal that was not. */
  readonly unreached: () => Violation | undefined;
  /** Places of the moments that came true. */
  readonly moments: () => readonly number[];
}

type Within = Extract<Expectation, {kind: 'within'}>;
type Eventually = Extract<Expectation, {kind: 'eventually'}>;

export function createExpectations(
  stage: Stage,
  {expect, settings}: Rehearsal,
  fail: (violation: Violation) => void,
): Expectations {
  const revisions = ('fromConfig' in settings ? undefined : settings.revisions) ?? usualRevisions;
  const intervalMs = intervalOf(settings);
  const goals = expect.flatMap((each, index) => (each.kind === 'eventually' ? [{each, index}] : []));
  const reached = new Set<number>();
  const completed = new Map<string, number>();
  const look = (): void => {
    for (const {each, index} of goals) {
      if (reached.has(index)) continue;
      if (isReached(stage, each, {revisions, intervalMs, completed})) reached.add(index);
    }
  };
  return {
    did(deed) {
      for (const [index, each] of expect.entries()) {
        if (each.kind === 'within' && each.of === deed.kind) watchWithin(stage, each, {index, fail});
      }
    },
    begin() {
      for (const managed of stage.world.clusters) completed.set(managed.name, managed.completed.length);
    },
    areReached() {
      look();
      return reached.size === goals.length;
    },
    isObstacleNamed() {
      look();
      return goals.every(({each, index}) => each.goal !== 'obstacleNamed' || reached.has(index));
    },
    unreached() {
      const missing = goals.find(({index}) => !reached.has(index));
      return missing === undefined ? undefined : violationOf(stage, missing.each, missing.index);
    },
    moments: () => momentsOf(stage, expect),
  };
}

/** Newest revisions that stay in a file unless the file says how many. */
const usualRevisions = 8;

function watchWithin(
  stage: Stage,
  {cluster, is, limitMs, of}: Within,
  {index, fail}: {readonly index: number; readonly fail: (violation: Violation) => void},
): void {
  const managed = clusterOf(stage, cluster);
  const scene = waitUntil(() => isState(managed, is), limitMs);
  play(stage.scheduler, `rehearsal/expect-${index}`, scene, (holds) => {
    if (holds) return;
    fail({
      name: `expect[${index}] within ${limitMs} ms of ${of}`,
      cluster,
      node: '',
      key: '',
      explanation: `expected ${JSON.stringify(is)}, got ${JSON.stringify(stateOf(managed))}`,
      atMs: stage.scheduler.nowMs,
    });
  });
}

/**
 * A role is by the truth of the run, and the cluster must not take itself for the other one: a new Active may say
 * Unknown, since it adds in every role and rotates later. `Unknown` is what the cluster says.
 */
function isState(managed: ManagedCluster, is: ClusterState): boolean {
  const now = stateOf(managed);
  const {role} = is;
  if (role === 'Unknown' && now.says !== role) return false;
  if (role === 'Active' && (now.role === 'Standby' || now.says === 'Standby')) return false;
  if (role === 'Standby' && (now.role !== role || now.says !== role)) return false;
  if (is.phase !== undefined && now.phase !== is.phase) return false;
  if (is.unreadable !== undefined && now.unreadable !== is.unreadable) return false;
  return is.failoverReady === undefined || now.failoverReady === is.failoverReady;
}

const stateOf = (managed: ManagedCluster) => ({
  role: managed.role(),
  says: managed.status()?.role ?? 'nothing',
  phase: phaseOf(managed),
  unreadable: unreadableValues(managed),
  failoverReady: isFailoverReady(managed),
});

/** Live values that some serving server cannot read. */
export function unreadableValues({cluster}: ManagedCluster): number {
  const servers = cluster.serving();
  let count = 0;
  for (const resource of cluster.need.resources()) {
    for (const [tag, {live}] of cluster.need.of(resource)) {
      if (live > 0 && tag !== unreadableTag && servers.some((server) => !server.canRead(resource, tag))) count += live;
    }
  }
  return count;
}

interface Measure {
  readonly revisions: number;
  /** Between two rotations. */
  readonly intervalMs: number;
  /** Rotations that were complete when the timeline was over, by cluster. */
  readonly completed: ReadonlyMap<string, number>;
}

function isReached(stage: Stage, {goal, cluster, lineages}: Eventually, measure: Measure): boolean {
  const {clusters} = stage.world;
  const named = cluster === undefined ? clusters : [clusterOf(stage, cluster)];
  if (lineages !== undefined && lineagesOf(clusters) !== lineages) return false;
  return isGoal(goal, named, measure) && (goal !== 'converged' || cluster !== undefined || areAlike(clusters));
}

function isGoal(goal: Goal, clusters: readonly ManagedCluster[], measure: Measure): boolean {
  switch (goal) {
    case 'converged':
      return clusters.every(isConverged);
    case 'rotated':
      return clusters.every(({name, completed: done}) => done.length > (measure.completed.get(name) ?? 0));
    case 'failoverReady': {
      const standbys = clusters.filter((managed) => managed.role() === 'Standby');
      return standbys.length > 0 && standbys.every(isFailoverReady);
    }
    case 'shrunk':
      return clusters.every((managed) => isShrunk(managed, measure));
    case 'obstacleNamed':
      return clusters.some(isTroubled);
    default:
      return goal satisfies never;
  }
}

/** Nothing is under way, every node is there and has loaded the same file, and every value is under the write key. */
function isConverged({cluster, ring}: ManagedCluster): boolean {
  const now = ring();
  if (now === undefined || now.rotation !== undefined || now.publishing !== undefined || now.trial !== undefined)
    return false;
  const hashes = new Set(
    cluster.nodes.map(({file, server}) =>
      file.state !== 'absent' && server?.serves === true && server.loadedHash === file.hash ? file.hash : undefined,
    ),
  );
  if (hashes.size !== 1 || hashes.has(undefined)) return false;
  const tags = new Map(now.keys.map(({id, provider, name, check}) => [id, `${provider}/${name}/${check}`]));
  return now.layout.resources.every(({resource, write}) =>
    [...cluster.need.of(resource)].every(([tag, {live}]) => live === 0 || tag === (tags.get(write) ?? 'clear')),
  );
}

/** Whether both sides write with the same keys and hold the same bundle. */
function areAlike(clusters: readonly ManagedCluster[]): boolean {
  const faces = clusters.map(({cluster, ring}) => {
    const writes = ring()?.layout.resources.map(({resource, write}) => `${resource} ${write}`) ?? [];
    return [...writes.sort(), bundleText(cluster)].join(' ');
  });
  return new Set(faces).size <= 1;
}

/** The most keys of ours that any revision has on all sides, or bundles that are followed, whichever are more. */
function lineagesOf(clusters: readonly ManagedCluster[]): number {
  const byRevision = new Map<number, Set<string>>();
  for (const {revision, id} of clusters.flatMap(({ring}) => ring()?.keys ?? [])) {
    if (revision > 0) byRevision.set(revision, (byRevision.get(revision) ?? new Set()).add(id));
  }
  const bundles = new Set(clusters.flatMap(({ring}) => ring()?.following?.bundleId ?? []));
  return Math.max(1, bundles.size, ...[...byRevision.values()].map(({size}) => size));
}

/**
 * Files hold the newest revisions, those that wait to write, what the followed bundle holds or held within two intervals,
 * and what some value needs.
 */
function isShrunk({cluster, ring}: ManagedCluster, {revisions, intervalMs}: Measure): boolean {
  const now = ring();
  if (now === undefined) return false;
  const {keys, layout, following, leftWindow = {}} = now;
  const writing = new Set(layout.resources.map(({write}) => write));
  const present = Math.max(0, ...keys.filter(({id}) => writing.has(id)).map(({revision}) => revision));
  const written = keys.filter(({revision}) => revision > 0 && revision <= present);
  const published = new Set(following?.entries.map(({key}) => key));
  const isKept = ({id, revision}: RingKey): boolean =>
    revision > present || published.has(id) || cluster.wallMs() - (leftWindow[id] ?? 0) < 2 * intervalMs;
  const names = new Set([...keys.filter(isKept), ...written.slice(0, revisions)].map(({name}) => name));
  const isWanted = (tag: string): boolean =>
    names.has(tag.split('/')[1] ?? '') ||
    [...cluster.need.resources()].some((resource) => isNeeded(cluster.need.of(resource).get(tag)));
  return cluster.nodes.every(
    ({file}) =>
      file.state === 'loadable' &&
      [...file.transformers.tags].every((tag) => !/^aesgcm\/r\d+-/.test(tag) || isWanted(tag)),
  );
}

const isTroubled = (managed: ManagedCluster): boolean =>
  managed
    .status()
    ?.conditions?.some(({type, status, message}) => type === 'Degraded' && status === 'True' && message !== '') ===
  true;

/** A failover is in the phase of the Active that it takes the role from; everything else in that of what it strikes. */
function momentsOf({struck}: Stage, expect: readonly Expectation[]): readonly number[] {
  return expect.flatMap((each, index) => {
    if (each.kind !== 'sometimes') return [];
    const {deed, during} = each.moment;
    const isTrue = struck.some(
      ({deed: done, strike: {phase, role, fault}}) =>
        done === deed && phase === during && (fault !== 'failover' || role === 'Active'),
    );
    return isTrue ? [index] : [];
  });
}

function violationOf({scheduler, world}: Stage, {goal, cluster, lineages}: Eventually, index: number): Violation {
  const named = world.clusters.filter(({name}) => cluster === undefined || name === cluster);
  const seen = named.map(
    (managed) => `${managed.name}: ${JSON.stringify({...stateOf(managed), ring: shortRing(managed)})}`,
  );
  const wanted = lineages === undefined ? '' : `, lineages ${lineages} (are ${lineagesOf(world.clusters)})`;
  return {
    name: `expect[${index}] eventually: ${goal}`,
    cluster: cluster ?? named.map(({name}) => name).join(', '),
    node: '',
    key: '',
    explanation: `not reached in time${wanted}; ${seen.join('; ')}`,
    atMs: scheduler.nowMs,
  };
}

function shortRing({ring}: ManagedCluster): unknown {
  const {keys = [], layout, rotation, publishing} = ring() ?? {};
  return {
    keys: keys.map(({id}) => id),
    writes: layout?.resources,
    rotation: rotation?.key,
    publishing: publishing?.kind,
  };
}

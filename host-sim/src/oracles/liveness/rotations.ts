// L1: a rotation that is due completes in three polls, its migration and what it waits for by rule. L7: a pause stops the
// dangerous deeds within a step, resuming causes at most one rotation, none is caught up, a request is handled once.

import type {CompletedRotation, Ring, Spec} from '@etcd-encryption/rotation';
import {hasReason, type PromiseWatch, type SeenStatus, type WatchedCluster} from './watched.ts';

/** Periods of agents and controllers, and their requests, that come on top of the polls, ms. */
const slackMs = 120_000;
const polls = 3;
/** A deed that was begun before a pause was seen takes its course, ms. */
const stepMs = 5_000;

/** Words of the status by which a rotation waits as it should, or rewrites objects. */
const waits: readonly string[] = [
  'WaitingForApproval',
  'StandbyUnproven',
  'PublishedLately',
  'Paused',
  'RoleUnknown',
  'ObserveMode',
  'NextNotPublished',
  'OutsideWindow',
  'Migrating',
  'MigrationFailing',
  'Verifying',
  'ClearValues',
  'ForeignValues',
];

/** Counts the time in which a rotation is due or under way and nobody says why it takes that long. */
export function watchDueRotations(watched: WatchedCluster): PromiseWatch {
  let countedAtMs = watched.nowMs();
  let unexplainedMs = 0;
  let before: 'idle' | 'explained' | 'unexplained' = 'idle';
  const limitMs = polls * watched.cluster.pollMs + slackMs;
  const count = (): void => {
    const nowMs = watched.nowMs();
    if (before === 'unexplained') unexplainedMs += nowMs - countedAtMs;
    if (before === 'idle') unexplainedMs = 0;
    countedAtMs = nowMs;
    before = stateOf(watched);
    if (unexplainedMs <= limitMs) return;
    const {rotation} = watched.ring() ?? {};
    const what = rotation === undefined ? 'a rotation is due' : `r${rotation.revision} is under way`;
    const explanation = `${what}, ${unexplainedMs} ms have passed beside its migration and its waits, at most ${limitMs}`;
    watched.broke('L1 rotates', {key: rotation?.key ?? '', explanation});
  };
  return {onRing: count, onStatus: count, onConfig: count, judge: count};
}

function stateOf(watched: WatchedCluster): 'idle' | 'explained' | 'unexplained' {
  const [ring, spec] = [watched.ring(), watched.spec()];
  if (spec === undefined || ring === undefined) return 'idle';
  if (ring.rotation === undefined && !isDue(watched, ring, spec)) return 'idle';
  return isExplained(watched.status()) ? 'explained' : 'unexplained';
}

/** A trouble that is named is another promise's, and so is what waits by rule. */
const isExplained = (status: SeenStatus): boolean =>
  waits.some((reason) => hasReason(status, reason)) ||
  status.conditions?.some(({type, status: holds}) => type === 'Degraded' && holds === 'True') === true;

function isDue({cluster, role}: WatchedCluster, {history}: Ring, {rotationIntervalMs}: Spec): boolean {
  if (role() === 'Standby') return false;
  const last = lastRotation(history);
  return last === undefined || cluster.wallMs() - last.completedAtMs >= intervalAfter(last, rotationIntervalMs);
}

const lastRotation = (history: readonly CompletedRotation[]): CompletedRotation | undefined =>
  history.find(({reason}) => reason !== 'resources');

/** An interval is never shorter than the rotation before. */
const intervalAfter = ({startedAtMs, completedAtMs}: CompletedRotation, intervalMs: number): number =>
  Math.max(intervalMs, completedAtMs - startedAtMs);

/** Pauses, schedules and requests. */
export function watchPauses(watched: WatchedCluster): PromiseWatch {
  let pausedSinceMs: number | undefined = watched.spec()?.pause === undefined ? undefined : watched.nowMs();
  /** By our own clock: a completion that was seen. */
  let completedAtMs: number | undefined;
  let request = watched.spec()?.rotateRequest;
  let answered = false;
  const say = (key: string, explanation: string): void => watched.broke('L7 pause and resume', {key, explanation});
  const judgeBegin = ({reason, revision, request: asked}: NonNullable<Ring['rotation']>): void => {
    const intervalMs = watched.spec()?.rotationIntervalMs ?? 0;
    const key = `r${revision}`;
    if (reason === 'schedule' && completedAtMs !== undefined && watched.nowMs() - completedAtMs < intervalMs)
      say(
        key,
        `it begins by the schedule ${watched.nowMs() - completedAtMs} ms after the last one, the interval is ${intervalMs}`,
      );
    if (asked === undefined || asked !== request) return;
    if (answered) say(key, `request ${asked} was handled before`);
  };
  return {
    onConfig(spec) {
      if (spec?.pause === undefined) pausedSinceMs = undefined;
      else pausedSinceMs ??= watched.nowMs();
      if (spec?.rotateRequest === request) return;
      request = spec?.rotateRequest;
      answered = false;
    },
    onRing(before, after, {writer}) {
      if (before === undefined || after === undefined || !writer.startsWith('program/')) return;
      const isPaused = pausedSinceMs !== undefined && watched.nowMs() - pausedSinceMs > stepMs;
      const deed = isPaused ? dangerous(before, after) : undefined;
      if (deed !== undefined) say(deed, 'it begins while an operator has paused the dangerous deeds');
      if (before.rotation === undefined && after.rotation !== undefined) judgeBegin(after.rotation);
      const [done] = after.history;
      if (done === undefined || done.completedAtMs === before.history[0]?.completedAtMs) return;
      if (done.reason !== 'resources') completedAtMs = watched.nowMs();
      if (done.requestedBy !== undefined && done.requestedBy === request) answered = true;
    },
  };
}

/** The dangerous deed that a change of the ring begins. */
function dangerous(before: Ring, after: Ring): string | undefined {
  const prepared = after.publishing?.prepared;
  if (prepared !== undefined && before.publishing?.prepared === undefined) return 'publish';
  if (after.layout.keys.length < before.layout.keys.length) return 'drop';
  const writes = new Map(before.layout.resources.map(({resource, write}) => [resource, write]));
  return after.layout.resources.some(({resource, write}) => writes.has(resource) && writes.get(resource) !== write)
    ? 'activate'
    : undefined;
}

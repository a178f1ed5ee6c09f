// Times in the ring. A clock that was set back leaves stamps from the future: no age would ever come of them, so they
// become now, and what was proven at such a time is void. And what controllers counted of a delay is saved, so that one
// that begins anew need not wait it all again.

import {countedPortionMs, publishedLongMs} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import type {CountedTime, Ring} from '../model/ring.ts';
import {pairStamps} from '../model/stamps.ts';
import {drainMs} from './delay.ts';
import {interval} from './due.ts';
import {changeRing, type Outcome, pass, type Rule} from './plan.ts';
import {because} from './reason.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

export const times: Rule = {name: 'times', apply};

/** Where people only look on, what would be saved must not hide what would be done. */
function apply(view: View): Outcome {
  return correct(view) ?? (view.spec.mode === 'observe' ? undefined : save(view)) ?? pass;
}

function correct({ring, observation}: View): Outcome | undefined {
  const now = observation.now.wallMs;
  const stamps = [
    ...Object.values(ring.stoppedWriting),
    ...ring.history.map(({completedAtMs}) => completedAtMs),
    ...ring.clean.map(({atMs}) => atMs),
    ...(ring.proof?.migration.map(({startedAtMs}) => startedAtMs) ?? []),
    ...pairStamps(ring).map(({sinceMs}) => sinceMs),
    ...[ring.scan?.atMs, ring.restored?.atMs].filter((each) => each !== undefined),
  ];
  if (!stamps.some((stamp) => stamp > now)) return undefined;
  return changeRing(ring, corrected(ring, now), because('ClockWentBack', 'the ring held times from the future'));
}

function corrected(ring: Ring, now: number): {readonly [K in keyof Ring]?: Ring[K] | undefined} {
  const {scan, proof, restored} = ring;
  const upToNow = (stamp: number): number => Math.min(stamp, now);
  return {
    stoppedWriting: mapValues(ring.stoppedWriting, upToNow),
    counted: correctedCounts(ring, upToNow),
    history: ring.history.map((each) => ({...each, completedAtMs: upToNow(each.completedAtMs)})),
    clean: ring.clean.filter(({atMs}) => atMs <= now),
    scan: scan !== undefined && scan.atMs > now ? undefined : scan,
    proof: proof?.migration.some(({startedAtMs}) => startedAtMs > now) === true ? undefined : proof,
    restored: restored === undefined ? undefined : {...restored, atMs: upToNow(restored.atMs)},
    ...correctedPair(ring, upToNow),
  };
}

function correctedPair(
  {synchronizer, following, leftWindow}: Ring,
  upToNow: (stamp: number) => number,
): {readonly [K in keyof Ring]?: Ring[K]} {
  const goneSinceMs = synchronizer?.goneSinceMs;
  return {
    ...(synchronizer === undefined || goneSinceMs === undefined
      ? {}
      : {synchronizer: {...synchronizer, goneSinceMs: upToNow(goneSinceMs)}}),
    ...(following === undefined ? {} : {following: {...following, sinceMs: upToNow(following.sinceMs)}}),
    ...(leftWindow === undefined ? {} : {leftWindow: mapValues(leftWindow, upToNow)}),
  };
}

/**
 * What was counted goes on: the event is the same, only its stamp was wrong. What counts from another event must not come
 * to bear the same stamp.
 */
function correctedCounts(
  {counted, stoppedWriting}: Ring,
  upToNow: (stamp: number) => number,
): Ring['counted'] | undefined {
  if (counted === undefined) return undefined;
  const ours = Object.entries(counted).filter(([id, {stoppedAtMs}]) => stoppedAtMs === stoppedWriting[id]);
  const entries = ours.map(([id, {stoppedAtMs, ms}]) => [id, {stoppedAtMs: upToNow(stoppedAtMs), ms}] as const);
  return Object.fromEntries(entries);
}

const mapValues = <T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).map(([id, value]) => [id, change(value)]));

/** Saved in portions while a delay runs, and once more when it has passed; then never again. */
function save(view: View): Outcome | undefined {
  const {ring, spec, observation} = view;
  const keyMs = Math.max(spec.retention.minAgeMs, drainMs(observation));
  const keys = ring.keys.map(({id}) => ({id, stoppedAtMs: ring.stoppedWriting[id], neededMs: keyMs}));
  const pairMs = longestPairDelayMs(view);
  const pair = pairStamps(ring).map(({id, sinceMs}) => ({id, stoppedAtMs: sinceMs, neededMs: pairMs}));
  const present: Record<KeyId, CountedTime> = {};
  let due = false;
  for (const {id, stoppedAtMs, neededMs} of [...keys, ...pair]) {
    if (stoppedAtMs === undefined) continue;
    const saved = ring.counted?.[id];
    const savedMs = saved?.stoppedAtMs === stoppedAtMs ? saved.ms : 0;
    const ms = Math.floor(observation.counted[id] ?? 0);
    if (savedMs < neededMs && (ms >= neededMs || ms - savedMs >= countedPortionMs)) due = true;
    if (Math.max(ms, savedMs) > 0) present[id] = {stoppedAtMs, ms: Math.min(Math.max(ms, savedMs), neededMs)};
  }
  if (!due) return undefined;
  return changeRing(ring, {counted: present}, because('CountingTime', 'how long old keys have not written is saved'));
}

/** The longest that anything of a pair waits on a clock that never jumps, ms; nothing under the random strategy. */
function longestPairDelayMs(view: View): number {
  const settings = deterministicOf(view);
  if (settings === undefined) return 0;
  return Math.max(settings.promotionGraceMs, settings.approvalDelayMs, publishedLongMs, 2 * interval(view));
}

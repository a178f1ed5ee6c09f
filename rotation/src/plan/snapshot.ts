// `retention.requireSnapshot`: a key stays until an operator attests a backup of etcd that is newer than the migration away
// from it. A backup of before needs the key; without the word nobody knows that there is a younger one.

import {annotation} from '../model/resource-types.ts';
import {formatTime, parseTime} from '../model/time-text.ts';
import {type Candidate, resourceId} from './clean.ts';
import {drainMs} from './delay.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';

/** Those of the candidates that a backup was attested for, and what the others wait for. */
export function attested(
  view: View,
  candidates: readonly Candidate[],
): {readonly ready: readonly Candidate[]; readonly waiting: readonly Reason[]} {
  if (view.spec.retention.requireSnapshot !== true) return {ready: candidates, waiting: []};
  const snapshotMs = snapshotAt(view);
  const known = typeof snapshotMs === 'number' ? snapshotMs : Number.NEGATIVE_INFINITY;
  // A resource on its way out takes no key along.
  const isReady = (each: Candidate): boolean => each.id === resourceId(each.name) || known > neededAfterMs(view, each);
  const open = candidates.filter((each) => !isReady(each));
  if (open.length === 0) return {ready: candidates, waiting: []};
  const names = open.map(({name}) => name).join(', ');
  const needed = formatTime(Math.max(...open.map((each) => neededAfterMs(view, each))));
  const got = typeof snapshotMs === 'number' ? `got ${formatTime(snapshotMs)}` : snapshotMs;
  const message = `${names}: annotation snapshot on the ring must name a backup made after ${needed}; ${got}`;
  return {ready: candidates.filter(isReady), waiting: [because('SnapshotMissing', message)]};
}

/** When the backup was made that an operator attests, Unix ms; a text says why there is none. */
export function snapshotAt({observation: {ringAnnotations, now}}: View): number | string {
  const text = ringAnnotations[annotation.snapshot]?.trim() ?? '';
  if (text === '') return 'there is none';
  const atMs = parseTime(text);
  if (atMs === undefined) return 'it is no RFC 3339 time';
  return atMs > now.wallMs ? `${formatTime(atMs)} is in the future` : atMs;
}

/** From then on no value was under the key: the migration of the rotation that replaced it had ended, and so had its last request. */
function neededAfterMs({ring, observation}: View, {stoppedAtMs}: Candidate): number {
  const ended = ring.history
    .filter(({reason, completedAtMs}) => reason !== 'resources' && completedAtMs >= stoppedAtMs)
    .map(({completedAtMs}) => completedAtMs);
  return Math.max(stoppedAtMs + drainMs(observation), ...(ended.length === 0 ? [] : [Math.min(...ended)]));
}

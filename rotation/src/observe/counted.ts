// How long ago something was, by the clock of this program that never jumps: counted since the program first saw its
// stamp, and carried on from what earlier controllers saved in the ring.

import type {Fact} from '../model/fact.ts';
import type {Ring} from '../model/ring.ts';
import {pairStamps} from '../model/stamps.ts';

/** What a controller counts: a stamp of the ring, and since when this program has seen it, monotonic ms. */
export type Counts = Map<string, {readonly stampMs: number; readonly sinceMs: number; readonly savedMs: number}>;

interface Stamp {
  readonly id: string;
  readonly stampMs: number;
  readonly savedMs: number;
}

/** Time counted since each stamp, ms, by key id, `resource/…`, `gate/…` and the pair's. A ring that was not read counts nothing. */
export function countTimes(counts: Counts, ring: Fact<Ring>, nowMs: number): Readonly<Record<string, number>> {
  if (ring.state !== 'seen') return {};
  const stamps = stampsOf(ring.value);
  const ids = new Set(stamps.map(({id}) => id));
  for (const id of [...counts.keys()]) if (!ids.has(id)) counts.delete(id);
  return Object.fromEntries(stamps.map((stamp) => [stamp.id, countOne(counts, stamp, nowMs)]));
}

function countOne(counts: Counts, {id, stampMs, savedMs}: Stamp, nowMs: number): number {
  const known = counts.get(id);
  const entry = known?.stampMs === stampMs ? known : {stampMs, sinceMs: nowMs, savedMs};
  counts.set(id, entry);
  return Math.max(savedMs, entry.savedMs + nowMs - entry.sinceMs);
}

function stampsOf(ring: Ring): readonly Stamp[] {
  const {stoppedWriting, counted, gate, layout, rotation, history} = ring;
  const keys = Object.entries(stoppedWriting).map(([id, stampMs]) => {
    const saved = counted?.[id];
    return {id, stampMs, savedMs: saved?.stoppedAtMs === stampMs ? saved.ms : 0};
  });
  const stampMs = history[0]?.completedAtMs;
  // A resource leaves with a rotation, and its waiting begins when that is complete.
  const leaving = layout.resources.filter((each) => each.leaving === true && rotation === undefined);
  const pair = pairStamps(ring).map(({id, sinceMs}) => {
    const saved = counted?.[id];
    return {id, stampMs: sinceMs, savedMs: saved?.stoppedAtMs === sinceMs ? saved.ms : 0};
  });
  return [
    ...keys,
    ...pair,
    ...(stampMs === undefined ? [] : leaving.map(({resource}) => ({id: `resource/${resource}`, stampMs, savedMs: 0}))),
    ...(gate === undefined ? [] : [{id: `gate/${gate.id}`, stampMs: gate.atMs, savedMs: 0}]),
  ];
}

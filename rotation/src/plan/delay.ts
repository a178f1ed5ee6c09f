// Delays in front of a dangerous deed. A wall clock may jump, and a monotonic one begins anew with each program: a delay
// has passed when it has on both. What only decides when something harmless is tried again needs the wall clock alone.

import {defaultDrainMs} from '../limits.ts';
import type {ClusterObservation} from '../model/observation.ts';
import type {View} from './view.ts';

/** How long a request under an older key may still run, ms. */
export const drainMs = (observation: ClusterObservation): number => observation.drainMs ?? defaultDrainMs;

/**
 * Time that is sure to have passed since the stamp `sinceMs` of what `id` names (a key, `resource/…`, `gate/…`), ms. A
 * stamp from the future has no age, and what no controller counted has none either.
 */
export const passedMs = ({observation}: View, id: string, sinceMs: number): number =>
  Math.max(0, Math.min(observation.now.wallMs - sinceMs, observation.counted[id] ?? 0));

/**
 * Whether a stamp of another machine's clock, which may be a little ahead, is far enough from now; one from the future
 * that is as far away was made by a clock that was wrong.
 */
export const isFar = (stampMs: number, delayMs: number, nowMs: number): boolean => Math.abs(nowMs - stampMs) >= delayMs;

/** Whether something harmless is due again; a stamp from the future puts it off no longer. */
export const isDue = (sinceMs: number, delayMs: number, nowMs: number): boolean =>
  sinceMs > nowMs || nowMs - sinceMs >= delayMs;

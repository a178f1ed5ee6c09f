// What controllers count beside keys for a pair: each has a stamp in the ring from which it counts.

import type {Ring} from './ring.ts';

/** Since when the Synchronizer is gone. */
export const synchronizerId = 'synchronizer/gone';

/** Since when a bundle is followed. */
export const bundleStampId = (hash: string): string => `bundle/${hash}`;

/** Since when a key is not in the followed bundle. */
export const windowId = (key: string): string => `window/${key}`;

/** The pair's stamps in a ring, Unix ms; none under the random strategy. */
export function pairStamps({synchronizer, following, leftWindow = {}}: Ring): readonly PairStamp[] {
  const goneSinceMs = synchronizer?.goneSinceMs;
  return [
    ...(goneSinceMs === undefined ? [] : [{id: synchronizerId, sinceMs: goneSinceMs}]),
    ...(following === undefined ? [] : [{id: bundleStampId(following.hash), sinceMs: following.sinceMs}]),
    ...Object.entries(leftWindow).map(([key, sinceMs]) => ({id: windowId(key), sinceMs})),
  ];
}

export interface PairStamp {
  readonly id: string;
  readonly sinceMs: number;
}

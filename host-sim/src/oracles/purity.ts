// Whether all live values of a resource are under one key, and until when they were: counted at each write, so that
// nobody has to scan.

import type {KeyTag} from '../world/stored-value.ts';

export interface Purity {
  readonly change: (before: KeyTag | undefined, after: KeyTag | undefined, nowMs: number) => void;
  /** Until when no value was under another key; `nowMs` while that is so, minus infinity where it never was. */
  readonly pureUntilMs: (tag: KeyTag, nowMs: number) => number;
}

export function createPurity(): Purity {
  const counts = new Map<KeyTag, number>();
  const until = new Map<KeyTag, number>();
  let emptyUntilMs = 0;
  return {
    change(before, after, nowMs) {
      if (before === after) return;
      const sole = counts.size === 1 ? [...counts.keys()][0] : undefined;
      if (sole !== undefined && after !== undefined && after !== sole) until.set(sole, nowMs);
      if (counts.size === 0) emptyUntilMs = nowMs;
      if (before !== undefined) {
        const count = (counts.get(before) ?? 0) - 1;
        if (count > 0) counts.set(before, count);
        else counts.delete(before);
      }
      if (after !== undefined) counts.set(after, (counts.get(after) ?? 0) + 1);
    },
    pureUntilMs(tag, nowMs) {
      if (counts.size === 0 || (counts.size === 1 && counts.has(tag))) return nowMs;
      return Math.max(until.get(tag) ?? Number.NEGATIVE_INFINITY, emptyUntilMs);
    },
  };
}

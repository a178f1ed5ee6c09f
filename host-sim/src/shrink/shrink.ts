// Makes a failing rehearsal small: whatever can go, goes, as long as what is left fails in the same way (delta debugging
// over the timeline, then over clusters, objects and times). The end is an ordinary rehearsal of one seed.

import {maxShrinkRuns} from '../campaign/limits.ts';
import type {Rehearsal} from '../rehearsal/model.ts';
import {steps} from './candidates.ts';

export interface ShrinkOptions {
  /** Most candidates that are run. */
  readonly maxRuns?: number;
  /** Told of each smaller rehearsal as it is found. */
  readonly progress?: (shrunk: Rehearsal, runs: number) => void;
}

/**
 * The smallest rehearsal that is found, which fails as the given one does; the given one with this seed alone if nothing
 * can go.
 * @param fails runs a candidate's only seed; true if the same invariant breaks. It must be true of the given rehearsal.
 */
export function shrinkRehearsal(
  rehearsal: Rehearsal,
  seed: number,
  fails: (candidate: Rehearsal) => boolean,
  {maxRuns = maxShrinkRuns, progress = () => undefined}: ShrinkOptions = {},
): Rehearsal {
  const search = createSearch(fails, maxRuns);
  const alone = {...rehearsal, seeds: {from: seed, count: 1}};
  // Chains that go on beside each other fail only beside each other: then stated times stay.
  let smallest = search.first([inSteps(alone)]) ?? alone;
  for (let before: Rehearsal | undefined; before !== smallest; ) {
    before = smallest;
    for (const step of steps) {
      for (let found = search.first(step(smallest)); found !== undefined; found = search.first(step(smallest))) {
        smallest = found;
        progress(smallest, search.runs());
      }
    }
  }
  return smallest;
}

interface Search {
  /** The first of these that fails. */
  readonly first: (candidates: Iterable<Rehearsal>) => Rehearsal | undefined;
  readonly runs: () => number;
}

/** Remembers what was tried, so that nothing runs twice. */
function createSearch(fails: (candidate: Rehearsal) => boolean, maxRuns: number): Search {
  const tried = new Set<string>();
  return {
    runs: () => tried.size,
    first: (candidates) => {
      for (const candidate of candidates) {
        const text = JSON.stringify(candidate);
        if (tried.has(text)) continue;
        if (tried.size >= maxRuns) return undefined;
        tried.add(text);
        if (fails(candidate)) return candidate;
      }
      return undefined;
    },
  };
}

/** Stated times become waits, as long as they are known, so that entries can go without the others' changing theirs. */
function inSteps(rehearsal: Rehearsal): Rehearsal {
  let nowMs: number | undefined = 0;
  const timeline = rehearsal.timeline.map((entry) => {
    const startMs = nowMs;
    const insideMs = entry.deeds.reduce((ms, deed) => ms + (deed.kind === 'advance' ? deed.byMs : 0), 0);
    if (entry.kind === 'when' || startMs === undefined) {
      nowMs = undefined;
      return entry;
    }
    if (entry.kind === 'after') {
      nowMs = startMs + entry.delayMs + insideMs;
      return entry;
    }
    nowMs = entry.atMs + insideMs;
    return {kind: 'after' as const, delayMs: Math.max(0, entry.atMs - startMs), deeds: entry.deeds};
  });
  return {...rehearsal, timeline};
}

/** How many deeds a timeline has. */
export const deedsOf = ({timeline}: Rehearsal): number => timeline.reduce((sum, {deeds}) => sum + deeds.length, 0);

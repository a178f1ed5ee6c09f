// Makes a failing seed small for whoever has to look at it: the smallest rehearsal that breaks the same thing, found in
// bounded time.

import {deedsOf, type Rehearsal, type SeedResult, shrinkRehearsal} from '@etcd-encryption/host-sim';
import type {Progress} from '../progress.ts';
import type {RunRehearsal} from './play.ts';

/** No candidate is run after this, ms. */
const maxShrinkMs = 60_000;

export interface ShrinkFailureOptions {
  readonly run: RunRehearsal;
  readonly nowMs: () => number;
  readonly progress: Progress;
}

/** A rehearsal of one seed; the given one where nothing could go in time. */
export function shrinkFailure(
  rehearsal: Rehearsal,
  {seed, violation}: SeedResult,
  {run, nowMs, progress}: ShrinkFailureOptions,
): Rehearsal {
  const endMs = nowMs() + maxShrinkMs;
  const failsAlike = (candidate: Rehearsal): boolean => {
    if (nowMs() >= endMs) return false;
    try {
      return run(candidate, {seed}).violation?.name === violation?.name;
    } catch {
      // A candidate that lacks something which another part of it names is none.
      return false;
    }
  };
  return shrinkRehearsal(rehearsal, seed, failsAlike, {
    progress: (shrunk, runs) => progress.show(`${deedsOf(shrunk)} deeds left after ${runs} smaller rehearsals`),
  });
}

// Makes a failing seed small for whoever has to look at it, in bounded time.

import type {Rehearsal, SeedResult} from '@etcd-encryption/host-sim';
import type {Progress} from '../progress.ts';
import {shrinkFailing} from '../verbs/shrink.ts';
import type {RunRehearsal} from './play.ts';

/** No smaller rehearsal is tried after this, ms; the verb `shrink` takes all the time it needs. */
const maxShrinkMs = 60_000;

export interface ShrinkFailureOptions {
  readonly run: RunRehearsal;
  readonly nowMs: () => number;
  readonly progress: Progress;
}

/** The smallest rehearsal of this seed that was found in time and fails alike. */
export function shrinkFailure(
  rehearsal: Rehearsal,
  failed: SeedResult,
  {run, nowMs, progress}: ShrinkFailureOptions,
): Rehearsal {
  const {seed, violation} = failed;
  if (violation === undefined) return rehearsal;
  const endMs = nowMs() + maxShrinkMs;
  const passed: SeedResult = {...failed, violation: undefined};
  const inTime = (candidate: Rehearsal): SeedResult => (nowMs() < endMs ? run(candidate, {seed}) : passed);
  return shrinkFailing(inTime, rehearsal, {seed, violation}, progress.show);
}

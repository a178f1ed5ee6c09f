// Measures a rate: rounds of work by the processor time of this thread, so that other programs do not slow it down.

import type {RateCase} from './case.ts';

export interface TakenRate {
  /** Of each round, in the order taken. */
  readonly perSecond: readonly number[];
  readonly notes: readonly string[];
}

/** Does `rounds` rounds after one that does not count. */
export function takeRate({take}: RateCase, rounds: number): TakenRate {
  take(0);
  const perSecond: number[] = [];
  const notes: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const before = process.threadCpuUsage();
    const {done, note} = take(round);
    const {user, system} = process.threadCpuUsage(before);
    perSecond.push((1e6 * done) / (user + system));
    notes.push(note);
  }
  return {perSecond, notes};
}

// Plays the seeds of a rehearsal one after another and counts what comes out of them.

import {setImmediate} from 'node:timers/promises';
import {possibleCells, type Rehearsal, type RunEvent, type SeedResult} from '@etcd-encryption/host-sim';
import type {Outcome} from '../run-output/json-lines.ts';
import {createTally, type Totals} from '../run-output/tally.ts';
import {createCoverage} from './coverage.ts';

/** Runs one seed to its end. */
export type RunRehearsal = (
  rehearsal: Rehearsal,
  options: {readonly seed: number; readonly listen?: (event: RunEvent) => void},
) => SeedResult;

export interface PlayOptions {
  readonly rehearsal: Rehearsal;
  readonly run: RunRehearsal;
  /** Time of this machine that only goes forward, ms. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly listen?: (event: RunEvent) => void;
  /** After each seed. @param seconds that it took */
  readonly ended: (result: SeedResult, seconds: number, totals: () => Totals) => void;
}

export interface Played {
  readonly outcome: Outcome;
  readonly totals: Totals;
  readonly cellsHit: readonly string[];
  readonly failed: readonly SeedResult[];
  /** Why it is vacuous, a line each. */
  readonly never: readonly string[];
}

/** Failures that are kept to be told; the rest is counted. */
const keptFailures = 3;

/** Between two seeds it listens to the signal; it then ends with what it has. */
export async function play(options: PlayOptions): Promise<Played> {
  const {rehearsal, run, nowMs, signal, listen, ended} = options;
  const {from, count} = rehearsal.seeds;
  const tally = createTally(cellsOf(rehearsal));
  const coverage = createCoverage(rehearsal);
  const failed: SeedResult[] = [];
  const startedMs = nowMs();
  const totals = (): Totals => tally.totals((nowMs() - startedMs) / 1_000);
  let done = 0;
  for (; done < count && !signal.aborted; done += 1) {
    const seedMs = nowMs();
    const result = run(rehearsal, {seed: from + done, ...(listen === undefined ? {} : {listen})});
    tally.add(result);
    if (result.violation === undefined) coverage.add(result);
    else if (failed.length < keptFailures) failed.push(result);
    ended(result, (nowMs() - seedMs) / 1_000, totals);
    await setImmediate();
  }
  const stopped = done < count ? [`stopped after ${done} of ${count} seeds`] : [];
  const never = failed.length > 0 ? [] : [...stopped, ...coverage.never()];
  const outcome = failed.length > 0 ? 'violation' : never.length > 0 ? 'vacuous' : 'pass';
  return {outcome, totals: totals(), cellsHit: tally.cellsHit(), failed, never};
}

/** Of the cells that can be, those of a pair or those of one cluster. */
const cellsOf = ({clusters}: Rehearsal): number =>
  possibleCells.filter(({role}) => (role === 'single') === (clusters.length === 1)).length;

// The sieve: along a reference run, a rotation of a pair, every single cut at every deed, every pair of them, and a
// failover at every deed with a mirror that lags by each of a few times. Each way is one run of its own.

import type {Rehearsal, TimelineEntry} from '../rehearsal/model.ts';
import type {SeedResult} from '../rehearsal/result.ts';
import {createRun, type Run, type RunOptions} from '../rehearsal/run.ts';
import {countDeeds, cutKinds, type SieveCut} from './cuts.ts';

export interface Sieve {
  /** Its timeline is empty; its `expect` says what has to come of every way. */
  readonly rehearsal: Rehearsal;
  readonly options: RunOptions;
  /** When the deeds that are cut begin: `undefined` from the start. */
  readonly begins: (run: Run) => boolean;
  /** When the reference is over: deeds behind it are not cut. */
  readonly ends: (run: Run) => boolean;
}

export interface Reference {
  /** Deeds between beginning and end. */
  readonly deeds: number;
  /** When each of them was done, virtual ms. */
  readonly atMs: readonly number[];
}

/** The run without a cut. @throws Error where it does not come to its end */
export function refer({rehearsal, options, begins, ends}: Sieve): Reference {
  const run = createRun(rehearsal, options);
  if (!run.runUntil(() => begins(run))) throw new Error(`reference: expected that it begins, got ${whyOf(run)}`);
  const counter = countDeeds(run);
  const atMs: number[] = [];
  const isOver = run.runUntil(() => {
    while (atMs.length < counter.count()) atMs.push(run.nowMs);
    return ends(run);
  });
  if (!isOver) throw new Error(`reference: expected that it ends, got ${whyOf(run)}`);
  return {deeds: counter.count(), atMs};
}

const whyOf = ({violation, nowMs}: Run): string => violation?.explanation ?? `nothing by ${nowMs} ms`;

/** One way: the reference with these cuts. */
export function runCuts({rehearsal, options, begins}: Sieve, cuts: readonly SieveCut[]): SeedResult {
  const run = createRun(rehearsal, options);
  run.runUntil(() => begins(run));
  countDeeds(run, cuts);
  run.runUntil(() => run.over);
  return run.result();
}

/** Every cut of every deed. */
export function singleCuts(deeds: number): readonly SieveCut[] {
  return Array.from({length: deeds}, (_, deed) => cutKinds.map((kind) => ({deed, kind}))).flat();
}

/** Every two cuts, the earlier one first; at one deed only cuts of two kinds. The n-th of them, without making them all. */
export function pairOfCuts(deeds: number, n: number): readonly [SieveCut, SieveCut] {
  const count = countPairs(deeds);
  if (!Number.isInteger(n) || n < 0 || n >= count) throw new RangeError(`n: expected 0 to ${count - 1}, got ${n}`);
  const all = singleCuts(deeds);
  let [first, left] = [0, n];
  while (left >= all.length - 1 - first) {
    left -= all.length - 1 - first;
    first++;
  }
  const [a, b] = [all[first], all[first + 1 + left]];
  if (a === undefined || b === undefined) throw new RangeError(`n: expected one that is counted, got ${n}`);
  return [a, b];
}

export function countPairs(deeds: number): number {
  const singles = deeds * cutKinds.length;
  return (singles * (singles - 1)) / 2;
}

/** How long the mirror has copied nothing when the failover comes. */
export interface FailoverAt {
  readonly atMs: number;
  readonly lagMs: number;
}

/** The reference with an unplanned failover at a moment; as an ordinary rehearsal, so that it can be kept. */
export function withFailover({rehearsal}: Sieve, {atMs, lagMs}: FailoverAt): Rehearsal {
  const standby = rehearsal.clusters.find(({role}) => role === 'standby')?.name ?? '';
  const stall: TimelineEntry[] =
    lagMs === 0
      ? []
      : [
          {
            kind: 'at',
            atMs: Math.max(0, atMs - lagMs),
            deeds: [{kind: 'stall', what: 'replication', forMs: lagMs + 1_000}],
          },
        ];
  const failover: TimelineEntry = {kind: 'at', atMs, deeds: [{kind: 'failover', to: standby, mode: 'unplanned'}]};
  return {...rehearsal, timeline: [...stall, failover]};
}

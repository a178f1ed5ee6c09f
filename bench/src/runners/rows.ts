// What a foreign runner says of each way, turned into the rows of our results.

import type {HereSide, TimedCase} from '../case.ts';
import type {ResultRow} from '../results.ts';
import {ratioOf} from '../statistics.ts';
import {verifyAnswers} from '../verify.ts';

export interface RunnerTime {
  /** Of one run, in whatever unit the runner uses for all. */
  readonly time: number;
  /** The runner's own margin of error, as a part of the time: 0.02 for 2 %. */
  readonly margin: number;
  readonly rounds: number;
}

/** Measures the ways of this process; those that measure themselves elsewhere are out of such a runner's sight. */
export async function rowsFromTimes(
  timed: TimedCase,
  measure: (side: HereSide) => Promise<RunnerTime>,
): Promise<ResultRow[]> {
  await verifyAnswers(timed);
  if (timed.ours.kind !== 'here') return [];
  const ours = await measure(timed.ours);
  const rows: ResultRow[] = [];
  for (const side of timed.rivals) {
    if (side.kind !== 'here') continue;
    const rival = await measure(side);
    const {ratio} = ratioOf([{ours: ours.time, rival: rival.time}]);
    const margin = ours.margin + rival.margin;
    rows.push({
      case: timed.name,
      against: side.name,
      ratio,
      min: ratio * (1 - margin),
      max: ratio * (1 + margin),
      rounds: rival.rounds,
    });
  }
  return rows;
}

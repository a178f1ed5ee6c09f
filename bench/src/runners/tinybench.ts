// The cases under `tinybench`: each way by itself, one after the other, medians of its latency.

import {Bench} from 'tinybench';
import type {HereSide, TimedCase} from '../case.ts';
import {runnerMs} from '../limits.ts';
import type {ResultRow} from '../results.ts';
import {type RunnerTime, rowsFromTimes} from './rows.ts';

/** @param forMs milliseconds for which each way is measured */
export async function measureWithTinybench(timed: TimedCase, forMs = runnerMs): Promise<ResultRow[]> {
  return rowsFromTimes(timed, (side) => latency(side, forMs));
}

async function latency(side: HereSide, forMs: number): Promise<RunnerTime> {
  const bench = new Bench({time: forMs, warmupTime: forMs / 4, throws: true});
  bench.add(side.name, () => side.run(1));
  const [task] = await bench.run();
  const result = task?.result;
  if (result === undefined || !('latency' in result))
    throw new Error(`tinybench: expected a result of ${side.name}, got none`);
  const {p50, rme, samplesCount} = result.latency;
  return {time: p50, margin: rme / 100, rounds: samplesCount};
}

// The cases under `benchmark`: each way by itself, one after the other, the mean of its sampled runs.

import Benchmark from 'benchmark';
import type {HereSide, TimedCase} from '../case.ts';
import {runnerMs} from '../limits.ts';
import type {ResultRow} from '../results.ts';
import {type RunnerTime, rowsFromTimes} from './rows.ts';

/** @param forMs milliseconds for which each way is measured */
export async function measureWithBenchmark(timed: TimedCase, forMs = runnerMs): Promise<ResultRow[]> {
  return rowsFromTimes(timed, (side) => period(side, forMs));
}

function period(side: HereSide, forMs: number): Promise<RunnerTime> {
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark(side.name, {
      defer: true,
      async: true,
      maxTime: forMs / 1000,
      fn: (deferred: {resolve: () => void}) => {
        Promise.resolve(side.run(1)).then(() => deferred.resolve(), reject);
      },
    });
    benchmark.on('complete', () => {
      const {mean, rme, sample} = benchmark.stats;
      if (benchmark.error === undefined) resolve({time: 1000 * mean, margin: rme / 100, rounds: sample.length});
      else reject(benchmark.error);
    });
    benchmark.run({async: true});
  });
}

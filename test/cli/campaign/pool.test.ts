// Worker threads of a campaign, over runs that are made up.

import type {SeedDigest} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {runCampaign} from '../../../cli/src/campaign/run.ts';

const madeUp = new URL('./made-up-worker.ts', import.meta.url);

test('one worker or three ⇒ the same summary, and seeds are told in order', async () => {
  const campaign = {from: 1, seeds: 300, module: madeUp};
  const told: number[] = [];
  const one = await runCampaign({...campaign, workers: 1});
  const three = await runCampaign({...campaign, workers: 3, progress: ({seed}: SeedDigest) => told.push(seed)});
  expect(three).toEqual(one);
  expect(one.summary).toMatchObject({seeds: 300, violations: 3, vacuous: 4, rotations: 300});
  expect(one.summary.failed.map(({seed}) => seed)).toEqual([77, 154, 231]);
  expect(told).toEqual(Array.from({length: 300}, (_, index) => index + 1));
});

test('shards ⇒ together they run what the whole campaign runs', async () => {
  const campaign = {from: 1, seeds: 100, workers: 1, module: madeUp};
  const whole = await runCampaign(campaign);
  let sum = 0n;
  let seeds = 0;
  for (const index of [0, 1, 2]) {
    const {summary, range} = await runCampaign({...campaign, shard: {index, of: 3}});
    expect(summary.seeds).toBe(range.count);
    sum += BigInt(`0x${summary.traceHash}`);
    seeds += summary.seeds;
  }
  expect(seeds).toBe(100);
  expect(sum.toString(16).padStart(16, '0')).toBe(whole.summary.traceHash);
});

test('stopped on the way ⇒ it ends with the seeds that came before, in order', async () => {
  const stop = new AbortController();
  const {summary} = await runCampaign({
    from: 0,
    seeds: 100_000,
    workers: 2,
    module: madeUp,
    signal: stop.signal,
    progress: ({seed}) => {
      if (seed === 50) stop.abort();
    },
  });
  expect(summary.seeds).toBeGreaterThanOrEqual(51);
  expect(summary.seeds).toBeLessThan(100_000);
});

test('a worker that fails ⇒ the campaign fails with its error', async () => {
  const module = new URL('./broken-worker.ts', import.meta.url);
  await expect(runCampaign({from: 0, seeds: 10, workers: 2, module})).rejects.toThrow('no room');
});

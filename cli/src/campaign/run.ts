// Runs a campaign: seeds of a range or of one shard of it, over worker threads, told as it goes.

import {
  type CampaignSummary,
  createCampaignTally,
  type SeedDigest,
  type SeedRange,
  type Shard,
  shardOf,
} from '@etcd-encryption/host-sim';
import {runInWorkers} from './pool.ts';

export interface CampaignOptions {
  readonly from: number;
  readonly seeds: number;
  readonly shard?: Shard;
  readonly workers: number;
  /** Told after each seed; the summary is made when it is asked for. */
  readonly progress?: (digest: SeedDigest, summary: () => CampaignSummary) => void;
  readonly signal?: AbortSignal;
  /** What a worker runs; the shipped engine unless a test says otherwise. */
  readonly module?: URL;
}

export interface CampaignRun {
  readonly summary: CampaignSummary;
  /** What was asked for, after sharding. */
  readonly range: SeedRange;
}

/** Source or built file, whichever this one is. */
const workerModule = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** The same seeds end in the same summary, however many workers run them. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignRun> {
  const {from, seeds, shard, workers, progress, module = workerModule} = options;
  const all = {from, count: seeds};
  const range = shard === undefined ? all : shardOf(all, shard);
  const tally = createCampaignTally();
  const take = (digest: SeedDigest): void => {
    tally.add(digest);
    progress?.(digest, tally.summary);
  };
  const signal = options.signal ?? new AbortController().signal;
  await runInWorkers({range, workers, module, signal, take});
  return {summary: tally.summary(), range};
}

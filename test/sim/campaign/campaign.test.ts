// The campaign itself: generated rehearsals on the shipped engine, with all oracles and promises. In `npm test` as many
// seeds as a minute allows; `npm run test:long -- campaign` runs a hundred thousand, in slices each of which has to hit
// every possible cell.

import {availableParallelism} from 'node:os';
import {possibleCells, verdictOf} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {runCampaign} from '../../../cli/src/campaign/run.ts';
import {openProofRun, type SliceCounts} from '../../../scripts/proof-run.ts';

const run = openProofRun();
const fullSlices = 100;
const sliceSeeds = 1_000;
const smallSeeds = 500;
const smallLimitMs = 900_000;
const fullLimitMs = 7 * 86_400_000;

/** Runs seeds; they must break nothing, and strike all that they planned where they aimed. */
async function campaign(from: number, seeds: number): Promise<SliceCounts> {
  const started = performance.now();
  const {summary} = await runCampaign({from, seeds, workers: availableParallelism()});
  const {violations, vacuous, rotations, events, cells, traceHash, failed, empty, short, absurd} = summary;
  const seconds = (performance.now() - started) / 1_000;
  const pace = `${(seeds / seconds).toFixed(1)} seeds and ${(rotations / seconds).toFixed(1)} rotations a second`;
  console.log(`seeds ${from} to ${from + seeds - 1}: ${cells.hit} of ${cells.all} cells, ${pace}, trace ${traceHash}`);
  expect({failed, empty, short, absurd}).toEqual({failed: [], empty: [], short: [], absurd: []});
  expect(verdictOf(summary)).toBe('pass');
  return {seeds: summary.seeds, rotations, events, violations, vacuous};
}

test(
  'generated rehearsals, a hundred thousand in the full run ⇒ nothing breaks, every planned fault strikes',
  async () => {
    if (!run.long) {
      const {seeds} = await campaign(run.seed, smallSeeds);
      expect(seeds).toBe(smallSeeds);
      return;
    }
    expect(possibleCells.length * 2).toBeLessThan(sliceSeeds);
    for (let slice = 0; slice < fullSlices; slice++) {
      const from = run.seed + slice * sliceSeeds;
      await run.slice(`seeds ${from} to ${from + sliceSeeds - 1}`, () => campaign(from, sliceSeeds));
    }
  },
  run.long ? fullLimitMs : smallLimitMs,
);

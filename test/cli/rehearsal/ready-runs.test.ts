// Every ready rehearsal passes, and would not if it expected something else. All of their first seeds in the proof
// `rehearsals`, one of each here.

import {type Deed, type Expectation, type Rehearsal, runRehearsal, type SeedResult} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {createCoverage} from '../../../cli/src/rehearsal/coverage.ts';
import {readyRehearsals} from '../../../cli/src/rehearsal/ready.ts';
import {openProofRun} from '../../../scripts/proof-run.ts';

const run = openProofRun();
/** Seeds of each file in the full run. */
const seedsInFull = 20;
const seeds = run.long ? Array.from({length: seedsInFull}, (_, at) => run.seed + at) : [run.seed];

const named = readyRehearsals().map((rehearsal) => ({name: rehearsal.metadata.name, rehearsal}));

describe.each(named)('$name', ({name, rehearsal}) => {
  const coverage = createCoverage(rehearsal);

  test.each(seeds)('seed %i ⇒ everything holds, nothing is unreadable', async (seed) => {
    const ran = await run.slice(`${name} ${seed}`, () => {
      const result = runRehearsal(rehearsal, {seed});
      coverage.add(result);
      expect(result.violation).toBeUndefined();
      expect(result.unreadable).toBe(0);
      expect(result.rotations).toBeGreaterThan(0);
      return countsOf(result);
    });
    if (!ran) coverage.add(runRehearsal(rehearsal, {seed}));
  });

  test('over these seeds ⇒ every deed and expected moment came to pass', () => {
    expect(coverage.never()).toEqual([]);
  });

  test('one expectation made wrong ⇒ it fails, by that expectation', () => {
    const wrong = wrongly(rehearsal);
    const {violation} = runRehearsal({...rehearsal, expect: [...rehearsal.expect, wrong]}, {seed: run.seed});
    expect(violation?.name).toContain(`expect[${rehearsal.expect.length}]`);
  });
});

const countsOf = ({rotations, strikes, events}: SeedResult) => ({seeds: 1, rotations, strikes: strikes.length, events});

/** Right after the first deed nothing can be read: no engine does that. */
function wrongly({timeline, clusters}: Rehearsal): Expectation {
  const first: Deed | undefined = timeline[0]?.deeds[0];
  const cluster = clusters[0]?.name;
  if (first === undefined || cluster === undefined) throw new RangeError('timeline: expected a deed, got none');
  return {kind: 'within', limitMs: 1_000, of: first.kind, cluster, is: {unreadable: 1_000_000}};
}

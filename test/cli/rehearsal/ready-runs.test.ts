// Every ready rehearsal passes, and would not if it expected something else. The proof `rehearsals` runs one seed of each
// as it stands, and twenty with an interval of half a day for a week; here runs what is over within a few virtual hours.

import {type Expectation, type Rehearsal, runRehearsal, type SeedResult} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {createCoverage} from '../../../cli/src/rehearsal/coverage.ts';
import {readyRehearsals} from '../../../cli/src/rehearsal/ready.ts';
import {openProofRun} from '../../../scripts/proof-run.ts';
import {hurried} from './hurried.ts';

const run = openProofRun();
const seeds = Array.from({length: run.long ? 20 : 1}, (_, at) => run.seed + at);

/** Over within a few virtual hours. */
const short: readonly string[] = ['busy-writers'];
const named = readyRehearsals()
  .map((rehearsal) => ({name: rehearsal.metadata.name, rehearsal}))
  .filter(({name}) => run.long || short.includes(name));

describe.each(named)('$name', ({name, rehearsal}) => {
  const inHurry = hurried(rehearsal);
  const coverage = createCoverage(rehearsal);

  /** One seed as a slice of the proof; one that an earlier run did is not judged again. */
  const play = (title: string, played: Rehearsal, seed: number): Promise<boolean> =>
    run.slice(`${name} ${title} ${seed}`, () => {
      const result = runRehearsal(played, {seed});
      coverage.add(result);
      expectGood(result);
      return countsOf(result);
    });

  if (run.long)
    test('as it stands ⇒ everything holds, every deed came to pass', async () => {
      await play('as it stands', rehearsal, run.seed);
    });

  test.each(seeds)('seed %i ⇒ everything holds, nothing is unreadable', async (seed) => {
    if (!(await play('in a hurry', inHurry, seed))) coverage.add(runRehearsal(inHurry, {seed}));
  });

  test('over these seeds ⇒ every deed and expected moment came to pass', () => {
    expect(coverage.never()).toEqual([]);
  });

  test('one expectation made wrong ⇒ it fails, by that expectation', () => {
    const wrong = [...inHurry.expect, wrongly(inHurry)];
    const {violation} = runRehearsal({...inHurry, expect: wrong}, {seed: run.seed});
    expect(violation?.name).toContain(`expect[${inHurry.expect.length}]`);
  });
});

function expectGood({violation, unreadable, rotations}: SeedResult): void {
  expect(violation).toBeUndefined();
  expect(unreadable).toBe(0);
  expect(rotations).toBeGreaterThan(0);
}

const countsOf = ({rotations, strikes, events}: SeedResult) => ({seeds: 1, rotations, strikes: strikes.length, events});

/** Right after the first deed nothing can be read: no engine does that. */
function wrongly({timeline, clusters}: Rehearsal): Expectation {
  const first = timeline[0]?.deeds[0];
  const cluster = clusters[0]?.name;
  if (first === undefined || cluster === undefined) throw new RangeError('timeline: expected a deed, got none');
  return {kind: 'within', limitMs: 1_000, of: first.kind, cluster, is: {unreadable: 1_000_000}};
}

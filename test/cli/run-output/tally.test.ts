// Seeds are counted as they come, and the order does not show.

import {expect, test} from 'vitest';
import {seedLine, summaryLine} from '../../../cli/src/run-output/json-lines.ts';
import {createTally} from '../../../cli/src/run-output/tally.ts';
import {passed, strike, violation} from './results.ts';

const seeds = [
  {...passed, strikes: [strike, {...strike, atMs: 90_000}]},
  {...passed, seed: 2, missed: [0], strikes: [{...strike, role: 'Active' as const}]},
  {...passed, seed: 3, missed: [0], violation, unreadable: 2, traceHash: 'ffffffffffffffff'},
];

test('three seeds, one vacuous and one failed ⇒ every sum, and each cell once', () => {
  const tally = createTally(340);
  for (const seed of seeds) tally.add(seed);
  expect(tally.totals(0.5)).toEqual({
    seeds: 3,
    violations: 1,
    vacuous: 1,
    cells: {all: 340, hit: 2},
    rotations: 9,
    rotationsPerSecond: 18,
    unreadable: 2,
    traceHash: '00000000000001fd',
  });
  expect(tally.cellsHit()).toEqual(['failover × Activate × Active', 'failover × Activate × Standby']);
});

test('the same seeds in another order ⇒ the same trace', () => {
  const tally = createTally(340);
  for (const seed of seeds.toReversed()) tally.add(seed);
  expect(tally.totals(1).traceHash).toBe('00000000000001fd');
});

test('one seed ⇒ its own trace; no time passed ⇒ no pace', () => {
  const tally = createTally(340);
  tally.add(passed);
  expect(tally.totals(0)).toMatchObject({traceHash: passed.traceHash, rotationsPerSecond: 0});
  expect(tally.totals(70).rotationsPerSecond).toBe(0.0429);
});

test('a seed as JSON ⇒ its number and outcome, then all that is known', () => {
  expect(JSON.parse(seedLine(passed))).toEqual({...passed, outcome: 'pass', violation: undefined});
  expect(seeds.map((seed) => seedLine(seed).slice(0, 31))).toEqual([
    '{"seed":1,"outcome":"pass","str',
    '{"seed":2,"outcome":"vacuous","',
    '{"seed":3,"outcome":"violation"',
  ]);
});

test('the last line ⇒ the totals in their stated order', () => {
  const tally = createTally(340);
  for (const seed of seeds) tally.add(seed);
  expect(summaryLine(tally.totals(0.5))).toBe(
    '{"seeds":3,"violations":1,"vacuous":1,"cells":{"all":340,"hit":2},"rotations":9,"rotationsPerSecond":18,' +
      '"traceHash":"00000000000001fd"}',
  );
});

// What a campaign keeps of its seeds and how it adds them up, against runs that are made up.

import {
  aimOf,
  type CampaignSummary,
  cellOf,
  createCampaignTally,
  digestSeed,
  generateRehearsal,
  possibleCells,
  type RunSeed,
  runRehearsal,
  type SeedResult,
  verdictOf,
} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';

const quiet = (seed: number): SeedResult => ({
  seed,
  violation: undefined,
  strikes: [],
  missed: [],
  moments: [],
  rotations: 2,
  unreadable: 0,
  events: 10,
  virtualMs: 1_000,
  traceHash: seed.toString(16).padStart(16, '0'),
});
/** A run in which each seed hits what it aims at. */
const hitting: RunSeed = (_, seed) => {
  const aim = aimOf(seed);
  return {...quiet(seed), strikes: aim === undefined ? [] : [{...aim, cluster: 'east', atMs: 1}]};
};
const violation = {name: 'S1 readable', cluster: 'east', node: 'e1', key: 'k', explanation: 'it cannot', atMs: 5};

function campaign(from: number, seeds: number, run: RunSeed = hitting): CampaignSummary {
  const tally = createCampaignTally();
  for (let seed = from; seed < from + seeds; seed++) tally.add(digestSeed(seed, run));
  return tally.summary();
}

test('every aimed seed hits its cell and nothing breaks ⇒ it passes with all cells', () => {
  const summary = campaign(1, 2_000);
  expect(verdictOf(summary)).toBe('pass');
  expect(summary).toMatchObject({seeds: 2_000, rotations: 4_000, vacuous: 0, violations: 0, short: []});
  expect(summary.cells).toEqual({all: possibleCells.length, hit: possibleCells.length});
});

test('an aimed seed hits another cell ⇒ it is vacuous and says which cell it missed', () => {
  const missed = cellOf(aimOf(40) ?? {fault: 'crash', phase: 'Idle', role: 'single'});
  const summary = campaign(1, 60, (rehearsal, seed) => (seed === 40 ? quiet(seed) : hitting(rehearsal, seed)));
  expect(verdictOf(summary)).toBe('vacuous');
  expect(summary.empty).toMatchObject([{seed: 40, vacuous: `${missed} was not hit`}]);
});

test('a planned deed never came ⇒ the seed is vacuous and names its place', () => {
  expect(digestSeed(1, (_, seed) => ({...quiet(seed), missed: [0, 2]})).vacuous).toBe(
    'timeline[0], timeline[2] never came',
  );
});

test('a violation ⇒ the seed is no longer vacuous, whatever it missed', () => {
  const digest = digestSeed(40, (_, seed) => ({...quiet(seed), missed: [0], violation}));
  expect(digest).toMatchObject({violation, seed: 40});
  expect(digest.vacuous).toBeUndefined();
});

test('violations in more seeds than are kept ⇒ all are counted, the first are kept', () => {
  const summary = campaign(0, 50, (rehearsal, seed) => ({...hitting(rehearsal, seed), violation}));
  expect(verdictOf(summary)).toBe('violation');
  expect(summary.violations).toBe(50);
  expect(summary.failed.map(({seed}) => seed)).toEqual(Array.from({length: 20}, (_, seed) => seed));
});

test('the run of a seed throws ⇒ it is a violation with its message, and the campaign goes on', () => {
  const {violation: told} = digestSeed(7, () => {
    throw new Error('program east/controller failed: no');
  });
  expect(told).toMatchObject({name: 'no exception', explanation: 'program east/controller failed: no'});
});

test('one seed in a hundred runs twice; the second run differs ⇒ a violation with both hashes', () => {
  let runs = 0;
  const drifting: RunSeed = (rehearsal, seed) => ({
    ...hitting(rehearsal, seed),
    traceHash: (++runs).toString(16).padStart(16, '0'),
  });
  expect(digestSeed(101, drifting).violation).toBeUndefined();
  expect(runs).toBe(1);
  expect(digestSeed(200, drifting).violation).toMatchObject({
    name: 'same trace',
    explanation: 'it ran twice with the trace hashes 0000000000000002 and 0000000000000003',
  });
});

test('one seed in a thousand has real values the second time; what they break is told', () => {
  const asked: unknown[] = [];
  const run: RunSeed = (rehearsal, seed, how) => {
    asked.push(how);
    if (how?.realCrypto === true) throw new RangeError('value of /registry/secrets/a: expected to open');
    return hitting(rehearsal, seed);
  };
  expect(digestSeed(2_100, run).violation).toBeUndefined();
  expect(digestSeed(3_000, run).violation).toMatchObject({
    name: 'same trace',
    explanation: expect.stringMatching(/open/),
  });
  expect(asked).toEqual([undefined, {realCrypto: false}, undefined, {realCrypto: true}]);
});

test('generated rehearsals with real values ⇒ the traces of the symbolic ones', () => {
  for (const seed of [1_000, 2_000, 5_000]) {
    const rehearsal = generateRehearsal(seed);
    const real = runRehearsal(rehearsal, {seed, realCrypto: true});
    expect(real.violation).toBeUndefined();
    expect(real.traceHash).toBe(runRehearsal(rehearsal, {seed}).traceHash);
  }
});

test('a possible cell is hit less often than once in a thousand seeds ⇒ vacuous, with the cell and its hits', () => {
  const rare = possibleCells[3];
  if (rare === undefined) throw new Error('there are no cells');
  const summary = campaign(0, 2_000, (rehearsal, seed) => {
    const aim = aimOf(seed);
    return aim === rare && seed > 100 ? {...quiet(seed), violation: undefined} : hitting(rehearsal, seed);
  });
  expect(verdictOf(summary)).toBe('vacuous');
  expect(summary.short).toEqual([{cell: cellOf(rare), hits: 1}]);
});

test('a cell that cannot be is hit ⇒ vacuous: the table of cells is wrong', () => {
  const summary = campaign(1, 1, (_, seed) => ({
    ...quiet(seed),
    strikes: [{fault: 'stall', phase: 'Mint', role: 'single', cluster: 'east', atMs: 1}],
  }));
  expect(summary.absurd).toEqual(['stall × Mint × single']);
  expect(verdictOf(summary)).toBe('vacuous');
});

test('shards of a campaign ⇒ their trace hashes add up to that of the whole', () => {
  const sum = [campaign(1, 300), campaign(301, 700)].reduce((all, {traceHash}) => all + BigInt(`0x${traceHash}`), 0n);
  expect(campaign(1, 1_000).traceHash).toBe(BigInt.asUintN(64, sum).toString(16).padStart(16, '0'));
});

test('a digest out of order ⇒ RangeError', () => {
  const tally = createCampaignTally();
  tally.add(digestSeed(5, hitting));
  expect(() => tally.add(digestSeed(4, hitting))).toThrow('seed: expected one after 5, got 4');
});

// Deliberate bugs of the engine die, each by an invariant of its row in the simulator's table, and the engine as it is
// shipped survives the same worlds.

import {
  type Death,
  hunt,
  type Mutant,
  mutants,
  plainPair,
  runClean,
  runPairSeed,
  runSeed,
  slowWorld,
} from '@etcd-encryption/host-sim';
import {afterAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {rows} from './mutant-rows.ts';

const {long, slice} = openProofRun();
/** Seeds within which every mutant must die; where one survives all of them, an oracle has become blind. */
const seeds = long ? 2_000 : 24;
/** The full run tells how many seeds a kill takes, from several starts. */
const longStarts = [1, 3_001, 6_001, 9_001, 12_001];
/** Bugs that need more seeds than the small run has time for begin a few seeds before one that kills them. */
const lateStarts: ReadonlyMap<string, number> = new Map([
  ['scan taken before the drain', 7],
  ['409 = done', 10],
]);
const startsOf = ({name}: Mutant): readonly number[] => (long ? longStarts : [lateStarts.get(name) ?? 1]);
const cleanSeeds = long ? 200 : 12;
/** Of each world that was made for one bug. */
const cleanSeedsOfScripts = long ? 20 : 1;

interface CleanResult {
  readonly died: Death | undefined;
  readonly readable: boolean;
}

/** Many bugs show in one world: the shipped engine lives through each seed of it once. */
const lived = new Map<string, CleanResult>();
const worlds: unknown[] = [undefined];

function clean(mutant: Mutant, seed: number): CleanResult {
  const world = mutant.pair ?? mutant.world;
  if (!worlds.includes(world)) worlds.push(world);
  const key = `${worlds.indexOf(world)} ${mutant.aimed.join()} ${seed}`;
  const result = lived.get(key) ?? runClean(mutant, seed);
  lived.set(key, result);
  return result;
}

const survives = {died: undefined, readable: true};

describe('mutants of the engine', () => {
  const table: string[] = [];

  test.each(mutants.map((mutant) => ({title: mutant.name, mutant})))(
    '$title ⇒ an invariant of its row breaks; the same seed without it ⇒ all hold',
    async ({mutant}) => {
      await slice(mutant.name, () => {
        const kills = startsOf(mutant).map((from) => {
          const kill = hunt(mutant, seeds, from);
          expect(mutant.diesBy).toContain(kill?.detail.invariant);
          expect(clean(mutant, kill?.seed ?? from)).toMatchObject(survives);
          return {invariant: kill?.detail.invariant, took: (kill?.seed ?? from) - from + 1};
        });
        const median = kills.map(({took}) => took).sort((a, b) => a - b)[kills.length >> 1] ?? 0;
        table.push(`${mutant.name}: ${median}, ${[...new Set(kills.map(({invariant}) => invariant))].join(', ')}`);
        return {kills: kills.length, seeds: kills.reduce((sum, {took}) => sum + took, 0)};
      });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  afterAll(() => {
    if (long) console.info(['mutant: median seeds to its death, invariants', ...table].join('\n'));
  });

  test('the list ⇒ is the table of the specification, row by row, with its invariants', () => {
    const numbers = ({diesBy}: Mutant): string => diesBy.map((name) => name.split(' ')[0]).join(' ');
    expect(rows).toHaveLength(54);
    expect(mutants.map((mutant) => [mutant.name, numbers(mutant)]).sort()).toEqual([...rows].sort());
    for (const {what} of mutants) expect(what).not.toBe('');
  });
});

describe('the engine as it is shipped', () => {
  test(
    'small worlds with faults ⇒ every invariant holds, everything is readable, keys are activated',
    async () => {
      for (const [kind, world] of Object.entries({usual: {}, slow: slowWorld})) {
        const faults = new Set<string>();
        let activated = 0;
        const count = kind === 'usual' || long ? cleanSeeds : 2;
        await slice(`clean ${kind}`, () => {
          for (let seed = 1; seed <= count; seed++) {
            const result = runSeed({seed, world});
            expect({seed, ...result}).toMatchObject({seed, ...survives});
            for (const fault of result.faults) faults.add(fault);
            activated += result.activated;
          }
          if (kind === 'usual') expect(faults.size).toBeGreaterThanOrEqual(8);
          expect(activated).toBeGreaterThan(count);
          return {seeds: count};
        });
      }
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  test(
    'pairs with faults ⇒ every invariant holds, everything is readable, both sides rotate',
    async () => {
      await slice('clean pair', () => {
        let completed = 0;
        for (let seed = 1; seed <= cleanSeeds; seed++) {
          const result = runPairSeed({seed, world: plainPair});
          expect({seed, ...result}).toMatchObject({seed, ...survives});
          completed += result.completed;
        }
        expect(completed).toBeGreaterThan(3 * cleanSeeds);
        return {seeds: cleanSeeds};
      });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  test(
    'the worlds that were made for one bug ⇒ every invariant holds there too',
    async () => {
      const scripted = mutants.filter(({pair, world}) => pair !== undefined || world?.script !== undefined);
      for (const mutant of scripted.slice(0, long ? scripted.length : 0))
        await slice(`clean ${mutant.name}`, () => {
          for (let seed = 101; seed < 101 + cleanSeedsOfScripts; seed++)
            expect({seed, name: mutant.name, ...clean(mutant, seed)}).toMatchObject({seed, ...survives});
          return {seeds: cleanSeedsOfScripts};
        });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  test('the same seed again ⇒ the same trace', () => {
    expect(runSeed({seed: 3}).traceHash).toBe(runSeed({seed: 3}).traceHash);
    const world = {...plainPair, lengthMs: 240_000};
    expect(runPairSeed({seed: 3, world}).traceHash).toBe(runPairSeed({seed: 3, world}).traceHash);
  });
});

// Deliberate bugs of the engine die, each by an invariant of its row in the simulator's table, and the engine as it is
// shipped survives the same worlds.

import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  aimedRehearsal,
  cleanIn,
  type Death,
  deathIn,
  deedsOf,
  hunt,
  type Kill,
  type Mutant,
  mutants,
  type Rehearsal,
  rehearsedMutants,
  runClean,
  runSeed,
  scriptedMutants,
  shrinkAimed,
  slugOf,
  type TimelineEntry,
} from '@etcd-encryption/host-sim';
import {afterAll, describe, expect, test} from 'vitest';
import {parseRehearsal} from '../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../cli/src/rehearsal/write.ts';
import {openProofRun} from '../../scripts/proof-run.ts';
import {root} from '../../scripts/workspace.ts';
import {rows} from './mutant-rows.ts';

const {long, slice} = openProofRun();
/** Seeds within which every mutant must die; where one survives all of them, an oracle has become blind. */
const seeds = long ? 2_000 : 60;
/** The full run tells how many seeds a kill takes, from several starts. */
const longStarts = [1, 3_001, 6_001, 9_001, 12_001];
const starts = long ? longStarts : [1];
const cleanSeeds = long ? 200 : 12;
/** Most events of a rehearsal that shows a bug. */
const mostEvents = 8;
/** Bugs whose rehearsals the small run makes smaller, in so many runs; the full one does so for all, and keeps the files. */
const shrunkInSmallRun: ReadonlySet<string> = new Set([
  'unknown result → new key',
  'first fsync dropped',
  'key bytes in an error message',
  'in-place file write',
]);
const smallShrinkRuns = 20;
const shrunkFolder = join(root, 'docs', 'evidence', 'mutants');
/** Of what is aimed at one bug; the small run takes every ninth of them. */
const cleanSeedsOfAims = long ? 20 : 1;
const cleanStep = long ? 1 : 9;

interface CleanResult {
  readonly died: Death | undefined;
  readonly readable: boolean;
}

const survives = {died: undefined, readable: true};

/** More events than may be left, beside those of the aim: none of them does any harm. */
const noise: readonly TimelineEntry[] = Array.from({length: mostEvents + 2}, (_, index) => ({
  kind: 'at',
  atMs: index * 7_000,
  deeds: [{kind: 'missedEvents', target: {node: 'e1', program: 'agent'}, forMs: 500}],
}));

/** The rehearsal of a kill with noise around it, made smaller. */
function shrink(mutant: Mutant, {seed, detail}: Kill, rehearsal: Rehearsal): Rehearsal {
  const noisy = {...rehearsal, timeline: [...rehearsal.timeline, ...noise]};
  // Where the noise hinders the bug, what is made smaller is the rehearsal itself.
  const died = deathIn(mutant, {rehearsal: noisy, seed});
  const [hunted, death] = died?.invariant === detail.invariant ? [noisy, died] : [rehearsal, detail];
  const shrunk = shrinkAimed(mutant, {rehearsal: hunted, seed}, death, long ? undefined : smallShrinkRuns);
  if (!long) return shrunk;
  mkdirSync(shrunkFolder, {recursive: true});
  writeFileSync(join(shrunkFolder, `${slugOf(mutant.name)}.yaml`), formatRehearsal(shrunk));
  return shrunk;
}

/** Events of the smallest rehearsal of a kill; `undefined` where there is none, or nobody made it smaller. */
function eventsOf(mutant: Mutant, kill: Kill | undefined): number | undefined {
  if (kill?.rehearsal === undefined || !(long || shrunkInSmallRun.has(mutant.name))) return undefined;
  const shrunk = shrink(mutant, kill, kill.rehearsal);
  expect(deedsOf(shrunk)).toBeLessThanOrEqual(mostEvents);
  expect(shrunk.timeline.length).toBeLessThanOrEqual(mostEvents);
  const {seed, detail} = kill;
  expect(deathIn(mutant, {rehearsal: shrunk, seed})?.invariant).toBe(detail.invariant);
  expect(cleanIn({rehearsal: shrunk, seed})).toEqual(survives);
  return deedsOf(shrunk);
}

/** Many bugs show in one world: the shipped engine lives through each seed of it once. */
const lived = new Map<string, CleanResult>();
const worlds: unknown[] = [undefined];

function clean(mutant: Mutant, seed: number): CleanResult {
  if (rehearsedMutants.includes(mutant.name)) return runClean(mutant, seed);
  const {world, aimed = []} = mutant;
  if (!worlds.includes(world)) worlds.push(world);
  const key = `${worlds.indexOf(world)} ${aimed.join()} ${seed}`;
  const result = lived.get(key) ?? runClean(mutant, seed);
  lived.set(key, result);
  return result;
}

describe('mutants of the engine', () => {
  const table: string[] = [];

  test.each(mutants.map((mutant) => ({title: mutant.name, mutant})))(
    '$title ⇒ an invariant of its row breaks; the same seed without it ⇒ all hold',
    async ({mutant}) => {
      await slice(mutant.name, () => {
        const kills = starts.map((from) => {
          const kill = hunt(mutant, seeds, from);
          expect(mutant.diesBy).toContain(kill?.detail.invariant);
          expect(clean(mutant, kill?.seed ?? from)).toMatchObject(survives);
          return {kill, invariant: kill?.detail.invariant, took: (kill?.seed ?? from) - from + 1};
        });
        const events = eventsOf(mutant, kills[0]?.kill);
        const median = kills.map(({took}) => took).sort((a, b) => a - b)[kills.length >> 1] ?? 0;
        const died = [...new Set(kills.map(({invariant}) => invariant))].join(', ');
        table.push(`${mutant.name}: ${median}, ${died}, ${events ?? 'no'} events`);
        return {kills: kills.length, seeds: kills.reduce((sum, {took}) => sum + took, 0)};
      });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  afterAll(() => {
    if (long) console.info(['mutant: median seeds to its death, invariants', ...table].join('\n'));
  });

  test('the list ⇒ each is hunted in rehearsals, or in a world of its own for a reason that is given', () => {
    const scripted = Object.keys(scriptedMutants);
    expect([...rehearsedMutants, ...scripted].sort()).toEqual(mutants.map(({name}) => name).sort());
    expect(rehearsedMutants.filter((name) => scripted.includes(name))).toEqual([]);
    for (const reason of Object.values(scriptedMutants)) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  test('the rehearsal of a seed ⇒ is a file, has few events, and is another one for another seed only in its times', () => {
    for (const mutant of mutants) {
      const rehearsal = aimedRehearsal(mutant, 1);
      if (rehearsal === undefined) continue;
      expect(deedsOf(rehearsal)).toBeLessThanOrEqual(mostEvents);
      expect(parseRehearsal(formatRehearsal(rehearsal))).toEqual({outcome: 'ok', rehearsal});
      expect(aimedRehearsal(mutant, 1)).toEqual(rehearsal);
      const other = aimedRehearsal(mutant, 2)?.timeline.map(({deeds}) => deeds.map(({kind}) => kind));
      expect(other).toEqual(rehearsal.timeline.map(({deeds}) => deeds.map(({kind}) => kind)));
    }
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
      const faults = new Set<string>();
      let activated = 0;
      await slice('clean', () => {
        for (let seed = 1; seed <= cleanSeeds; seed++) {
          const result = runSeed({seed});
          expect({seed, ...result}).toMatchObject({seed, ...survives});
          for (const fault of result.faults) faults.add(fault);
          activated += result.activated;
        }
        expect(faults.size).toBeGreaterThanOrEqual(8);
        expect(activated).toBeGreaterThan(cleanSeeds);
        return {seeds: cleanSeeds};
      });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  test(
    'rehearsals and worlds that are aimed at bugs ⇒ every invariant and promise holds there too',
    async () => {
      for (const mutant of mutants.filter((_, index) => index % cleanStep === 0))
        await slice(`clean ${mutant.name}`, () => {
          for (let seed = 101; seed < 101 + cleanSeedsOfAims; seed++)
            expect({seed, name: mutant.name, ...clean(mutant, seed)}).toMatchObject({seed, ...survives});
          return {seeds: cleanSeedsOfAims};
        });
    },
    long ? 4 * 3_600_000 : 120_000,
  );

  test('the same seed again ⇒ the same trace', () => {
    expect(runSeed({seed: 3}).traceHash).toBe(runSeed({seed: 3}).traceHash);
  });
});

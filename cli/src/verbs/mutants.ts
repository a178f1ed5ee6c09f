// `mutants`: hunts deliberate bugs of the engine, to show that the campaign would find them. Each must die by an
// invariant of its row, most of them in a rehearsal, which is made small.

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {
  mutants as allMutants,
  deedsOf,
  hunt,
  type Kill,
  type Mutant,
  type Rehearsal,
  shrinkAimed,
  slugOf,
} from '@etcd-encryption/host-sim';
import {createProgress, type Progress} from '../progress.ts';
import {formatRehearsal} from '../rehearsal/write.ts';
import {wholeNumber} from '../run-output/seeds.ts';
import {cell, choosePaint, formatTable} from '../table.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

export interface MutantTools {
  readonly mutants: readonly Mutant[];
  readonly hunt: (mutant: Mutant, seeds: number, from: number) => Kill | undefined;
  /** Makes the rehearsal of a kill small. */
  readonly shrink: (mutant: Mutant, rehearsal: Rehearsal, kill: Kill) => Rehearsal;
}

const usualSeeds = 2_000;

export const mutantsVerb = (tools: MutantTools): Verb => ({
  name: 'mutants',
  summary: 'hunts deliberate bugs of the rotation, to show that the oracles would find them',
  takes: '[NAME…]',
  positionals: 200,
  options: {
    seeds: {type: 'string', help: `NUMBER of seeds after which a mutant counts as a survivor; default ${usualSeeds}`},
    shrunk: {type: 'string', help: 'FOLDER that gets the small rehearsals in which they die'},
    json: {type: 'boolean', help: 'ends with one line of JSON'},
  },
  run: (input) => run(tools, input),
});

/** Most candidates that are run for one mutant. */
const maxShrinkRuns = 200;

export const mutants: Verb = mutantsVerb({
  mutants: allMutants,
  hunt,
  shrink: (mutant, rehearsal, {seed, detail}) => shrinkAimed(mutant, {rehearsal, seed}, detail, maxShrinkRuns),
});

/** A mutant is hunted from each of these seeds on; far apart, so that no seed is run twice. */
const starts = [1, 100_001, 200_001] as const;

interface Hunted {
  readonly mutant: Mutant;
  /** Of each start. */
  readonly kills: readonly (Kill | undefined)[];
  /** The first kill's rehearsal, made small; absent where it was hunted in a world with a script of its own. */
  readonly shrunk?: Rehearsal;
}

async function run(tools: MutantTools, input: VerbInput): Promise<ExitCode> {
  const chosen = chooseMutants(tools.mutants, input.positionals);
  const seeds = wholeNumber(input, 'seeds', {least: 1, most: 100_000}) ?? usualSeeds;
  const progress = createProgress(input);
  const hunted: Hunted[] = [];
  for (const mutant of chosen) {
    if (input.signal.aborted) break;
    hunted.push(huntOne(tools, mutant, {seeds, progress, done: `${hunted.length} of ${chosen.length}`}));
    await setImmediate();
  }
  await writeShrunk(input, hunted);
  const survivors = hunted.filter(({kills}) => kills.includes(undefined)).map(({mutant}) => mutant.name);
  input.out(formatTable(tableOf(hunted), choosePaint()));
  input.out(`${hunted.length - survivors.length} of ${chosen.length} mutants died within ${seeds} seeds`);
  const deaths = hunted.map(deathsOf);
  const summary = {mutants: hunted.length, killed: hunted.length - survivors.length, survivors, deaths};
  if (input.values.json === true) input.out(JSON.stringify(summary));
  if (survivors.length > 0) return 1;
  return hunted.length < chosen.length ? 3 : 0;
}

interface Hunt {
  readonly seeds: number;
  readonly progress: Progress;
  /** How many are done, for people. */
  readonly done: string;
}

function huntOne(tools: MutantTools, mutant: Mutant, {seeds, progress, done}: Hunt): Hunted {
  progress.show(`${done}: ${mutant.name}`);
  const kills = starts.map((from) => tools.hunt(mutant, seeds, from));
  const first = kills.find((kill) => kill?.rehearsal !== undefined);
  if (first?.rehearsal === undefined) return {mutant, kills};
  progress.show(`${done}: ${mutant.name} died; its rehearsal is made small`);
  return {mutant, kills, shrunk: tools.shrink(mutant, first.rehearsal, first)};
}

async function writeShrunk(input: VerbInput, hunted: readonly Hunted[]): Promise<void> {
  const folder = optionalText(input, 'shrunk');
  if (folder === undefined) return;
  try {
    await mkdir(folder, {recursive: true});
    for (const {mutant, shrunk} of hunted)
      if (shrunk !== undefined) await writeFile(join(folder, `${slugOf(mutant.name)}.yaml`), formatRehearsal(shrunk));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--shrunk: expected a folder that can be written, got ${folder}: ${code}`);
  }
}

function chooseMutants(mutants: readonly Mutant[], names: readonly string[]): readonly Mutant[] {
  const unknown = names.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    const known = mutants.map(({name}) => `  ${name}`).join('\n');
    throw new UsageError(`mutants: expected a name of these, got ${JSON.stringify(unknown)}\n${known}`);
  }
  return names.length === 0 ? mutants : mutants.filter(({name}) => names.includes(name));
}

interface Deaths {
  readonly mutant: string;
  /** What broke, from any start. */
  readonly invariants: readonly string[];
  /** Seeds that it took, from each start; null where it survived. */
  readonly seeds: readonly (number | null)[];
  /** Of the small rehearsal; absent where there is none. */
  readonly events?: number;
}

function deathsOf({mutant, kills, shrunk}: Hunted): Deaths {
  const seeds = kills.map((kill, index) => (kill === undefined ? null : kill.seed - (starts[index] ?? 0) + 1));
  const invariants = [...new Set(kills.flatMap((kill) => kill?.detail.invariant ?? []))];
  return {mutant: mutant.name, invariants, seeds, ...(shrunk === undefined ? {} : {events: deedsOf(shrunk)})};
}

const tableOf = (hunted: readonly Hunted[]): Parameters<typeof formatTable>[0] => [
  ['MUTANT', 'DIES BY', 'SEEDS (MEDIAN)', 'SEEDS', 'EVENTS'].map((text) => cell(text, 'dim')),
  ...hunted.map(deathsOf).map(({mutant, invariants, seeds, events}) => {
    const survives = seeds.includes(null);
    return [
      cell(mutant),
      cell([...invariants, ...(survives ? ['survives'] : [])].join(', '), survives ? 'bad' : 'good'),
      cell(medianOf(seeds)),
      cell(seeds.map((count) => count ?? '-').join(' ')),
      cell(events === undefined ? '-' : String(events)),
    ];
  }),
];

function medianOf(counts: readonly (number | null)[]): string {
  const sorted = counts.map((count) => count ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined || !Number.isFinite(middle) ? '-' : String(middle);
}

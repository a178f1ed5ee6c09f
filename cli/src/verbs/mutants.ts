// `mutants`: hunts deliberate bugs of the engine, to show that the campaign would find them. Each must die by an
// invariant of its row.

import {setImmediate} from 'node:timers/promises';
import {mutants as allMutants, hunt, type Kill, type Mutant} from '@etcd-encryption/host-sim';
import {createProgress} from '../progress.ts';
import {wholeNumber} from '../run-output/seeds.ts';
import {cell, choosePaint, formatTable} from '../table.ts';
import {type ExitCode, UsageError, type Verb, type VerbInput} from '../verb.ts';

export interface MutantTools {
  readonly mutants: readonly Mutant[];
  readonly hunt: (mutant: Mutant, seeds: number, from: number) => Kill | undefined;
}

const usualSeeds = 2_000;

export const mutantsVerb = (tools: MutantTools): Verb => ({
  name: 'mutants',
  summary: 'hunts deliberate bugs of the rotation, to show that the oracles would find them',
  takes: '[NAME…]',
  positionals: 200,
  options: {
    seeds: {type: 'string', help: `NUMBER of seeds after which a mutant counts as a survivor; default ${usualSeeds}`},
    json: {type: 'boolean', help: 'ends with one line of JSON'},
  },
  run: (input) => run(tools, input),
});

export const mutants: Verb = mutantsVerb({mutants: allMutants, hunt});

/** A mutant is hunted from each of these seeds on; far apart, so that no seed is run twice. */
const starts = [1, 100_001, 200_001] as const;

interface Hunted {
  readonly mutant: Mutant;
  /** Of each start. */
  readonly kills: readonly (Kill | undefined)[];
}

async function run(tools: MutantTools, input: VerbInput): Promise<ExitCode> {
  const chosen = chooseMutants(tools.mutants, input.positionals);
  const seeds = wholeNumber(input, 'seeds', {least: 1, most: 100_000}) ?? usualSeeds;
  const progress = createProgress(input);
  const hunted: Hunted[] = [];
  for (const mutant of chosen) {
    if (input.signal.aborted) break;
    progress.show(`${hunted.length} of ${chosen.length}: ${mutant.name}`);
    hunted.push({mutant, kills: starts.map((from) => tools.hunt(mutant, seeds, from))});
    await setImmediate();
  }
  const survivors = hunted.filter(({kills}) => kills.includes(undefined)).map(({mutant}) => mutant.name);
  input.out(formatTable(tableOf(hunted), choosePaint()));
  input.out(`${hunted.length - survivors.length} of ${chosen.length} mutants died within ${seeds} seeds`);
  const summary = {mutants: hunted.length, killed: hunted.length - survivors.length, survivors};
  if (input.values.json === true) input.out(JSON.stringify(summary));
  if (survivors.length > 0) return 1;
  return hunted.length < chosen.length ? 3 : 0;
}

function chooseMutants(mutants: readonly Mutant[], names: readonly string[]): readonly Mutant[] {
  const unknown = names.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    const known = mutants.map(({name}) => `  ${name}`).join('\n');
    throw new UsageError(`mutants: expected a name of these, got ${JSON.stringify(unknown)}\n${known}`);
  }
  return names.length === 0 ? mutants : mutants.filter(({name}) => names.includes(name));
}

const tableOf = (hunted: readonly Hunted[]): Parameters<typeof formatTable>[0] => [
  ['MUTANT', 'DIES BY', 'SEEDS (MEDIAN)', 'SEEDS'].map((text) => cell(text, 'dim')),
  ...hunted.map(({mutant, kills}) => {
    const needed = kills.map((kill, index) => (kill === undefined ? undefined : kill.seed - (starts[index] ?? 0) + 1));
    const died = [...new Set(kills.map((kill) => kill?.detail.invariant ?? 'survives'))];
    return [
      cell(mutant.name),
      cell(died.join(', '), needed.includes(undefined) ? 'bad' : 'good'),
      cell(medianOf(needed)),
      cell(needed.map((count) => count ?? '-').join(' ')),
    ];
  }),
];

function medianOf(counts: readonly (number | undefined)[]): string {
  const sorted = counts.map((count) => count ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined || !Number.isFinite(middle) ? '-' : String(middle);
}

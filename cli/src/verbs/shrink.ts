// `shrink`: makes a failing rehearsal as small as it gets while it still fails in the same way. The end is an ordinary
// rehearsal file, for people to read and for `rehearse` to run.

import {writeFile} from 'node:fs/promises';
import {
  deedsOf,
  generateRehearsal,
  type Rehearsal,
  type RunSeed,
  shrinkRehearsal,
  type Violation,
} from '@etcd-encryption/host-sim';
import {runCampaignSeed} from '../campaign/engine.ts';
import {createProgress} from '../progress.ts';
import {openRehearsal} from '../rehearsal/open.ts';
import {formatRehearsal} from '../rehearsal/write.ts';
import {seedOptions, seedsOf, wholeNumber} from '../run-output/seeds.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

export interface ShrinkTools {
  readonly run: RunSeed;
}

export const shrinkVerb = (tools: ShrinkTools): Verb => ({
  name: 'shrink',
  summary: 'makes a failing rehearsal, or a failing seed of a campaign, as small as it gets',
  takes: 'FILE|NAME',
  positionals: 1,
  options: {
    ...seedOptions,
    campaign: {type: 'string', help: 'NUMBER of a seed of a campaign, in place of a file'},
    output: {type: 'string', short: 'o', help: 'FILE that gets the small rehearsal (-o); standard output unless given'},
  },
  run: (input) => run(tools, input),
});

export const shrink: Verb = shrinkVerb({run: runCampaignSeed});

async function run(tools: ShrinkTools, input: VerbInput): Promise<ExitCode> {
  const rehearsal = await readRehearsal(input);
  const failing = firstFailure(tools.run, rehearsal, input.signal);
  if (failing === undefined) {
    const {from, count} = rehearsal.seeds;
    input.out(`nothing fails in ${count === 1 ? `seed ${from}` : `seeds ${from} to ${from + count - 1}`}`);
    return 0;
  }
  const {seed, violation} = failing;
  input.err(`seed ${seed} fails: ${violation.name}: ${violation.explanation}`);
  const shrunk = shrinkFailing(tools.run, rehearsal, failing, createProgress(input).show);
  await write(input, formatRehearsal(shrunk));
  input.err(`${deedsOf(shrunk)} of ${deedsOf(rehearsal)} deeds are left`);
  return 0;
}

async function readRehearsal(input: VerbInput): Promise<Rehearsal> {
  const [asked] = input.positionals;
  const campaign = wholeNumber(input, 'campaign', {least: 0, most: Number.MAX_SAFE_INTEGER});
  if ((asked === undefined) === (campaign === undefined))
    throw new UsageError('shrink: expected either a FILE or --campaign NUMBER');
  if (campaign !== undefined) return generateRehearsal(campaign);
  const {rehearsal} = await openRehearsal(asked ?? '');
  return {...rehearsal, seeds: seedsOf(input, rehearsal.seeds)};
}

export interface Failing {
  readonly seed: number;
  readonly violation: Violation;
}

function firstFailure(run: RunSeed, rehearsal: Rehearsal, signal: AbortSignal): Failing | undefined {
  const {from, count} = rehearsal.seeds;
  for (let seed = from; seed < from + count && !signal.aborted; seed++) {
    const violation = violationOf(run, rehearsal, seed);
    if (violation !== undefined) return {seed, violation};
  }
  return undefined;
}

/** The smallest rehearsal of this seed alone in which the same invariant, promise or expectation breaks. */
export function shrinkFailing(
  run: RunSeed,
  rehearsal: Rehearsal,
  {seed, violation}: Failing,
  show: (line: string) => void = () => undefined,
): Rehearsal {
  const wanted = essence(violation);
  const fails = (candidate: Rehearsal): boolean => {
    const found = violationOf(run, candidate, seed);
    return found !== undefined && essence(found) === wanted;
  };
  return shrinkRehearsal(rehearsal, seed, fails, {
    progress: (smaller, runs) => show(`${deedsOf(smaller)} deeds after ${runs} runs`),
  });
}

/** What broke, whatever the place of an expectation in its file. */
const essence = ({name}: Violation): string => name.replace(/^expect\[\d+\] /, '');

/** A run that throws is a violation as well: no engine may. */
function violationOf(run: RunSeed, rehearsal: Rehearsal, seed: number): Violation | undefined {
  try {
    return run(rehearsal, seed).violation;
  } catch (error) {
    const explanation = error instanceof Error ? error.message : String(error);
    return {name: 'no exception', cluster: '', node: '', key: '', explanation, atMs: 0};
  }
}

async function write(input: VerbInput, text: string): Promise<void> {
  const file = optionalText(input, 'output');
  if (file === undefined) {
    input.out(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--output: expected a file that can be written, got ${file}: ${code}`);
  }
}

// `rehearse`: plays a rehearsal, an operator's own or a ready one, over a simulated cluster or pair, and says what came
// out of it. Every seed is the same run on every machine.

import type {Recording, Rehearsal, SeedResult} from '@etcd-encryption/host-sim';
import {createProgress} from '../progress.ts';
import {openRehearsal} from '../rehearsal/open.ts';
import {play, type RunRehearsal} from '../rehearsal/play.ts';
import {readyRehearsals} from '../rehearsal/ready.ts';
import {openResultFiles, resultOptions} from '../rehearsal/results.ts';
import {recordSeed, runSeed} from '../rehearsal/runner.ts';
import {shrinkFailure} from '../rehearsal/shrink-failure.ts';
import {createTeller, tellOutcome} from '../rehearsal/tell.ts';
import {formatRehearsal} from '../rehearsal/write.ts';
import type {Outcome} from '../run-output/json-lines.ts';
import {seedOptions, seedsOf} from '../run-output/seeds.ts';
import {type ExitCode, UsageError, type Verb, type VerbInput} from '../verb.ts';

export interface RehearseTools {
  readonly run: RunRehearsal;
  /** Plays a seed once more and records it. */
  readonly record: (rehearsal: Rehearsal, result: SeedResult) => Recording;
  /** Time of this machine that only goes forward, ms. */
  readonly nowMs: () => number;
}

export const rehearseVerb = (tools: RehearseTools): Verb => ({
  name: 'rehearse',
  summary: 'plays a rotation or a failover of your settings on a simulated pair, with faults, and judges it',
  takes: 'FILE|NAME',
  positionals: 1,
  options: {
    list: {type: 'boolean', help: 'names the ready rehearsals and what each is for'},
    ...seedOptions,
    json: {type: 'boolean', help: 'one line of JSON a seed, and a last one that sums them up'},
    ...resultOptions,
  },
  run: (input) => run(tools, input),
});

export const rehearse: Verb = rehearseVerb({
  run: runSeed,
  record: recordSeed,
  nowMs: () => performance.now(),
});

const exitCodes: Readonly<Record<Outcome, ExitCode>> = {pass: 0, violation: 1, vacuous: 3};

async function run(tools: RehearseTools, input: VerbInput): Promise<ExitCode> {
  const [asked] = input.positionals;
  if (input.values.list === true) return list(input, asked);
  if (asked === undefined) throw new UsageError('rehearse: expected a FILE or the NAME of a ready rehearsal, got none');
  const opened = await openRehearsal(asked);
  for (const note of opened.notes) input.err(note);
  const seeds = seedsOf(input, opened.rehearsal.seeds);
  return rehearseSeeds(tools, input, {asked, rehearsal: {...opened.rehearsal, seeds}});
}

function list(input: VerbInput, asked: string | undefined): ExitCode {
  if (asked !== undefined) throw new UsageError(`--list: expected no rehearsal beside it, got ${asked}`);
  const told = readyRehearsals().map(({metadata: {name, explanation = ''}}) => `${name}\n  ${explanation}`);
  input.out(told.join('\n'));
  return 0;
}

interface Asked {
  /** Path or name, as it was asked for. */
  readonly asked: string;
  readonly rehearsal: Rehearsal;
}

async function rehearseSeeds(tools: RehearseTools, input: VerbInput, {asked, rehearsal}: Asked): Promise<ExitCode> {
  const files = await openResultFiles(input, {
    suite: rehearsal.metadata.name,
    asked,
    record: (result) => tools.record(rehearsal, result),
  });
  const teller = createTeller(rehearsal, input);
  const played = await play({
    ...tools,
    ...teller,
    rehearsal,
    signal: input.signal,
    ended: (result, seconds, totals) => {
      files.add(result, seconds);
      teller.ended(result, seconds, totals);
    },
  });
  const progress = createProgress(input);
  tellOutcome(played, input, {
    asked,
    shrink: (failed) => formatRehearsal(shrinkFailure(rehearsal, failed, {...tools, progress})),
  });
  await files.close(played);
  return exitCodes[played.outcome];
}

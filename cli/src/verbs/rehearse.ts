// `rehearse`: plays a rehearsal, an operator's own or a ready one, over a simulated cluster or pair, and says what came
// out of it. Every seed is the same run on every machine.

import {writeFile} from 'node:fs/promises';
import {isVacuous, type SeedResult} from '@etcd-encryption/host-sim';
import {createProgress} from '../progress.ts';
import {type OpenedRehearsal, openRehearsal} from '../rehearsal/open.ts';
import {type Played, play, type RunSeed} from '../rehearsal/play.ts';
import {readyRehearsals} from '../rehearsal/ready.ts';
import {createEventLines} from '../run-output/events.ts';
import {type Outcome, seedLine, summaryLine} from '../run-output/json-lines.ts';
import {type JunitCase, writeJunit} from '../run-output/junit.ts';
import {seedOptions, seedsOf} from '../run-output/seeds.ts';
import {formatVerdict, formatViolation} from '../run-output/verdict.ts';
import {choosePaint} from '../table.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

export interface RehearseTools {
  readonly run: RunSeed;
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
    junit: {type: 'string', help: 'FILE that gets the results as JUnit’s XML'},
  },
  run: (input) => run(tools, input),
});

const exitCodes: Readonly<Record<Outcome, ExitCode>> = {pass: 0, violation: 1, vacuous: 3};

async function run(tools: RehearseTools, input: VerbInput): Promise<ExitCode> {
  const [asked] = input.positionals;
  if (input.values.list === true) return list(input, asked);
  if (asked === undefined) throw new UsageError('rehearse: expected a FILE or the NAME of a ready rehearsal, got none');
  const opened = await openRehearsal(asked);
  const rehearsal = {...opened.rehearsal, seeds: seedsOf(input, opened.rehearsal.seeds)};
  for (const note of opened.notes) input.err(note);
  // Said now, not after hours of work, when the file cannot be written.
  await writeResults(input, []);
  const cases: JunitCase[] = [];
  const tell = createTeller({...opened, rehearsal}, input);
  const played = await play({
    ...tools,
    ...tell,
    rehearsal,
    signal: input.signal,
    ended: (result, seconds, totals) => {
      cases.push(caseOf(result, {seconds, suite: rehearsal.metadata.name, asked}));
      tell.ended(result, seconds, totals);
    },
  });
  tellOutcome(played, input, asked);
  await writeResults(input, [...cases, coverageCase(rehearsal.metadata.name, played)]);
  return exitCodes[played.outcome];
}

function list(input: VerbInput, asked: string | undefined): ExitCode {
  if (asked !== undefined) throw new UsageError(`--list: expected no rehearsal beside it, got ${asked}`);
  const told = readyRehearsals().map(({metadata: {name, explanation = ''}}) => `${name}\n  ${explanation}`);
  input.out(told.join('\n'));
  return 0;
}

/** What is told while seeds run: a line an event for one seed, a line a seed as JSON, else how far it came. */
function createTeller(
  {rehearsal}: OpenedRehearsal,
  input: VerbInput,
): Pick<Parameters<typeof play>[0], 'listen' | 'ended'> {
  if (input.values.json === true) return {ended: (result) => input.out(seedLine(result))};
  const {count} = rehearsal.seeds;
  if (count === 1) {
    const lineOf = createEventLines(rehearsal.clusters, choosePaint());
    return {
      listen: (event) => {
        if (event.kind !== 'verdict') input.out(lineOf(event));
      },
      ended: () => {},
    };
  }
  const progress = createProgress(input);
  return {
    ended: (_, __, totals) => {
      const {seeds, violations, rotations} = totals();
      progress.show(`${seeds} of ${count} seeds, ${rotations} rotations, ${violations} violations`);
    },
  };
}

function tellOutcome({outcome, totals, failed, never}: Played, input: VerbInput, asked: string): void {
  if (input.values.json === true) {
    input.out(summaryLine(totals));
    return;
  }
  for (const result of failed) {
    const text = violationText(result, asked);
    if (text !== undefined) input.out(text);
  }
  const more = totals.violations - failed.length;
  if (more > 0) input.out(`and ${more} more; --json shows all`);
  for (const line of never) input.out(`vacuous: ${line}`);
  input.out(formatVerdict(outcome, totals));
}

const violationText = ({violation, seed}: SeedResult, asked: string): string | undefined =>
  violation === undefined ? undefined : formatViolation({violation, seed, replay: replayOf(asked, seed)});

const replayOf = (asked: string, seed: number): string =>
  `etcd-encryption-manager rehearse ${shellWord(asked)} --seed ${seed}`;

const shellWord = (text: string): string =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

interface CaseContext {
  readonly suite: string;
  readonly seconds: number;
  readonly asked: string;
}

function caseOf(result: SeedResult, {suite, seconds, asked}: CaseContext): JunitCase {
  const {seed, violation} = result;
  const common = {suite, name: `seed ${seed}`, seconds};
  const text = violationText(result, asked);
  if (violation !== undefined && text !== undefined)
    return {...common, failure: {message: `${violation.name}: ${violation.explanation}`, text}};
  if (isVacuous(result)) return {...common, skipped: 'not every planned deed came to pass'};
  return common;
}

/** Seeds that pass prove nothing about what came to pass in none of them. */
function coverageCase(suite: string, {never}: Played): JunitCase {
  const common = {suite, name: 'everything planned came to pass', seconds: 0};
  return never.length === 0 ? common : {...common, failure: {message: 'vacuous', text: never.join('\n')}};
}

async function writeResults(input: VerbInput, cases: readonly JunitCase[]): Promise<void> {
  const file = optionalText(input, 'junit');
  if (file === undefined) return;
  try {
    await writeFile(file, writeJunit(cases));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--junit: expected a file that can be written, got ${file}: ${code}`);
  }
}

// `campaign`: hunts for bugs in the engine with generated rehearsals, one a seed, on every core. It passes only if every
// possible cell of fault class × phase × role was hit and nothing broke.

import {mkdir, writeFile} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import {
  type CampaignSummary,
  deedsOf,
  generateRehearsal,
  type Recording,
  type Rehearsal,
  type RunSeed,
  recordRehearsal,
  type SeedDigest,
  type SeedRange,
  verdictOf,
} from '@etcd-encryption/host-sim';
import {runCampaignSeed} from '../campaign/engine.ts';
import {type CampaignRun, runCampaign} from '../campaign/run.ts';
import {readShard} from '../campaign/shard.ts';
import {createProgress} from '../progress.ts';
import {resultOptions, writeResult} from '../rehearsal/results.ts';
import {formatRehearsal} from '../rehearsal/write.ts';
import {renderReport} from '../report/report.ts';
import {type Outcome, summaryLine} from '../run-output/json-lines.ts';
import {type JunitCase, writeJunit} from '../run-output/junit.ts';
import {wholeNumber} from '../run-output/seeds.ts';
import type {Totals} from '../run-output/tally.ts';
import {formatVerdict, formatViolation, type ToldViolation} from '../run-output/verdict.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';
import {shrinkFailing} from './shrink.ts';

export interface CampaignTools {
  /** Runs one seed here, to shrink it. */
  readonly run: RunSeed;
  /** Plays a seed once more and records it. */
  readonly record: (rehearsal: Rehearsal, seed: number) => Recording;
  /** Time of this machine that only goes forward, ms. */
  readonly nowMs: () => number;
  /** What the workers run; the shipped engine unless given. */
  readonly module?: URL;
}

const usualSeeds = 1_000;

export const campaignVerb = (tools: CampaignTools): Verb => ({
  name: 'campaign',
  summary: 'hunts for bugs in the rotation with thousands of generated rehearsals',
  options: {
    from: {type: 'string', help: 'NUMBER of the first seed; default 1'},
    seeds: {type: 'string', help: `NUMBER of seeds; default ${usualSeeds}`},
    workers: {type: 'string', help: 'NUMBER of threads; one a core unless given'},
    shard: {type: 'string', help: 'I/N: share I of N, from 0; job/N in a Kubernetes Indexed Job'},
    shrunk: {type: 'string', help: 'FOLDER that gets the first failing seeds as small rehearsal files'},
    json: {type: 'boolean', help: 'ends with one line of JSON'},
    ...resultOptions,
  },
  run: (input) => run(tools, input),
});

export const campaign: Verb = campaignVerb({
  run: runCampaignSeed,
  record: (rehearsal, seed) => recordRehearsal(rehearsal, {seed}).recording,
  nowMs: () => performance.now(),
});

const maxSeeds = 1_000_000_000;
const maxWorkers = 1_024;
/** Failing seeds that are told and shrunk. */
const toldFailures = 3;

const exitCodes: Readonly<Record<Outcome, ExitCode>> = {pass: 0, violation: 1, vacuous: 3};

async function run(tools: CampaignTools, input: VerbInput): Promise<ExitCode> {
  const shard = readShard(input);
  const [from, seeds, workers] = [
    wholeNumber(input, 'from', {least: 0, most: Number.MAX_SAFE_INTEGER - maxSeeds}) ?? 1,
    wholeNumber(input, 'seeds', {least: 1, most: maxSeeds}) ?? usualSeeds,
    wholeNumber(input, 'workers', {least: 1, most: maxWorkers}) ?? availableParallelism(),
  ];
  // Said now, not after hours of work, when a file cannot be written.
  await writeResults(input, {cases: [], recordings: () => []});
  const startedMs = tools.nowMs();
  const done = await runCampaign({
    ...{from, seeds, workers, signal: input.signal},
    ...(shard === undefined ? {} : {shard}),
    ...(tools.module === undefined ? {} : {module: tools.module}),
    progress: createReport(tools, input, startedMs),
  });
  const totals = totalsOf(done.summary, (tools.nowMs() - startedMs) / 1_000);
  const never = neverOf(done);
  const outcome = never.length > 0 && done.summary.violations === 0 ? 'vacuous' : verdictOf(done.summary);
  const told = await tellFailures(tools, input, done.summary);
  for (const line of never) input.out(`vacuous: ${line}`);
  input.out(formatVerdict(outcome, totals));
  if (input.values.json === true) input.out(summaryLine(totals));
  const recordings = (): readonly Recording[] => recordingsOf(tools, told, done.range);
  await writeResults(input, {cases: casesOf(totals, told, never), recordings});
  return exitCodes[outcome];
}

/** At most one line a second. */
function createReport({nowMs}: CampaignTools, input: VerbInput, startedMs: number) {
  const progress = createProgress(input);
  let shownMs = Number.NEGATIVE_INFINITY;
  return (_: SeedDigest, summary: () => CampaignSummary): void => {
    if (nowMs() - shownMs < 1_000) return;
    shownMs = nowMs();
    const {seeds, violations, vacuous, cells, rotations} = summary();
    const perSecond = (seeds / Math.max(0.001, (shownMs - startedMs) / 1_000)).toFixed(1);
    progress.show(
      `${seeds} seeds, ${perSecond} a second, ${rotations} rotations, ${violations} violations, ${vacuous} vacuous, ` +
        `${cells.hit} of ${cells.all} cells`,
    );
  };
}

function totalsOf(summary: CampaignSummary, seconds: number): Totals {
  const {seeds, violations, vacuous, cells, rotations, unreadable, traceHash} = summary;
  const rotationsPerSecond = seconds > 0 ? Math.round(rotations / seconds) : 0;
  return {seeds, violations, vacuous, cells, rotations, rotationsPerSecond, unreadable, traceHash};
}

/** Why the campaign proves less than it should, a line each. */
function neverOf({summary, range}: CampaignRun): readonly string[] {
  const {seeds, empty, short, absurd} = summary;
  return [
    ...(seeds < range.count ? [`stopped after ${seeds} of ${range.count} seeds`] : []),
    ...empty.map(({seed, vacuous}) => `seed ${seed}: ${vacuous}`),
    ...short.map(({cell, hits}) => `${cell} was hit ${hits} times in ${seeds} seeds`),
    ...absurd.map((cell) => `${cell} was hit, and the table of cells says that it cannot be`),
  ];
}

async function tellFailures(
  tools: CampaignTools,
  input: VerbInput,
  {failed, violations}: CampaignSummary,
): Promise<readonly ToldViolation[]> {
  const told: ToldViolation[] = [];
  for (const {seed, violation} of failed) {
    if (violation === undefined) continue;
    const replay = `etcd-encryption-manager campaign --from ${seed} --seeds 1`;
    const shrunk = told.length < toldFailures ? await writeShrunk(tools, input, {seed, violation}) : undefined;
    const each = {seed, violation, replay, ...(shrunk === undefined ? {} : {shrunk})};
    if (told.length < toldFailures) input.out(formatViolation(each));
    told.push(each);
  }
  if (violations > toldFailures) input.out(`and ${violations - toldFailures} more violations`);
  return told;
}

async function writeShrunk(
  {run}: CampaignTools,
  input: VerbInput,
  failing: Pick<ToldViolation, 'seed' | 'violation'>,
): Promise<ToldViolation['shrunk']> {
  const folder = optionalText(input, 'shrunk');
  if (folder === undefined) return undefined;
  const shrunk = shrinkFailing(run, generateRehearsal(failing.seed), failing, createProgress(input).show);
  const file = join(folder, `campaign-${failing.seed}.yaml`);
  try {
    await mkdir(folder, {recursive: true});
    await writeFile(file, formatRehearsal(shrunk));
  } catch (error) {
    throw new UsageError(`--shrunk: expected a folder that can be written, got ${folder}: ${codeOf(error)}`);
  }
  return {file, deeds: deedsOf(shrunk)};
}

function casesOf(totals: Totals, told: readonly ToldViolation[], never: readonly string[]): readonly JunitCase[] {
  const suite = 'campaign';
  const failures = told.map((each): JunitCase => {
    const {name, explanation} = each.violation;
    const failure = {message: `${name}: ${explanation}`, text: formatViolation(each)};
    return {suite, name: `seed ${each.seed}`, seconds: 0, failure};
  });
  const coverage = {suite, name: 'every possible cell was hit as planned', seconds: 0};
  return [
    {suite, name: `${totals.seeds - totals.violations} seeds keep every invariant and promise`, seconds: 0},
    ...failures,
    never.length === 0 ? coverage : {...coverage, failure: {message: 'vacuous', text: never.join('\n')}},
  ];
}

interface Results {
  readonly cases: readonly JunitCase[];
  readonly recordings: () => readonly Recording[];
}

async function writeResults(input: VerbInput, {cases, recordings}: Results): Promise<void> {
  const [junit, html] = ['junit', 'html'].map((name) => optionalText(input, name));
  if (junit !== undefined) await writeResult('junit', junit, writeJunit(cases));
  if (html !== undefined) await writeResult('html', html, renderReport(recordings()));
}

/** The first failing seeds, or the first seed at all. */
function recordingsOf(
  {record}: CampaignTools,
  told: readonly ToldViolation[],
  {from}: SeedRange,
): readonly Recording[] {
  const seeds = told.length === 0 ? [from] : told.slice(0, toldFailures).map(({seed}) => seed);
  return seeds.map((seed) => record(generateRehearsal(seed), seed));
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'it cannot be written';

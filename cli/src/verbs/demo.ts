// The main job in seconds: a cluster in clear is encrypted and rotated while it is in use, and nobody's read fails; then
// a pair rotates, fails over and rotates again, and leaves a page that shows it.

import {mkdirSync, mkdtempSync, readdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {InvariantViolation} from '@etcd-encryption/host-sim';
import {createNarrator, type Narrator} from '../demo/narrator.ts';
import {type PairOutcome, playPair} from '../demo/pair.ts';
import {createRealStage} from '../demo/real.ts';
import {loadRealModules} from '../demo/real-modules.ts';
import {type DemoResult, type PairResult, resultLine, shortcomings, tallyText} from '../demo/result.ts';
import {playScript, showOutcome} from '../demo/script.ts';
import {createDemoSimulation, createSimulatedStage, type SimulatedOptions} from '../demo/simulated.ts';
import type {Stage} from '../demo/stage.ts';
import {renderReport} from '../report/report.ts';
import {type ExitCode, optionalText, requireText, UsageError, type Verb, type VerbInput} from '../verb.ts';

export const demo: Verb = {
  name: 'demo',
  summary: 'shows the main job: a cluster encrypted and rotated while it is in use, and a failover of a pair',
  options: {
    dir: {type: 'string', help: 'FOLDER for the nodes’ files, new or empty; a fresh temporary one unless given'},
    nodes: {type: 'string', help: 'NUMBER of control-plane nodes, 2 to 9; default 3', default: '3'},
    objects: {type: 'string', help: 'NUMBER of secrets, and half as many configmaps; default 100, with --real 200'},
    rotations: {type: 'string', help: 'NUMBER of rotations after the first encryption; default 4', default: '4'},
    seed: {type: 'string', help: 'NUMBER from which all chance of the simulation follows; default 1', default: '1'},
    sabotage: {type: 'string', help: 'early-activation: breaks that rule, to show what it is for; ends in exit code 1'},
    real: {type: 'boolean', help: 'on real kube-apiservers and etcd, which the project’s repository builds and starts'},
    html: {
      type: 'string',
      help: 'FILE for the page that shows the pair; etcd-encryption-demo.html in that folder unless given',
    },
    'no-pair': {type: 'boolean', help: 'leaves out the pair, and with it the page'},
    quiet: {type: 'boolean', help: 'prints the outcome only'},
    json: {type: 'boolean', help: 'ends with one line of JSON'},
  },
  run: runDemo,
};

async function runDemo(input: VerbInput): Promise<ExitCode> {
  const started = performance.now();
  const rotations = readCount(input, 'rotations', {least: 0, most: 40});
  const page = optionalText(input, 'html');
  // Said now, not after all of it was played, when the file cannot be written.
  if (page !== undefined) writePage(page, '');
  const {stage, narrator} = input.values.real === true ? await openReal(input, started) : openSimulated(input);
  try {
    const problem = await play(stage, narrator, rotations);
    await showOutcome(stage, narrator);
    const pair = await openPair(input, stage);
    return await close(input, stage, {started, rotations, problem, pair});
  } finally {
    await stage.close();
  }
}

interface Opened {
  readonly stage: Stage;
  readonly narrator: Narrator;
}

function openSimulated(input: VerbInput): Opened {
  const options = readSimulated(input);
  const {nodes, objects, dir, sabotage} = options;
  const simulation = createDemoSimulation(options);
  const narrator = createNarrator({out: input.out, nowMs: () => simulation.nowMs, quiet: input.values.quiet === true});
  narrator.block(`${nodes} simulated control-plane nodes, ${objectsText(objects)}`);
  narrator.block(
    'times are virtual, a second between two lines may pass in a millisecond; cryptography and files are real',
  );
  narrator.block(`files: ${dir}`);
  if (sabotage) narrator.block('sabotage: this engine takes what a file holds for what its server has loaded');
  return {stage: createSimulatedStage(simulation, narrator, options), narrator};
}

async function openReal(input: VerbInput, started: number): Promise<Opened> {
  if (optionalText(input, 'sabotage') !== undefined) {
    throw new UsageError('--sabotage: the real control plane is not sabotaged');
  }
  const {signal, out} = input;
  const modules = await loadRealModules();
  const sizes = readSizes(input, 200);
  const nowMs = (): number => performance.now() - started;
  const narrator = createNarrator({out, nowMs, quiet: input.values.quiet === true});
  const options = {...sizes, modules, signal, dir: makeFolder(optionalText(input, 'dir'))};
  narrator.block(`${sizes.nodes} real kube-apiservers and etcd, ${objectsText(sizes.objects)}`);
  narrator.block(`files: ${options.dir}`);
  return {stage: await createRealStage(narrator, nowMs, options), narrator};
}

const objectsText = (objects: number): string => `${objects} secrets, ${Math.ceil(objects / 2)} configmaps`;

/** @returns the invariant that broke, in a sentence */
async function play(stage: Stage, narrator: Narrator, rotations: number): Promise<string | undefined> {
  try {
    await playScript(stage, narrator, rotations);
    await stage.finish();
    narrator.line('users', `read everything once more through every server; ${tallyText(stage.tally())}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    const {invariant, explanation, node, key} = error.detail;
    narrator.line('demo', `an invariant is broken: ${invariant}`, 'bad');
    return `${invariant} does not hold on ${node}: ${explanation} (${key})`;
  }
}

/** The second act; none on real servers, nor after a broken rule. */
async function openPair(input: VerbInput, {dir}: Stage): Promise<ShownPair | undefined> {
  const {real, sabotage, 'no-pair': noPair, quiet} = input.values;
  if (real === true || sabotage !== undefined || noPair === true) return undefined;
  const {out, signal} = input;
  const outcome = await playPair({seed: readSeed(input), out, signal, quiet: quiet === true});
  const file = resolve(optionalText(input, 'html') ?? join(dir, 'etcd-encryption-demo.html'));
  writePage(file, renderReport([outcome.recording]));
  return {...outcome, file};
}

function writePage(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--html: expected a file that can be written, got ${file}: ${code}`);
  }
}

interface ShownPair extends PairOutcome {
  /** Path of the page. */
  readonly file: string;
}

interface Closing {
  readonly started: number;
  readonly rotations: number;
  readonly problem: string | undefined;
  readonly pair: ShownPair | undefined;
}

async function close(input: VerbInput, stage: Stage, closing: Closing): Promise<ExitCode> {
  const {started, rotations, problem, pair} = closing;
  const tally = stage.tally();
  const result: DemoResult = {
    revision: stage.status()?.revision ?? 0,
    failedReads: tally.failedReads,
    failedWrites: tally.failedWrites,
    values: await stage.census(),
    seconds: (performance.now() - started) / 1_000,
    ...(pair === undefined ? {} : {pair: pairResult(pair)}),
  };
  const found = [...(problem === undefined ? [] : [problem]), ...shortcomings(result, rotations + 1)];
  const seconds = result.seconds.toFixed(1);
  input.out('');
  if (found.length === 0) {
    const [name = ''] = Object.keys(result.values);
    input.out(
      `${rotations + 1} keys one after another; every value is under ${name}; ${tallyText(tally)}; ${seconds} s`,
    );
    if (pair !== undefined) input.out(`${pairLine(pair)}\nreport: ${pair.file}`);
  } else {
    input.out(`failed after ${seconds} s: ${found.join('; ')}`);
    if (input.values.sabotage !== undefined) input.out(lesson);
  }
  if (input.values.json === true) input.out(resultLine(result));
  return found.length === 0 ? 0 : 1;
}

const lesson =
  'the rule that was broken: a new key may write only once every server has loaded it for reading. The first server ' +
  'that wrote with it made values that the others could not read, and one such value makes every list of its resource fail.';

function readSimulated(input: VerbInput): SimulatedOptions {
  const sabotage = optionalText(input, 'sabotage');
  if (sabotage !== undefined && sabotage !== 'early-activation') {
    throw new UsageError(`--sabotage: expected early-activation, got ${JSON.stringify(sabotage)}`);
  }
  return {
    ...readSizes(input, 100),
    seed: readSeed(input),
    sabotage: sabotage !== undefined,
    signal: input.signal,
    dir: makeFolder(optionalText(input, 'dir')),
  };
}

const readSeed = (input: VerbInput): number => readCount(input, 'seed', {least: 0, most: Number.MAX_SAFE_INTEGER});

const pairResult = ({rotations, tally: {failedReads, failedWrites}, problem, file}: ShownPair): PairResult => ({
  rotations,
  failedReads,
  failedWrites,
  ...(problem === undefined ? {} : {problem}),
  report: file,
});

const pairLine = ({rotations, tally}: PairOutcome): string =>
  `the pair: ${rotations} rotations on both sides together and one failover; ${tallyText(tally)}`;

function readSizes(input: VerbInput, usualObjects: number): {readonly nodes: number; readonly objects: number} {
  const given = optionalText(input, 'objects') !== undefined;
  return {
    nodes: readCount(input, 'nodes', {least: 2, most: 9}),
    objects: given ? readCount(input, 'objects', {least: 1, most: 5_000}) : usualObjects,
  };
}

function readCount(input: VerbInput, name: string, {least, most}: {least: number; most: number}): number {
  const text = requireText(input, name);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
}

/** The demo's keys protect nothing but its own objects, yet the folder is its owner's alone. */
function makeFolder(path: string | undefined): string {
  if (path === undefined) return mkdtempSync(join(tmpdir(), 'etcd-encryption-demo-'));
  const folder = resolve(path);
  mkdirSync(folder, {recursive: true, mode: 0o700});
  if (readdirSync(folder).length > 0) throw new UsageError(`--dir: expected a new or empty folder, got ${folder}`);
  return folder;
}

// Full runs: what the command line may ask for, when a stopped run goes on, and what its record says.
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {formatEvidence} from '../../scripts/evidence.ts';
import {openProofRun, type ProofState, readProofState, writeProofState} from '../../scripts/proof-run.ts';
import {type Proof, proofs} from '../../scripts/proofs.ts';
import {readRequest, resumeState} from '../../scripts/test-long.ts';
import {root} from '../../scripts/workspace.ts';

const sample: Proof = {name: 'sample', describe: 'Samples are samples.', run: {file: 'test/sample'}};
const state: ProofState = {proof: 'sample', commit: 'abc', seed: 7, startedAt: '2026-01-02T03:04:05.000Z', slices: {}};
const wanted = {proof: 'sample', commit: 'abc', seed: undefined, now: '2026-02-03T04:05:06.000Z'};

describe('readRequest', () => {
  test('an unknown proof ⇒ is named, with the proofs there are', () => {
    expect(readRequest(['nope'], [sample])).toMatch(/There is no proof "nope"[\s\S]*sample +Samples are samples/);
  });

  test.each([[[]], [['sample', 'more']], [['--what', 'sample']], [['sample', '--seed', '1.5']]])(
    '%j ⇒ tells how to ask',
    (args) => {
      expect(readRequest(args, [sample])).toMatch(/npm run test:long -- <proof>/);
    },
  );

  test('a known proof with a seed ⇒ is what runs', () => {
    expect(readRequest(['sample', '--seed', '12', '--fresh'], [sample])).toEqual({
      proof: sample,
      seed: 12,
      fresh: true,
    });
  });
});

describe('resumeState', () => {
  test('same commit and no or the same seed asked ⇒ the stopped run goes on', () => {
    expect(resumeState(state, wanted)).toBe(state);
    expect(resumeState(state, {...wanted, seed: 7})).toBe(state);
  });

  test('another commit ⇒ from the start, with a new seed', () => {
    const fresh = resumeState({...state, slices: {a: {seconds: 1, counts: {}}}}, {...wanted, commit: 'def'});
    expect(fresh).toMatchObject({commit: 'def', startedAt: wanted.now, slices: {}});
    expect(Number.isSafeInteger(fresh.seed)).toBe(true);
  });

  test('another seed ⇒ from the start, with that seed', () => {
    expect(resumeState(state, {...wanted, seed: 8})).toMatchObject({seed: 8, slices: {}});
  });
});

describe('openProofRun', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'proof-'));
  });
  afterEach(() => rmSync(folder, {recursive: true}));

  test('without the long run ⇒ every slice works, with the same seed each time, and nothing is written', async () => {
    const run = openProofRun({EEM_PROOF_STATE: join(folder, 'state.json')});
    expect(run).toMatchObject({long: false, seed: 1});
    expect(await run.slice('a', () => ({inputs: 1}))).toBe(true);
    expect(existsSync(join(folder, 'state.json'))).toBe(false);
  });

  test('a long run that is stopped ⇒ the next one skips the slices that were done, not the one that failed', async () => {
    const file = join(folder, 'state.json');
    writeProofState(file, state);
    const env = {EEM_LONG: '1', EEM_SEED: '7', EEM_PROOF_STATE: file};
    const first = openProofRun(env);
    expect(first).toMatchObject({long: true, seed: 7});
    expect(await first.slice('a', () => ({inputs: 3}))).toBe(true);
    await expect(first.slice('b', () => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    const second = openProofRun(env);
    expect(await second.slice('a', () => ({inputs: 1000}))).toBe(false);
    expect(await second.slice('b', async () => ({inputs: 4}))).toBe(true);
    expect(readProofState(file)?.slices).toMatchObject({a: {counts: {inputs: 3}}, b: {counts: {inputs: 4}}});
  });
});

test('the record ⇒ says date, machine, Node, seed, commit and the summed counts', () => {
  const text = formatEvidence({
    proof: sample,
    state: {...state, slices: {a: {seconds: 1, counts: {inputs: 3}}, b: {seconds: 1, counts: {inputs: 4, refused: 2}}}},
    counts: {passed: 5, failed: 0, skipped: 0},
    seconds: 90,
    finishedAt: '2026-01-02T03:05:35.000Z',
    machine: 'a machine',
    node: 'v24.21.0',
  });
  expect(text.split('\n')[0]).toBe('# sample, 2026-01-02');
  for (const row of ['inputs | 7', 'refused | 2', 'slices | 2', 'seed | 7', 'commit | abc', 'minutes | 1.5']) {
    expect(text).toContain(`| ${row} |`);
  }
  expect(text).toContain('| machine | a machine |\n| Node | v24.21.0 |');
});

test('every registered proof ⇒ names a test file or folder that exists, once', () => {
  expect(new Set(proofs.map(({name}) => name)).size).toBe(proofs.length);
  for (const {name, run} of proofs) expect(existsSync(join(root, run.file)), `${name}: ${run.file}`).toBe(true);
});

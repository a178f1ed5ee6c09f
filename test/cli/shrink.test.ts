// The verb `shrink`, over runs that are made up.

import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {deedsOf, generateRehearsal, type Rehearsal, type RunSeed, type SeedResult} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {parseRehearsal} from '../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../cli/src/rehearsal/write.ts';
import {shrinkVerb} from '../../cli/src/verbs/shrink.ts';
import {runVerb} from './command.ts';

const quiet = (seed: number): SeedResult => ({
  ...{seed, violation: undefined, strikes: [], missed: [], moments: [], rotations: 1, unreadable: 0},
  ...{events: 1, virtualMs: 1, traceHash: '0'.repeat(16)},
});
const violation = {name: 'S1 readable', cluster: 'east', node: '', key: '', explanation: 'it cannot', atMs: 1};
const sought = generateRehearsal(9);
/** Seed 11 fails while anything is left of the timeline, another way with half of it, and throws with none. */
const run: RunSeed = ({timeline}, seed) => {
  if (seed !== 11) return quiet(seed);
  if (timeline.length === 0) throw new Error('an engine without a timeline');
  return {...quiet(seed), violation};
};
const folder = mkdtempSync(join(tmpdir(), 'shrink-'));
const fileOf = (rehearsal: Rehearsal): string => {
  const file = join(folder, 'rehearsal.yaml');
  writeFileSync(file, formatRehearsal(rehearsal));
  return file;
};
const read = (text: string): Rehearsal => {
  const found = parseRehearsal(text);
  if (found.outcome !== 'ok') throw new Error('it does not read back');
  return found.rehearsal;
};

test('one seed of the file fails ⇒ that seed with the least that fails in the same way, as a file', async () => {
  const target = join(folder, 'small.yaml');
  const file = fileOf({...sought, seeds: {from: 10, count: 5}});
  const {code, err} = await runVerb(shrinkVerb({run}), file, '-o', target);
  expect(code).toBe(0);
  expect(err).toContain('seed 11 fails: S1 readable: it cannot');
  const small = read(readFileSync(target, 'utf8'));
  expect(small.seeds).toEqual({from: 11, count: 1});
  expect(deedsOf(small)).toBe(1);
});

test('no file is asked for ⇒ standard output has it and nothing else', async () => {
  const {out} = await runVerb(shrinkVerb({run}), fileOf(sought), '--seed', '11');
  expect(deedsOf(read(out))).toBe(1);
});

test('nothing fails ⇒ exit code 0, and it says so', async () => {
  const {code, out} = await runVerb(shrinkVerb({run}), fileOf(sought), '--from', '20', '--seeds', '4');
  expect([code, out]).toEqual([0, 'nothing fails in seeds 20 to 23\n']);
});

test('a run that throws ⇒ it is a failure and shrinks as such', async () => {
  const broken: RunSeed = () => {
    throw new Error('program east/controller failed');
  };
  const {err, out} = await runVerb(shrinkVerb({run: broken}), '--campaign', '9');
  expect(err).toContain('seed 9 fails: no exception: program east/controller failed');
  expect(read(out).timeline).toEqual([]);
});

test.each([[[]], [['some.yaml', '--campaign', '3']]])('%j ⇒ bad input', async (args) => {
  const {error} = await runVerb(shrinkVerb({run}), ...args);
  expect(String(error)).toContain('shrink: expected either a FILE or --campaign NUMBER');
});

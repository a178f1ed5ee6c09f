// The verb `mutants`, over hunts that are made up.

import {mkdtemp, readdir, readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {deedsOf, generateRehearsal, type Kill, type Mutant} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {parseRehearsal} from '../../cli/src/rehearsal/read.ts';
import {mutantsVerb} from '../../cli/src/verbs/mutants.ts';
import {runVerb} from './command.ts';

const mutant = (name: string): Mutant => ({
  ...{name, what: '', diesBy: ['S1 readable'], aimed: []},
  parts: () => ({}),
});
const kill = (seed: number): Kill => ({
  seed,
  detail: {invariant: 'S1 readable', cluster: 'east', node: 'n1', key: '', explanation: '', atMs: 1},
});
/** The quick one dies after 1, 2 and 9 seeds; the slow one survives from the last start. */
const hunt = ({name}: Mutant, seeds: number, from: number): Kill | undefined => {
  if (name === 'slow') return from > 200_000 ? undefined : kill(from + seeds - 1);
  const needed = from === 1 ? 9 : from < 200_000 ? 1 : 2;
  return kill(from + needed - 1);
};
const rehearsal = generateRehearsal(2);
const small = {...rehearsal, timeline: rehearsal.timeline.slice(0, 1)};
const tools = {mutants: [mutant('quick'), mutant('slow')], hunt, shrink: () => small};
const verb = mutantsVerb(tools);
const rows = (text: string): readonly string[] => text.trimEnd().split('\n');

test('a mutant that dies from every start ⇒ exit code 0, the invariant and the median of the seeds it took', async () => {
  const {code, out} = await runVerb(verb, 'quick', '--json');
  expect(code).toBe(0);
  expect(rows(out)[1]).toMatch(/^quick\s+S1 readable\s+2\s+9 1 2\s+-$/);
  expect(JSON.parse(rows(out).at(-1) ?? '')).toEqual({
    ...{mutants: 1, killed: 1, survivors: []},
    deaths: [{mutant: 'quick', invariants: ['S1 readable'], seeds: [9, 1, 2]}],
  });
});

test('a mutant that survives from one start ⇒ exit code 1 and its name', async () => {
  const {code, out} = await runVerb(verb, '--seeds', '50', '--json');
  expect(code).toBe(1);
  expect(rows(out)[2]).toMatch(/^slow\s+S1 readable, survives\s+50\s+50 50 -\s+-$/);
  expect(rows(out)[3]).toBe('1 of 2 mutants died within 50 seeds');
  expect(JSON.parse(rows(out).at(-1) ?? '')).toMatchObject({
    ...{mutants: 2, killed: 1, survivors: ['slow']},
    deaths: [{mutant: 'quick'}, {mutant: 'slow', invariants: ['S1 readable'], seeds: [50, 50, null]}],
  });
});

test('it dies in a rehearsal ⇒ the events of the small one, which is written as a file', async () => {
  const inRehearsal: typeof hunt = (...asked) => {
    const found = hunt(...asked);
    return found === undefined ? undefined : {...found, rehearsal};
  };
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  const {code, out} = await runVerb(mutantsVerb({...tools, hunt: inRehearsal}), 'quick', '--shrunk', folder, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(rows(out).at(-1) ?? '')).toMatchObject({deaths: [{events: deedsOf(small)}]});
  expect(rows(out)[1]).toMatch(new RegExp(`9 1 2\\s+${deedsOf(small)}$`));
  expect(await readdir(folder)).toEqual(['quick.yaml']);
  const read = parseRehearsal(await readFile(join(folder, 'quick.yaml'), 'utf8'));
  expect(read).toEqual({outcome: 'ok', rehearsal: small});
});

test('a folder that cannot be made ⇒ bad input with the reason', async () => {
  const {error} = await runVerb(verb, 'quick', '--shrunk', '/dev/null/there');
  expect(String(error)).toContain('--shrunk: expected a folder that can be written, got /dev/null/there: ENOTDIR');
});

test('a name that no mutant has ⇒ bad input with the names that there are', async () => {
  const {error} = await runVerb(verb, 'fast');
  expect(String(error)).toContain('mutants: expected a name of these, got "fast"\n  quick\n  slow');
});

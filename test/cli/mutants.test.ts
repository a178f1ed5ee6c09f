// The verb `mutants`, over hunts that are made up.

import type {Kill, Mutant} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
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
const verb = mutantsVerb({mutants: [mutant('quick'), mutant('slow')], hunt});
const rows = (text: string): readonly string[] => text.trimEnd().split('\n');

test('a mutant that dies from every start ⇒ exit code 0, the invariant and the median of the seeds it took', async () => {
  const {code, out} = await runVerb(verb, 'quick', '--json');
  expect(code).toBe(0);
  expect(rows(out)[1]).toMatch(/^quick\s+S1 readable\s+2\s+9 1 2$/);
  expect(JSON.parse(rows(out).at(-1) ?? '')).toEqual({mutants: 1, killed: 1, survivors: []});
});

test('a mutant that survives from one start ⇒ exit code 1 and its name', async () => {
  const {code, out} = await runVerb(verb, '--seeds', '50', '--json');
  expect(code).toBe(1);
  expect(rows(out)[2]).toMatch(/^slow\s+S1 readable, survives\s+50\s+50 50 -$/);
  expect(rows(out)[3]).toBe('1 of 2 mutants died within 50 seeds');
  expect(JSON.parse(rows(out).at(-1) ?? '')).toEqual({mutants: 2, killed: 1, survivors: ['slow']});
});

test('a name that no mutant has ⇒ bad input with the names that there are', async () => {
  const {error} = await runVerb(verb, 'fast');
  expect(String(error)).toContain('mutants: expected a name of these, got "fast"\n  quick\n  slow');
});

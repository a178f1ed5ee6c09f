// What people read about a run and about a failure of it.

import {expect, test} from 'vitest';
import {formatVerdict, formatViolation} from '../../../cli/src/run-output/verdict.ts';
import {violation} from './results.ts';

const totals = {
  seeds: 20,
  violations: 0,
  vacuous: 0,
  cells: {all: 340, hit: 12},
  rotations: 84,
  rotationsPerSecond: 233,
  unreadable: 0,
  traceHash: '1f2e3d4c5b6a7988',
};

test('all passed ⇒ one line without what did not occur', () => {
  expect(formatVerdict('pass', totals)).toBe(
    'pass: 20 seeds, 84 rotations, 0 values unreadable, 12 of 340 cells hit, 233 rotations/s, trace 1f2e3d4c5b6a7988',
  );
});

test('one failed and one vacuous ⇒ both are counted', () => {
  expect(formatVerdict('violation', {...totals, seeds: 1, violations: 1, vacuous: 1, unreadable: 1})).toBe(
    'violation: 1 seed, 1 violation, 1 vacuous, 84 rotations, 1 value unreadable, 12 of 340 cells hit, 233 rotations/s, trace 1f2e3d4c5b6a7988',
  );
});

test('a violation ⇒ what, where, when, why, and how to see it again', () => {
  const replay = 'etcd-encryption-manager rehearse failback --seed 7';
  expect(formatViolation({violation, seed: 7, replay, shrunk: {file: 'failback-7.yaml', deeds: 1}})).toBe(
    `violation: S1 readable
  seed     7
  time     200:00:31.5
  cluster  west
  node     w1
  key      aesgcm/r3-1f2e3d4c
  cause    the server has not loaded the key of a value that it serves
  replay   etcd-encryption-manager rehearse failback --seed 7
  shrunk   failback-7.yaml (1 deed)`,
  );
});

test('the smallest rehearsal ⇒ its text below, as it can be stored', () => {
  const smallest = 'apiVersion: rehearsal/v1\nkind: Rehearsal\n';
  expect(formatViolation({violation, seed: 7, replay: 'again', smallest})).toContain(
    '  replay   again\n  the smallest rehearsal found that fails alike:\n\napiVersion: rehearsal/v1\nkind: Rehearsal\n',
  );
});

test('a violation that is of no node and no key ⇒ no empty lines for them', () => {
  const text = formatViolation({violation: {...violation, node: '', key: ''}, seed: 7, replay: 'again'});
  expect(text.split('\n').map((line) => line.slice(0, 9).trim())).toEqual([
    'violation',
    'seed',
    'time',
    'cluster',
    'cause',
    'replay',
  ]);
});

test('a cause with control characters ⇒ none of them on the terminal', () => {
  const text = formatViolation({violation: {...violation, explanation: 'a\nb\u001b[31m'}, seed: 7, replay: 'again'});
  expect(text).toContain('  cause    a b?[31m\n');
});

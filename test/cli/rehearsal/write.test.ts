// A rehearsal that was written is read as the same rehearsal: that is what a shrunk file rests on.

import type {Deed, Rehearsal} from '@etcd-encryption/host-sim';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {parseRehearsal, problemText} from '../../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../../cli/src/rehearsal/write.ts';
import {anyRehearsal} from './arbitrary-rehearsal.ts';

function reread(text: string): unknown {
  const read = parseRehearsal(text);
  return read.outcome === 'ok' ? read.rehearsal : read.problems.map((problem) => problemText('written', problem));
}

test('any rehearsal ⇒ is equal after it was written and read', () => {
  fc.assert(
    fc.property(anyRehearsal, (rehearsal) => {
      expect(reread(formatRehearsal(rehearsal))).toEqual(rehearsal);
    }),
    {seed: 1, numRuns: 500},
  );
});

test('any rehearsal that was written, read and written again ⇒ the same text', () => {
  fc.assert(
    fc.property(anyRehearsal, (rehearsal) => {
      const text = formatRehearsal(rehearsal);
      const read = parseRehearsal(text);
      expect(read.outcome === 'ok' && formatRehearsal(read.rehearsal)).toBe(text);
    }),
    {seed: 2, numRuns: 100},
  );
});

test('rehearsals that are drawn ⇒ do every deed, so that each form was written', () => {
  const kinds = fc
    .sample(anyRehearsal, {seed: 3, numRuns: 200})
    .flatMap(({timeline}) => timeline.flatMap(({deeds}) => deeds.map(({kind}) => kind)));
  expect(new Set(kinds).size).toBe(31);
});

const smallest: Rehearsal = {
  metadata: {name: 'smallest'},
  seeds: {from: 4711, count: 1},
  settings: {fromConfig: 'eec.yaml'},
  clusters: [{name: 'east', role: 'active', nodes: ['e1'], clockSkewMs: -40_000}],
  timeline: [{kind: 'at', atMs: 5_400_000, deeds: [{kind: 'rotate', cluster: 'east'}]}],
  chaos: {classes: ['crash']},
  expect: [{kind: 'sometimes', moment: {deed: 'failover', during: 'Activate'}}],
};

test('one seed, one deed, one class ⇒ stand in the shortest form', () => {
  expect(formatRehearsal(smallest)).toBe(`apiVersion: rehearsal/v1
kind: Rehearsal
metadata:
  name: smallest
seed: 4711
fromConfig: eec.yaml
clusters:
  east: {role: active, nodes: [e1], clockSkew: -40s}
chaos:
  classes: [crash]
timeline:
  - {at: 1h30m, do: {rotate: {cluster: east}}}
expect:
  - {sometimes: failoverDuring(Activate)}
`);
});

test('the same list used in two places ⇒ is written twice, not by reference', () => {
  const deeds: readonly Deed[] = [
    {kind: 'pause', cluster: 'east'},
    {kind: 'resume', cluster: 'east'},
  ];
  const twice: Rehearsal = {...smallest, timeline: [1, 2].map((atMs) => ({kind: 'at', atMs, deeds}))};
  expect(reread(formatRehearsal(twice))).toEqual(twice);
});

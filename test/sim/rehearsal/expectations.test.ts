// What a file expects and does not get is a violation that names the expectation and what was seen in its place.

import {createRun, type Deed, type Expectation, type Rehearsal, runRehearsal} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {at, minuteMs, pairWith, soloWith, times} from './small.ts';

const prepared = {times, prepared: true, seed: 1} as const;
const resultOf = (rehearsal: Rehearsal) => runRehearsal(rehearsal, prepared);

test.each([
  ['a role that the cluster does not have', {role: 'Standby'}, 'says'],
  ['a phase that it never enters', {phase: 'Publish'}, 'phase'],
  ['values that nobody can read', {unreadable: 3}, 'unreadable'],
] as const)('%s within two minutes of a deed ⇒ a violation two minutes after it', (_, is, named) => {
  const rehearsal = soloWith({
    timeline: [at(minuteMs, {kind: 'down', node: 's2', forMs: minuteMs})],
    expect: [{kind: 'within', limitMs: 2 * minuteMs, of: 'down', cluster: 'solo', is}],
  });
  const {violation} = resultOf(rehearsal);
  expect(violation).toMatchObject({name: 'expect[0] within 120000 ms of down', cluster: 'solo'});
  expect(violation?.atMs).toBe(3 * minuteMs);
  expect(violation?.explanation).toContain(named);
});

test('a state that comes in time ⇒ no violation', () => {
  const result = resultOf(
    pairWith({
      timeline: [at(minuteMs, {kind: 'failover', to: 'west', mode: 'unplanned'})],
      expect: [
        {kind: 'within', limitMs: 3 * minuteMs, of: 'failover', cluster: 'west', is: {role: 'Active', unreadable: 0}},
        {kind: 'sometimes', moment: {deed: 'failover', during: 'Idle'}},
        {kind: 'sometimes', moment: {deed: 'failover', during: 'Migrate'}},
      ],
    }),
  );
  expect(result).toMatchObject({violation: undefined, moments: [1], unreadable: 0});
});

test('a failover while the Active migrates ⇒ that moment came true, whatever the Standby was at', () => {
  const fact = {cluster: 'east', phase: 'Migrate'} as const;
  const failover: Deed = {kind: 'failover', to: 'west', mode: 'unplanned'};
  const result = resultOf(
    pairWith({
      timeline: [{kind: 'when', fact, deeds: [failover]}],
      expect: [{kind: 'sometimes', moment: {deed: 'failover', during: 'Migrate'}}],
    }),
  );
  expect(result).toMatchObject({violation: undefined, moments: [0]});
  expect(result.strikes).toMatchObject([
    {fault: 'failover', cluster: 'east', role: 'Active', phase: 'Migrate'},
    {fault: 'failover', cluster: 'west', role: 'Standby'},
  ]);
});

test.each([
  ['converged', 'pair'],
  ['rotated', 'pair'],
  ['failoverReady', 'pair'],
  ['shrunk', 'solo'],
] as const)('%s ⇒ it is reached after a fault', (goal, where) => {
  const make = where === 'pair' ? pairWith : soloWith;
  const node = where === 'pair' ? 'w2' : 's2';
  const timeline = [at(minuteMs, {kind: 'down', node, forMs: minuteMs})];
  expect(resultOf(make({timeline, expect: [{kind: 'eventually', goal}]}))).toMatchObject({violation: undefined});
});

test('a node that stays away ⇒ the obstacle is named before it is put right; nothing in the way ⇒ nothing is named', () => {
  const goal: Expectation = {kind: 'eventually', goal: 'obstacleNamed'};
  const timeline = [at(minuteMs, {kind: 'down', node: 's2'})];
  expect(resultOf(soloWith({timeline, expect: [goal]}))).toMatchObject({violation: undefined});
  const {violation} = resultOf(soloWith({expect: [goal]}));
  expect(violation).toMatchObject({name: 'expect[0] eventually: obstacleNamed'});
});

test('two lineages where there is one ⇒ the goal is not reached, and both figures are named', () => {
  const expected: Expectation = {kind: 'eventually', goal: 'converged', lineages: 2};
  const {violation} = resultOf(pairWith({expect: [expected]}));
  expect(violation?.name).toBe('expect[0] eventually: converged');
  expect(violation?.explanation).toContain('lineages 2 (are 1)');
}, 120_000);

test('a file that names another EtcdEncryptionConfig ⇒ it runs by that spec, and not without one', () => {
  const rehearsal = soloWith({settings: {fromConfig: 'eec.yaml'}});
  expect(() => createRun(rehearsal, {seed: 1})).toThrow('settings.fromConfig: expected the spec of eec.yaml');
  const spec = {resources: ['secrets'], type: 'aesgcm', keyStrategy: 'random', rotationInterval: '20m0s'};
  const run = createRun(rehearsal, {seed: 1, times, spec});
  run.runUntil(10 * minuteMs);
  expect(
    run.clusters
      .get('solo')
      ?.ring()
      ?.layout.resources.map(({resource}) => resource),
  ).toEqual(['secrets']);
});

test('clusters that are no pair ⇒ refused', () => {
  const two = pairWith().clusters.map((plan) => ({...plan, role: 'active' as const}));
  expect(() => createRun(pairWith({clusters: two}), {seed: 1})).toThrow(
    'expected one active, or an active and a standby',
  );
});

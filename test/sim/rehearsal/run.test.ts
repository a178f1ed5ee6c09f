// A seed of a rehearsal from its beginning to its verdict.

import {
  cellOf,
  createRun,
  isVacuous,
  mutants,
  type Rehearsal,
  type RunEvent,
  runRehearsal,
} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {at, minuteMs, pairWith, soloWith, times, wordsOf} from './small.ts';

const rotated: Rehearsal['expect'] = [
  {kind: 'eventually', goal: 'rotated'},
  {kind: 'eventually', goal: 'converged', lineages: 1},
];
const prepared = {times, prepared: true} as const;

test('a seed twice ⇒ the same trace; another seed ⇒ another one', () => {
  const rehearsal = pairWith({expect: rotated, timeline: [at(minuteMs, {kind: 'down', node: 'e2', forMs: minuteMs})]});
  const [first, again, other] = [1, 1, 2].map((seed) => runRehearsal(rehearsal, {...prepared, seed}));
  expect(again).toEqual(first);
  expect(other?.traceHash).not.toBe(first?.traceHash);
  expect(first).toMatchObject({violation: undefined, missed: [], unreadable: 0, rotations: 2});
  expect(first?.strikes.map(cellOf)).toEqual(['nodeDown × Idle × Active']);
});

test('a listener or none ⇒ the same trace', () => {
  const rehearsal = soloWith({expect: rotated});
  const events: RunEvent[] = [];
  const heard = runRehearsal(rehearsal, {...prepared, seed: 3, listen: (event) => events.push(event)});
  expect(runRehearsal(rehearsal, {...prepared, seed: 3})).toEqual(heard);
  expect(wordsOf(events, 'fact').length).toBeGreaterThan(5);
});

test('nothing prepared ⇒ r1 is published, proven on the Standby by the operator, and completes on both sides', () => {
  const run = createRun(pairWith({expect: rotated}), {seed: 1, times});
  expect(run.phaseOf('east')).toBe('Idle');
  run.runUntil(() => run.over);
  expect(run.violation).toBeUndefined();
  expect(run.clusters.get('east')?.ring()?.standbyProven).toHaveLength(1);
  expect(run.clusters.get('west')?.completed).toEqual(run.clusters.get('east')?.completed);
});

test('prepared ⇒ r1 writes on both sides at time zero, r2 is loaded everywhere, and the next rotation is r2', () => {
  const run = createRun(pairWith({expect: rotated}), {...prepared, seed: 1});
  const tagsAtStart = [...run.clusters.values()].map(({cluster}) =>
    cluster.serving().map((server) => server.loaded.of('secrets').map(({name}) => name.split('-')[0])),
  );
  for (const names of tagsAtStart.flat()) {
    expect(names[0]).toBe('r1');
    expect(names).toContain('r2');
  }
  run.runUntil(() => run.over);
  expect(run.result()).toMatchObject({violation: undefined, rotations: 2});
  expect(run.clusters.get('east')?.completed).toEqual([2]);
});

test('the engine activates what not all have loaded ⇒ the violation says invariant, seed, time, cluster, node and key', () => {
  const mutant = mutants.find(({name}) => name === 'activate without convergence');
  if (mutant === undefined) throw new Error('there is no such mutant');
  const rehearsal = soloWith({expect: rotated, timeline: [at(0, {kind: 'down', node: 's2', forMs: 30 * minuteMs})]});
  const result = runRehearsal(rehearsal, {times, seed: 5, parts: mutant.parts});
  expect(result.seed).toBe(5);
  expect(result.violation).toMatchObject({name: 'S2 write after read', cluster: 'solo'});
  expect(result.violation?.node).toMatch(/^s[12]$/);
  expect(result.violation?.key).toMatch(/^aesgcm\/r\d+-[0-9a-f]{8}\//);
  expect(result.violation?.atMs).toBe(result.virtualMs);
  expect(runRehearsal(rehearsal, {times, seed: 5}).violation).toBeUndefined();
});

test('a fact that never comes ⇒ its entry and those behind it are missed, and the seed is vacuous', () => {
  const result = runRehearsal(
    soloWith({
      timeline: [
        at(minuteMs, {kind: 'down', node: 's2', forMs: minuteMs}),
        {kind: 'when', fact: {cluster: 'solo', phase: 'Publish'}, deeds: [{kind: 'rotate', cluster: 'solo'}]},
        {kind: 'after', delayMs: minuteMs, deeds: [{kind: 'pause', cluster: 'solo'}]},
      ],
    }),
    {...prepared, seed: 1},
  );
  expect(result).toMatchObject({violation: undefined, missed: [1, 2]});
  expect(isVacuous(result)).toBe(true);
});

test('a node that nobody brings back and a pause that nobody ends ⇒ both are put right before the goals count', () => {
  const events: RunEvent[] = [];
  const result = runRehearsal(
    pairWith({
      expect: rotated,
      timeline: [at(minuteMs, {kind: 'down', node: 'w2'}, {kind: 'pause', cluster: 'east'})],
    }),
    {...prepared, seed: 2, listen: (event) => events.push(event)},
  );
  expect(result).toMatchObject({violation: undefined, missed: []});
  expect(wordsOf(events, 'deed')).toContain('west: w2 comes back');
});

test('chaos of two classes, and of one of them ⇒ what the other draws strikes at the same times', () => {
  const timesOf = (classes: readonly ('clock' | 'resync')[]): readonly number[] => {
    const run = createRun(pairWith({chaos: {classes}}), {...prepared, seed: 4, oracles: []});
    run.runUntil(60 * minuteMs);
    return run.result().strikes.flatMap(({fault, atMs}) => (fault === 'resync' ? [atMs] : []));
  };
  const alone = timesOf(['resync']);
  expect(alone.length).toBeGreaterThan(1);
  expect(timesOf(['clock', 'resync'])).toEqual(alone);
});

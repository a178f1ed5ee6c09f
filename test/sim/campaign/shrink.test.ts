// Shrinking against failures that are planted: what a candidate has to contain to fail is known.

import {type Deed, deedsOf, generateRehearsal, type Rehearsal, shrinkRehearsal} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';

const deedsIn = ({timeline}: Rehearsal): readonly Deed[] => timeline.flatMap(({deeds}) => deeds);
const has = (rehearsal: Rehearsal, kind: Deed['kind'], on: string): boolean =>
  deedsIn(rehearsal).some((deed) => deed.kind === kind && JSON.stringify(deed).includes(`"${on}"`));

const noise: readonly Deed[] = Array.from({length: 30}, (_, index) =>
  index % 2 === 0 ? {kind: 'editFile', node: `e${(index % 3) + 1}`} : {kind: 'pause', cluster: 'west'},
);

const large: Rehearsal = {
  metadata: {name: 'planted'},
  seeds: {from: 1, count: 500},
  settings: {keyStrategy: 'deterministic', rotationIntervalMs: 600_000, revisions: 2},
  clusters: [
    {name: 'east', role: 'active', nodes: ['e1', 'e2', 'e3'], objects: [{resource: 'secrets', count: 80}]},
    {name: 'west', role: 'standby', nodes: ['w1', 'w2', 'w3'], localObjects: [{resource: 'secrets', count: 9}]},
  ],
  replication: {from: 'east', to: 'west', lag: {meanMs: 100, maxMs: 900}},
  timeline: [
    ...noise.slice(0, 10).map((deed, index) => ({kind: 'at' as const, atMs: index * 7_001, deeds: [deed]})),
    {kind: 'after', delayMs: 61_500, deeds: [{kind: 'down', node: 'w2', forMs: 600_000}, ...noise.slice(10, 15)]},
    ...noise.slice(15, 29).map((deed) => ({kind: 'after' as const, delayMs: 3_000, deeds: [deed]})),
    {kind: 'when', fact: {cluster: 'east', phase: 'Migrate'}, deeds: [{kind: 'rotate', cluster: 'east'}]},
  ],
  chaos: {classes: ['crash', 'stall']},
  expect: [{kind: 'eventually', goal: 'converged'}],
};

test('two deeds of forty make it fail ⇒ those two are left, with one node a side, no chaos and no objects', () => {
  const fails = (each: Rehearsal): boolean => has(each, 'down', 'w2') && has(each, 'rotate', 'east');
  const shrunk = shrinkRehearsal(large, 7, fails);
  expect(deedsIn(shrunk).map(({kind}) => kind)).toEqual(['down', 'rotate']);
  expect(shrunk.clusters).toEqual([
    {name: 'east', role: 'active', nodes: [expect.any(String)]},
    {name: 'west', role: 'standby', nodes: ['w2']},
  ]);
  expect(shrunk).toMatchObject({seeds: {from: 7, count: 1}, chaos: {profile: 'none'}, expect: [{kind: 'always'}]});
});

test('what fails depends on how much time passes before a deed ⇒ waits of entries that go are kept', () => {
  const timeOf = ({timeline}: Rehearsal): number => {
    let ms = 0;
    for (const entry of timeline) {
      if (entry.kind === 'after') ms += entry.delayMs;
      if (entry.deeds.some(({kind}) => kind === 'down')) return ms;
    }
    return -1;
  };
  const shrunk = shrinkRehearsal(large, 7, (each) => timeOf(each) >= 100_000);
  expect(deedsOf(shrunk)).toBe(1);
  expect(timeOf(shrunk)).toBeGreaterThanOrEqual(100_000);
  expect(timeOf(shrunk)).toBeLessThan(130_000);
});

test('two chains fail only beside each other ⇒ their times stay, and what else there is goes', () => {
  const rotate: Deed = {kind: 'rotate', cluster: 'east'};
  const beside: Rehearsal = {
    ...large,
    timeline: [
      {
        kind: 'at',
        atMs: 60_000,
        deeds: [
          {kind: 'down', node: 'w2', forMs: 600_000},
          {kind: 'advance', byMs: 120_000},
        ],
      },
      {kind: 'at', atMs: 90_000, deeds: [rotate]},
      {kind: 'at', atMs: 95_000, deeds: noise.slice(0, 9)},
    ],
  };
  const isBeside = ({timeline}: Rehearsal): boolean => timeline.filter(({kind}) => kind === 'at').length >= 2;
  const shrunk = shrinkRehearsal(
    beside,
    7,
    (each) => isBeside(each) && has(each, 'down', 'w2') && has(each, 'rotate', 'east'),
  );
  expect(shrunk.timeline).toEqual([
    {kind: 'at', atMs: 60_000, deeds: [{kind: 'down', node: 'w2', forMs: expect.any(Number)}]},
    {kind: 'at', atMs: 90_000, deeds: [rotate]},
  ]);
});

test('only the chaos of one class fails ⇒ that class is left, the timeline is empty', () => {
  const shrunk = shrinkRehearsal(large, 7, ({chaos}) => 'classes' in chaos && chaos.classes.includes('stall'));
  expect(shrunk).toMatchObject({chaos: {classes: ['stall']}, timeline: []});
});

test('a pair of which nothing names the other side ⇒ one cluster is left', () => {
  const shrunk = shrinkRehearsal(large, 7, (each) => has(each, 'editFile', 'e2'));
  expect(shrunk.clusters).toEqual([{name: 'east', role: 'active', nodes: ['e2']}]);
  expect(shrunk.replication).toBeUndefined();
});

test('any seed of a campaign, a deed of which makes it fail ⇒ at most eight deeds are left, in few runs', () => {
  for (let seed = 0; seed < 200; seed++) {
    const rehearsal = generateRehearsal(seed);
    const wanted = deedsIn(rehearsal).at(-1);
    if (wanted === undefined) continue;
    let runs = 0;
    const shrunk = shrinkRehearsal(rehearsal, seed, (each) => {
      runs++;
      return deedsIn(each).some(({kind}) => kind === wanted.kind);
    });
    expect(deedsOf(shrunk)).toBe(1);
    expect(runs).toBeLessThan(200);
  }
});

test('nothing smaller fails ⇒ the given rehearsal with its seed alone', () => {
  const rehearsal = generateRehearsal(3);
  expect(shrinkRehearsal(rehearsal, 3, () => false)).toEqual(rehearsal);
});

test('the runs are used up ⇒ the smallest so far', () => {
  const fails = (each: Rehearsal): boolean => has(each, 'down', 'w2');
  const shrunk = shrinkRehearsal(large, 7, fails, {maxRuns: 6});
  expect(deedsOf(shrunk)).toBeLessThan(deedsOf(large));
  expect(deedsOf(shrunk)).toBeGreaterThan(1);
});

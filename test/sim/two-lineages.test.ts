// Two sides that published a first bundle each, since nothing was copied before the first failover: the pair ends with one
// lineage whatever came in between, and nobody loses a value.

import {createRun, type Rehearsal, type TimelineEntry} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {at, minuteMs, pairWith, times} from './rehearsal/small.ts';

const secondMs = 1_000;
const stall = (forMs: number) => ({kind: 'stall', what: 'replication', forMs}) as const;
const failover = (to: string) => ({kind: 'failover', to, mode: 'unplanned'}) as const;
const install = (cluster: string) => ({kind: 'installSynchronizer', cluster}) as const;
const after = (delayMs: number, ...deeds: TimelineEntry['deeds']): TimelineEntry => ({kind: 'after', delayMs, deeds});

/** Bundle ids that a side published, and the one that each side follows in the end. */
function play(rehearsal: Partial<Rehearsal>, seed: number) {
  const run = createRun(pairWith({expect: [{kind: 'eventually', goal: 'converged'}], ...rehearsal}), {seed, times});
  run.runUntil(() => run.over);
  const rings = [...run.clusters.values()].map((managed) => managed.ring());
  const published = new Set(rings.flatMap((ring) => ring?.publications?.map(({bundleId}) => bundleId) ?? []));
  const followed = new Set(rings.map((ring) => ring?.following?.bundleId));
  return {violation: run.violation, published, followed, missed: run.result().missed};
}

test('the other side’s first bundle arrives and is read only when this side is to be the Active ⇒ one lineage', () => {
  const result = play(
    {
      timeline: [
        at(2_500, stall(30 * secondMs)),
        at(5 * secondMs, failover('west')),
        after(
          60 * secondMs,
          {kind: 'staleView', target: {node: 'e1', program: 'agent'}, forMs: 3 * minuteMs},
          {kind: 'staleView', target: {node: 'e2', program: 'agent'}, forMs: 3 * minuteMs},
          install('east'),
        ),
        after(2 * minuteMs, failover('east')),
        after(20 * minuteMs, install('west')),
      ],
    },
    1,
  );
  expect(result).toMatchObject({violation: undefined, missed: []});
  expect(result.published.size).toBe(2);
  expect(result.followed.size).toBe(1);
});

test('what is followed was merged from two sides, and the stored bundle lacks an entry of it ⇒ the next one is published all the same', () => {
  const stalled = stall(2 * minuteMs);
  const base = pairWith();
  const result = play(
    {
      clusters: base.clusters.map(({writes: _, ...plan}) => plan),
      replication: {from: 'east', to: 'west', lag: {meanMs: 20 * secondMs, maxMs: 100 * secondMs}},
      timeline: [
        at(18 * secondMs, stall(13 * secondMs)),
        at(26 * secondMs, failover('west')),
        after(700 * secondMs, install('east')),
        after(5 * secondMs, stalled, failover('east')),
        after(90 * secondMs, install('west')),
        after(90 * secondMs, failover('west')),
        after(700 * secondMs, install('east')),
        after(5 * secondMs, stalled, failover('east')),
        after(90 * secondMs, install('west')),
      ],
    },
    321,
  );
  expect(result).toMatchObject({violation: undefined, missed: []});
  expect(result.followed.size).toBe(1);
});

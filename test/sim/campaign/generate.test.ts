// Rehearsals that campaigns make: ordinary ones, each of them a function of its seed.

import {
  aimOf,
  cellOf,
  type Deed,
  type FaultClass,
  faultClasses,
  generateRehearsal,
  type Rehearsal,
} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../../cli/src/rehearsal/write.ts';

const seeds = Array.from({length: 1_500}, (_, seed) => seed);
const deedsIn = ({timeline}: Rehearsal): readonly Deed[] => timeline.flatMap(({deeds}) => deeds);

/** The deed by which each class strikes. */
const deedOf: Readonly<Record<FaultClass, Deed['kind']>> = {
  crash: 'crash',
  unknownAnswer: 'unknownAnswer',
  powerLoss: 'powerLoss',
  nodeDown: 'down',
  staleView: 'staleView',
  missedEvent: 'missedEvents',
  clock: 'clock',
  stall: 'stall',
  resync: 'resync',
  lostDelete: 'loseDeletes',
  surplusKey: 'surplusKey',
  operatorEdit: 'editFile',
  pause: 'pause',
  forgetNode: 'forgetNode',
  rootSwap: 'rootReplaced',
  restore: 'restore',
  failover: 'failover',
};

test('any seed ⇒ its rehearsal is a file that reads back as the same rehearsal', () => {
  for (const seed of seeds.slice(0, 300)) {
    const rehearsal = generateRehearsal(seed);
    expect(parseRehearsal(formatRehearsal(rehearsal))).toEqual({outcome: 'ok', rehearsal});
  }
});

test('a seed twice ⇒ the same rehearsal; many seeds ⇒ nearly all of them differ, beside what they draw while they run', () => {
  for (const seed of [0, 1, 4_711, 2 ** 40]) expect(generateRehearsal(seed)).toEqual(generateRehearsal(seed));
  const texts = new Set(seeds.map((seed) => JSON.stringify({...generateRehearsal(seed), metadata: {}, seeds: {}})));
  expect(texts.size).toBeGreaterThan(0.98 * seeds.length);
});

test('an aimed seed ⇒ its class strikes first, at once, when the cluster of its role is in its phase', () => {
  for (const seed of seeds) {
    const aim = aimOf(seed);
    if (aim === undefined) continue;
    const {clusters, timeline} = generateRehearsal(seed);
    const cluster = aim.role === 'Standby' ? 'west' : 'east';
    const first = timeline.find(({kind}) => kind === 'when');
    expect(first, cellOf(aim)).toMatchObject({kind: 'when', fact: {cluster, phase: aim.phase}});
    expect(first?.deeds.map(({kind}) => kind)).toContain(deedOf[aim.fault]);
    expect(clusters).toHaveLength(aim.role === 'single' ? 1 : 2);
  }
});

test('many seeds ⇒ worlds of every size from one node to three and three, most of them small', () => {
  const sizes = seeds.map((seed) => generateRehearsal(seed).clusters.map(({nodes}) => nodes.length));
  const counted = Map.groupBy(sizes, (each) => each.join(' + '));
  expect([...counted.keys()].toSorted()).toEqual(
    ['1', '2', '3', ...[1, 2, 3].flatMap((east) => [1, 2, 3].map((west) => `${east} + ${west}`))].toSorted(),
  );
  const small = sizes.filter((each) => each.reduce((sum, nodes) => sum + nodes, 0) <= 3);
  expect(small.length / seeds.length).toBeGreaterThan(0.5);
});

test('many seeds without an aim ⇒ each class is on in some and off in most, in every combination of two', () => {
  const drawn = seeds
    .filter((seed) => aimOf(seed) === undefined)
    .map((seed) => new Set(deedsIn(generateRehearsal(seed)).map(({kind}) => kind)));
  for (const one of faultClasses) {
    const share = drawn.filter((kinds) => kinds.has(deedOf[one])).length / drawn.length;
    expect(share, one).toBeGreaterThan(0.02);
    expect(share, one).toBeLessThan(0.5);
    for (const other of faultClasses) {
      expect(
        drawn.some((kinds) => kinds.has(deedOf[one]) && kinds.has(deedOf[other])),
        `${one} and ${other}`,
      ).toBe(true);
    }
  }
});

// Small rehearsals in a hurry: servers look at their files every ten seconds, keys are young, intervals short.

import {
  createRun,
  type Deed,
  type Rehearsal,
  type Run,
  type RunEvent,
  type TimelineEntry,
} from '@etcd-encryption/host-sim';
import {expect} from 'vitest';

export const minuteMs = 60_000;

/** Times of a world in a hurry. */
export const times = {pollMs: 10_000, compactionMs: 60_000, minAgeMs: 300_000, drainMs: 60_000} as const;

const settings = {
  keyStrategy: 'deterministic',
  rotationIntervalMs: 20 * minuteMs,
  approvalDelayMs: minuteMs,
  promotionGraceMs: 10 * minuteMs,
} as const;

/** An Active `east` with e1, e2 and its Standby `west` with w1, w2. */
export const pairWith = (changes: Partial<Rehearsal> = {}): Rehearsal => ({
  metadata: {name: 'small'},
  seeds: {from: 1, count: 1},
  settings,
  clusters: [
    {
      name: 'east',
      role: 'active',
      nodes: ['e1', 'e2'],
      objects: [{resource: 'secrets', count: 4}],
      writes: {count: 2, per: 'm'},
    },
    {name: 'west', role: 'standby', nodes: ['w1', 'w2'], localObjects: [{resource: 'secrets', count: 2}]},
  ],
  timeline: [],
  chaos: {profile: 'none'},
  expect: [],
  ...changes,
});

/** One cluster `solo` with s1 and s2 under the random strategy. */
export const soloWith = (changes: Partial<Rehearsal> = {}): Rehearsal =>
  pairWith({
    settings: {keyStrategy: 'random', rotationIntervalMs: 20 * minuteMs, revisions: 1},
    clusters: [{name: 'solo', role: 'active', nodes: ['s1', 's2'], objects: [{resource: 'secrets', count: 4}]}],
    ...changes,
  });

/** An entry of the timeline at a time. */
export const at = (atMs: number, ...deeds: TimelineEntry['deeds']): TimelineEntry => ({kind: 'at', atMs, deeds});

/** Words of the events, without times: `east: Migrate`. */
export const wordsOf = (events: readonly RunEvent[], kind: RunEvent['kind']): readonly string[] =>
  events.filter((event) => event.kind === kind).map(({cluster = '', what}) => `${cluster}: ${what}`);

/** A prepared pair to which deeds are done after a minute, run until `untilMs`. */
export function after(untilMs: number, ...deeds: readonly Deed[]): Run {
  const timeline = [at(minuteMs, ...deeds), at(0, {kind: 'advance', byMs: 24 * 60 * minuteMs})];
  const run = createRun(pairWith({timeline}), {seed: 1, times, prepared: true});
  run.runUntil(untilMs);
  expect(run.violation).toBeUndefined();
  return run;
}

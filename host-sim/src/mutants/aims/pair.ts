// Bugs that show on a pair only.

import {type Aim, after, at, minuteMs, pair, passing, secondMs, when} from './worlds.ts';

/** The next scheduled rotation, and nothing else. */
const rotation =
  (world: Parameters<typeof pair>[1] = {}): Aim =>
  () =>
    pair([], world);

/** By the mutant's name. */
export const pairAims: Readonly<Record<string, Aim>> = {
  'replicated status believed': (draws) =>
    pair([when('east', 'Converge', {kind: 'down', node: 'w1', forMs: draws.integer(30, 120) * secondMs})]),
  'revision off by one on one side': rotation(),
  'seed drawn at random instead of chained': rotation(),
  "Standby drops by the Active's scan": rotation(),
  'Standby migrates replicated objects': (draws) =>
    pair([after(draws.integer(0, 20 * secondMs), {kind: 'surplusKey', cluster: 'west'}, passing(8 * minuteMs))]),
  'a new Active makes the published revision again': (draws) =>
    pair([
      after(draws.integer(0, 2 * minuteMs), {kind: 'failover', to: 'west', mode: 'unplanned'}, passing(5 * minuteMs)),
    ]),
  'fork adopted, old keys discarded': (draws) =>
    pair([
      after(
        draws.integer(0, 30 * secondMs),
        {kind: 'failover', to: 'west', mode: 'unplanned'},
        {kind: 'compromised', cluster: 'east'},
      ),
      after(draws.integer(8, 10) * minuteMs, {kind: 'installSynchronizer', cluster: 'east'}),
    ]),
  'promotion while the pair is being upgraded': (draws) =>
    pair(
      [
        after(draws.integer(0, 2 * minuteMs), {kind: 'uninstallSynchronizer', cluster: 'west'}),
        after(draws.integer(360, 420) * secondMs, {kind: 'installSynchronizer', cluster: 'west'}),
      ],
      {settings: {promotionGraceMs: 30 * minuteMs}},
    ),
  'stale mirror lease = promotion': (draws) =>
    pair([
      after(draws.integer(60, 150) * secondMs, {
        kind: 'stopSynchronizer',
        cluster: 'west',
        forMs: draws.integer(240, 300) * secondMs,
      }),
    ]),
  'mirrored role statement believed': (draws) =>
    pair([
      after(draws.integer(0, 60) * secondMs, {kind: 'stateRole', cluster: 'east', role: 'Active', on: 'config'}),
      // Past the next activation, after which the Standby looks again, and until the one after that is due.
      after(draws.integer(440, 500) * secondMs, {
        kind: 'stall',
        what: 'replication',
        forMs: draws.integer(150, 240) * secondMs,
      }),
    ]),
  'publish only approvalDelay ahead': (draws) => {
    const forMs = draws.integer(100, 180) * secondMs;
    return pair(
      [
        when('east', 'Verify', passing(draws.integer(340, 355) * secondMs), {
          kind: 'stall',
          what: 'replication',
          forMs,
        }),
        after(forMs + draws.integer(100, 6_000), {kind: 'failover', to: 'west', mode: 'unplanned'}),
      ],
      {world: {prepared: false}},
    );
  },
  "first activation without any Standby's proof": () =>
    pair([after(0, {kind: 'rootReplaced', clusters: ['west'], onPurpose: false}, passing(10 * minuteMs))], {
      world: {prepared: false},
    }),
  'reader takes a lower generation': (draws) =>
    pair([
      when(
        'east',
        'Publish',
        passing(draws.integer(60, 110) * secondMs),
        {kind: 'restore', cluster: 'east', ageMs: 2 * minuteMs},
        {kind: 'down', node: 'e1', forMs: 3 * minuteMs},
      ),
    ]),
  'after a restore the revision counter restarts': (draws) =>
    pair([
      when('east', 'Publish', passing(draws.integer(60, 120) * secondMs), {
        kind: 'restore',
        cluster: 'east',
        ageMs: 2 * minuteMs,
      }),
    ]),
  'another bundle id followed unasked': (draws) => {
    const startMs = draws.integer(60, 120) * secondMs;
    return pair([
      at(startMs, {kind: 'rootReplaced', clusters: ['east', 'west'], onPurpose: true}),
      // To between the new Secret and the word on the ring: the operator begins anew.
      at(startMs + draws.integer(70, 110) * secondMs, {kind: 'restore', cluster: 'west', ageMs: 45 * secondMs}),
      after(5 * minuteMs, {kind: 'stateRoot', cluster: 'west'}),
    ]);
  },
};

// Along one rotation of a pair: cuts at its deeds, two cuts together, and a failover at each deed with a mirror that
// lags. Every way ends with both sides on the same keys and every value readable.

import {
  countPairs,
  pairOfCuts,
  type Rehearsal,
  refer,
  runCuts,
  runRehearsal,
  type SeedResult,
  type Sieve,
  singleCuts,
  withFailover,
} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';

const proof = openProofRun();
const minuteMs = 60_000;
const pollMs = 10_000;
const approvalDelayMs = minuteMs;
const rotationIntervalMs = 10 * minuteMs;
/** When nothing is awaited any more: well behind the end of the reference. */
const overMs = 15 * minuteMs;

const rehearsal: Rehearsal = {
  metadata: {name: 'sieve', explanation: 'One rotation of a small pair, cut in every way.'},
  seeds: {from: proof.seed, count: 1},
  settings: {
    keyStrategy: 'deterministic',
    rotationIntervalMs,
    approvalDelayMs,
    promotionGraceMs: 30 * minuteMs,
    revisions: 1,
    resources: ['secrets', 'configmaps'],
    standby: 'expected',
  },
  clusters: [
    {
      name: 'east',
      role: 'active',
      nodes: ['e1'],
      objects: [
        {resource: 'secrets', count: 3},
        {resource: 'configmaps', count: 1},
      ],
      localObjects: [{resource: 'secrets', count: 1}],
      writes: {count: 10, per: 'm'},
    },
    {name: 'west', role: 'standby', nodes: ['w1'], localObjects: [{resource: 'secrets', count: 1}]},
  ],
  world: {pollMs, compactionMs: minuteMs, drainMs: 20_000, minAgeMs: 0, prepared: true},
  replication: {from: 'east', to: 'west', lag: {meanMs: 500, maxMs: 2_000}},
  timeline: [{kind: 'at', atMs: overMs, deeds: [{kind: 'resync', what: 'replication'}]}],
  chaos: {profile: 'none'},
  expect: [{kind: 'eventually', goal: 'converged'}],
};

const sieve: Sieve = {
  rehearsal,
  options: {seed: proof.seed, times: {latencyMs: {least: 5, most: 50}}},
  begins: ({clusters}) => clusters.get('east')?.ring()?.rotation !== undefined,
  ends: ({clusters}) => [...clusters.values()].every(({completed}) => completed.length >= 1),
};

const reference = refer(sieve);
const lagsMs = [0, 1_000, pollMs, approvalDelayMs - 1_000, approvalDelayMs + 1_000, rotationIntervalMs];

function expectPassed(way: unknown, result: SeedResult): void {
  expect({way, violation: result.violation, unreadable: result.unreadable}).toEqual({
    way,
    violation: undefined,
    unreadable: 0,
  });
}

/** All of `count` in the full run, in slices; else so many of them, evenly spread. */
async function sift(name: string, count: number, {few, each}: {few: number; each: (n: number) => void}): Promise<void> {
  if (!proof.long) {
    for (let n = 0; n < few; n++) each(Math.floor(((n + 0.5) * count) / few));
    return;
  }
  const sliceSize = 500;
  for (let from = 0; from < count; from += sliceSize) {
    const to = Math.min(count, from + sliceSize);
    await proof.slice(`${name} ${from} to ${to - 1}`, () => {
      for (let n = from; n < to; n++) each(n);
      return {[name]: to - from};
    });
  }
}

describe('the sieve', () => {
  const singles = singleCuts(reference.deeds);

  test('the reference ⇒ a rotation of both sides, deed by deed', () => {
    expect(reference.deeds).toBeGreaterThan(40);
    expect(reference.atMs).toHaveLength(reference.deeds);
    expect(reference.atMs.toSorted((a, b) => a - b)).toEqual(reference.atMs);
  });

  test('one cut at a deed ⇒ both sides end on the same keys, everything is readable', async () => {
    await sift('single cuts', singles.length, {
      few: 12,
      each: (n) => {
        const cut = singles[n];
        if (cut !== undefined) expectPassed(cut, runCuts(sieve, [cut]));
      },
    });
  });

  test('two cuts ⇒ both sides end on the same keys, everything is readable', async () => {
    await sift('pairs of cuts', countPairs(reference.deeds), {
      few: 8,
      each: (n) => {
        const cuts = pairOfCuts(reference.deeds, n);
        expectPassed(cuts, runCuts(sieve, cuts));
      },
    });
  });

  test('a failover at a deed, the mirror behind by a lag ⇒ the new Active reads all, one lineage in the end', async () => {
    await sift('failovers', reference.deeds * lagsMs.length, {
      few: 18,
      each: (n) => {
        const atMs = reference.atMs[Math.floor(n / lagsMs.length)] ?? 0;
        const lagMs = lagsMs[n % lagsMs.length] ?? 0;
        expectPassed({atMs, lagMs}, runRehearsal(withFailover(sieve, {atMs, lagMs}), sieve.options));
      },
    });
  });

  test('pairs of cuts are numbered ⇒ each once, the earlier deed first', () => {
    const pairs = Array.from({length: countPairs(4)}, (_, n) => pairOfCuts(4, n));
    expect(new Set(pairs.map((pair) => JSON.stringify(pair))).size).toBe(countPairs(4));
    for (const [a, b] of pairs) expect(a.deed).toBeLessThanOrEqual(b.deed);
    expect(() => pairOfCuts(4, countPairs(4))).toThrow(/expected 0 to/);
  });
});

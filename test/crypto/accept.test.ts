// Which bundle may take the place of which: each outcome, which one comes first, and what holds for any two bundles.
import {acceptSeedBundle, type BundleEntry, type SeedBundle} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {anyBundle, bundleOf, entryOf, seedOf} from './bundle-arbitraries.ts';

const before = bundleOf([3, 4, 5], {generation: 5});
const otherId = seedOf(9).subarray(0, 16);

/** `before` with other entries for some revisions. */
const withEntries = (generation: number, entries: readonly BundleEntry[]): SeedBundle =>
  bundleOf([], {generation, entries});
const otherSeed = entryOf(4, {seed: seedOf(200)});
const laterTimes = entryOf(4, {activateAtMs: entryOf(4).activateAtMs + 1});

describe('nothing stands against it', () => {
  test('no bundle before ⇒ accepted with every revision', () => {
    expect(acceptSeedBundle(undefined, before)).toEqual({outcome: 'accepted', added: [3, 4, 5], removed: []});
  });

  test('the same bundle, also as a copy ⇒ unchanged', () => {
    expect(acceptSeedBundle(before, before)).toEqual({outcome: 'unchanged'});
    expect(acceptSeedBundle(before, structuredClone(before))).toEqual({outcome: 'unchanged'});
  });

  test('a higher generation with a next revision ⇒ accepted', () => {
    expect(acceptSeedBundle(before, bundleOf([3, 4, 5, 6], {generation: 6}))).toEqual({
      outcome: 'accepted',
      added: [6],
      removed: [],
    });
  });

  test('old revisions left the window, generations were not seen ⇒ accepted, and which ones left', () => {
    const next = bundleOf([4, 6, 7], {generation: 50});
    expect(acceptSeedBundle(bundleOf([1, 3, 4]), next)).toEqual({
      outcome: 'accepted',
      added: [6, 7],
      removed: [1, 3],
    });
    expect(acceptSeedBundle(before, bundleOf([9], {generation: 6}))).toMatchObject({removed: [3, 4, 5]});
  });

  test('one in the middle left, and an older one is still needed ⇒ accepted', () => {
    expect(acceptSeedBundle(before, bundleOf([3, 5], {generation: 6}))).toMatchObject({
      outcome: 'accepted',
      removed: [4],
    });
  });

  test('published again under a higher generation ⇒ accepted, nothing came or went', () => {
    const next = {...before, generation: 6};
    expect(acceptSeedBundle(before, next)).toEqual({outcome: 'accepted', added: [], removed: []});
  });
});

describe('something stands against it', () => {
  test('another bundle id ⇒ other-bundle with both ids', () => {
    expect(acceptSeedBundle(before, {...before, bundleId: otherId})).toEqual({
      outcome: 'other-bundle',
      detail: 'bundle id: expected e0e1e2e3e4e5e6e7e8e9eaebecedeeef, got 09141f2a35404b56616c77828d98a3ae',
    });
  });

  test('another seed of a known revision ⇒ fork with that revision', () => {
    const next = withEntries(6, [entryOf(3), otherSeed, entryOf(5), entryOf(6)]);
    expect(acceptSeedBundle(before, next)).toEqual({
      outcome: 'fork',
      revisions: [4],
      detail: 'revision 4: expected the accepted seed, got another',
    });
  });

  test('several other seeds ⇒ all revisions, rising', () => {
    const next = withEntries(6, [entryOf(3, {seed: seedOf(99)}), otherSeed, entryOf(5)]);
    expect(acceptSeedBundle(before, next)).toMatchObject({outcome: 'fork', revisions: [3, 4]});
  });

  test('a lower generation ⇒ rollback with both generations', () => {
    expect(acceptSeedBundle(before, bundleOf([3, 4], {generation: 4}))).toEqual({
      outcome: 'rollback',
      previousGeneration: 5,
      nextGeneration: 4,
      detail: 'generation: expected 5 or higher, got 4',
    });
  });

  test.each([5, 6])(
    'other times of a known revision, generation %d ⇒ changed-entry with that revision',
    (generation) => {
      const next = withEntries(generation, [entryOf(3), laterTimes, entryOf(5)]);
      expect(acceptSeedBundle(before, next)).toEqual({
        outcome: 'changed-entry',
        revisions: [4],
        detail: 'revision 4: expected the accepted times, got others',
      });
      const created = entryOf(4, {createdAtMs: 0});
      expect(acceptSeedBundle(before, withEntries(generation, [entryOf(3), created, entryOf(5)]))).toMatchObject({
        outcome: 'changed-entry',
        revisions: [4],
      });
    },
  );

  test('entries came or went and the generation stayed ⇒ changed-entry with them', () => {
    expect(acceptSeedBundle(before, bundleOf([2, 4, 5, 6]))).toMatchObject({
      outcome: 'changed-entry',
      revisions: [2, 3, 6],
    });
  });

  test('a higher generation without the newest revisions ⇒ changed-entry with what was forgotten', () => {
    expect(acceptSeedBundle(before, bundleOf([3], {generation: 6}))).toEqual({
      outcome: 'changed-entry',
      revisions: [4, 5],
      detail: 'revision 4, 5: is missing at the new end',
    });
  });
});

describe('several things stand against it', () => {
  const everything = [otherSeed, entryOf(5, {createdAtMs: 1}), entryOf(6)];

  test('another id and everything else ⇒ other-bundle', () => {
    expect(acceptSeedBundle(before, {...withEntries(4, everything), bundleId: otherId}).outcome).toBe('other-bundle');
  });

  test('another seed under any generation, with other times ⇒ fork', () => {
    for (const generation of [1, 4, 5, 6])
      expect(acceptSeedBundle(before, withEntries(generation, everything)).outcome).toBe('fork');
  });

  test('a lower generation with other times ⇒ rollback: it is old and nothing else', () => {
    expect(acceptSeedBundle(before, withEntries(4, [entryOf(3), laterTimes])).outcome).toBe('rollback');
  });
});

describe('any two bundles', () => {
  /** Bundles of few ids, revisions, seeds, times and generations, so that they meet. */
  const few = (max: number) => fc.integer({min: 1, max});
  const meeting: fc.Arbitrary<SeedBundle> = fc
    .tuple(few(3), fc.uniqueArray(few(5), {minLength: 1}), few(12), few(12), few(8))
    .map(([generation, revisions, seedShift, timeShift, id]) => ({
      bundleId: Uint8Array.from({length: 16}, () => (id === 1 ? 1 : 0)),
      generation,
      entries: revisions
        .sort((a, b) => a - b)
        .map((revision) =>
          entryOf(revision, {
            ...(revision === seedShift ? {seed: seedOf(77)} : {}),
            ...(revision === timeShift ? {createdAtMs: 5} : {}),
          }),
        ),
    }));

  /** What each outcome promises, from the two bundles alone and in other words than the code's. */
  const promises = (a: SeedBundle, b: SeedBundle) => {
    const sameId = a.bundleId.join() === b.bundleId.join();
    const pairs = a.entries.flatMap((x) =>
      b.entries.filter((y) => y.revision === x.revision).map((y) => [x, y] as const),
    );
    return {
      sameId,
      sameSeeds: pairs.every(([x, y]) => x.seed.join() === y.seed.join()),
      sameTimes: pairs.every(([x, y]) => x.createdAtMs === y.createdAtMs && x.activateAtMs === y.activateAtMs),
      sameSet: pairs.length === a.entries.length && pairs.length === b.entries.length,
      newestStays: Math.max(...b.entries.map((y) => y.revision)) >= Math.max(...a.entries.map((x) => x.revision)),
    };
  };

  const expected = (a: SeedBundle, b: SeedBundle): string => {
    const {sameId, sameSeeds, sameTimes, sameSet, newestStays} = promises(a, b);
    if (!sameId) return 'other-bundle';
    if (!sameSeeds) return 'fork';
    if (b.generation < a.generation) return 'rollback';
    if (b.generation > a.generation) return sameTimes && newestStays ? 'accepted' : 'changed-entry';
    return sameTimes && sameSet ? 'unchanged' : 'changed-entry';
  };

  test('⇒ exactly the outcome of the order, twice the same, and neither is changed', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(meeting, meeting, (a, b) => {
        const copies = structuredClone([a, b]);
        const {outcome} = acceptSeedBundle(a, b);
        seen.add(outcome);
        expect(outcome).toBe(expected(a, b));
        expect(acceptSeedBundle(a, b)).toEqual(acceptSeedBundle(a, b));
        expect([a, b]).toEqual(copies);
      }),
      {numRuns: 3000},
    );
    expect([...seen].sort()).toEqual(['accepted', 'changed-entry', 'fork', 'other-bundle', 'rollback', 'unchanged']);
  });

  test('one and itself ⇒ unchanged; accepted one way ⇒ never accepted the other way', () => {
    fc.assert(
      fc.property(anyBundle, (bundle) => {
        expect(acceptSeedBundle(bundle, structuredClone(bundle))).toEqual({outcome: 'unchanged'});
      }),
      {numRuns: 50},
    );
    fc.assert(
      fc.property(meeting, meeting, (a, b) => {
        if (acceptSeedBundle(a, b).outcome === 'accepted') expect(acceptSeedBundle(b, a).outcome).toBe('rollback');
        expect(acceptSeedBundle(a, b).outcome === 'fork').toBe(acceptSeedBundle(b, a).outcome === 'fork');
      }),
      {numRuns: 1000},
    );
  });
});

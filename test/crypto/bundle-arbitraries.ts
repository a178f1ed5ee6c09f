// Any SeedBundle, and the settings that the tests of bundles share.
import type {BundleEntry, SeedBundle, Settings} from '@etcd-encryption/crypto';
import fc from 'fast-check';

export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

export const rootKey = Uint8Array.from({length: 32}, (_, i) => (0x91 + i * 29) & 255);
export const settings: Settings = {rootKey, replicationGroupId: '6f1b9e2c-7c3a-4a9c-8b72-2fd0f8f3c1ab'};

export const seedOf = (first: number): Uint8Array => Uint8Array.from({length: 32}, (_, i) => (first + i * 11) & 255);

/** Revision n with times and a seed that follow from n. */
export const entryOf = (revision: number, more: Partial<BundleEntry> = {}): BundleEntry => ({
  revision,
  createdAtMs: 1_780_000_000_000 + revision * 1_000,
  activateAtMs: 1_780_000_000_500 + revision * 1_000,
  seed: seedOf(revision),
  ...more,
});

export const bundleOf = (revisions: readonly number[], more: Partial<SeedBundle> = {}): SeedBundle => ({
  bundleId: Uint8Array.from({length: 16}, (_, i) => 0xe0 + i),
  generation: 5,
  entries: revisions.map((revision) => entryOf(revision)),
  ...more,
});

const whole = (min: number) =>
  fc.oneof(
    fc.integer({min, max: min + 20}),
    fc.maxSafeInteger().map((n) => Math.max(min, Math.abs(n))),
  );
const seed = fc.uint8Array({minLength: 32, maxLength: 32}).filter((bytes) => bytes.some((byte) => byte !== 0));

const entries: fc.Arbitrary<readonly BundleEntry[]> = fc
  .tuple(
    fc.uniqueArray(whole(1), {minLength: 1, maxLength: 64}),
    fc.uniqueArray(seed, {minLength: 64, maxLength: 64, selector: (bytes) => bytes.join()}),
    fc.array(fc.tuple(whole(0), whole(0)), {minLength: 64, maxLength: 64}),
  )
  .map(([revisions, seeds, times]) =>
    revisions
      .sort((a, b) => a - b)
      .map((revision, i) => {
        const [a = 0, b = 0] = times[i] ?? [];
        return {
          revision,
          createdAtMs: Math.min(a, b),
          activateAtMs: Math.max(a, b),
          seed: seeds[i] ?? seedOf(1),
        };
      }),
  );

/** 1 to 64 entries, every number up to 2^53 - 1. */
export const anyBundle: fc.Arbitrary<SeedBundle> = fc.record({
  bundleId: fc.uint8Array({minLength: 16, maxLength: 16}),
  generation: whole(1),
  entries,
});

/** One field of a good bundle made wrong, for the writer and for the reader. */
export const wrongBundles: readonly (readonly [string, SeedBundle, string])[] = [
  ['no entries', bundleOf([]), 'entries: expected 1 to 64, got 0'],
  ['65 entries', bundleOf(Array.from({length: 65}, (_, i) => i + 1)), 'entries: expected 1 to 64, got 65'],
  ['generation 0', bundleOf([1], {generation: 0}), 'generation: expected a whole number from 1 to 2^53 - 1, got 0'],
  ['generation 2^53', bundleOf([1], {generation: 2 ** 53}), 'generation: expected a whole number'],
  ['revision 0', bundleOf([0, 1]), 'entries[0].revision: expected a whole number from 1 to 2^53 - 1, got 0'],
  ['revision 2^53', bundleOf([1, 2 ** 53]), 'entries[1].revision: expected a whole number'],
  ['falling revisions', bundleOf([3, 2]), 'entries[1].revision: expected one above 3, got 2'],
  ['a revision twice', bundleOf([3, 3]), 'entries[1].revision: expected one above 3, got 3'],
  ['a creation above 2^53 - 1', oneWith({createdAtMs: 2 ** 53, activateAtMs: 2 ** 53}), 'entries[0].createdAtMs: '],
  ['an activation above 2^53 - 1', oneWith({activateAtMs: 2 ** 54}), 'entries[0].activateAtMs: expected a whole'],
  [
    'activation before creation',
    oneWith({createdAtMs: 9, activateAtMs: 8}),
    'entries[0].activateAtMs: expected a whole number from 9 to 2^53 - 1, got 8',
  ],
  ['a seed of zeros', oneWith({seed: new Uint8Array(32)}), 'entries[0].seed: expected random bytes, got zeros'],
  [
    'a seed twice',
    bundleOf([1, 2], {entries: [entryOf(4), entryOf(7, {seed: seedOf(4)})]}),
    'entries[1].seed: expected one of its own, got an earlier one',
  ],
];

function oneWith(more: Partial<BundleEntry>): SeedBundle {
  return bundleOf([1], {entries: [entryOf(1, more)]});
}

// Whether the bundle that arrived may take the place of the one that is followed (derivation.md, "Reading and following
// are two things"). Pure comparison of two verified bundles; what is done about the answer is the rotation's.

import {constantTimeEqual, hex} from '../bytes.ts';
import type {BundleEntry, SeedBundle} from './layout.ts';

/** What a bundle that arrived is to the one that was accepted before. See `acceptSeedBundle`. */
export type Acceptance =
  | {
      readonly outcome: 'accepted';
      /** Revisions that the previous bundle did not have. */
      readonly added: readonly number[];
      /** Revisions that left the window. */
      readonly removed: readonly number[];
    }
  | {readonly outcome: 'unchanged'}
  | {
      readonly outcome: 'rollback';
      readonly previousGeneration: number;
      readonly nextGeneration: number;
      readonly detail: string;
    }
  | {
      readonly outcome: 'fork' | 'changed-entry';
      /** The revisions concerned, rising. */
      readonly revisions: readonly number[];
      readonly detail: string;
    }
  | {readonly outcome: 'other-bundle'; readonly detail: string};

/**
 * Whether `next` is followed for writing and publishing after `previous`. It says nothing about reading: the entries of
 * a bundle whose MAC verifies are always read keys. Both must come from `decodeSeedBundle`, or be what was encoded.
 *
 * The first that holds, in this order:
 * 1. `accepted`: there is no previous bundle.
 * 2. `other-bundle`: another bundle id. Revisions and generations of two ids have nothing to do with each other, so
 *    nothing else is compared.
 * 3. `fork`: a revision that both have has another seed, so there are two keys of that revision. Before `rollback`,
 *    whatever the generations: what is answered with `rollback` or `changed-entry` is merged when the role is certain,
 *    which no fork may ever be, and two writers that both went on from one bundle meet under any generations.
 * 4. `rollback`: a lower generation. Before `changed-entry`: the older state of a bundle whose times were merged since
 *    has a lower generation and earlier times, and is old and nothing else.
 * 5. `changed-entry`: a revision that both have has other times; or entries came or went while the generation stayed,
 *    which two writers do and one never does; or a higher generation lacks the newest revisions of the previous bundle.
 *    Entries leave at the old end of the window only, and seeds that may be in use are not forgotten silently.
 * 6. `unchanged`: the same in every field.
 * 7. `accepted`: a higher generation with every common entry as it was. Older revisions may have left.
 */
export function acceptSeedBundle(previous: SeedBundle | undefined, next: SeedBundle): Acceptance {
  if (previous === undefined) return {outcome: 'accepted', added: revisionsOf(next.entries), removed: []};
  const {bundleId, generation} = previous;
  if (!constantTimeEqual(bundleId, next.bundleId))
    return {outcome: 'other-bundle', detail: `bundle id: expected ${hex(bundleId)}, got ${hex(next.bundleId)}`};
  const reseeded = differing(previous, next, (before, now) => constantTimeEqual(before.seed, now.seed));
  if (reseeded.length > 0) return refused('fork', reseeded, 'expected the accepted seed, got another');
  if (next.generation < generation)
    return {
      outcome: 'rollback',
      previousGeneration: generation,
      nextGeneration: next.generation,
      detail: `generation: expected ${generation} or higher, got ${next.generation}`,
    };
  return succession(previous, next);
}

/** Of one id, without a fork, at the same generation or a higher one. */
function succession(previous: SeedBundle, next: SeedBundle): Acceptance {
  const retimed = differing(previous, next, (before, now) => {
    return before.createdAtMs === now.createdAtMs && before.activateAtMs === now.activateAtMs;
  });
  if (retimed.length > 0) return refused('changed-entry', retimed, 'expected the accepted times, got others');
  const {added, removed} = comings(previous, next);
  if (next.generation === previous.generation) {
    const moved = [...added, ...removed].sort(rising);
    if (moved.length > 0) return refused('changed-entry', moved, 'came or went while the generation stayed');
    return {outcome: 'unchanged'};
  }
  const newest = Math.max(...revisionsOf(next.entries));
  const forgotten = removed.filter((revision) => revision > newest);
  if (forgotten.length > 0) return refused('changed-entry', forgotten, 'is missing at the new end');
  return {outcome: 'accepted', added, removed};
}

const refused = (outcome: 'fork' | 'changed-entry', revisions: readonly number[], words: string): Acceptance => ({
  outcome,
  revisions,
  detail: `revision ${revisions.join(', ')}: ${words}`,
});

const rising = (a: number, b: number): number => a - b;
const revisionsOf = (entries: readonly BundleEntry[]): number[] => entries.map(({revision}) => revision).sort(rising);

/** Revisions that both bundles have and whose entries are not the same, rising. */
function differing(
  previous: SeedBundle,
  next: SeedBundle,
  isSame: (before: BundleEntry, now: BundleEntry) => boolean,
): number[] {
  return revisionsOf(
    next.entries.filter((now) =>
      previous.entries.some((before) => before.revision === now.revision && !isSame(before, now)),
    ),
  );
}

/** Revisions that only the next bundle has, and those that only the previous one has. */
function comings(previous: SeedBundle, next: SeedBundle): {readonly added: number[]; readonly removed: number[]} {
  const [before, now] = [revisionsOf(previous.entries), revisionsOf(next.entries)];
  return {
    added: now.filter((revision) => !before.includes(revision)),
    removed: before.filter((revision) => !now.includes(revision)),
  };
}

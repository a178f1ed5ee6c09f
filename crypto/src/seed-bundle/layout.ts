// The bytes of a SeedBundle, version 1 (derivation.md, "SeedBundle, version 1"), and what may stand in them. One set of
// rules serves both directions: what the reader calls malformed, the writer refuses. Nothing here knows a key.

import {requireBytes, startsWith, typeName} from '../bytes.ts';
import {writeU64} from '../derivation/context.ts';
import {isZero} from '../derivation/derive.ts';
import {bundleIdBytes, bundleMacBytes, maxBundleEntries, seedBytes} from '../limits.ts';

/** One revision of a bundle. */
export type BundleEntry = {
  /** 1 to 2^53 - 1. */
  readonly revision: number;
  /** Unix milliseconds, 0 to 2^53 - 1. */
  readonly createdAtMs: number;
  /** Unix milliseconds, not before `createdAtMs`: the earliest time at which the revision's key writes. */
  readonly activateAtMs: number;
  /** 32 bytes, not all zero; not secret. */
  readonly seed: Uint8Array;
};

/** What the Active publishes and the Standby follows: the seeds of the revisions that are in use or will be next. */
export type SeedBundle = {
  /** 16 random bytes, kept for the bundle's life. */
  readonly bundleId: Uint8Array;
  /** From 1, one more at each publication, to 2^53 - 1. */
  readonly generation: number;
  /** 1 to 64, by rising revision. */
  readonly entries: readonly BundleEntry[];
};

/** Why bytes are no bundle at all, or one of a kind that this release does not know. */
export type UnreadableBundle = {readonly outcome: 'malformed' | 'unsupported'; readonly detail: string};

/** The tags of a header as they stand there. */
export type BundleTags = {
  /** 8 bytes of the root key alone. */
  readonly rootCheck: Uint8Array;
  /** 16 bytes of root key and group. */
  readonly groupTag: Uint8Array;
  /** 8 bytes of root key, group and dimension. */
  readonly dimensionTag: Uint8Array;
};

/** What a bundle's bytes say, before anyone asked whether its MAC verifies. */
export type UnverifiedSeedBundle = {
  readonly outcome: 'ok';
  readonly bundle: SeedBundle;
  readonly tags: BundleTags;
};

/** Bytes whose header, length and count fit together: a copy of their own, tags, and where the MAC begins. */
export type BundleFrame = {
  readonly outcome: 'ok';
  readonly bytes: Uint8Array;
  readonly bundleId: Uint8Array;
  readonly tags: BundleTags;
  readonly macAt: number;
};

const magic = /* @__PURE__ */ Uint8Array.of(0x45, 0x45, 0x53, 0x42); // "EESB"
const version = 1;
/** hkdf-sha512-v1. */
const algorithm = 1;
const headerBytes = 64;
const entryBytes = 56;
/** The largest count that its two bytes can say; one above 64 is malformed only after the MAC. */
const largestCount = 0xffff;
// Offsets in the header, then in an entry.
const versionAt = 4; // and the algorithm behind it
const countAt = 6;
const bundleIdAt = 8;
const generationAt = 24;
const rootCheckAt = 32;
const groupTagAt = 40;
const dimensionTagAt = 56;
const createdIn = 8;
const activateIn = 16;
const seedIn = 24;

/** Bytes of a bundle of so many entries. */
const bundleBytes = (count: number): number => headerBytes + count * entryBytes + bundleMacBytes;

/** Copies the bytes (another thread may change them under us) and checks what stands before tags and MAC. */
export function readFrame(given: Uint8Array): BundleFrame | UnreadableBundle {
  requireBytes(given, 'bytes');
  // One byte more than any count asks for is enough to know that it is too long.
  const bytes = new Uint8Array(given.subarray(0, bundleBytes(largestCount) + 1));
  if (bytes.length < headerBytes) return malformed(`expected ${headerBytes} bytes or more, got ${bytes.length}`);
  if (!startsWith(bytes, magic)) return malformed('expected "EESB" at the start, got other bytes');
  // What another release may write at the places that say how to read the rest.
  const [gotVersion, gotAlgorithm] = bytes.subarray(versionAt);
  if (gotVersion !== version || gotAlgorithm !== algorithm)
    return {
      outcome: 'unsupported',
      detail: `expected version ${version}, algorithm ${algorithm}; got ${gotVersion}, ${gotAlgorithm}`,
    };
  const count = ((bytes[countAt] ?? 0) << 8) | (bytes[countAt + 1] ?? 0);
  if (bytes.length !== bundleBytes(count))
    return malformed(`expected ${bundleBytes(count)} bytes for ${count} entries, got ${given.length}`);
  return {
    outcome: 'ok',
    bytes,
    bundleId: bytes.slice(bundleIdAt, generationAt),
    tags: {
      rootCheck: bytes.slice(rootCheckAt, groupTagAt),
      groupTag: bytes.slice(groupTagAt, dimensionTagAt),
      dimensionTag: bytes.slice(dimensionTagAt, headerBytes),
    },
    macAt: bytes.length - bundleMacBytes,
  };
}

const malformed = (detail: string): UnreadableBundle => ({outcome: 'malformed', detail});

/** The content of a frame, or what is wrong with it. */
export function readContent({bytes, bundleId, macAt}: BundleFrame): SeedBundle | UnreadableBundle {
  const entries: BundleEntry[] = [];
  for (let from = headerBytes; from < macAt; from += entryBytes) {
    entries.push({
      revision: readU64(bytes, from),
      createdAtMs: readU64(bytes, from + createdIn),
      activateAtMs: readU64(bytes, from + activateIn),
      seed: bytes.slice(from + seedIn, from + entryBytes),
    });
  }
  const bundle = {bundleId, generation: readU64(bytes, generationAt), entries};
  const problem = problemOf(bundle);
  return problem === undefined ? bundle : malformed(problem);
}

/**
 * What a bundle's bytes say **without asking who made them**: anyone can make bytes that pass. For showing to people;
 * only `decodeSeedBundle` says that a holder of the root key made them.
 * @throws TypeError for anything but a `Uint8Array`
 */
export function readUnverifiedSeedBundle(bytes: Uint8Array): UnverifiedSeedBundle | UnreadableBundle {
  const frame = readFrame(bytes);
  if (frame.outcome !== 'ok') return frame;
  const bundle = readContent(frame);
  return 'outcome' in bundle ? bundle : {outcome: 'ok', bundle, tags: frame.tags};
}

/** Everything before the MAC. The bundle was checked by `problemOf`. */
export function writeUnsigned({bundleId, generation, entries}: SeedBundle, tags: BundleTags): Uint8Array {
  const out = new Uint8Array(headerBytes + entries.length * entryBytes);
  out.set(magic);
  out[versionAt] = version;
  out[versionAt + 1] = algorithm;
  out[countAt + 1] = entries.length;
  out.set(bundleId, bundleIdAt);
  writeU64(out, generationAt, generation);
  out.set(tags.rootCheck, rootCheckAt);
  out.set(tags.groupTag, groupTagAt);
  out.set(tags.dimensionTag, dimensionTagAt);
  entries.forEach(({revision, createdAtMs, activateAtMs, seed}, i) => {
    const from = headerBytes + i * entryBytes;
    writeU64(out, from, revision);
    writeU64(out, from + createdIn, createdAtMs);
    writeU64(out, from + activateIn, activateAtMs);
    out.set(seed, from + seedIn);
  });
  return out;
}

/** The first thing in a bundle that no bundle may have, by field; never a byte of a seed. */
export function problemOf({bundleId, generation, entries}: SeedBundle): string | undefined {
  if (bundleId.length !== bundleIdBytes) return `bundleId: expected ${bundleIdBytes} bytes, got ${bundleId.length}`;
  if (entries.length < 1 || entries.length > maxBundleEntries)
    return `entries: expected 1 to ${maxBundleEntries}, got ${entries.length}`;
  const problem = wholeProblem('generation', generation, 1);
  if (problem !== undefined) return problem;
  let before = 0;
  for (const [i, entry] of entries.entries()) {
    const wrong = entryProblem(entry, before);
    if (wrong !== undefined) return `entries[${i}].${wrong}`;
    // Of one length by now, so that to begin with is to be equal.
    if (entries.some(({seed}, j) => j < i && startsWith(seed, entry.seed)))
      return `entries[${i}].seed: expected one of its own, got an earlier one's`;
    before = entry.revision;
  }
  return undefined;
}

function entryProblem(entry: BundleEntry, before: number): string | undefined {
  const {revision, createdAtMs, activateAtMs, seed} = entry;
  const problem = wholeProblem('revision', revision, 1) ?? wholeProblem('createdAtMs', createdAtMs, 0);
  if (problem !== undefined) return problem;
  if (revision <= before) return `revision: expected one above ${before}, got ${revision}`;
  // Not before the creation, which is 0 or later.
  const late = wholeProblem('activateAtMs', activateAtMs, createdAtMs);
  if (late !== undefined) return late;
  if (seed.length !== seedBytes) return `seed: expected ${seedBytes} bytes, got ${seed.length}`;
  return isZero(seed) ? 'seed: expected random bytes, got zeros' : undefined;
}

/** Every number of a bundle goes up to 2^53 - 1. */
function wholeProblem(field: string, got: unknown, least: number): string | undefined {
  if (Number.isSafeInteger(got) && Number(got) >= least) return undefined;
  const shown = typeof got === 'number' ? got : typeName(got);
  return `${field}: expected a whole number from ${least} to 2^53 - 1, got ${shown}`;
}

/** A whole number of 8 big-endian bytes. One above 2^53 - 1 is not exact, and stays above it. */
function readU64(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at < from + 8; at++) value = value * 256 + (bytes[at] ?? 0);
  return value;
}

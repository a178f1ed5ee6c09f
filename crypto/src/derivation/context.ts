// What each derived value is for, and the bytes that keep them apart (derivation.md, "Derivation"). Every field has a
// fixed width or its length in front, so no two different inputs give the same context: separation rests on this alone.
// It does not rest on the salt, which HMAC pads with zeros: "", 16 and 64 zero bytes are one salt.

import {typeName} from '../bytes.ts';
import {maxDerivedBytes, maxPurposeCharacters, maxRevision} from '../limits.ts';

/** Name of the derivation; it opens every context. */
const algorithmName = 'hkdf-sha512-v1';

/** One row of the table of purposes: which inputs a value depends on, and its length. */
interface PurposeRow {
  readonly salt: 'seed' | 'bundle id' | 'empty';
  readonly group: boolean;
  readonly dimension: boolean;
  /** Whether a revision is part of it; without one the field is 0. */
  readonly revision: boolean;
  /** Bytes. */
  readonly length: number;
}

/** The table of derivation.md, word for word: everything that is ever derived from a root key. */
export const purposeTable = {
  /** The AES-256 key of a revision. */
  'aesgcm-256': {salt: 'seed', group: true, dimension: true, revision: true, length: 32},
  /** The seed of revision n + 1, from the seed of revision n. */
  'next-seed': {salt: 'seed', group: true, dimension: true, revision: true, length: 32},
  /** The key that authenticates a SeedBundle. */
  'seed-bundle-mac': {salt: 'bundle id', group: true, dimension: true, revision: false, length: 64},
  /** Tells whether two sides have the same root key. */
  'root-check': {salt: 'empty', group: false, dimension: false, revision: false, length: 8},
  /** Tells whether two sides with one root key have the same replication group id. */
  'group-tag': {salt: 'empty', group: true, dimension: false, revision: false, length: 16},
  /** Tells whether two sides with one root key and group have the same dimension. */
  'dimension-tag': {salt: 'empty', group: true, dimension: true, revision: false, length: 8},
} as const satisfies Readonly<Record<string, PurposeRow>>;

/** What a value is derived for. */
export type Purpose = keyof typeof purposeTable;

/** The fields of a context. */
export type ContextInput = {
  readonly purpose: string;
  /** The pattern of `Settings`, or empty for a purpose without a group. */
  readonly replicationGroupId: string;
  /** The pattern of `Settings`, or empty for a purpose without a dimension. */
  readonly dimension: string;
  /** 1 to 2^53 - 1, or 0 for a purpose without a revision. */
  readonly revision: number;
  /** Bytes that are derived, 1 to 64. */
  readonly length: number;
};

/** A replication group id or a dimension: 1 to 128 characters, the first and last a letter or digit. */
export const idPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;
const purposePattern = /^[\x21-\x7e]+$/;

/** Bytes from the end of a context at which its revision stands. */
const revisionFromEnd = 10;

/**
 * The context of a derivation: `lp("hkdf-sha512-v1") ‖ lp(purpose) ‖ lp(group) ‖ lp(dimension) ‖ u64(revision) ‖ u16(length)`,
 * integers big-endian, `lp(x) = u16(length of x) ‖ x`. With a UUID as group it has 85 bytes for a data key.
 * @throws TypeError or RangeError for a field of another form
 */
export function encodeContext(input: ContextInput): Uint8Array {
  const {purpose, replicationGroupId, dimension, revision, length} = input;
  requirePurpose(purpose);
  if (replicationGroupId !== '') requireId('replicationGroupId', replicationGroupId);
  if (dimension !== '') requireId('dimension', dimension);
  requireWhole('revision', revision, 0, maxRevision);
  requireWhole('length', length, 1, maxDerivedBytes);
  const texts = [algorithmName, purpose, replicationGroupId, dimension];
  const out = new Uint8Array(texts.join('').length + 2 * texts.length + revisionFromEnd);
  let at = 0;
  for (const text of texts) {
    // ASCII of at most 128 characters by now: the length's upper byte stays 0.
    out[++at] = text.length;
    for (let i = 0; i < text.length; i++) out[++at] = text.charCodeAt(i);
    at++;
  }
  writeU64(out, at, revision);
  out[at + 9] = length;
  return out;
}

/** The contexts of one purpose and one group for many revisions: only the revision's bytes are written anew. */
export function encodeContexts(input: Omit<ContextInput, 'revision'>, revisions: readonly number[]): Uint8Array[] {
  const first = encodeContext({...input, revision: revisions[0] ?? 0});
  if (revisions.length === 1) return [first];
  const size = first.length;
  // One buffer for all: an array of its own for each takes longer than deriving from it.
  const all = new Uint8Array(size * revisions.length);
  return revisions.map((revision, i) => {
    const context = all.subarray(i * size, (i + 1) * size);
    context.set(first);
    writeU64(context, size - revisionFromEnd, revision);
    return context;
  });
}

/**
 * Throws unless `value` names a group or dimension: 1 to 128 of `A-Z a-z 0-9 . _ -` that begin and end with a letter or
 * digit. A stray newline or space is an error and not another key.
 */
export function requireId(what: string, value: string): void {
  if (typeof value !== 'string') throw new TypeError(`${what}: expected a string, got ${typeName(value)}`);
  if (idPattern.test(value)) return;
  throw new RangeError(
    `${what}: expected 1 to 128 of A-Z a-z 0-9 . _ - that begin and end with a letter or digit, got ${describeId(value)}`,
  );
}

/** What is wrong with an id, without repeating it: a group id is not for logs. */
function describeId(value: string): string {
  if (value === '') return 'an empty text';
  if (value.length > 128) return `${value.length} characters`;
  if (/\s$/.test(value)) return 'white space at its end (a trailing newline?)';
  if (/^\s/.test(value)) return 'white space at its start';
  const at = [...value].findIndex((character) => !/[A-Za-z0-9._-]/.test(character));
  if (at >= 0) return `another character at place ${at + 1}`;
  return /^[._-]/.test(value) ? 'a dot, underscore or dash at its start' : 'a dot, underscore or dash at its end';
}

function requirePurpose(purpose: string): void {
  if (typeof purpose !== 'string') throw new TypeError(`purpose: expected a string, got ${typeName(purpose)}`);
  if (purpose.length <= maxPurposeCharacters && purposePattern.test(purpose)) return;
  throw new RangeError(`purpose: expected 1 to ${maxPurposeCharacters} printable ASCII characters, got others`);
}

/** Throws unless `value` is a whole number from `least` to `most`. */
export function requireWhole(what: string, value: number, least: number, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${what}: expected a number, got ${typeName(value)}`);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${what}: expected a whole number from ${least} to ${most}, got ${value}`);
}

/** Writes a whole number up to 2^53 - 1 as 8 big-endian bytes. */
export function writeU64(out: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value >>> 0;
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  out[at + 4] = low >>> 24;
  out[at + 5] = low >>> 16;
  out[at + 6] = low >>> 8;
  out[at + 7] = low;
}

// Data keys, the chain of seeds and the tags of the settings: every value of derivation.md's table, derived by HKDF in
// one block. Keys of many revisions go to the backend at once; a backend in WebAssembly does them in one crossing.

import type {Backend} from '../backend.ts';
import {defaultBackend} from '../backends/default.ts';
import {requireBytes, typeName} from '../bytes.ts';
import {type DataKey, dataKeysFrom} from '../key.ts';
import {keyCheckText, requireRevision} from '../key-name.ts';
import {checkValueBytes, dataKeyBytes, maxDerivedBytes, maxRevision, seedBytes} from '../limits.ts';
import {encodeContext, encodeContexts, type Purpose, purposeTable} from './context.ts';
import {type OpenSettings, type Settings, withSettings} from './settings.ts';

/** A revision and its seed, which is not secret. */
export type RevisionSeed = {
  /** 1 to 2^53 - 1. */
  readonly revision: number;
  /** 32 bytes, not all zero. */
  readonly seed: Uint8Array;
};

/** The three tags that let two sides tell which setting differs; none shows a key or the group id. */
export interface SettingsTags {
  /** 8 bytes of the root key alone. */
  readonly rootCheck: Uint8Array;
  /** 16 bytes of root key and group. */
  readonly groupTag: Uint8Array;
  /** 8 bytes of root key, group and dimension. */
  readonly dimensionTag: Uint8Array;
}

const noSalt = /* @__PURE__ */ new Uint8Array(0);

/**
 * The data key of one revision (purpose `aesgcm-256`): name, check value and 32 bytes.
 * @throws TypeError or RangeError for settings, a revision or a seed of another form
 */
export function deriveDataKey(input: Settings & RevisionSeed, backend?: Backend): DataKey {
  const [key] = deriveDataKeys(input, [input], backend);
  if (key === undefined) throw new Error('deriveDataKey: expected one key, got none');
  return key;
}

/**
 * The data keys of many revisions, in the order asked for; with the same inputs as `deriveDataKey`, the same keys.
 * @param backend noble unless another is given; one that was never used before is proven first
 * @throws TypeError or RangeError for settings, a revision or a seed of another form, before anything is derived
 */
export function deriveDataKeys(settings: Settings, entries: readonly RevisionSeed[], backend?: Backend): DataKey[] {
  const hashing = defaultBackend(backend);
  return withSettings(settings, (open) => {
    if (!Array.isArray(entries)) throw new TypeError(`entries: expected an array, got ${typeName(entries)}`);
    const copies = Array.from(entries, copyEntry);
    const seeds = copies.map(({seed}) => seed);
    const revisions = copies.map(({revision}) => revision);
    const contexts = encodeContexts({...named(open, 'aesgcm-256'), length: dataKeyBytes}, revisions);
    const {keys, checks} = deriveKeys(hashing, open.root, seeds, contexts);
    try {
      return dataKeysFrom(revisions, keys, checks);
    } finally {
      keys.fill(0);
    }
  });
}

/**
 * The seed of `revision + 1` (purpose `next-seed`): 32 bytes. Two sides that hold one revision's seed agree on the next
 * without seeing each other.
 * @throws TypeError or RangeError for settings, a revision (2^53 - 1 has no next) or a seed of another form
 */
export function nextSeed(settings: Settings, entry: RevisionSeed, backend?: Backend): Uint8Array {
  const hashing = defaultBackend(backend);
  return withSettings(settings, (open) => {
    const {revision, seed} = copyEntry(entry);
    if (revision === maxRevision) throw new RangeError('revision: expected one that has a next, got 2^53 - 1');
    const context = contextOf(open, 'next-seed', revision + 1);
    return hashing.hkdfSha512(open.root, seed, context, purposeTable['next-seed'].length);
  });
}

/** The tags of the settings and, for a bundle id of 16 bytes, the key of 64 bytes that authenticates its bundle. */
export function deriveBundleValues(
  open: OpenSettings,
  bundleId: Uint8Array,
  hashing: Backend,
): SettingsTags & {readonly macKey: Uint8Array} {
  const wanted = ['root-check', 'group-tag', 'dimension-tag', 'seed-bundle-mac'] as const;
  const salts = [noSalt, noSalt, noSalt, bundleId];
  const contexts = wanted.map((purpose) => contextOf(open, purpose, 0));
  // The first L bytes of a block of 64 are what a derivation of L bytes gives (RFC 5869, section 2.3).
  const [root, group, dimension, macKey] = hashing.deriveMany(open.root, salts, contexts, maxDerivedBytes);
  if (root === undefined || group === undefined || dimension === undefined || macKey === undefined)
    throw new Error(`${hashing.name}: expected ${wanted.length} derived values, got fewer`);
  return {
    rootCheck: root.slice(0, purposeTable['root-check'].length),
    groupTag: group.slice(0, purposeTable['group-tag'].length),
    dimensionTag: dimension.slice(0, purposeTable['dimension-tag'].length),
    macKey,
  };
}

/** `deriveKeys` of the backend, or the same from its other methods. */
function deriveKeys(
  backend: Backend,
  root: Uint8Array,
  seeds: readonly Uint8Array[],
  contexts: readonly Uint8Array[],
): {readonly keys: Uint8Array; readonly checks: Uint8Array} {
  if (backend.deriveKeys !== undefined) return backend.deriveKeys(root, seeds, contexts, keyCheckText);
  const derived = backend.deriveMany(root, seeds, contexts, dataKeyBytes);
  const keys = new Uint8Array(derived.length * dataKeyBytes);
  const checks = new Uint8Array(derived.length * checkValueBytes);
  derived.forEach((key, i) => {
    keys.set(key, i * dataKeyBytes);
    checks.set(backend.hmacSha512(key, keyCheckText).subarray(0, checkValueBytes), i * checkValueBytes);
    key.fill(0);
  });
  return {keys, checks};
}

/**
 * Copies before looking, and reads each field once: a getter may answer otherwise the second time, and memory that
 * another thread shares may change between the look and the use.
 */
function copyEntry(entry: RevisionSeed): RevisionSeed {
  const {revision, seed} = entry ?? {};
  requireRevision(revision);
  requireBytes(seed, `seed of revision ${revision}`);
  const copy = new Uint8Array(seed);
  requireSeed(copy, revision);
  return {revision, seed: copy};
}

/** @throws RangeError unless the seed has 32 bytes that are not all zero */
function requireSeed(seed: Uint8Array, revision: number): void {
  if (seed.length !== seedBytes)
    throw new RangeError(`seed of revision ${revision}: expected ${seedBytes} bytes, got ${seed.length}`);
  if (isZero(seed)) throw new RangeError(`seed of revision ${revision}: expected random bytes, got zeros`);
}

/** Whether every byte is zero. Not for secrets: it stops at the first other byte. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function contextOf(open: OpenSettings, purpose: Purpose, revision: number): Uint8Array {
  return encodeContext({...named(open, purpose), revision, length: purposeTable[purpose].length});
}

/** Group and dimension as the purpose's row has them. */
function named(
  {replicationGroupId, dimension}: OpenSettings,
  purpose: Purpose,
): {purpose: Purpose; replicationGroupId: string; dimension: string} {
  const row = purposeTable[purpose];
  return {purpose, replicationGroupId: row.group ? replicationGroupId : '', dimension: row.dimension ? dimension : ''};
}

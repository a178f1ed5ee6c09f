// The known answers of another program (test/vectors/hkdf-sha512-v1.json): every field of every derivation and bundle.
import {
  type DecodedSeedBundle,
  decodeSeedBundle,
  deriveDataKey,
  encodeContext,
  encodeSeedBundle,
  fromBase64,
  hex,
  hmacSha512,
  keyCheckValue,
  nextSeed,
  readUnverifiedSeedBundle,
  type SeedBundle,
  type Settings,
  toBase64,
} from '@etcd-encryption/crypto';
import {describe, expect, test} from 'vitest';
import {bundleOf, fromHex} from './bundle-arbitraries.ts';
import {type BundleVector, hkdfVectors} from './vectors.ts';

const {derivations, bundles, damagedBundles} = hkdfVectors;

test.each(derivations)(
  'derivation $keyName in group $replicationGroupId ⇒ every value of the other program',
  (vector) => {
    const {replicationGroupId, dimension, revision} = vector;
    const own: Settings = {rootKey: fromHex(vector.rootKey), replicationGroupId, dimension};
    const seed = fromHex(vector.seed);
    const context = encodeContext({purpose: 'aesgcm-256', replicationGroupId, dimension, revision, length: 32});
    expect(hex(context)).toBe(vector.context);
    expect(hex(hmacSha512(seed, own.rootKey as Uint8Array))).toBe(vector.prk);
    const key = deriveDataKey({...own, seed, revision});
    expect({name: key.name, checkValue: key.checkValue}).toEqual({
      name: vector.keyName,
      checkValue: vector.keyCheckValue,
    });
    expect(key.secret.withBytes(hex)).toBe(vector.key);
    expect(key.secret.withBytes(toBase64)).toBe(vector.keyBase64);
    expect(keyCheckValue(key.secret)).toBe(vector.keyCheckValue);
    if (revision < Number.MAX_SAFE_INTEGER) expect(hex(nextSeed(own, {revision, seed}))).toBe(vector.nextSeed);
    else expect(() => nextSeed(own, {revision, seed})).toThrow('expected one that has a next');
    const bundle = readOk(encodeSeedBundle(bundleOf([1]), own));
    expect(hex(bundle.tags.rootCheck)).toBe(vector.rootCheck);
    expect(hex(bundle.tags.groupTag)).toBe(vector.groupTag);
    expect(hex(bundle.tags.dimensionTag)).toBe(vector.dimensionTag);
  },
);

test('the vectors ⇒ as many as the other program made', () => {
  expect([derivations.length, bundles.length, damagedBundles.cases.length]).toEqual([24, 6, 23]);
});

const bundleIn = ({bundleId, generation, entries}: BundleVector): SeedBundle => ({
  bundleId: fromHex(bundleId),
  generation,
  entries: entries.map(({revision, createdAt, activateAt, seed}) => ({
    revision,
    createdAtMs: createdAt,
    activateAtMs: activateAt,
    seed: fromHex(seed),
  })),
});
const settingsIn = (vector: Pick<BundleVector, 'rootKey' | 'replicationGroupId' | 'dimension'>): Settings => ({
  rootKey: fromHex(vector.rootKey),
  replicationGroupId: vector.replicationGroupId,
  dimension: vector.dimension,
});

test.each(bundles)('bundle of generation $generation ⇒ read and written as the other program did', (vector) => {
  const own = settingsIn(vector);
  const bytes = fromHex(vector.bytes);
  expect(fromBase64(vector.base64)).toEqual({outcome: 'ok', bytes});
  expect(decodeSeedBundle(bytes, own)).toEqual({outcome: 'ok', bundle: bundleIn(vector)});
  expect(hex(encodeSeedBundle(bundleIn(vector), own))).toBe(vector.bytes);
  expect(toBase64(bytes)).toBe(vector.base64);
  const names = vector.entries.map(({revision, seed}) => deriveDataKey({...own, revision, seed: fromHex(seed)}).name);
  expect(names).toEqual(vector.entries.map(({keyName}) => keyName));
});

describe('damaged bundles of the other program', () => {
  const right = settingsIn(damagedBundles);
  const {otherRootKey, otherReplicationGroupId, otherDimension} = damagedBundles;

  test.each(damagedBundles.cases)('$name ⇒ $outcome', ({bytes, outcome}) => {
    expectRefused(decodeSeedBundle(fromHex(bytes), right), outcome);
  });

  // Whatever is wrong behind the tags, another setting is named first.
  const tags = ['root check changed', 'group tag changed', 'dimension tag changed'];
  const early = [
    'empty',
    'one byte short',
    'one byte long',
    'wrong magic',
    'version 2',
    'algorithm 2',
    'count one too many',
  ];
  const others: readonly (readonly [string, Settings])[] = [
    ['root-key-mismatch', {...right, rootKey: fromHex(otherRootKey)}],
    ['group-mismatch', {...right, replicationGroupId: otherReplicationGroupId}],
    ['dimension-mismatch', {...right, dimension: otherDimension}],
  ];

  test.each(others)('read with another setting ⇒ %s, but for what is wrong before the tags', (mismatch, other) => {
    for (const {name, bytes, outcome} of damagedBundles.cases) {
      if (tags.includes(name)) continue;
      expectRefused(decodeSeedBundle(fromHex(bytes), other), early.includes(name) ? outcome : mismatch);
    }
  });

  test('several settings differ ⇒ the first of root key, group, dimension', () => {
    const bytes = encodeSeedBundle(bundleOf([1]), right);
    const group = {...right, replicationGroupId: otherReplicationGroupId, dimension: otherDimension};
    expectRefused(decodeSeedBundle(bytes, group), 'group-mismatch');
    expectRefused(decodeSeedBundle(bytes, {...group, rootKey: fromHex(otherRootKey)}), 'root-key-mismatch');
  });
});

/** The outcome, and a detail without secrets that leaves room for changed bytes where there is. */
function expectRefused(decoded: DecodedSeedBundle, outcome: string): void {
  expect(decoded.outcome).toBe(outcome);
  if (decoded.outcome === 'ok') return;
  expect(decoded.detail).not.toBe('');
  if (outcome.endsWith('-mismatch')) expect(decoded.detail).toMatch(/, or these bytes were changed$/);
}

function readOk(bytes: Uint8Array) {
  const read = readUnverifiedSeedBundle(bytes);
  if (read.outcome !== 'ok') throw new Error(read.detail);
  return read;
}

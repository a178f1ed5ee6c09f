// Properties of derived keys: each input changes them, and nothing else does.
import {
  type Backend,
  DataKey,
  deriveDataKey,
  deriveDataKeys,
  hex,
  hkdfSha512,
  nextSeed,
  nobleBackend,
  type RevisionSeed,
  Secret,
  type Settings,
  toBase64,
} from '@etcd-encryption/crypto';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {createWasmBackendSync} from '@etcd-encryption/wasm';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {fromHex, rootKey, seedOf, settings} from './bundle-arbitraries.ts';
import {range, referenceHkdf} from './reference.ts';
import {derivedVector} from './vectors.ts';
import {flip} from './wrong-backends.ts';

const backends: readonly (readonly [string, Backend | undefined])[] = [
  ['no backend given', undefined],
  ['noble', nobleBackend],
  ['node:crypto', nodeBackend],
  ['wasm', createWasmBackendSync()],
];
const shown = (key: DataKey) => [key.revision, key.name, key.checkValue, key.secret.withBytes(hex)];
const keyOf = (more: Partial<Settings & RevisionSeed> = {}): string =>
  deriveDataKey({...settings, seed: seedOf(1), revision: 1, ...more}).secret.withBytes(hex);

const random32 = fc
  .uint8Array({minLength: 32, maxLength: 32})
  .filter((bytes) => new Set(bytes).size > 1 && bytes.some((byte) => byte < 0x20 || byte > 0x7e));
const word = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9])?$/);
const revision = fc.oneof(fc.integer({min: 1, max: 300}), fc.integer({min: 1, max: Number.MAX_SAFE_INTEGER}));
const anyInput = fc.record({rootKey: random32, replicationGroupId: word, dimension: word, seed: random32, revision});

/** derivation.md once more, with a context written by hand and an HKDF that is not ours. */
function referenceKey(
  input: Required<Omit<Settings, 'acceptWeakRoot'>> & RevisionSeed,
  purpose = 'aesgcm-256',
): string {
  const framed = ['hkdf-sha512-v1', purpose, input.replicationGroupId, input.dimension].map((text) =>
    Buffer.concat([Uint8Array.of(text.length >> 8, text.length & 255), Buffer.from(text)]),
  );
  const end = Buffer.alloc(10);
  end.writeBigUInt64BE(BigInt(input.revision));
  end.writeUInt16BE(32, 8);
  return hex(referenceHkdf(input.rootKey as Uint8Array, input.seed, Buffer.concat([...framed, end]), 32));
}

describe.each(backends)('%s', (_, backend) => {
  test('any settings, seed and revision ⇒ the key and next seed of derivation.md', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        expect(deriveDataKey(input, backend).secret.withBytes(hex)).toBe(referenceKey(input));
        if (input.revision === Number.MAX_SAFE_INTEGER) return;
        const next = nextSeed(input, input, backend);
        expect(hex(next)).toBe(referenceKey({...input, revision: input.revision + 1}, 'next-seed'));
      }),
    );
  });

  test('any batch in any order, repeats included ⇒ the keys of each alone, in that order', () => {
    const entries = fc.array(fc.record({seed: random32, revision}), {maxLength: 20});
    fc.assert(
      fc.property(entries, fc.boolean(), (some, twice) => {
        const asked = twice ? [...some, ...some.toReversed()] : some;
        const alone = asked.map((entry) => shown(deriveDataKey({...settings, ...entry}, backend)));
        expect(deriveDataKeys(settings, asked, backend).map(shown)).toEqual(alone);
      }),
      {numRuns: 40},
    );
  });

  test('the eight revisions of a known lineage ⇒ names, check values and secrets that no release changes', () => {
    const {replicationGroupId, dimension, revisions} = derivedVector;
    const own = {rootKey: fromHex(derivedVector.rootKey), replicationGroupId, dimension};
    const entries = revisions.map((entry) => ({revision: entry.revision, seed: fromHex(entry.seed)}));
    const keys = deriveDataKeys(own, entries, backend);
    expect(keys.every((key) => key instanceof DataKey)).toBe(true);
    expect(keys.map((key) => [key.name, key.checkValue, key.secret.withBytes(toBase64)])).toEqual(
      revisions.map(({name, checkValue, secret}) => [name, checkValue, secret]),
    );
  });
});

test('any bit of root key or seed turned over ⇒ another key', () => {
  const keys = range(0, 255).flatMap((bit) => [
    keyOf({rootKey: flip(rootKey, bit)}),
    keyOf({seed: flip(seedOf(1), bit)}),
  ]);
  expect(new Set([keyOf(), ...keys]).size).toBe(513);
});

test('group, dimension and revision that could be taken for each other ⇒ a key each', () => {
  const names: readonly Partial<Settings>[] = [
    {replicationGroupId: 'ab', dimension: 'c'},
    {replicationGroupId: 'a', dimension: 'bc'},
    {replicationGroupId: 'abc', dimension: 'default'},
    {replicationGroupId: 'x1'},
    {replicationGroupId: 'x'},
    {replicationGroupId: 'X'},
    {replicationGroupId: 'x.1'},
    {replicationGroupId: 'x-1'},
  ];
  const revisions = [1, 11, 256, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
  const keys = names.flatMap((more) => revisions.map((n) => keyOf({...more, revision: n})));
  expect(new Set(keys).size).toBe(names.length * revisions.length);
});

test('any two inputs that differ ⇒ different keys', () => {
  const small = fc.record({
    replicationGroupId: fc.constantFrom('a', 'ab', 'abc'),
    dimension: fc.constantFrom('c', 'bc', 'default'),
    revision: fc.constantFrom(1, 11, 256),
    seed: fc.constantFrom(seedOf(1), seedOf(2)),
  });
  fc.assert(
    fc.property(small, small, (a, b) => {
      expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

test('no dimension ⇒ the dimension "default"; the key of a revision ⇒ not the seed that comes next', () => {
  expect(keyOf()).toBe(keyOf({dimension: 'default'}));
  expect(keyOf({revision: 2})).not.toBe(hex(nextSeed(settings, {revision: 1, seed: seedOf(1)})));
});

test('root key and seed as views, on shared memory, as Buffers, or as a secret ⇒ the same key, and they stay', () => {
  const shared = (bytes: Uint8Array) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 9), 5, bytes.length);
    view.set(bytes);
    return view;
  };
  const view = (bytes: Uint8Array) => Uint8Array.of(7, ...bytes, 7, 7).subarray(1, 33);
  for (const lay of [shared, view, Buffer.from]) {
    const [root, seed] = [lay(rootKey), lay(seedOf(1))];
    expect(keyOf({rootKey: root, seed})).toBe(keyOf());
    expect([hex(root), hex(seed)]).toEqual([hex(rootKey), hex(seedOf(1))]);
  }
  const secret = new Secret(rootKey);
  expect([keyOf({rootKey: secret}), keyOf({rootKey: secret})]).toEqual([keyOf(), keyOf()]);
});

test('any two lengths of HKDF ⇒ the shorter output is the beginning of the longer one', () => {
  const length = fc.oneof(fc.integer({min: 1, max: 200}), fc.integer({min: 1, max: 16_320}));
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), length, length, (ikm, salt, info, a, b) => {
      const derive = (n: number) => hkdfSha512(ikm, salt, info, n, nodeBackend);
      expect(derive(Math.min(a, b))).toEqual(derive(Math.max(a, b)).slice(0, Math.min(a, b)));
    }),
  );
});

test('a result that is changed ⇒ neither the next one nor its inputs are', () => {
  const next = nextSeed(settings, {revision: 1, seed: seedOf(1)});
  const before = hex(next);
  next.fill(0);
  expect(hex(nextSeed(settings, {revision: 1, seed: seedOf(1)}))).toBe(before);
});

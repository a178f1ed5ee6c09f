// Inputs that are not what they look like: memory that is gone, fields that answer otherwise the second time, arrays with
// holes. What is read once cannot change, and what is no array of bytes is none of no bytes.
import {
  AdoptedKey,
  type Backend,
  DataKey,
  deriveDataKeys,
  encodeSeedBundle,
  hkdfSha512,
  hmacSha512,
  keyCheckValue,
  nextSeed,
  nobleBackend,
  Secret,
  toBase64,
} from '@etcd-encryption/crypto';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {createWasmBackendSync} from '@etcd-encryption/wasm';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {bundleOf, rootKey, seedOf, settings} from './bundle-arbitraries.ts';

const as = <T>(value: unknown): T => value as T;
const backends: readonly Backend[] = [nobleBackend, nodeBackend, createWasmBackendSync()];

function transferred(): Uint8Array {
  const bytes = Uint8Array.from(rootKey);
  structuredClone(bytes.buffer, {transfer: [bytes.buffer]});
  return bytes;
}

function cutOff(): Uint8Array {
  const buffer = new ArrayBuffer(32, {maxByteLength: 64});
  const bytes = new Uint8Array(buffer, 0, 32);
  buffer.resize(3);
  return bytes;
}

const gone: readonly (readonly [string, () => Uint8Array])[] = [
  ['memory that was transferred', transferred],
  ['a view that its memory no longer reaches', cutOff],
  ['a Proxy', () => new Proxy(rootKey, {})],
  ['an object of the same prototype', () => as(Object.create(Uint8Array.prototype))],
];

describe.each(gone)('%s', (_, make) => {
  test.each(backends)('as any argument of $name ⇒ TypeError and never an answer for no bytes', (backend) => {
    const bytes = make();
    const calls: readonly (() => unknown)[] = [
      () => backend.hmacSha512(bytes, rootKey),
      () => backend.hmacSha512(rootKey, bytes),
      () => backend.hkdfSha512(bytes, rootKey, rootKey, 32),
      () => backend.hkdfSha512(rootKey, bytes, rootKey, 32),
      () => backend.hkdfSha512(rootKey, rootKey, bytes, 32),
      () => backend.deriveMany(bytes, [rootKey], [rootKey], 32),
      () => backend.deriveMany(rootKey, [bytes], [rootKey], 32),
      () => backend.deriveMany(rootKey, [rootKey], [bytes], 32),
    ];
    for (const call of calls) expect(call).toThrow(TypeError);
  });

  test('as root key, seed, key or bytes to be written ⇒ TypeError', () => {
    const bytes = make();
    const calls: readonly (() => unknown)[] = [
      () => deriveDataKeys({...settings, rootKey: bytes}, []),
      () => deriveDataKeys(settings, [{revision: 1, seed: bytes}]),
      () => nextSeed(settings, {revision: 1, seed: bytes}),
      () => hkdfSha512(bytes, rootKey, rootKey, 32),
      () => hmacSha512(bytes, rootKey),
      () => keyCheckValue(bytes),
      () => new Secret(bytes),
      () => toBase64(bytes),
    ];
    for (const call of calls) expect(call).toThrow(TypeError);
  });
});

describe('entries', () => {
  test('a revision and a seed that answer otherwise the second time ⇒ each is asked once', () => {
    const asked: string[] = [];
    const entry = {
      get revision() {
        return asked.push('revision');
      },
      get seed() {
        return seedOf(asked.push('seed'));
      },
    };
    deriveDataKeys(settings, [entry]);
    nextSeed(settings, entry);
    expect(asked).toEqual(['revision', 'seed', 'revision', 'seed']);
  });

  test('a hole, null or nothing in the place of one ⇒ the field is named', () => {
    for (const entries of [new Array(1), [null], [undefined]]) {
      expect(() => deriveDataKeys(settings, as(entries))).toThrow(/^revision: expected a number, got a undefined$/);
      expect(() => nextSeed(settings, as(entries[0]))).toThrow(/^revision: expected a number, got a undefined$/);
      expect(() => encodeSeedBundle({...bundleOf([]), entries: as(entries)}, settings)).toThrow(
        /^entries\[0\]\.seed: expected a Uint8Array, got a undefined$/,
      );
    }
  });
});

describe('a key of a length that is refused', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([
    ['a data key', () => new DataKey({revision: 1, key: rootKey.subarray(1)})],
    ['an adopted key', () => new AdoptedKey({provider: 'secretbox', name: 'a', key: rootKey.subarray(1)})],
  ])('as %s ⇒ the copy that was made is wiped', (_, make) => {
    const wipe = vi.spyOn(Secret.prototype, 'wipe');
    expect(make).toThrow(RangeError);
    expect(wipe).toHaveBeenCalledOnce();
  });
});

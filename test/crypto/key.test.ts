import {
  AdoptedKey,
  adoptKey,
  DataKey,
  generateDataKey,
  type KeyProvider,
  keyCheckValue,
  keyName,
  parseKeyName,
  providerOf,
  Secret,
} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {keyCheckVectors} from './vectors.ts';

const bytesOf = (first: number, length = 32): Uint8Array => Uint8Array.from({length}, (_, i) => (first + i * 7) & 255);
const from = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each(keyCheckVectors)('known key $key ⇒ check value $checkValue', ({key, checkValue}) => {
  expect(keyCheckValue(from(key))).toBe(checkValue);
  expect(keyCheckValue(new Secret(from(key)))).toBe(checkValue);
});

test('revision 3 of a known key ⇒ its name, which no release may change', () => {
  const key = Uint8Array.from({length: 32}, (_, i) => i);
  expect(keyName(3, key)).toBe('r3-a812a2f3');
  expect(new DataKey({revision: 3, key})).toMatchObject({
    revision: 3,
    name: 'r3-a812a2f3',
    checkValue: 'a812a2f38bd82372',
  });
});

test('any revision and key ⇒ the name reads back', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: Number.MAX_SAFE_INTEGER}), fc.uint8Array(), (revision, key) => {
      expect(parseKeyName(keyName(revision, key))).toEqual({revision, checkPrefix: keyCheckValue(key).slice(0, 8)});
    }),
  );
});

test.each([
  '',
  'r1',
  'r1-',
  'r0-00000000',
  'r01-00000000',
  'r-1-00000000',
  'r1-0000000',
  'r1-000000000',
  'r1-0000000A',
  'R1-00000000',
  ' r1-00000000',
  'r1-00000000\n',
  'r9007199254740992-00000000',
  'r99999999999999999-00000000',
  'r1e3-00000000',
  'r\u0661-00000000',
])('the name %j ⇒ none of ours', (name) => {
  expect(parseKeyName(name)).toBeUndefined();
});

test('the largest revision ⇒ a name of ours', () => {
  expect(parseKeyName('r9007199254740991-0123abcd')).toEqual({revision: 2 ** 53 - 1, checkPrefix: '0123abcd'});
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('revision %d ⇒ RangeError', (revision) => {
  expect(() => keyName(revision, bytesOf(1))).toThrow(RangeError);
  expect(() => new DataKey({revision, key: bytesOf(1)})).toThrow(RangeError);
});

test.each([0, 16, 31, 33, 64])('a data key of %d bytes ⇒ RangeError that names the length', (length) => {
  expect(() => new DataKey({revision: 1, key: bytesOf(1, length)})).toThrow(`key: expected 32 bytes, got ${length}`);
});

const takes: readonly [KeyProvider, readonly number[]][] = [
  ['aesgcm', [16, 24, 32]],
  ['aescbc', [16, 24, 32]],
  ['secretbox', [32]],
];

test.each(takes)('a key is adopted for %s ⇒ exactly its lengths are taken', (provider, lengths) => {
  for (const length of [0, 8, 16, 24, 31, 32, 33]) {
    const adopt = () => adoptKey({provider, name: 'key1', key: bytesOf(1, length)});
    if (lengths.includes(length)) expect(adopt()).toBeInstanceOf(AdoptedKey);
    else expect(adopt).toThrow(RangeError);
  }
});

test('a key is adopted ⇒ it keeps name and bytes and belongs to its provider', () => {
  const key = adoptKey({provider: 'secretbox', name: 'a:b', key: new Secret(bytesOf(3))});
  expect(key.secret.equals(bytesOf(3))).toBe(true);
  expect([key.name, key.checkValue, providerOf(key)]).toEqual(['a:b', keyCheckValue(bytesOf(3)), 'secretbox']);
  expect(providerOf(new DataKey({revision: 1, key: bytesOf(3)}))).toBe('aesgcm');
});

test('a key is adopted without a name, with half a character or for another provider ⇒ RangeError', () => {
  expect(() => adoptKey({provider: 'aescbc', name: '', key: bytesOf(1)})).toThrow(RangeError);
  expect(() => adoptKey({provider: 'aescbc', name: '\ud800', key: bytesOf(1)})).toThrow(RangeError);
  expect(() => adoptKey({provider: 'toString' as KeyProvider, name: 'a', key: bytesOf(1)})).toThrow(RangeError);
});

test('random bytes ⇒ the key of the revision, and the bytes are wiped', () => {
  const random = bytesOf(9);
  const key = generateDataKey({revision: 4, randomBytes: () => random, existing: []});
  expect(key.secret.equals(bytesOf(9))).toBe(true);
  expect(key.name).toBe(keyName(4, bytesOf(9)));
  expect(random).toEqual(new Uint8Array(32));
});

test('the generator gives equal, too few, or repeated bytes ⇒ RangeError and no key', () => {
  const existing = [
    new DataKey({revision: 1, key: bytesOf(1)}),
    adoptKey({provider: 'aescbc', name: 'k', key: bytesOf(2)}),
  ];
  const generate = (bytes: Uint8Array) => () => generateDataKey({revision: 2, randomBytes: () => bytes, existing});
  expect(generate(new Uint8Array(32))).toThrow(/got 32 equal ones/);
  expect(generate(new Uint8Array(32).fill(7))).toThrow(/got 32 equal ones/);
  expect(generate(bytesOf(5, 31))).toThrow('expected 32 bytes, got 31');
  expect(generate(bytesOf(1))).toThrow(/those of a key that exists/);
  expect(generate(bytesOf(2))).toThrow(/those of a key that exists/);
  expect(() => generateDataKey({revision: 2, randomBytes: () => 'x' as never, existing})).toThrow(TypeError);
});

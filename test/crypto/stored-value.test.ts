import {createDecipheriv} from 'node:crypto';
import {adoptKey, concat, DataKey, type KeyProvider, type StoredKey, utf8} from '@etcd-encryption/crypto';
import {openStoredValue, readStoredPrefix, sealStoredValue} from '@etcd-encryption/crypto/stored-value';
import {sealWithNonce} from '@etcd-encryption/crypto/testing';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {storedValueVectors} from './vectors.ts';

const bytesOf = (first: number, length = 32): Uint8Array => Uint8Array.from({length}, (_, i) => (first + i * 7) & 255);
const from = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const path = '/registry/secrets/default/a';
const hello = utf8('k8s\0hello');
const providers: readonly KeyProvider[] = ['aesgcm', 'aescbc', 'secretbox'];
const nonces: Record<KeyProvider, number> = {aesgcm: 12, aescbc: 16, secretbox: 24};
const keyOf = (provider: KeyProvider, name: string, first = 1): StoredKey =>
  adoptKey({provider, name, key: bytesOf(first)});
const seal = (key: StoredKey, plaintext = hello): Uint8Array =>
  sealStoredValue(plaintext, path, key, (n) => bytesOf(50, n));

test.each(storedValueVectors)("kube-apiserver's $provider value under $name at $etcdKey ⇒ opened", (vector) => {
  const key = adoptKey({provider: vector.provider, name: vector.name, key: from(vector.key)});
  const opened = openStoredValue(from(vector.value), vector.etcdKey, [key]);
  expect(opened).toMatchObject({outcome: 'opened', keyName: vector.name, plaintext: from(vector.plaintext)});
  const nonceAt = utf8(`k8s:enc:${vector.provider}:v1:${vector.name}:`).length;
  const nonce = from(vector.value).subarray(nonceAt, nonceAt + nonces[key.provider]);
  const again = sealWithNonce({plaintext: from(vector.plaintext), etcdKey: vector.etcdKey, key}, nonce);
  expect(again).toEqual(from(vector.value));
});

// Agreed by Node and Python: key 00..1f, nonce 00..0b, the path as additional data.
const knownKey = adoptKey({provider: 'aesgcm', name: 'k', key: Uint8Array.from({length: 32}, (_, i) => i)});
const knownNonce = Uint8Array.from({length: 12}, (_, i) => i);
const known = sealWithNonce({plaintext: hello, etcdKey: path, key: knownKey}, knownNonce);

test('the known AES-256-GCM answer ⇒ its bytes', () => {
  const sealed = '2c3aa51bad80ae77e27b0021a973d391392ee4642d668570e3';
  expect(Buffer.from(known).toString('hex')).toBe(
    Buffer.from(`k8s:enc:aesgcm:v1:k:`).toString('hex') + Buffer.from(knownNonce).toString('hex') + sealed,
  );
});

test.each([1, 4, 12, 15])('%d bytes are cut off the end of a value ⇒ not opened', (count) => {
  expect(openStoredValue(known.subarray(0, known.length - count), path, [knownKey]).outcome).not.toBe('opened');
});

test('fewer than 28 bytes stand after the key name ⇒ corrupt', () => {
  for (let length = 0; length < 28; length++) {
    const value = known.subarray(0, 'k8s:enc:aesgcm:v1:k:'.length + length);
    expect(openStoredValue(value, path, [knownKey])).toMatchObject({outcome: 'corrupt', keyName: 'k'});
  }
});

test.each(providers)('any single bit of a %s value is changed ⇒ not opened as it was', (provider) => {
  const key = keyOf(provider, 'key1');
  const value = seal(key);
  for (let bit = 0; bit < value.length * 8; bit++) {
    const changed = value.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const opened = openStoredValue(changed, path, [key]);
    if (provider === 'aescbc') expect(opened).not.toMatchObject({outcome: 'opened', plaintext: hello});
    else expect(opened.outcome).not.toBe('opened');
  }
});

test('an aesgcm value is read at another path ⇒ authentication-failed, key present', () => {
  for (const other of ['/registry/secrets/default/b', '/registry2/secrets/default/a', '', `${path}/`]) {
    expect(openStoredValue(known, other, [knownKey])).toEqual({
      outcome: 'authentication-failed',
      provider: 'aesgcm',
      keyName: 'k',
      detail: 'key present; another path or changed bytes',
    });
  }
});

test('the path is given as bytes ⇒ the same answer', () => {
  expect(openStoredValue(known, utf8(path), [knownKey]).outcome).toBe('opened');
});

test.each(providers)('a %s value under a name that is not there ⇒ unknown-key with the name', (provider) => {
  const value = seal(keyOf(provider, 'r7-0123abcd'));
  const others = providers.map((other) => keyOf(other, 'r7-0123abc'));
  expect(openStoredValue(value, path, others)).toMatchObject({
    outcome: 'unknown-key',
    provider,
    keyName: 'r7-0123abcd',
  });
  const elsewhere = providers.filter((other) => other !== provider).map((other) => keyOf(other, 'r7-0123abcd'));
  expect(openStoredValue(value, path, elsewhere).outcome).toBe('unknown-key');
});

test.each(providers)('two %s keys of one name ⇒ each is tried, the one that fits is named', (provider) => {
  const [first, second] = [keyOf(provider, 'k', 1), keyOf(provider, 'k', 2)];
  for (const key of [first, second]) {
    const opened = openStoredValue(seal(key), path, [first, second]);
    expect(opened).toMatchObject({outcome: 'opened', plaintext: hello});
    expect(opened.outcome === 'opened' && opened.key).toBe(key);
  }
});

test.each(providers)('names of %s keys hold ":" and one begins with another ⇒ the right key opens', (provider) => {
  const keys = [keyOf(provider, 'a', 1), keyOf(provider, 'a:b', 2), keyOf(provider, 'a:b:c', 3)];
  for (const key of keys) {
    expect(openStoredValue(seal(key), path, keys)).toMatchObject({outcome: 'opened', keyName: key.name});
  }
});

test('two different aescbc keys of one name give an object ⇒ corrupt', () => {
  const [first, second] = [keyOf('aescbc', 'k', 1), keyOf('aescbc', 'k', 2)];
  const found = doubleMeaning(bytesOf(1), bytesOf(2));
  expect(openStoredValue(found, path, [first])).toMatchObject({outcome: 'opened'});
  expect(openStoredValue(found, path, [second])).toMatchObject({outcome: 'opened'});
  expect(openStoredValue(found, path, [first, second])).toMatchObject({outcome: 'corrupt', keyName: 'k'});
  expect(openStoredValue(found, path, [first, first])).toMatchObject({outcome: 'opened'});
});

test('aescbc opens to something that is no object ⇒ corrupt', () => {
  const key = keyOf('aescbc', 'k');
  expect(openStoredValue(seal(key, utf8('hello')), path, [key])).toMatchObject({outcome: 'corrupt', keyName: 'k'});
  expect(openStoredValue(seal(key, new Uint8Array()), path, [key])).toMatchObject({outcome: 'corrupt'});
  const value = seal(key);
  expect(openStoredValue(value.subarray(0, value.length - 1), path, [key])).toMatchObject({outcome: 'corrupt'});
});

test('a value is not encrypted ⇒ plain, with a copy', () => {
  for (const text of ['', '{}', 'k8s\0x', 'k8s:enc', 'K8s:enc:aesgcm:v1:k:']) {
    expect(openStoredValue(utf8(text), path, [knownKey])).toEqual({outcome: 'plain', plaintext: utf8(text)});
    expect(readStoredPrefix(utf8(text))).toEqual({outcome: 'plain'});
  }
});

test.each([
  ['k8s:enc:kms:v2:vault:xyz', 'kms:v2'],
  ['k8s:enc:kms:v1:vault:xyz', 'kms:v1'],
  ['k8s:enc:aesgcm:v2:k:x', 'aesgcm:v2'],
  ['k8s:enc:', ''],
  ['k8s:enc:\u00ff\n', '?'.repeat(2)],
])('the value %j is encrypted by another provider ⇒ other-provider', (text, provider) => {
  expect(readStoredPrefix(utf8(text))).toEqual({outcome: 'other-provider', provider});
  expect(openStoredValue(utf8(text), path, [knownKey])).toEqual({outcome: 'other-provider', provider});
});

test('only the first bytes of a value are there ⇒ provider and name are read without a key', () => {
  expect(readStoredPrefix(known.subarray(0, 24))).toEqual({outcome: 'named', provider: 'aesgcm', keyName: 'k'});
  expect(readStoredPrefix(known.subarray(0, 19))).toEqual({outcome: 'cut-short', provider: 'aesgcm'});
  expect(readStoredPrefix(utf8('k8s:enc:aescbc:v1:a:b:c'))).toMatchObject({keyName: 'a'});
  expect(readStoredPrefix(utf8('k8s:enc:aescbc:v1:a:b:c'), ['a:b', 'a'])).toMatchObject({keyName: 'a:b'});
  expect(openStoredValue(utf8('k8s:enc:aesgcm:v1:k'), path, [knownKey])).toMatchObject({outcome: 'corrupt'});
});

test('any bytes ⇒ an answer, never an error', () => {
  const keys = [...providers.map((provider) => keyOf(provider, 'k')), new DataKey({revision: 1, key: bytesOf(4)})];
  const prefix = fc.constantFrom('', 'k8s:enc:', ...providers.map((provider) => `k8s:enc:${provider}:v1:k:`));
  fc.assert(
    fc.property(prefix, fc.uint8Array({maxLength: 100}), (start, rest) => {
      const value = Uint8Array.from([...utf8(start), ...rest]);
      expect(openStoredValue(value, path, keys).outcome).not.toBe('unreached');
      expect(readStoredPrefix(value).outcome).not.toBe('unreached');
    }),
    {numRuns: 1000},
  );
});

test('any object is sealed ⇒ it opens to the same bytes, at any alignment', () => {
  const object = fc.uint8Array({maxLength: 100}).map((bytes) => Uint8Array.of(0x7b, ...bytes));
  fc.assert(
    fc.property(object, fc.constantFrom(...providers), fc.nat({max: 7}), (plaintext, provider, shift) => {
      const key = keyOf(provider, 'key one');
      const value = seal(key, plaintext);
      const shifted = new Uint8Array(value.length + shift);
      shifted.set(value, shift);
      expect(openStoredValue(shifted.subarray(shift), path, [key])).toMatchObject({outcome: 'opened', plaintext});
    }),
  );
});

test('the generator of nonces gives equal or too few bytes ⇒ RangeError', () => {
  for (const provider of providers) {
    const key = keyOf(provider, 'k');
    expect(() => sealStoredValue(hello, path, key, (n) => new Uint8Array(n))).toThrow(/got equal ones/);
    expect(() => sealStoredValue(hello, path, key, (n) => bytesOf(1, n - 1))).toThrow(/nonce: expected/);
  }
});

// Two blocks: both keys read the first as beginning with "{" and the second as ending in one byte of padding.
function doubleMeaning(firstKey: Uint8Array, secondKey: Uint8Array): Uint8Array {
  const blocks = Buffer.alloc(16 * 2 ** 19);
  for (let i = 0; i * 16 < blocks.length; i++) blocks.writeUInt32BE(i, i * 16);
  const [a, b] = [firstKey, secondKey].map((key) => {
    const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([decipher.update(blocks), decipher.final()]);
  });
  if (a === undefined || b === undefined) throw new Error('expected two readings');
  const places = Array.from({length: blocks.length / 16}, (_, i) => i * 16);
  const opening = places.find((at) => a[at] === b[at]) ?? 0;
  const last = (blocks[opening + 15] ?? 0) ^ 1;
  const ending = places.find((at) => a[at + 15] === last && b[at + 15] === last) ?? 0;
  const chain = Buffer.alloc(16);
  chain[0] = (a[opening] ?? 0) ^ 0x7b;
  return concat(
    utf8('k8s:enc:aescbc:v1:k:'),
    chain,
    blocks.subarray(opening, opening + 16),
    blocks.subarray(ending, ending + 16),
  );
}

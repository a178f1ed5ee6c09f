// What is refused as a root key or seed, with the likely cause and without a byte of it: what people stored in the field.
import {deriveDataKey, hex, type RevisionSeed, type Settings} from '@etcd-encryption/crypto';
import {expect, test} from 'vitest';
import {rootKey, seedOf, settings} from './bundle-arbitraries.ts';
import {noise} from './reference.ts';

const input = {...settings, seed: seedOf(1), revision: 1};
const derive = (more: object) => () => deriveDataKey({...input, ...more});
const keyOf = (more: Partial<Settings & RevisionSeed>) => derive(more)().secret.withBytes(hex);
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const wanted = 'rootKey: expected 32 raw random bytes';

test.each([
  [0, ''],
  [1, ''],
  [16, ''],
  [31, ''],
  [33, ' (a trailing newline?)'],
  [44, ' (base64 text of a key instead of its bytes?)'],
  [45, ' (base64 text of a key instead of its bytes?)'],
  [64, ' (hex text of a key instead of its bytes?)'],
  [65, ' (hex text of a key instead of its bytes?)'],
  [128, ''],
])('a root key of %d bytes ⇒ refused with the length%s', (length, cause) => {
  const wrong = noise(length, 1);
  const message = `${wanted}, got ${length}${cause}`;
  for (const acceptWeakRoot of [undefined, true]) {
    const weak = acceptWeakRoot === undefined ? {} : {acceptWeakRoot};
    expect(derive({rootKey: wrong, ...weak})).toThrow(new RangeError(message));
  }
});

test('the output of openssl rand -base64 32 or -hex 32, with its newline ⇒ refused as such a text', () => {
  const key = Buffer.from(rootKey);
  expect(derive({rootKey: ascii(`${key.toString('base64')}\n`)})).toThrow(`${wanted}, got 45 (base64 text`);
  expect(derive({rootKey: ascii(`${key.toString('hex')}\n`)})).toThrow(`${wanted}, got 65 (hex text`);
});

test('a root key that ends in a line feed, a zero or a blank ⇒ taken unchanged, a key each', () => {
  const ending = (last: number) => Uint8Array.from(rootKey, (byte, i) => (i === 31 ? last : byte));
  const roots = [0x0a, 0x0d, 0x00, 0x20, 0x09].map(ending);
  expect(new Set(roots.map((root) => keyOf({rootKey: root}))).size).toBe(5);
  expect(derive({rootKey: ending(0x0a).subarray(0, 31)})).toThrow(`${wanted}, got 31`);
  const zeroInside = Uint8Array.from(rootKey, (byte, i) => (i === 7 ? 0 : byte));
  expect(keyOf({rootKey: zeroInside})).not.toBe(keyOf({}));
});

test.each([0x00, 0x0a, 0x41, 0xff])(
  'a root key of 32 bytes that are all %d ⇒ refused, also when weak ones are accepted',
  (byte) => {
    const root = new Uint8Array(32).fill(byte);
    expect(derive({rootKey: root})).toThrow(new RangeError(`${wanted}, got 32 equal ones`));
    expect(derive({rootKey: root, acceptWeakRoot: true})).toThrow(new RangeError(`${wanted}, got 32 equal ones`));
  },
);

const texts = [
  '0123456789abcdef0123456789abcdef',
  'correct horse battery staple 123',
  ' !"#$%&\'()*+,-./0123456789:;<=>?',
  `${'~'.repeat(31)}}`,
];

test.each(texts)('32 printable characters, %j ⇒ refused unless weak roots are accepted on purpose', (text) => {
  const root = ascii(text);
  const message = `${wanted}, got 32 printable characters, which is text and holds too little chance`;
  expect(derive({rootKey: root})).toThrow(new RangeError(message));
  expect(derive({rootKey: root, acceptWeakRoot: false})).toThrow(new RangeError(message));
  expect(derive({rootKey: root, acceptWeakRoot: 'yes'})).toThrow(new RangeError(message));
  expect(keyOf({rootKey: root, acceptWeakRoot: true})).toMatch(/^[0-9a-f]{64}$/);
});

test('one byte of 32 that is no printable character ⇒ accepted: random bytes look so', () => {
  for (const byte of [0x1f, 0x7f, 0x80, 0xff]) {
    const root = Uint8Array.from(ascii('0123456789abcdef0123456789abcdef'), (one, i) => (i === 20 ? byte : one));
    expect(keyOf({rootKey: root})).toMatch(/^[0-9a-f]{64}$/);
  }
});

test('a seed of another length, or of zeros ⇒ RangeError with its revision; of text or nothing ⇒ TypeError', () => {
  for (const length of [0, 16, 31, 33, 64])
    expect(derive({seed: noise(length)})).toThrow(
      new RangeError(`seed of revision 1: expected 32 bytes, got ${length}`),
    );
  expect(derive({seed: new Uint8Array(32)})).toThrow(/^seed of revision 1: expected random bytes, got zeros$/);
  expect(keyOf({seed: Uint8Array.from({length: 32}, (_, i) => (i === 31 ? 1 : 0))})).toMatch(/^[0-9a-f]{64}$/);
  for (const seed of ['0'.repeat(32), undefined, [1]]) expect(derive({seed})).toThrow(TypeError);
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])('revision %d ⇒ RangeError', (revision) => {
  expect(derive({revision})).toThrow(RangeError);
});

test('settings of another form ⇒ a TypeError or RangeError that names the setting', () => {
  expect(derive({rootKey: 'a'.repeat(32)})).toThrow(new TypeError('rootKey: expected a Uint8Array, got a string'));
  expect(derive({rootKey: undefined})).toThrow(/^rootKey: expected a Uint8Array/);
  expect(derive({replicationGroupId: ''})).toThrow(/^replicationGroupId: .*got an empty text$/);
  expect(derive({replicationGroupId: undefined})).toThrow(/^replicationGroupId: expected a string/);
  expect(derive({replicationGroupId: 'group\n'})).toThrow(/a trailing newline\?\)$/);
  expect(derive({dimension: ''})).toThrow(/^dimension: .*got an empty text$/);
  expect(() => deriveDataKey(undefined as unknown as typeof input)).toThrow(TypeError);
  expect(() => deriveDataKey('text' as unknown as typeof input)).toThrow(TypeError);
});

test('group ids with an accent, composed or decomposed ⇒ both refused, never taken for one', () => {
  for (const replicationGroupId of ['caf\u00e9', 'cafe\u0301']) {
    expect(derive({replicationGroupId})).toThrow(RangeError);
    expect(derive({replicationGroupId})).not.toThrow(/caf/);
  }
});

import {readFileSync} from 'node:fs';
import {adoptKey, DataKey, type StoredKey} from '@etcd-encryption/crypto';
import {
  type Block,
  formatEncryptionConfiguration,
  type Provider,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import fc from 'fast-check';
import {expect, test} from 'vitest';

const bytesOf = (first: number, length = 32): Uint8Array => Uint8Array.from({length}, (_, i) => (first + i * 7) & 255);
const data = (revision: number, first: number): DataKey => new DataKey({revision, key: bytesOf(first)});
const identity: Provider = {kind: 'identity'};

// The files were written by a Python program from the specification alone.
const golden: readonly [string, readonly Block[]][] = [
  ['first-key', [{resources: ['secrets'], providers: [{kind: 'aesgcm', keys: [data(1, 5)]}, identity]}]],
  [
    'eight-keys',
    [
      {
        resources: ['secrets', 'configmaps'],
        providers: [{kind: 'aesgcm', keys: [8, 7, 6, 5, 4, 3, 2, 1].map((r) => data(r, r * 3))}, identity],
      },
    ],
  ],
  [
    'decrypt-phase',
    [{resources: ['secrets'], providers: [identity, {kind: 'aesgcm', keys: [data(2, 3), data(1, 5)]}]}],
  ],
  [
    'adopted',
    [
      {
        resources: ['secrets'],
        providers: [
          {
            kind: 'aesgcm',
            keys: [data(1, 5), adoptKey({provider: 'aesgcm', name: 'old:one', key: bytesOf(7, 16)})],
          },
          {kind: 'aescbc', keys: [adoptKey({provider: 'aescbc', name: 'key1', key: bytesOf(9, 24)})]},
          {kind: 'secretbox', keys: [adoptKey({provider: 'secretbox', name: 's\u00e9 "x"', key: bytesOf(11)})]},
          {
            kind: 'kms',
            verbatim: {apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock', timeout: '3s'},
          },
          identity,
        ],
      },
      {resources: ['*.apps'], providers: [identity]},
    ],
  ],
];
const goldenBytes = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../vectors/encryption-configuration/${name}.conf`, import.meta.url)));

test.each(golden)('the configuration %s ⇒ its golden bytes', (name, blocks) => {
  const bytes = formatEncryptionConfiguration({blocks});
  expect(new TextDecoder().decode(bytes)).toBe(new TextDecoder().decode(goldenBytes(name)));
});

test.each(golden)('the golden file %s is read and written ⇒ the same bytes', (name) => {
  const parsed = parseEncryptionConfiguration(goldenBytes(name));
  if (parsed.outcome !== 'loadable') throw new Error(JSON.stringify(parsed.problems));
  expect(formatEncryptionConfiguration(parsed.configuration)).toEqual(goldenBytes(name));
});

test.each(golden)('the golden file %s is cut short anywhere ⇒ refused', (name) => {
  const bytes = goldenBytes(name);
  for (let length = 0; length < bytes.length; length++) {
    expect(parseEncryptionConfiguration(bytes.subarray(0, length)).outcome).toBe('refused');
  }
});

const text = fc.string({unit: 'binary', minLength: 1, maxLength: 12}).filter((value) => !/\p{Surrogate}/u.test(value));
const key = fc.uint8Array({minLength: 32, maxLength: 32});
const dataKey = fc
  .tuple(fc.integer({min: 1, max: 2 ** 53 - 1}), key)
  .map(([revision, bytes]) => new DataKey({revision, key: bytes}));
const adopted = (provider: 'aesgcm' | 'aescbc' | 'secretbox') =>
  fc.tuple(text, key, fc.constantFrom(16, 24, 32)).map(([name, bytes, length]) => {
    return adoptKey({provider, name, key: bytes.subarray(0, provider === 'secretbox' ? 32 : length)});
  });
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, {minLength: 1, maxLength: 3});
const provider: fc.Arbitrary<Provider> = fc.oneof(
  some(fc.oneof(dataKey, adopted('aesgcm'))).map((keys): Provider => ({kind: 'aesgcm', keys})),
  some(adopted('aescbc')).map((keys): Provider => ({kind: 'aescbc', keys})),
  some(adopted('secretbox')).map((keys): Provider => ({kind: 'secretbox', keys})),
  fc.constant(identity),
);
const resource = fc.string({unit: fc.constantFrom(...'abz.-09'), minLength: 1, maxLength: 8}).map((name) => `${name}x`);
const block = fc.record({resources: resource.map((name) => [name]), providers: some(provider)});

test('any configuration is written and read ⇒ loadable and the same again', () => {
  fc.assert(
    fc.property(some(block), (blocks) => {
      const bytes = formatEncryptionConfiguration({blocks});
      const parsed = parseEncryptionConfiguration(bytes);
      if (parsed.outcome !== 'loadable') throw new Error(JSON.stringify(parsed.problems));
      expect(formatEncryptionConfiguration(parsed.configuration)).toEqual(bytes);
      expect(parsed.configuration.blocks.map(shapeOf)).toEqual(blocks.map(shapeOf));
    }),
  );
});

test('a file of ours ⇒ comments name the kinds of provider, then one line, nothing at the end', () => {
  const lines = new TextDecoder().decode(goldenBytes('adopted')).split('\n');
  expect(lines.slice(0, 7)).toEqual([
    '# providers:',
    ...['aesgcm', 'aescbc', 'secretbox', 'kms', 'identity', 'identity'].map((kind) => `#   - ${kind}`),
  ]);
  expect(lines).toHaveLength(8);
});

test('an empty list, or a key under a foreign provider ⇒ RangeError', () => {
  const keys: readonly StoredKey[] = [data(1, 5)];
  expect(() => formatEncryptionConfiguration({blocks: []})).toThrow(RangeError);
  for (const bad of [
    {resources: [], providers: [identity]},
    {resources: ['secrets'], providers: []},
    {resources: ['secrets'], providers: [{kind: 'aesgcm', keys: []}]},
    {resources: ['secrets'], providers: [{kind: 'aescbc', keys}]},
  ] satisfies readonly Block[]) {
    expect(() => formatEncryptionConfiguration({blocks: [bad]})).toThrow(RangeError);
  }
});

function shapeOf({resources, providers}: Block): unknown {
  return {
    resources,
    providers: providers.map((one) => {
      if (!('keys' in one)) return one;
      const keys = one.keys.map(({name, checkValue, secret}) => ({name, checkValue, length: secret.length}));
      return {kind: one.kind, keys};
    }),
  };
}

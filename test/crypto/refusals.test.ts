// Every refusal of the library, called with secrets: what it throws or answers holds no four bytes of them and no id.
import {inspect} from 'node:util';
import {
  type AdoptedKeyInput,
  adoptKey,
  type Backend,
  DataKey,
  decodeSeedBundle,
  deriveDataKey,
  deriveDataKeys,
  encodeSeedBundle,
  generateDataKey,
  hkdfSha512,
  hmacSha512,
  keyCheckValue,
  keyName,
  nextSeed,
  nobleBackend,
  proveBackend,
  Secret,
  toBase64,
} from '@etcd-encryption/crypto';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {openStoredValue, sealStoredValue} from '@etcd-encryption/crypto/stored-value';
import {createWasmBackendSync} from '@etcd-encryption/wasm';
import {describe, expect, test} from 'vitest';
import {bundleOf, seedOf, settings} from './bundle-arbitraries.ts';
import {expectNoTrace} from './no-trace.ts';
import {noise} from './reference.ts';

type Refusals = readonly (readonly [string, () => unknown])[];
const group = settings.replicationGroupId;
const everything = {showHidden: true, depth: null, getters: true, maxArrayLength: null, maxStringLength: null};
const as = <T>(value: unknown): T => value as T;
const cut = (secret: Uint8Array, length: number): Uint8Array => secret.subarray(0, length);
const twice = (secret: Uint8Array): Uint8Array => Uint8Array.of(...secret, ...secret);
const text = (secret: Uint8Array): string => String.fromCharCode(...secret);

const backends: readonly Backend[] = [nobleBackend, nodeBackend, createWasmBackendSync()];

function secretRefusals(secret: Uint8Array): Refusals {
  const held = new Secret(secret);
  const wiped = new Secret(secret);
  wiped.wipe();
  return [
    ['withBytes of a promise', () => held.withBytes(async (copy) => copy.length)],
    [
      'withBytes of a function to wait for',
      () => held.withBytes(() => Object.defineProperty(() => 1, 'then', {value: () => 1})),
    ],
    ['withBytes of the copy', () => held.withBytes((copy) => copy)],
    ['withBytes after wipe', () => wiped.withBytes(() => 1)],
    ['equals of a text', () => held.equals(as(text(secret)))],
    ['equals after wipe', () => held.equals(wiped)],
    ['Secret of a text', () => new Secret(as(text(secret)))],
    ['Secret of a list', () => new Secret(as([...secret]))],
  ];
}

function keyRefusals(secret: Uint8Array): Refusals {
  const key = new DataKey({revision: 1, key: secret});
  const adopt = (more: object) => () =>
    adoptKey(as<AdoptedKeyInput>({provider: 'aesgcm', name: 'k', key: secret, ...more}));
  return [
    ['DataKey of 31 bytes', () => new DataKey({revision: 1, key: cut(secret, 31)})],
    ['DataKey of a text', () => new DataKey({revision: 1, key: as(text(secret))})],
    ['DataKey of revision 0', () => new DataKey({revision: 0, key: secret})],
    ['DataKey of a revision that is the key', () => new DataKey({revision: as(text(secret)), key: secret})],
    ['adopted key of 33 bytes', adopt({key: Uint8Array.of(...secret, 10)})],
    ['adopted key as text', adopt({key: text(secret)})],
    ['adopted key without a name', adopt({name: ''})],
    ['adopted key with itself as provider', adopt({provider: text(secret)})],
    ['check value of a text', () => keyCheckValue(as(text(secret)))],
    ['name of revision 1.5', () => keyName(1.5, secret)],
    ['key that exists', () => generateDataKey({revision: 2, randomBytes: () => secret.slice(), existing: [key]})],
    ['too many random bytes', () => generateDataKey({revision: 2, randomBytes: () => twice(secret), existing: []})],
    ['random text', () => generateDataKey({revision: 2, randomBytes: () => as(text(secret)), existing: []})],
    ['seal with equal random bytes', () => sealStoredValue(secret, '/a', key, (length) => new Uint8Array(length))],
    ['seal with too few random bytes', () => sealStoredValue(secret, '/a', key, () => cut(secret, 5))],
  ];
}

function derivationRefusals(secret: Uint8Array): Refusals {
  const own = {...settings, rootKey: secret, acceptWeakRoot: true} as const;
  const entry = {revision: 1, seed: seedOf(1)};
  const derive = (more: object) => () => deriveDataKey({...own, ...entry, ...more});
  return [
    ...[0, 1, 31].map((length) => [`root key of ${length} bytes`, derive({rootKey: cut(secret, length)})] as const),
    ['root key of 64 bytes', derive({rootKey: twice(secret)})],
    ['root key as base64', derive({rootKey: Buffer.from(toBase64(secret))})],
    ['root key as text', derive({rootKey: text(secret)})],
    ['root key of equal bytes', derive({rootKey: new Uint8Array(32).fill(secret[0] ?? 1)})],
    ['root key as group', derive({replicationGroupId: `${text(secret)} `})],
    ['root key as dimension', derive({dimension: `${toBase64(secret)}`})],
    ['group with a newline', derive({replicationGroupId: `${group}\n`})],
    ['seed of zeros', derive({seed: new Uint8Array(32)})],
    ['root key twice as seed', derive({seed: twice(secret)})],
    ['root key as revision', derive({revision: text(secret)})],
    ['many with one bad entry', () => deriveDataKeys(own, [entry, {revision: 0, seed: seedOf(1)}])],
    ['next of the last revision', () => nextSeed(own, {...entry, revision: Number.MAX_SAFE_INTEGER})],
    ['bundle of no entries', () => encodeSeedBundle(bundleOf([]), own)],
    ['bundle of falling revisions', () => encodeSeedBundle(bundleOf([2, 1]), own)],
  ];
}

function backendRefusals(secret: Uint8Array): Refusals {
  const wrong = {...nobleBackend, hmacSha512: () => noise(64)};
  return [
    ['backend that is wrong', () => deriveDataKey({...settings, rootKey: secret, revision: 1, seed: seedOf(1)}, wrong)],
    ['backend without methods', () => proveBackend(as({name: 'none'}))],
    ['HMAC under a text', () => hmacSha512(as(text(secret)), secret)],
    ['HKDF of 0 bytes', () => hkdfSha512(secret, secret, secret, 0)],
    ...backends.flatMap((backend): Refusals => {
      const named = (what: string): string => `${backend.name}: ${what}`;
      return [
        [named('HMAC of a text'), () => backend.hmacSha512(secret, as(text(secret)))],
        [named('HKDF of a text'), () => backend.hkdfSha512(as(text(secret)), secret, secret, 32)],
        [named('HKDF of 16,321 bytes'), () => backend.hkdfSha512(secret, secret, secret, 16_321)],
        [named('HKDF of a length that is the key'), () => backend.hkdfSha512(secret, secret, secret, as(text(secret)))],
        [named('batch with a text'), () => backend.deriveMany(secret, [secret], [as(text(secret))], 32)],
        [named('batch without contexts'), () => backend.deriveMany(secret, [secret], [], 32)],
      ];
    }),
    ...cipherRefusals(secret),
  ];
}

function cipherRefusals(secret: Uint8Array): Refusals {
  const cipher = nodeBackend.aes256gcm;
  if (cipher === undefined) throw new TypeError('expected a cipher, got none');
  return [
    ['GCM key of 31 bytes', () => cipher.seal(cut(secret, 31), cut(secret, 12), secret, secret)],
    ['GCM nonce of 32 bytes', () => cipher.open(secret, secret, secret, secret)],
    ['GCM of a text', () => cipher.seal(secret, cut(secret, 12), as(text(secret)), secret)],
  ];
}

const secrets: readonly (readonly [string, Uint8Array])[] = [
  ['random bytes', noise(32, 77)],
  ['printable text', new Uint8Array(Buffer.from('Xq7#Lw2@Zr9!Vt4$Kp6%Hs8^Jd3&Gf5*'))],
];

describe.each(secrets)('with a secret of %s', (_, secret) => {
  const refusals = [secretRefusals, keyRefusals, derivationRefusals, backendRefusals].flatMap((list) => list(secret));

  test.each(refusals)('%s ⇒ an error of ours without a trace of it', (_name, refused) => {
    const error = thrownBy(refused);
    const shown = [error.message, error.stack, inspect(error, everything), JSON.stringify({...error})].join('\n');
    expectNoTrace(shown, [secret], [group]);
    expect(error.message).toMatch(/expected .*, got /);
    expect(error.cause).toBeUndefined();
  });

  test('bundles and stored values that do not verify ⇒ outcomes without a trace of it', () => {
    const own = {...settings, rootKey: secret, acceptWeakRoot: true} as const;
    const bundle = encodeSeedBundle(bundleOf([1, 2]), own);
    const others = [settings, {...own, replicationGroupId: 'other'}, {...own, dimension: 'other'}];
    const key = new DataKey({revision: 1, key: secret});
    const sealed = sealStoredValue(secret, '/a', key, (length) => noise(length, 5));
    const outcomes = [
      ...others.map((one) => decodeSeedBundle(bundle, one)),
      decodeSeedBundle(
        bundle.map((byte, i) => (i === 70 ? byte ^ 1 : byte)),
        own,
      ),
      openStoredValue(sealed, '/b', [key]),
      openStoredValue(sealed, '/a', []),
      openStoredValue(sealed.subarray(0, 40), '/a', [key]),
    ];
    expect(outcomes.map(({outcome}) => outcome)).not.toContain('ok');
    expect(outcomes.map(({outcome}) => outcome)).not.toContain('opened');
    expectNoTrace(inspect(outcomes, everything), [secret]);
  });

  test('a configuration that holds it and is refused ⇒ problems without a trace of it', () => {
    const file = (key: object) =>
      Buffer.from(
        JSON.stringify({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'EncryptionConfiguration',
          resources: [{resources: ['secrets'], providers: [{aesgcm: {keys: [key]}}]}],
        }),
      );
    const base64 = toBase64(secret);
    const keys = [
      {name: 'a', secret: `${base64}A`},
      {name: 'a', secret: base64.slice(0, 40)},
      {name: '', secret: base64},
    ];
    for (const key of [...keys, {name: 'a', secert: base64}, {name: 'a', secret: base64, [base64]: base64}]) {
      const parsed = parseEncryptionConfiguration(file(key));
      expect(parsed.outcome).toBe('refused');
      expectNoTrace(inspect(parsed, everything), [secret]);
    }
  });
});

function thrownBy(refused: () => unknown): Error {
  try {
    refused();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a refusal, got none');
}

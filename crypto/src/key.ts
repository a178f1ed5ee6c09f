// Keys as the rest of the project handles them: data keys of a revision, which we made, and adopted keys, which an
// earlier configuration brought. The bytes are always inside a Secret.

import {allEqual, hex, requireBytes, typeName} from './bytes.ts';
import {keyCheckValue, nameFrom, requireRevision} from './key-name.ts';
import {checkValueBytes, dataKeyBytes} from './limits.ts';
import {Secret, withKeyBytes} from './secret.ts';

/** A provider of kube-apiserver whose keys stand in the configuration file. */
export type KeyProvider = 'aesgcm' | 'aescbc' | 'secretbox';

/** A key of ours, or one taken over. `'provider' in key` tells them apart. */
export type StoredKey = DataKey | AdoptedKey;

const providerKeyBytes: Readonly<Record<KeyProvider, readonly number[]>> = {
  aesgcm: [16, 24, 32],
  aescbc: [16, 24, 32],
  secretbox: [32],
};

/** A check value that was computed with the key. The symbol is not exported, so nobody brings one by accident. */
const computed = Symbol('computed');

/** What a data key is made from. */
export type DataKeyInput = {
  /** 1 to 2^53 - 1. */
  readonly revision: number;
  /** 32 bytes. */
  readonly key: Uint8Array | Secret;
  readonly [computed]?: string;
};

/** The AES-256-GCM key of one revision. Name and check value follow from revision and bytes and cannot differ from them. */
export class DataKey {
  readonly revision: number;
  readonly name: string;
  readonly checkValue: string;
  readonly secret: Secret;

  /**
   * Copies `key`.
   * @throws TypeError or RangeError unless `revision` is a whole number from 1 to 2^53 - 1 and `key` has 32 bytes
   */
  constructor(input: DataKeyInput) {
    const {revision, key} = input;
    requireRevision(revision);
    this.revision = revision;
    this.secret = copyKey(key, [dataKeyBytes]);
    this.checkValue = input[computed] ?? keyCheckValue(this.secret);
    this.name = nameFrom(revision, this.checkValue);
  }
}

/**
 * Data keys from packed bytes whose check values a backend computed together with them: 32 bytes of `keys` and 8 of
 * `checks` for each revision. Not for anyone else: it takes the check values as they are.
 */
export function dataKeysFrom(revisions: readonly number[], keys: Uint8Array, checks: Uint8Array): DataKey[] {
  return revisions.map((revision, i) => {
    const key = keys.subarray(i * dataKeyBytes, (i + 1) * dataKeyBytes);
    const check = checks.subarray(i * checkValueBytes, (i + 1) * checkValueBytes);
    return new DataKey({revision, key, [computed]: hex(check)});
  });
}

/**
 * A key of a configuration that was not ours, kept to read what it wrote. People may have chosen its bytes, so its
 * check value is for comparing and is never shown; status and fingerprints give its name and number only.
 */
export class AdoptedKey {
  readonly provider: KeyProvider;
  readonly name: string;
  readonly checkValue: string;
  readonly secret: Secret;

  /**
   * Copies `key`.
   * @throws TypeError or RangeError unless the name is not empty and the key's length is one the provider takes
   */
  constructor({provider, name, key}: AdoptedKeyInput) {
    if (!Object.hasOwn(providerKeyBytes, provider)) {
      throw new RangeError('provider: expected aesgcm, aescbc or secretbox, got another');
    }
    if (typeof name !== 'string') throw new TypeError(`name: expected a string, got ${typeName(name)}`);
    if (name === '') throw new RangeError('name: expected at least one character, got none');
    if (/\p{Surrogate}/u.test(name)) throw new RangeError('name: expected whole characters, got half of one');
    this.provider = provider;
    this.name = name;
    this.secret = copyKey(key, providerKeyBytes[provider], ` for ${provider}`);
    this.checkValue = keyCheckValue(this.secret);
  }
}

/** A copy of the key, or RangeError when it has none of the lengths; what was copied is wiped then. */
function copyKey(key: Uint8Array | Secret, lengths: readonly number[], owner = ''): Secret {
  const secret = withKeyBytes(key, (bytes) => new Secret(bytes));
  if (lengths.includes(secret.length)) return secret;
  secret.wipe();
  throw new RangeError(`key: expected ${lengths.join(', ')} bytes${owner}, got ${secret.length}`);
}

/** What an adopted key is made from. */
export type AdoptedKeyInput = {
  readonly provider: KeyProvider;
  readonly name: string;
  readonly key: Uint8Array | Secret;
};

/** What a key of the random strategy is made from. */
export type GenerateDataKeyInput = {
  readonly revision: number;
  /** Fresh bytes from the system's generator. The array that it returns is wiped. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Keys that the new one must differ from. */
  readonly existing: readonly StoredKey[];
};

/** Lengths in bytes of the keys that a provider takes. */
export function keyLengths(provider: KeyProvider): readonly number[] {
  return providerKeyBytes[provider];
}

/** The provider that a key belongs to; data keys are for aesgcm. */
export function providerOf(key: StoredKey): KeyProvider {
  return key instanceof DataKey ? 'aesgcm' : key.provider;
}

/** Takes over a key of an earlier configuration. See `AdoptedKey` for what it refuses. */
export function adoptKey(input: AdoptedKeyInput): AdoptedKey {
  return new AdoptedKey(input);
}

/**
 * Makes the key of a revision from random bytes (the random strategy).
 * @throws RangeError if the bytes are all equal or of the wrong length, or if the key or its name is one of `existing`:
 * the generator is broken, and no key must be made from it
 */
export function generateDataKey({revision, randomBytes, existing}: GenerateDataKeyInput): DataKey {
  requireRevision(revision);
  const bytes = randomBytes(dataKeyBytes);
  requireBytes(bytes, 'randomBytes(32)');
  try {
    if (bytes.length !== dataKeyBytes) throw new RangeError(`randomBytes(32): expected 32 bytes, got ${bytes.length}`);
    if (allEqual(bytes)) throw new RangeError('randomBytes(32): expected random bytes, got 32 equal ones');
    const key = new DataKey({revision, key: bytes});
    const repeated = existing.some((other) => other.name === key.name || other.secret.equals(key.secret));
    if (repeated) throw new RangeError('randomBytes(32): expected fresh bytes, got those of a key that exists');
    return key;
  } finally {
    bytes.fill(0);
  }
}

// Configurations as people made them before us, with keys of every sort, and the values stored under them.

import {randomBytes} from 'node:crypto';
import {AdoptedKey, type KeyProvider} from '@etcd-encryption/crypto';
import {
  type Block,
  formatEncryptionConfiguration,
  type Provider,
} from '@etcd-encryption/crypto/encryption-configuration';
import {openStoredValue, readStoredPrefix, sealStoredValue, wouldServe} from '@etcd-encryption/crypto/stored-value';

/** A key with fresh bytes. */
export const foundKey = (provider: KeyProvider, name: string, length = 32): AdoptedKey =>
  new AdoptedKey({provider, name, key: randomBytes(length)});

export const heldIn = (...keys: readonly AdoptedKey[]): Provider => {
  const [first] = keys;
  if (first === undefined) throw new RangeError('keys: expected at least one');
  return {kind: first.provider, keys};
};

export const identity: Provider = {kind: 'identity'};

export const fileOf = (...blocks: readonly Block[]): Uint8Array => formatEncryptionConfiguration({blocks});

/** How many values stand under which key name, `clear` for plain ones. `names` are names that hold a colon. */
export function countNames(
  values: ReadonlyMap<string, Uint8Array>,
  names: readonly string[] = [],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values.values()) {
    const read = readStoredPrefix(value, names);
    const name = read.outcome === 'named' ? read.keyName : read.outcome === 'plain' ? 'clear' : read.outcome;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Paths of aescbc values that the padding check of more than one key lets through. */
export const misreadable = (values: ReadonlyMap<string, Uint8Array>, keys: readonly AdoptedKey[]): readonly string[] =>
  [...values].filter(([, value]) => keys.filter((key) => wouldServe(value, key)).length > 1).map(([path]) => path);

/** The object of a value, sealed once more under its key so that a wrong key finds right padding, as one in 256 does. */
export function makeMisreadable(
  value: Uint8Array,
  {path, right, wrong}: {readonly path: string; readonly right: AdoptedKey; readonly wrong: AdoptedKey},
): Uint8Array {
  const opened = openStoredValue(value, path, [right]);
  if (opened.outcome !== 'opened')
    throw new Error(`${path}: expected to open under ${right.name}, got ${opened.outcome}`);
  for (let attempt = 0; attempt < 100_000; attempt++) {
    const sealed = sealStoredValue(opened.plaintext, path, right, (length) => randomBytes(length));
    if (wouldServe(sealed, wrong)) return sealed;
  }
  throw new Error('no nonce of 100,000 misleads the wrong key');
}

// The known answers under `test/vectors/`; each file says which other program made it.
import {readFileSync} from 'node:fs';

export type KeyCheckVector = {readonly key: string; readonly checkValue: string};

export type StoredValueVector = {
  readonly provider: 'aesgcm' | 'aescbc' | 'secretbox';
  readonly name: string;
  readonly key: string;
  readonly etcdKey: string;
  readonly plaintext: string;
  readonly value: string;
};

function vectorsOf<T>(file: string): readonly T[] {
  const text = readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as {readonly vectors: readonly T[]}).vectors;
}

export const keyCheckVectors: readonly KeyCheckVector[] = vectorsOf('key-check.json');

export const storedValueVectors: readonly StoredValueVector[] = vectorsOf('stored-value.json');

/** Every value of one derivation; bytes are hex. */
export type DerivationVector = {
  readonly rootKey: string;
  readonly seed: string;
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly revision: number;
  readonly context: string;
  readonly prk: string;
  readonly key: string;
  readonly keyBase64: string;
  readonly keyCheckValue: string;
  readonly keyName: string;
  readonly rootCheck: string;
  readonly groupTag: string;
  readonly dimensionTag: string;
  readonly nextSeed: string;
};

export type BundleVector = {
  readonly rootKey: string;
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly bundleId: string;
  readonly generation: number;
  readonly bytes: string;
  readonly base64: string;
  readonly entries: readonly {
    readonly revision: number;
    readonly createdAt: number;
    readonly activateAt: number;
    readonly seed: string;
    readonly keyName: string;
  }[];
};

/** Bundles that are none, each with the outcome under the right settings. */
export type DamagedBundles = {
  readonly rootKey: string;
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly otherRootKey: string;
  readonly otherReplicationGroupId: string;
  readonly otherDimension: string;
  readonly cases: readonly {readonly name: string; readonly bytes: string; readonly outcome: string}[];
};

const readJson = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as T;

export const hkdfVectors: {
  readonly derivations: readonly DerivationVector[];
  readonly bundles: readonly BundleVector[];
  readonly damagedBundles: DamagedBundles;
} = readJson('hkdf-sha512-v1.json');

/** Eight revisions of one lineage, their names and the configuration file of them all. */
export const derivedVector: {
  readonly rootKey: string;
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly bundleId: string;
  readonly generation: number;
  readonly bundle: string;
  readonly revisions: readonly {
    readonly revision: number;
    readonly createdAtMs: number;
    readonly activateAtMs: number;
    readonly seed: string;
    readonly name: string;
    readonly checkValue: string;
    readonly secret: string;
  }[];
  readonly configuration: string;
} = readJson('derived-1-to-8.json');

/** HMAC and HKDF with SHA-512; bytes are hex. A cut HMAC is given cut, a long output of HKDF by its last bytes. */
export const publishedVectors: {
  readonly hmac: readonly {
    readonly title: string;
    readonly key: string;
    readonly message: string;
    readonly answer: string;
  }[];
  readonly hkdf: readonly {
    readonly title: string;
    readonly ikm: string;
    readonly salt: string;
    readonly info: string;
    /** Bytes of output. */
    readonly length: number;
    /** The whole output up to 128 bytes, the last 32 of a longer one. */
    readonly ending: string;
  }[];
} = readJson('hmac-hkdf-sha512.json');

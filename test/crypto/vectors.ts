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

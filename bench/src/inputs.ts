// The inputs of every case: the same bytes in every run, random to look at.

import {hkdfSync} from 'node:crypto';
import {encodeContext, type RevisionSeed, type Settings} from '@etcd-encryption/crypto';
import {batchSize} from './limits.ts';

/** One derivation's arguments. */
export type Derivation = {readonly salt: Uint8Array; readonly context: Uint8Array};

/** Length in bytes of what is derived. */
export const keyBytes = 32;

/** Bytes that look random and are the same in every run. */
export function bytesFor(what: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha512', 'benchmark', '', what, length));
}

export const rootKey: Uint8Array = bytesFor('root key', keyBytes);

/** A UUID as group: the context of a data key has 85 bytes, one block with its padding. */
export const settings: Settings = {
  rootKey,
  replicationGroupId: '3b241101-e2bb-4255-8caf-4136c566a962',
};

/** Seeds of the revisions from 1 on. */
const seeds: readonly Uint8Array[] = Array.from({length: batchSize}, (_, i) => bytesFor(`seed ${i}`, keyBytes));

/** Revisions with their seeds, as `deriveDataKeys` takes them. */
export const revisionSeeds: readonly RevisionSeed[] = seeds.map((seed, i) => ({revision: i + 1, seed}));

/** Lengths of group and dimension that make a context of one, two or three blocks of SHA-512. */
const shapes = {
  one: {replicationGroupId: settings.replicationGroupId, dimension: 'default'},
  two: {replicationGroupId: 'g'.repeat(64), dimension: 'd'.repeat(69)},
  three: {replicationGroupId: 'g'.repeat(128), dimension: 'd'.repeat(128)},
} as const;

/** A batch of derivations whose contexts, with counter and padding, fill so many blocks: 85, 175 or 298 bytes. */
export function derivations(blocks: keyof typeof shapes): readonly Derivation[] {
  return seeds.map((salt, i) => ({
    salt,
    context: encodeContext({purpose: 'aesgcm-256', ...shapes[blocks], revision: i + 1, length: keyBytes}),
  }));
}

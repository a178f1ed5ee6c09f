// Keys out of their sealed objects with a recovery identity alone, when every node's files are gone: no cluster is
// asked, only the objects as an etcd snapshot holds them. Vouchers are not checked, since the keys that would vouch
// come from the same place; a key that somebody planted opens nothing.

import type {Secret, StoredKey} from '@etcd-encryption/crypto';
import {keyFrom, readKeyObject, type StoredObject} from '@etcd-encryption/rotation';
import {createSealPorts} from './seal.ts';

export interface RecoveredKeys {
  /** Keys whose bytes give the check value of their object, by falling revision, adopted ones last. */
  readonly keys: readonly StoredKey[];
  /** Objects without a key for this identity, each with why. */
  readonly failures: readonly {readonly object: string; readonly why: string}[];
}

/** Opens sealed keys (`EtcdEncryptionKey` objects). Each object counts for itself: one that fails is named. */
export async function recoverKeys(objects: readonly StoredObject[], identity: Secret): Promise<RecoveredKeys> {
  const seal = createSealPorts();
  const keys: {readonly key: StoredKey; readonly revision: number}[] = [];
  const failures: {object: string; why: string}[] = [];
  for (const object of objects) {
    const {name} = object.metadata;
    const read = readKeyObject(object);
    if (read.outcome !== 'ok') {
      failures.push({object: name, why: read.outcome === 'newer' ? `of a newer release (v${read.v})` : read.detail});
      continue;
    }
    const opened = await seal['seal.open']({sealed: read.object.sealed, identity});
    if (!opened.ok) {
      failures.push({object: name, why: opened.error.message});
      continue;
    }
    const key = opened.value.plaintext.withBytes((bytes) => keyFrom(read.object.key, bytes));
    opened.value.plaintext.wipe();
    if (key === undefined)
      failures.push({object: name, why: `its bytes do not give the check value ${read.object.key.check}`});
    else keys.push({key, revision: read.object.key.revision});
  }
  keys.sort((a, b) => b.revision - a.revision || (a.key.name < b.key.name ? -1 : a.key.name > b.key.name ? 1 : 0));
  return {keys: keys.map(({key}) => key), failures};
}

// Configuration files and history lines for tests of the simulator. The keys are no secrets.

import {AdoptedKey, DataKey, toBase64, utf8} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration, type Provider} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';

/** The key of a revision; another `variant` is another key of the same revision. */
export const testKey = (revision: number, variant = 0): DataKey =>
  new DataKey({revision, key: Uint8Array.from({length: 32}, (_, index) => 7 * revision + 31 * variant + index)});

/** A short key that somebody chose. */
export const shortKey = (name: string): AdoptedKey =>
  new AdoptedKey({provider: 'aesgcm', name, key: Uint8Array.from({length: 16}, (_, index) => index + name.length)});

export type Entry = DataKey | AdoptedKey | 'identity';

/** A file with the entries in this order for all resources; neighbouring keys share a provider. */
export function file(entries: readonly Entry[], resources: readonly string[] = ['secrets', 'configmaps']): Uint8Array {
  const providers: Provider[] = [];
  for (const entry of entries) {
    const last = providers.at(-1);
    if (entry === 'identity') providers.push({kind: 'identity'});
    else if (last?.kind === 'aesgcm') providers[providers.length - 1] = {kind: 'aesgcm', keys: [...last.keys, entry]};
    else providers.push({kind: 'aesgcm', keys: [entry]});
  }
  return formatEncryptionConfiguration({blocks: [{resources, providers}]});
}

/** A line of a node's history. */
export function historyLine({name, checkValue, secret}: DataKey): Uint8Array {
  const record = {v: 1, at: 0, provider: 'aesgcm', name, check: checkValue, secret: secret.withBytes(toBase64)};
  return utf8(`${JSON.stringify({...record, sum: sha256Hex(utf8(JSON.stringify(record)))})}\n`);
}

// What a cluster has that encrypts already: a file that somebody made by hand, with one key.

import {AdoptedKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';

/** The same bytes each time. */
export function adoptedFile(): Uint8Array {
  const key = new AdoptedKey({provider: 'secretbox', name: 'key1', key: new Uint8Array(32).fill(7)});
  const providers = [{kind: 'secretbox' as const, keys: [key]}, {kind: 'identity' as const}];
  return formatEncryptionConfiguration({blocks: [{resources: ['secrets', 'configmaps'], providers}]});
}

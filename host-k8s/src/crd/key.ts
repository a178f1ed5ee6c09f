// EtcdEncryptionKey: one key, sealed for the control-plane nodes. Created once; only re-sealing changes it.

import {z} from 'zod';
import {count, list, object, rules, shortText, unixMs, word} from './fields.ts';

const keyId = (description: string) => shortText(description, 512);
const check = shortText('Check value of the key: 16 hex digits that say nothing of it.', 16);

const keyRefShape = {
  id: keyId('What the ring calls the key: its name when it is ours, provider/name/check value when it was adopted.'),
  provider: word('Provider of the encryption configuration that the key is for.', ['aesgcm', 'aescbc', 'secretbox']),
  name: shortText('Name in the configuration and in front of every value stored under the key.', 253),
  check,
  revision: count('Number of the key, from 1; 0 for an adopted one.'),
  length: z.literal([16, 24, 32]).meta({description: 'Length of the key in bytes.'}),
};

/** A key by reference, never by bytes. */
export const keyRef = (description: string) => object(description, keyRefShape);
export const keyRefWith = <S extends z.ZodRawShape>(description: string, more: S) =>
  object(description, {...keyRefShape, ...more});

const same = (field: string) => `self.${field} == oldSelf.${field}`;
const sameOrAbsent = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${same(field)})`;

/** `spec` of an EtcdEncryptionKey. */
export const keySpecSchema = z
  .object({
    key: keyRef('The key that is sealed here.'),
    clusterId: shortText('Cluster that the key was made for or found in.', 253),
    recipients: list(
      'age recipients that can open it: every control-plane node, and recovery recipients.',
      z.string().max(256),
    ).max(256),
    sealed: shortText('The key in an age file, base64.', 262_144),
    voucher: object('Proof that whoever created this object held the previous write key; from r2 on.', {
      key: keyId('The key that vouches.'),
      mac: shortText('HMAC-SHA512 over the clear fields and the sealed bytes under that key, hex.', 128),
    }).exactOptional(),
    mintId: shortText('Id of the mint request that this key answers.', 253).exactOptional(),
    createdAtMs: unixMs('When the key was made or adopted'),
    createdBy: shortText('Node whose agent created this object.', 253),
  })
  .meta({
    description: 'One key, sealed. It cannot be changed, but it can be sealed again for other recipients.',
    ...rules(
      {rule: same('key'), message: 'key cannot be changed; only re-sealing is allowed'},
      {rule: same('clusterId'), message: 'clusterId cannot be changed; only re-sealing is allowed'},
      {rule: sameOrAbsent('mintId'), message: 'mintId cannot be changed; only re-sealing is allowed'},
      {rule: same('createdAtMs'), message: 'createdAtMs cannot be changed; only re-sealing is allowed'},
      {rule: same('createdBy'), message: 'createdBy cannot be changed; only re-sealing is allowed'},
      {
        rule: 'has(self.voucher) == has(oldSelf.voucher) && (!has(self.voucher) || self.voucher.key == oldSelf.voucher.key)',
        message: 'voucher may get a new mac when re-sealed, but no other key, and it neither comes nor goes',
      },
    ),
  });

export type KeySpec = z.infer<typeof keySpecSchema>;

// EtcdEncryptionKey: one key, sealed for the control-plane nodes. Created once; only re-sealing changes it.

import {z} from 'zod';
import {count, integer, list, object, rules, shortText, unixMs, word} from './fields.ts';

/** A key by reference, without what the ring calls it. */
const keyFields = {
  provider: word('Provider of the encryption configuration that the key is for.', ['aesgcm', 'aescbc', 'secretbox']),
  name: shortText('Name in the configuration and in front of every value stored under the key.', 253),
  check: shortText('Check value of the key: 16 hex digits that say nothing of it.', 16),
  revision: count('Number of the key, from 1; 0 for an adopted one.'),
  length: z.literal([16, 24, 32]).meta({description: 'Length of the key in bytes.'}),
};

const keyId = (description: string) => shortText(description, 512);

/** A key by reference, never by bytes. */
export const keyRefFields = {
  id: keyId('What the ring calls the key: its name when it is ours, provider/name/check value when it was adopted.'),
  ...keyFields,
};

const fixed = [
  'v',
  'provider',
  'name',
  'check',
  'revision',
  'length',
  'clusterId',
  'createdAtMs',
  'createdBy',
] as const;
const fixedOrAbsent = ['voucher', 'mintId'] as const;
const immutable = (field: string): string => `${field} cannot be changed; only re-sealing is allowed`;

/** `spec` of an EtcdEncryptionKey. */
export const keySpecSchema = z
  .object({
    v: integer('Format of this object; a release refuses a higher one than its own.'),
    ...keyFields,
    clusterId: shortText('Cluster that the key was made for or found in.', 253),
    recipients: list(
      'age recipients that can open it: every control-plane node, and recovery recipients.',
      z.string().max(256),
    ).max(256),
    sealed: shortText('The key in an age file, base64.', 262_144),
    voucher: object('Proof that whoever created this object held the previous write key; from r2 on.', {
      key: keyId('The key that vouches.'),
      mac: shortText('HMAC-SHA512 over the clear fields under that key, hex.', 128),
    }).exactOptional(),
    mintId: shortText('Id of the mint request that this key answers.', 253).exactOptional(),
    createdAtMs: unixMs('When the key was made or adopted'),
    createdBy: shortText('Node whose agent created this object.', 253),
  })
  .meta({
    description: 'One key, sealed. It cannot be changed, but it can be sealed again for other recipients.',
    ...rules(
      ...fixed.map((field) => ({rule: `self.${field} == oldSelf.${field}`, message: immutable(field)})),
      ...fixedOrAbsent.map((field) => ({
        rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
        message: immutable(field),
      })),
    ),
  });

export type KeySpec = z.infer<typeof keySpecSchema>;

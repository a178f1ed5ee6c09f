// `EtcdEncryptionKey`: one key, sealed for the control-plane nodes. Its clear fields are vouched for under the previous
// write key, since recipients are public and whoever may create objects could plant one.

import {hex, hmacSha512, type StoredKey, utf8} from '@etcd-encryption/crypto';
import type {StoredObject} from '../ports.ts';
import {type KeyId, keyObjectName} from './key.ts';
import type {KeyObject} from './node.ts';
import {keyResource, ourGroup, ourNamespace} from './resource-types.ts';

export const keyObjectVersion = 1;

export type ReadKeyObject =
  | {readonly outcome: 'ok'; readonly object: KeyObject}
  | {readonly outcome: 'newer'; readonly v: number}
  | {readonly outcome: 'malformed'; readonly detail: string};

/** Reads the object's spec; nothing of it is trusted before its voucher and check value are. */
export function readKeyObject(object: StoredObject): ReadKeyObject {
  const spec = object.spec as Record<string, unknown> | undefined;
  if (typeof spec !== 'object' || spec === null || typeof spec.v !== 'number')
    return {outcome: 'malformed', detail: 'spec.v: expected a number'};
  if (spec.v > keyObjectVersion) return {outcome: 'newer', v: spec.v};
  for (const field of ['clusterId', 'provider', 'name', 'check', 'sealed', 'createdBy'] as const) {
    if (typeof spec[field] !== 'string') return {outcome: 'malformed', detail: `spec.${field}: expected a text`};
  }
  if (!Array.isArray(spec.recipients) || typeof spec.revision !== 'number' || typeof spec.length !== 'number') {
    return {outcome: 'malformed', detail: 'spec.recipients, revision, length: missing'};
  }
  const {provider, name, check, revision, length} = spec as unknown as KeyObject['key'];
  const id: KeyId = revision > 0 ? name : `${provider}/${name}/${check}`;
  const {voucher, mintId, createdAtMs} = spec as {
    voucher?: KeyObject['voucher'];
    mintId?: string;
    createdAtMs?: number;
  };
  return {
    outcome: 'ok',
    object: {
      name: object.metadata.name,
      key: {id, provider, name, check, revision, length},
      clusterId: String(spec.clusterId),
      recipients: spec.recipients.map(String),
      sealed: String(spec.sealed),
      ...(voucher === undefined ? {} : {voucher}),
      ...(mintId === undefined ? {} : {mintId}),
      createdAtMs: createdAtMs ?? 0,
      createdBy: String(spec.createdBy),
      resourceVersion: object.metadata.resourceVersion ?? '',
    },
  };
}

/** Whether an object has the name that follows from its key; another one was not made by an agent. */
export const isNamedAfterKey = ({name, key}: KeyObject): boolean => keyObjectName(key) === name;

/** The object as it is stored. */
export function writeKeyObject(object: Omit<KeyObject, 'resourceVersion'>, resourceVersion?: string): StoredObject {
  const {key, name, ...rest} = object;
  const {id: _, ...ref} = key;
  return {
    apiVersion: `${ourGroup}/${keyResource.version}`,
    kind: keyResource.kind,
    metadata: {name, namespace: ourNamespace, ...(resourceVersion === undefined ? {} : {resourceVersion})},
    spec: {v: keyObjectVersion, ...ref, ...rest},
  };
}

type Vouched = Pick<KeyObject, 'name' | 'key' | 'clusterId' | 'mintId' | 'createdAtMs' | 'createdBy'>;

/** HMAC-SHA512 over the clear fields under another key, hex. Recipients and sealed bytes change when it is sealed again. */
export function voucherMac({name, key, clusterId, mintId, createdAtMs, createdBy}: Vouched, under: StoredKey): string {
  const text = JSON.stringify([
    'etcd-encryption/key-voucher/v1',
    name,
    clusterId,
    key.provider,
    key.name,
    key.check,
    key.revision,
    key.length,
    mintId ?? '',
    createdAtMs,
    createdBy,
  ]);
  return under.secret.withBytes((bytes) => hex(hmacSha512(bytes, utf8(text))));
}

// Sealed keys are opened with a recovery identity, one by one, and what cannot be opened is named.

import {AdoptedKey, DataKey, type Secret, type StoredKey} from '@etcd-encryption/crypto';
import {createSealPorts, recoverKeys} from '@etcd-encryption/host-k8s';
import {refOf, type StoredObject, writeKeyObject} from '@etcd-encryption/rotation';
import {beforeAll, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';

const seal = createSealPorts();
const keyOf = (revision: number): DataKey => new DataKey({revision, key: new Uint8Array(32).fill(revision)});
const adopted = new AdoptedKey({provider: 'aescbc', name: 'key1', key: new Uint8Array(16).fill(9)});

let identity: Secret;
let recipient: string;

async function sealed(name: string, key: StoredKey, to: string, change: object = {}): Promise<StoredObject> {
  const text = expectValue(await seal['seal.seal']({plaintext: key.secret, recipients: [to]}));
  const clear = {clusterId: 'c', recipients: [to], sealed: text.sealed, createdAtMs: 1, createdBy: 'n1'};
  const object = writeKeyObject({name, key: refOf(key), ...clear});
  return {...object, spec: {...(object.spec as object), ...change}};
}

beforeAll(async () => {
  ({identity, recipient} = expectValue(await seal['seal.makeIdentity']({})));
});

test('objects sealed for the identity ⇒ their keys, newest first, adopted ones last', async () => {
  const objects = [
    await sealed('r1', keyOf(1), recipient),
    await sealed('adopted-1', adopted, recipient),
    await sealed('r10', keyOf(10), recipient),
    await sealed('r2', keyOf(2), recipient),
  ];
  const {keys, failures} = await recoverKeys(objects, identity);
  expect(failures).toEqual([]);
  expect(keys.map(({name}) => name)).toEqual([keyOf(10).name, keyOf(2).name, keyOf(1).name, 'key1']);
  expect(keys[0]?.secret.equals(keyOf(10).secret)).toBe(true);
});

test('objects that cannot be opened ⇒ each is named with its cause, the others count', async () => {
  const other = expectValue(await seal['seal.makeIdentity']({}));
  const objects = [
    await sealed('r1', keyOf(1), recipient),
    await sealed('r2', keyOf(2), other.recipient),
    await sealed('r3', keyOf(3), recipient, {check: '0'.repeat(16)}),
    await sealed('r4', keyOf(4), recipient, {sealed: 'cut off'}),
    await sealed('r5', keyOf(5), recipient, {v: 9}),
    {metadata: {name: 'r6'}},
  ];
  const {keys, failures} = await recoverKeys(objects, identity);
  expect(keys.map(({name}) => name)).toEqual([keyOf(1).name]);
  expect(failures).toEqual([
    {object: 'r2', why: 'the sealed text is not for this identity'},
    {object: 'r3', why: `its bytes do not give the check value ${'0'.repeat(16)}`},
    {object: 'r4', why: 'the sealed text is damaged'},
    {object: 'r5', why: 'of a newer release (v9)'},
    {object: 'r6', why: 'spec.v: expected a number'},
  ]);
});

// Sealed keys: opened when cluster, check value and voucher are right, sealed for everybody who shall hold them.

import type {Secret, StoredKey} from '@etcd-encryption/crypto';
import {identityPath} from '../model/file-paths.ts';
import {type KeyId, type KeyRef, keyObjectName} from '../model/key.ts';
import {voucherMac, writeKeyObject} from '../model/key-object.ts';
import {keyFrom, refOf} from '../model/key-ring.ts';
import type {KeyObject} from '../model/node.ts';
import {keyResource} from '../model/resource-types.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import type {AgentMemory} from '../observe/agent-memory.ts';
import {wantedRecipients} from '../plan/node-keys.ts';
import {ask, failed, ok, type Result, type Step} from '../ports.ts';
import {readIdentity} from './identity.ts';
import type {NodeDeed} from './node-deed.ts';

function* readOwnIdentity(): Step<Result<Secret>> {
  const file = yield* ask('files.read', {path: identityPath});
  if (!file.ok) return file;
  const identity = file.value === undefined ? undefined : readIdentity(file.value.bytes);
  file.value?.bytes.fill(0);
  return identity === undefined ? failed('invalid', `${identityPath}: expected an age identity`) : ok(identity);
}

const findObject = ({observation}: NodeDeed, name: string): KeyObject | undefined =>
  observation.keyObjects.state === 'seen'
    ? observation.keyObjects.value.find((object) => object.name === name)
    : undefined;

/** Opens a sealed key that the ring lists: cluster, check value and voucher must all be right. */
export function* openKey(deed: NodeDeed, name: string): Step<Result<undefined>> {
  const object = findObject(deed, name);
  const ring = deed.observation.ring.state === 'seen' ? deed.observation.ring.value : undefined;
  if (object === undefined || ring === undefined) return failed('gone', `${name}: no such sealed key`);
  const key = yield* openObject(deed, object, ring);
  if (!key.ok) return key;
  // Two sides that made the same revision apart derive two keys of one object name; only one of them can be sealed.
  const other = ({derived, check}: RingKey): boolean => derived === true && check !== object.key.check;
  const listed = ring.keys.filter((each) => keyObjectName(each) === name && !other(each));
  if (listed.length === 0) deed.memory.keys.set(refOf(key.value).id, key.value);
  for (const ref of listed) {
    const named = key.value.secret.withBytes((bytes) => keyFrom(ref, bytes));
    if (named === undefined) return failed('invalid', `${name}: its bytes do not give the check value ${ref.check}`);
    deed.memory.keys.set(refOf(named).id, named);
  }
  return ok(undefined);
}

export function* openObject({memory}: NodeDeed, object: KeyObject, ring: Ring): Step<Result<StoredKey>> {
  if (object.clusterId !== ring.clusterId)
    return failed('denied', `${object.name}: it belongs to cluster ${object.clusterId}`);
  const voucher = checkVoucher(memory, object, ring);
  if (voucher !== undefined) return failed('denied', `${object.name}: ${voucher}`);
  const identity = yield* readOwnIdentity();
  if (!identity.ok) return identity;
  const opened = yield* ask('seal.open', {sealed: object.sealed, identity: identity.value});
  identity.value.wipe();
  if (!opened.ok) return opened;
  const key = opened.value.plaintext.withBytes((bytes) => keyFrom(object.key, bytes));
  opened.value.plaintext.wipe();
  return key === undefined
    ? failed('invalid', `${object.name}: its bytes do not give the check value ${object.key.check}`)
    : ok(key);
}

/** From the second key of ours on, an object without the voucher of an earlier key could have been planted. */
function checkVoucher(memory: AgentMemory, object: KeyObject, ring: Ring): string | undefined {
  if (object.key.revision === 0) return undefined;
  if (object.voucher === undefined) {
    const earlier = ring.keys.some(({revision}) => revision > 0 && revision < object.key.revision);
    return earlier ? 'no earlier key vouches for it' : undefined;
  }
  const under = memory.keys.get(object.voucher.key);
  if (under === undefined) {
    const dropped = ring.certificates.some(({key}) => key === object.voucher?.key);
    const listed = ring.keys.some(({id, check}) => id === object.key.id && check === object.key.check);
    return listed && dropped ? undefined : `the key ${object.voucher.key} that vouches for it is not held`;
  }
  return voucherMac(object, under) === object.voucher.mac
    ? undefined
    : `what ${object.voucher.key} vouches for was changed`;
}

function* seal(deed: NodeDeed, key: StoredKey): Step<Result<{sealed: string; recipients: readonly string[]}>> {
  const recipients = wantedRecipients(deed.observation);
  if (recipients.length === 0) return failed('unavailable', 'no recipient to seal a key for');
  const sealed = yield* ask('seal.seal', {plaintext: key.secret, recipients});
  return sealed.ok ? ok({sealed: sealed.value.sealed, recipients}) : sealed;
}

/** The newest key of ours that the ring holds below a revision; it vouches for the next. */
function voucherKey(memory: AgentMemory, ring: Ring, below: number): StoredKey | undefined {
  const earlier = ring.keys
    .filter(({revision}) => revision > 0 && revision < below)
    .sort((a, b) => b.revision - a.revision);
  return earlier.map(({id}) => memory.keys.get(id)).find((key) => key !== undefined);
}

export function* createObject(deed: NodeDeed, key: StoredKey, ref: KeyRef, mintId?: string): Step<Result<undefined>> {
  const {memory, observation} = deed;
  const ring = observation.ring.state === 'seen' ? observation.ring.value : undefined;
  if (ring === undefined) return failed('unavailable', 'the ring is not known');
  const made = yield* seal(deed, key);
  if (!made.ok) return made;
  const clear = {
    name: keyObjectName(ref),
    key: ref,
    clusterId: ring.clusterId,
    ...(mintId === undefined ? {} : {mintId}),
    createdAtMs: observation.now.wallMs,
    createdBy: observation.node,
  };
  const under = ref.revision > 0 ? voucherKey(memory, ring, ref.revision) : undefined;
  const voucher = under === undefined ? {} : {voucher: {key: refOf(under).id, mac: voucherMac(clear, under)}};
  const object = writeKeyObject({...clear, ...voucher, ...made.value});
  const created = yield* ask('store.create', {resource: keyResource, object});
  return created.ok ? ok(undefined) : created;
}

/** Seals a key that this node holds and no object does yet; somebody else being first is success. */
export function* sealKey(deed: NodeDeed, id: KeyId): Step<Result<undefined>> {
  const key = deed.memory.keys.get(id);
  if (key === undefined) return failed('gone', `${id} is not held`);
  const created = yield* createObject(deed, key, refOf(key));
  return !created.ok && created.error.code === 'conflict' ? ok(undefined) : created;
}

/** Adds recipients to a sealed key, at the version that was read, and only if the bytes held are the object's. */
export function* reseal(deed: NodeDeed, name: string): Step<Result<undefined>> {
  const object = findObject(deed, name);
  if (object === undefined) return failed('gone', `${name}: no such sealed key`);
  const key = [...deed.memory.keys.values()].find((each) => refOf(each).check === object.key.check);
  if (key === undefined) return failed('gone', `${name}: its key is not held`);
  const made = yield* seal(deed, key);
  if (!made.ok) return made;
  const {resourceVersion, ...rest} = object;
  const replaced = yield* ask('store.replace', {
    resource: keyResource,
    object: writeKeyObject({...rest, ...made.value}, resourceVersion),
  });
  return replaced.ok || replaced.error.code === 'conflict' ? ok(undefined) : replaced;
}

// The key of a revision is made once: here, or by the earlier try whose answer was lost.

import {type DataKey, generateDataKey, type StoredKey} from '@etcd-encryption/crypto';
import {isNamedAfterKey, readKeyObject} from '../model/key-object.ts';
import {refOf} from '../model/key-ring.ts';
import {keyResource, ourNamespace} from '../model/resource-types.ts';
import {ask, failed, ok, type Result, type Step} from '../ports.ts';
import {record} from './keep-keys.ts';
import type {NodeDeed} from './node-deed.ts';
import {createObject, openObject} from './sealed-keys.ts';

/**
 * Makes the key of a revision and stores it sealed. Where an object of that name exists, its key is taken instead: it
 * is what an earlier try made whose answer was lost.
 */
export function* mintKey(deed: NodeDeed, id: string, revision: number): Step<Result<undefined>> {
  const {memory} = deed;
  const existing = yield* takeExisting(deed, id, revision);
  if (!existing.ok || existing.value) return existing.ok ? ok(undefined) : existing;
  const random = yield* ask('entropy.bytes', {length: 32});
  if (!random.ok) return random;
  const key = makeKey(revision, random.value, [...memory.keys.values()]);
  if (key === undefined) return failed('unavailable', 'the random bytes are constant or those of a key that exists');
  const ref = refOf(key);
  const created = yield* createObject(deed, key, ref, id);
  if (!created.ok) {
    key.secret.wipe();
    return created.error.code === 'conflict' ? ok(undefined) : created;
  }
  memory.keys.set(ref.id, key);
  const kept = yield* record(deed, [key]);
  if (!kept.ok) return kept;
  memory.minted = {id, revision, name: ref.name, check: ref.check};
  return ok(undefined);
}

/** A key from random bytes; `undefined` when the generator that gave them is broken: then no key is made from it. */
function makeKey(revision: number, bytes: Uint8Array, existing: readonly StoredKey[]): DataKey | undefined {
  try {
    return generateDataKey({revision, randomBytes: () => bytes, existing});
  } catch {
    return undefined;
  }
}

function* takeExisting(deed: NodeDeed, id: string, revision: number): Step<Result<boolean>> {
  const ring = deed.observation.ring.state === 'seen' ? deed.observation.ring.value : undefined;
  if (ring === undefined) return failed('unavailable', 'the ring is not known');
  const answer = yield* ask('store.get', {resource: keyResource, namespace: ourNamespace, name: `r${revision}`});
  if (!answer.ok) return answer;
  if (answer.value === undefined) return ok(false);
  const read = readKeyObject(answer.value);
  if (read.outcome !== 'ok') return failed('invalid', `r${revision}: ${read.outcome}`);
  if (!isNamedAfterKey(read.object)) return failed('invalid', `r${revision}: it is not named after its key`);
  if (read.object.mintId !== id) return failed('denied', `r${revision}: it answers another request than this one`);
  const key = yield* openObject(deed, read.object, ring);
  if (!key.ok) return key;
  const ref = refOf(key.value);
  deed.memory.keys.set(ref.id, key.value);
  const kept = yield* record(deed, [key.value]);
  if (!kept.ok) return kept;
  deed.memory.minted = {id, revision, name: ref.name, check: ref.check};
  return ok(true);
}

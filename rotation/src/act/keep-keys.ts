// Keys go into the history before anything else may name them.

import type {StoredKey} from '@etcd-encryption/crypto';
import type {KeyId} from '../model/key.ts';
import {refOf} from '../model/key-ring.ts';
import {ok, type Result, type Step} from '../ports.ts';
import {appendHistory} from './history.ts';
import type {NodeDeed} from './node-deed.ts';

export function* appendKeys(deed: NodeDeed, ids: readonly KeyId[]): Step<Result<undefined>> {
  const keys = ids.map((id) => deed.memory.keys.get(id)).filter((key): key is StoredKey => key !== undefined);
  return yield* record(deed, keys);
}

/** Appends to the history those keys that it lacks, and remembers that it has them. */
export function* record({memory, observation}: NodeDeed, keys: readonly StoredKey[]): Step<Result<undefined>> {
  const kept = new Set((memory.history?.keys ?? []).map((key) => refOf(key).id));
  const missing = keys.filter((key) => !kept.has(refOf(key).id));
  if (missing.length === 0) return ok(undefined);
  const appended = yield* appendHistory(missing, observation.now.wallMs);
  if (!appended.ok) return appended;
  const before = memory.history ?? {keys: [], damaged: 0, torn: false, foreign: false, newer: false};
  memory.history = {...before, keys: [...before.keys, ...missing], torn: false};
  memory.historyHash = undefined;
  return ok(undefined);
}

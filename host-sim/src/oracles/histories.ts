// Which keys the nodes' histories hold, as they would be after a power loss. A history is read again only when its
// bytes are others.

import {decodeUtf8} from '@etcd-encryption/crypto';
import {historyPath} from '@etcd-encryption/rotation';
import type {SimNode} from '../world/node.ts';
import type {KeyTag} from '../world/stored-value.ts';

const held = new WeakMap<Uint8Array, ReadonlySet<string>>();
const nothing: ReadonlySet<string> = new Set();

/** Whether a node's history has a record of a key. */
export function historyHolds({disk}: SimNode, tag: KeyTag): boolean {
  const file = disk.find(historyPath, 'synced');
  if (file?.kind !== 'file') return false;
  const {bytes} = file.synced;
  const known = held.get(bytes) ?? recordsIn(bytes);
  held.set(bytes, known);
  return known.has(tag.slice(tag.indexOf('/') + 1));
}

/** `<name>/<check value>` of each line that is a record. */
function recordsIn(bytes: Uint8Array): ReadonlySet<string> {
  if (bytes.length === 0) return nothing;
  const records = decodeUtf8(bytes).text.split('\n').map(nameAndCheck);
  return new Set(records.filter((record) => record !== undefined));
}

function nameAndCheck(line: string): string | undefined {
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== 'object' || record === null) return undefined;
    const {name, check} = record as Readonly<Record<string, unknown>>;
    return typeof name === 'string' && typeof check === 'string' ? `${name}/${check}` : undefined;
  } catch {
    // A torn line is no record.
    return undefined;
  }
}

// Whether something was written under a key since a proof about it was begun. A server may have written with a key for a
// moment that no report of its file shows, after somebody put an older file back; its counter shows it.

import type {KeyId} from '../model/key.ts';
import type {Encryptions} from '../model/ring.ts';
import type {View} from './view.ts';

/** How counts are named: the node and the key. */
export const entryOf = (node: string, id: KeyId): string => `${node} ${id}`;

/** What every member has counted under some keys. */
export function encryptionsUnder({members, keys}: View, ids: readonly KeyId[]): Encryptions {
  const counts = members.flatMap(({node, report}) =>
    ids.map((id) => [entryOf(node, id), report.encryptions[keys.get(id)?.name ?? ''] ?? 0] as const),
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Nodes on which more was written under a key than had been then; none where nobody counted then. */
export function writtenSince({members, keys}: View, id: KeyId, then: Encryptions | undefined): readonly string[] {
  const name = keys.get(id)?.name;
  if (then === undefined || name === undefined) return [];
  const more = members.filter(({node, report}) => (report.encryptions[name] ?? 0) > (then[entryOf(node, id)] ?? 0));
  return more.map(({node}) => node);
}

// Whether the Active is known to write with a key, as far as a Standby can tell: by a stored value under its name, by a
// read of that name that a server here counted, or by a later entry that was published after it.

import type {BundleEntryRef} from '../model/bundle.ts';
import type {KeyId} from '../model/key.ts';
import {writeKeys, writeRevision} from './bundles.ts';
import type {View} from './view.ts';

/** Whether the Active is known to write with `key`. */
export function isWrittenByActive({ring, members, keys}: View, key: KeyId): boolean {
  const name = keys.get(key)?.name ?? key;
  const isStored = members.some(({report: {scan}}) =>
    Object.values(scan?.counts ?? {}).some((labels) => (labels[`aesgcm:${name}`] ?? 0) > 0),
  );
  const isRead = members.some(({report}) => (report.decryptions?.[name] ?? 0) > 0);
  if (isStored || isRead) return true;
  const entries = ring.following?.entries ?? [];
  const own = entries.find((entry) => entry.key === key);
  return own !== undefined && entries.some(({revision}) => revision > own.revision);
}

/** Whether the revision that writes now says nothing of what is followed: nothing writes with a key of this lineage yet. */
export function isOtherLineage({ring}: View): boolean {
  const {following} = ring;
  if (following?.otherLineage !== true) return false;
  const writing = new Set(writeKeys(ring));
  return !following.entries.some(({key}) => writing.has(key));
}

/** Entry that may become the write key next: the revision never falls within one bundle id. */
export function nextEntry(
  view: View,
  isFit: (entry: BundleEntryRef) => boolean = () => true,
): BundleEntryRef | undefined {
  const {following} = view.ring;
  if (following === undefined) return undefined;
  const present = writeRevision(view);
  const isOther = isOtherLineage(view);
  const writing = new Set(view.ring.layout.resources.map(({write}) => write));
  return following.entries.findLast(
    (entry) => !writing.has(entry.key) && (isOther || entry.revision > present) && isFit(entry),
  );
}

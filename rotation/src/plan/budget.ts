// How much of its write budget a key has used. A nonce is drawn for each encryption, and below 2^31 on each side of a pair
// they stay below 2^32 together (NIST SP 800-38D §8.3), whatever the other side counts: nothing flows back from a Standby.

import {writeBudgetCeiling, writeBudgetFloor} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import {writeKeys} from './bundles.ts';
import {encryptionsUnder, entryOf} from './encryptions.ts';
import type {Member} from './membership.ts';
import {latestScan} from './migration-status.ts';
import type {View} from './view.ts';

/** The key that the last completed rotation made the write key. */
export const currentKey = ({ring}: View): KeyId | undefined =>
  ring.history.find(({reason}) => reason !== 'resources')?.key;

/** Encryptions under a key on this side: by every node that counts, and by those that were forgotten. */
export function encryptionsOf({ring, members}: View, {id, name}: RingKey): number {
  const counts = new Map(Object.entries(ring.spent ?? {}).filter(([entry]) => entry.endsWith(` ${id}`)));
  for (const {node, report} of members) {
    const entry = entryOf(node, id);
    counts.set(entry, Math.max(counts.get(entry) ?? 0, report.encryptions[name] ?? 0));
  }
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** What a node that is forgotten has written under keys that the ring still has; it is no more asked, and counts on. */
export function spentWith(view: View, member: Member | undefined): Pick<Ring, 'spent'> {
  const ids = view.ring.keys.map(({id}) => id);
  const before = Object.entries(view.ring.spent ?? {}).filter(([entry]) => ids.some((id) => entry.endsWith(` ${id}`)));
  const spent = new Map(before);
  const own = member === undefined ? {} : encryptionsUnder({...view, members: [member]}, ids);
  for (const [entry, count] of Object.entries(own)) spent.set(entry, Math.max(spent.get(entry) ?? 0, count));
  return spent.size === 0 ? {} : {spent: Object.fromEntries(spent)};
}

/** Encryptions under the key that has most of those that write; one that a rotation brings counts from the first on. */
export function mostEncryptions(view: View): number {
  const current = currentKey(view);
  const ids = new Set([...writeKeys(view.ring), ...(current === undefined ? [] : [current])]);
  const keys = [...ids].flatMap((id) => view.keys.get(id) ?? []);
  return Math.max(0, ...keys.map((key) => encryptionsOf(view, key)));
}

/** The part of the budget that is used, by the write key that has used most. */
export const budgetUsed = (view: View): number => mostEncryptions(view) / writeBudget(view);

/** What may be encrypted under a key on this side. */
export const writeBudget = (view: View): number =>
  Math.min(writeBudgetCeiling, view.spec.writeBudget ?? Math.max(writeBudgetFloor, 10 * storedObjects(view)));

/** By the last count of values, or by what rotations rewrote: one that only added a resource rewrote few. */
function storedObjects(view: View): number {
  const counts = Object.values(latestScan(view)?.counts ?? {}).flatMap((labels) => Object.values(labels));
  return Math.max(
    counts.reduce((sum, count) => sum + count, 0),
    ...rewrittenIn(view.ring),
  );
}

/** Of the last rotation, and of the last one that rewrote everything. */
function rewrittenIn({history}: Ring): readonly number[] {
  const whole = history.find(({reason}) => reason !== 'resources');
  return [history[0], whole].flatMap((each) => each?.rewritten ?? []);
}

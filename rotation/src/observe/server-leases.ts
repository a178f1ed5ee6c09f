// The leases that kube-apiservers keep under their identities, and what this controller saw of each on its own clock.

import {leaseAliveMs} from '../limits.ts';
import {type Fact, seen, unknown} from '../model/fact.ts';
import type {GoneLease, LeaseWatch, ServerLease} from '../model/observation.ts';
import {leaseResource, ourNamespace, serverLeaseSelector} from '../model/resource-types.ts';
import type {Instant, Step, StoredObject} from '../ports.ts';
import {listAll} from './lists.ts';

/** A plain value, lost at a crash without harm. Times are monotonic, ms. */
export interface ServerLeaseMemory {
  /** Since when each lease shows the renewal it shows now, and whether a change was seen. */
  readonly present: Map<string, {renewTime: string; sinceMs: number; changed: boolean; hostName: string}>;
  /** Leases that were seen and are missing, with the first look that missed them. */
  readonly gone: Map<string, {hostName: string; sinceMs: number}>;
  /** Since when no pause between two looks was long enough for a lease to come and go unseen. */
  watchedSinceMs: number | undefined;
  lastLookMs: number;
}

export const newServerLeaseMemory = (): ServerLeaseMemory => ({
  present: new Map(),
  gone: new Map(),
  watchedSinceMs: undefined,
  lastLookMs: 0,
});

/** An empty list is `unknown`: the server that gave it keeps a lease itself, unless its feature gate is off. */
export function* readServerLeases(memory: ServerLeaseMemory, now: Instant): Step<Fact<readonly ServerLease[]>> {
  const list = yield* listAll({
    resource: leaseResource,
    namespace: ourNamespace,
    labelSelector: serverLeaseSelector,
  });
  if (list.state !== 'seen') return list;
  if (list.value.length === 0)
    return unknown(`none in ${ourNamespace}, not even of the server that answers; is feature APIServerIdentity off?`);
  noteLook(memory, list.value, now);
  const leases = list.value.map((item) => readLease(memory, item, now));
  return seen(leases.sort((a, b) => (a.identity < b.identity ? -1 : 1)));
}

const hostNameOf = ({metadata}: StoredObject): string => metadata.labels?.['kubernetes.io/hostname'] ?? '';

function readLease(memory: ServerLeaseMemory, item: StoredObject, now: Instant): ServerLease {
  const identity = item.metadata.name;
  const hostName = hostNameOf(item);
  const renewTime = String((item.spec as {renewTime?: unknown} | undefined)?.renewTime ?? '');
  const old = memory.present.get(identity);
  const entry =
    old?.renewTime === renewTime ? old : {renewTime, sinceMs: now.monotonicMs, changed: old !== undefined, hostName};
  memory.present.set(identity, entry);
  const age = now.monotonicMs - entry.sinceMs;
  const life = age >= leaseAliveMs ? 'silent' : entry.changed ? 'alive' : 'unknown';
  return {identity, hostName, life};
}

/** Notes which leases are missing; after a pause in looking, nothing is known of how long. */
function noteLook(memory: ServerLeaseMemory, items: readonly StoredObject[], now: Instant): void {
  const {present, gone} = memory;
  if (memory.watchedSinceMs === undefined || now.monotonicMs - memory.lastLookMs > leaseAliveMs) {
    memory.watchedSinceMs = now.monotonicMs;
    gone.clear();
  }
  memory.lastLookMs = now.monotonicMs;
  const names = new Set(items.map(({metadata}) => metadata.name));
  for (const name of names) gone.delete(name);
  for (const [identity, {hostName}] of present) {
    if (!names.has(identity) && !gone.has(identity)) gone.set(identity, {hostName, sinceMs: now.monotonicMs});
  }
}

/** What the looks so far prove of leases that are not there. */
export function watchOf({gone, watchedSinceMs}: ServerLeaseMemory, now: Instant): LeaseWatch {
  const missing = [...gone].map(([identity, {hostName, sinceMs}]): GoneLease => {
    return {identity, hostName, goneForMs: now.monotonicMs - sinceMs};
  });
  return {
    watchedForMs: watchedSinceMs === undefined ? 0 : now.monotonicMs - watchedSinceMs,
    gone: missing.sort((a, b) => (a.identity < b.identity ? -1 : 1)),
  };
}

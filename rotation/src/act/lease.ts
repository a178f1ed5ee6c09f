// The controllers' Lease: it saves work and never fences. Expiry is judged by changes seen locally, not by the times
// that another machine wrote.

import {leaderLeaseName, leaseResource, ourNamespace} from '../model/resource-types.ts';
import {formatTime} from '../model/time-text.ts';
import {ask, type Instant, type Step, type StoredObject} from '../ports.ts';

/** renewal + request time-out + retry < duration. */
const leaseDurationMs = 15_000;
export const renewEveryMs = 3_000;

export interface LeaseMemory {
  readonly identity: string;
  leading: boolean;
  renewedAtMs: number;
  /** Last state of the lease seen, and when it was first seen so. */
  seen: string;
  seenAtMs: number;
}

export const newLeaseMemory = (identity: string): LeaseMemory => ({
  identity,
  leading: false,
  renewedAtMs: Number.NEGATIVE_INFINITY,
  seen: '',
  seenAtMs: Number.POSITIVE_INFINITY,
});

/** Renews, takes or waits for the lease; says whether this program leads now. */
export function* holdLease(memory: LeaseMemory, now: Instant): Step<boolean> {
  if (memory.leading && now.monotonicMs - memory.renewedAtMs < renewEveryMs) return true;
  const answer = yield* ask('store.get', {resource: leaseResource, namespace: ourNamespace, name: leaderLeaseName});
  if (!answer.ok) return keepWhileValid(memory, now);
  const holder = holderOf(answer.value);
  if (holder !== '' && holder !== memory.identity) {
    memory.leading = false;
    if (!isExpired(memory, answer.value, now)) return false;
  }
  return yield* write(memory, answer.value, now);
}

function keepWhileValid(memory: LeaseMemory, now: Instant): boolean {
  memory.leading &&= now.monotonicMs - memory.renewedAtMs < leaseDurationMs - renewEveryMs;
  return memory.leading;
}

const holderOf = (lease: StoredObject | undefined): string => {
  const holder = (lease?.spec as {holderIdentity?: unknown} | undefined)?.holderIdentity;
  return typeof holder === 'string' ? holder : '';
};

function isExpired(memory: LeaseMemory, lease: StoredObject | undefined, now: Instant): boolean {
  const version = `${lease?.metadata.uid} ${lease?.metadata.resourceVersion}`;
  if (memory.seen !== version) {
    memory.seen = version;
    memory.seenAtMs = now.monotonicMs;
  }
  return now.monotonicMs - memory.seenAtMs >= leaseDurationMs;
}

function* write(memory: LeaseMemory, present: StoredObject | undefined, now: Instant): Step<boolean> {
  const time = formatTime(now.wallMs, true).replace('Z', '000Z');
  const spec = {
    holderIdentity: memory.identity,
    leaseDurationSeconds: leaseDurationMs / 1_000,
    renewTime: time,
    acquireTime: memory.leading ? ((present?.spec as {acquireTime?: string} | undefined)?.acquireTime ?? time) : time,
  };
  const metadata = {
    name: leaderLeaseName,
    namespace: ourNamespace,
    ...(present?.metadata.resourceVersion === undefined ? {} : {resourceVersion: present.metadata.resourceVersion}),
  };
  const object: StoredObject = {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec};
  const answer =
    present === undefined
      ? yield* ask('store.create', {resource: leaseResource, object})
      : yield* ask('store.replace', {resource: leaseResource, object});
  if (!answer.ok) {
    if (answer.error.code === 'conflict') memory.leading = false;
    return keepWhileValid(memory, now);
  }
  memory.leading = true;
  memory.renewedAtMs = now.monotonicMs;
  return true;
}

/** Gives the lease back, so that another controller need not wait. */
export function* releaseLease(memory: LeaseMemory): Step<void> {
  if (!memory.leading) return;
  memory.leading = false;
  const answer = yield* ask('store.get', {resource: leaseResource, namespace: ourNamespace, name: leaderLeaseName});
  if (!answer.ok || answer.value === undefined || holderOf(answer.value) !== memory.identity) return;
  const spec = {...(answer.value.spec as object), holderIdentity: ''};
  yield* ask('store.replace', {resource: leaseResource, object: {...answer.value, spec}});
}

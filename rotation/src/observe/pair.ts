// What a controller reads of its pair: the SeedBundle object, whose bytes it cannot open, and the signs of the etcd
// Synchronizer. A kind that is not served is absent; anything else that fails is unknown.

import {fromBase64, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {leaseAliveMs} from '../limits.ts';
import type {StoredBundle, SynchronizerSignals} from '../model/bundle.ts';
import {absent, type Fact, seen, unread} from '../model/fact.ts';
import {
  deploymentResource,
  leaseResource,
  moduleInfoResource,
  ourNamespace,
  seedBundleResource,
  singletonName,
  synchronizer,
} from '../model/resource-types.ts';
import type {ReadSpec} from '../model/spec.ts';
import {ask, type Instant, type ObjectAddress, type Step, type StoredObject} from '../ports.ts';

/** The renewal that the Synchronizer's lease shows now, and since when; lost at a crash without harm. Monotonic, ms. */
export type MirrorLeaseMemory = {renewTime: string; sinceMs: number; changed: boolean} | undefined;

/** What is read of a pair; nothing at all under the random strategy. */
export interface PairFacts {
  readonly seedBundle: Fact<StoredBundle>;
  readonly synchronizer: Fact<SynchronizerSignals>;
}

/** Reads both, and keeps in `memory` what tells whether the Synchronizer's lease is being renewed. */
export function* readPair(
  memory: {mirrorLease: MirrorLeaseMemory},
  spec: Fact<ReadSpec>,
  now: Instant,
): Step<PairFacts> {
  const deterministic =
    spec.state === 'seen' && spec.value.outcome === 'ok' && spec.value.spec.keyStrategy === 'deterministic';
  if (!deterministic) return {seedBundle: absent, synchronizer: absent};
  return {seedBundle: yield* readSeedBundle(), synchronizer: yield* readSynchronizer(memory, now)};
}

function* readObject(address: ObjectAddress): Step<Fact<StoredObject>> {
  const answer = yield* ask('store.get', address);
  if (!answer.ok) return unread(answer.error);
  return answer.value === undefined ? absent : seen(answer.value);
}

function* readSeedBundle(): Step<Fact<StoredBundle>> {
  const object = yield* readObject({resource: seedBundleResource, namespace: ourNamespace, name: singletonName});
  if (object.state !== 'seen') return object;
  const text = (object.value.spec as {bundle?: unknown} | undefined)?.bundle;
  const bytes = typeof text === 'string' ? text : '';
  const resourceVersion = object.value.metadata.resourceVersion ?? '';
  return seen({bytes, hash: bundleHash(bytes), resourceVersion}, resourceVersion);
}

/** SHA-256 of the bytes, or of the text where it is no base64: agents and controllers must name a bundle alike. */
export function bundleHash(text: string): string {
  const read = fromBase64(text);
  return sha256Hex(read.outcome === 'ok' ? read.bytes : utf8(text));
}

function* readSynchronizer(memory: {mirrorLease: MirrorLeaseMemory}, now: Instant): Step<Fact<SynchronizerSignals>> {
  const {namespace, deployment, lease} = synchronizer;
  const deployed = yield* readObject({resource: deploymentResource, namespace, name: deployment});
  const listed = yield* readModule();
  const renewed = yield* readObject({resource: leaseResource, namespace, name: lease});
  const installed = deployed.state === 'seen' || listed.state === 'seen';
  for (const fact of [deployed, listed]) if (fact.state === 'unknown' && !installed) return fact;
  if (renewed.state === 'unknown') return installed ? seen({installed, lease: 'unknown'}) : renewed;
  return seen({installed, lease: judgeLease(memory, renewed, now)});
}

/** Whether a ModuleInfo of the Synchronizer is there; a platform that does not serve the kind has none. */
function* readModule(): Step<Fact<true>> {
  const {moduleSelector: labelSelector} = synchronizer;
  const answer = yield* ask('store.list', {resource: moduleInfoResource, labelSelector, limit: 1, metadataOnly: true});
  if (!answer.ok) return answer.error.code === 'gone' ? absent : unread(answer.error);
  return answer.value.items.length === 0 ? absent : seen(true);
}

/** Nobody's clock but ours: a renewal is one that we saw happen. */
function judgeLease(
  memory: {mirrorLease: MirrorLeaseMemory},
  lease: Exclude<Fact<StoredObject>, {state: 'unknown'}>,
  {monotonicMs}: Instant,
): SynchronizerSignals['lease'] {
  if (lease.state === 'absent') {
    memory.mirrorLease = undefined;
    return 'absent';
  }
  const renewTime = String((lease.value.spec as {renewTime?: unknown} | undefined)?.renewTime ?? '');
  const old = memory.mirrorLease;
  const entry = old?.renewTime === renewTime ? old : {renewTime, sinceMs: monotonicMs, changed: old !== undefined};
  memory.mirrorLease = entry;
  if (monotonicMs - entry.sinceMs >= leaseAliveMs) return 'silent';
  return entry.changed ? 'renewed' : 'unknown';
}

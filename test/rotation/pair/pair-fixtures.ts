// Observations of one side of a pair: bundles by reference, what nodes say of them, and the signs of the Synchronizer.

import {toBase64, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  type BundleEntryRef,
  type BundleRef,
  type BundleReport,
  type ClusterObservation,
  type DerivationReport,
  type DeterministicSpec,
  type FollowedBundle,
  type NodeReport,
  type PreparedBundle,
  type PublishRequest,
  type Ring,
  type RingKey,
  type Spec,
  type SynchronizerSignals,
  seen,
} from '@etcd-encryption/rotation';
import {pairStamps} from '../../../rotation/src/model/stamps.ts';
import {countedOf, type Given, hour, layoutOf, minute, now, observe, ours, restingRing, ringOf} from '../fixtures.ts';

export const rootCheck = '0011223344556677';
export const derivation = {
  replicationGroupId: 'group-1',
  dimension: 'default',
  rootSecret: {namespace: 'kube-system', name: 'etcd-derivation-root'},
};

/** A derived key of a revision; another variant is the key of another seed. */
export const derivedKey = (revision: number, variant = 0): RingKey => {
  const {mintedBy: _, ...key} = ours(revision, variant);
  return {...key, derived: true};
};
export const d1 = derivedKey(1);
export const d2 = derivedKey(2);
export const d3 = derivedKey(3);

/** Published two days ago, unless told otherwise. */
export const entryOf = (key: RingKey, changes: Partial<BundleEntryRef> = {}): BundleEntryRef => ({
  revision: key.revision,
  key: key.id,
  check: key.check,
  createdAtMs: key.createdAtMs,
  activateAtMs: key.createdAtMs + 30 * minute,
  ...changes,
});

export const firstId = '00112233445566778899aabbccddeeff';
export const otherId = 'ffeeddccbbaa99887766554433221100';

/** The text that stands for a bundle's bytes. */
const textOf = (bundleId: string, generation: number, entries: readonly BundleEntryRef[]): string =>
  toBase64(utf8(JSON.stringify([bundleId, generation, entries])));

export function bundleOf(
  generation: number,
  keys: readonly (RingKey | BundleEntryRef)[],
  bundleId = firstId,
): BundleRef & {readonly bytes: string} {
  const entries = keys.map((each) => ('key' in each ? each : entryOf(each)));
  const bytes = textOf(bundleId, generation, entries);
  const hash = sha256Hex(utf8(JSON.stringify([bundleId, generation, entries])));
  return {bundleId, generation, hash, entries, bytes};
}

export type TestBundle = ReturnType<typeof bundleOf>;

export const refOf = ({bundleId, generation, hash, entries}: BundleRef): BundleRef => ({
  bundleId,
  generation,
  hash,
  entries,
});

/** Followed since two days. */
export const followedOf = (bundle: BundleRef, changes: Partial<FollowedBundle> = {}): FollowedBundle => ({
  ...refOf(bundle),
  sinceMs: now - 48 * hour,
  rootCheck,
  ...changes,
});

export const publicationOf = (
  {bundleId, generation, hash}: BundleRef,
  atMs = now - 48 * hour,
): NonNullable<Ring['publications']>[number] => ({bundleId, generation, hash, atMs});

export const preparedOf = (bundle: TestBundle, id: string): PreparedBundle => ({...bundle, id});

export const request = (changes: Partial<PublishRequest> = {}): PublishRequest => ({
  id: 'publish-4-69',
  node: 'n1',
  kind: 'next',
  revision: 2,
  approvalDelayMs: 30 * minute,
  ...changes,
});

export const readBy = (bundle: BundleRef): BundleReport => ({
  state: 'read',
  bundle: refOf(bundle),
  acceptance: 'unchanged',
  detail: '',
});

export const derivationOf = (
  stored: BundleRef | undefined,
  changes: Partial<DerivationReport> = {},
): DerivationReport => ({
  root: {state: 'ready', rootCheck, groupTag: 'a'.repeat(32), dimensionTag: 'b'.repeat(16)},
  bundle: stored === undefined ? {state: 'absent'} : readBy(stored),
  ...(stored === undefined ? {} : {accepted: refOf(stored)}),
  derived: stored?.entries.map(({key}) => key) ?? [],
  ...changes,
});

export const deterministicSpec: DeterministicSpec = {
  derivation,
  activationPolicy: 'timed-approval',
  approvalDelayMs: 30 * minute,
  promotionGraceMs: 24 * hour,
  standby: 'expected',
};

export const nowhere: SynchronizerSignals = {installed: false, lease: 'absent'};
export const installed: SynchronizerSignals = {installed: true, lease: 'renewed'};

export interface GivenPair extends Omit<Given, 'spec'> {
  readonly ring: Ring;
  readonly stored?: TestBundle | undefined;
  readonly signals?: SynchronizerSignals;
  readonly spec?: Partial<Spec>;
  readonly deterministic?: Partial<DeterministicSpec>;
  /** What all nodes say of derivation beside the stored bundle. */
  readonly said?: Partial<DerivationReport>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a controller that ran all the while has counted, the pair's stamps with it. */
export const pairCounted = (ring: Ring): Readonly<Record<string, number>> => ({
  ...countedOf(ring),
  ...Object.fromEntries(pairStamps(ring).map(({id, sinceMs}) => [id, Math.max(0, now - sinceMs)])),
});

/** With all of that saved, so that nothing has to be saved now. */
export function savedIn(ring: Ring): Ring {
  const stamps = [...Object.entries(ring.stoppedWriting).map(([id, sinceMs]) => ({id, sinceMs})), ...pairStamps(ring)];
  if (ring.counted !== undefined || stamps.length === 0) return ring;
  const counts = pairCounted(ring);
  return {
    ...ring,
    counted: Object.fromEntries(stamps.map(({id, sinceMs}) => [id, {stoppedAtMs: sinceMs, ms: counts[id] ?? 0}])),
  };
}

/** One side of a pair in which everything was read; the stored bundle is read and accepted by every node. */
export function observePair(given: GivenPair): ClusterObservation {
  const {ring, stored, signals = nowhere, spec = {}, deterministic = {}, said = {}, annotations = {}} = given;
  const all: Partial<NodeReport> = {derivation: derivationOf(stored, said), ...given.every};
  const saved = savedIn(ring);
  return observe({
    ...given,
    ring: saved,
    spec: {keyStrategy: 'deterministic', deterministic: {...deterministicSpec, ...deterministic}, ...spec},
    every: all,
    facts: {
      ringAnnotations: annotations,
      counted: pairCounted(saved),
      synchronizer: seen(signals),
      seedBundle:
        stored === undefined
          ? {state: 'absent'}
          : seen({bytes: stored.bytes, hash: stored.hash, resourceVersion: '800'}, '800'),
      ...given.facts,
    },
  });
}

/** A new ring under the deterministic strategy. */
export const freshRing = (changes: Partial<Ring> = {}): Ring =>
  ringOf({settings: {writeMode: 'rename', derivation}, ...changes});

/** At rest under the newest of `keys` that is not `waiting`; everything was followed for two days. */
export function restingPair(
  bundle: TestBundle,
  {
    keys = [d1],
    waiting = [],
    ours: isOurs = true,
    ...changes
  }: Partial<Ring> & {waiting?: readonly RingKey[]; ours?: boolean} = {},
): Ring {
  const base = restingRing(keys);
  const all = [...waiting, ...keys];
  return {
    ...base,
    keys: all,
    layout: layoutOf(all, keys[0]?.id ?? ''),
    settings: {writeMode: 'rename', derivation},
    following: followedOf(bundle),
    leftWindow: {},
    ...(isOurs ? {publications: [publicationOf(bundle)]} : {}),
    ...changes,
  };
}

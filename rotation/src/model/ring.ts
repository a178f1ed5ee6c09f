// The ring: the one object that says what every node's file shall hold, changed only by compare-and-swap. It carries
// the facts that must outlive a controller; no key bytes. Phase and conditions are not in it.

import type {StoredObject} from '../ports.ts';
import type {DerivationSettings, FollowedBundle, Publication, PublishRequest, SynchronizerMemory} from './bundle.ts';
import type {KeyId, KeyRef} from './key.ts';
import type {Layout} from './layout.ts';

export const ringVersion = 1;

export interface RingKey extends KeyRef {
  readonly createdAtMs: number;
  /** Node that minted it; absent for adopted keys. */
  readonly mintedBy?: string;
  /** Derived from root and seed; it has no object of its own and needs none. */
  readonly derived?: true;
}

export interface RingMember {
  readonly node: string;
  /** kube-apiserver identity, also the name of its Lease. */
  readonly identity: string;
  readonly address: string;
}

export interface ForgottenMember {
  readonly node: string;
  readonly identity: string;
  readonly atMs: number;
}

export interface MigrationMark {
  readonly resource: string;
  readonly state: 'pending' | 'running' | 'done' | 'blocked';
  /** Token of the next page while running. */
  readonly token?: string;
  /** Objects looked at in this pass, and rewritten in it. */
  readonly seen: number;
  readonly rewritten: number;
  /** Number of this pass, from 1; a pass that rewrote nothing proves the resource. */
  readonly pass: number;
  readonly startedAtMs: number;
  readonly completedAtMs?: number;
  /** Revision of the collection in the answer to the pass's last page. */
  readonly revision?: string;
  /** An interruption in this pass: it ends in another one. */
  readonly broken?: true;
  readonly blocked: readonly BlockedObject[];
  readonly blockedCount: number;
  readonly attempts: number;
  readonly lastAttemptAtMs?: number;
}

export interface BlockedObject {
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
}

export type RotationReason = 'first' | 'schedule' | 'request' | 'budget' | 'resources' | 'compromise' | 'follow';

export interface Rotation {
  readonly revision: number;
  /** Absent until minted. */
  readonly key?: KeyId;
  readonly reason: RotationReason;
  readonly requestedBy?: string;
  /** Text of the request that this rotation handles. */
  readonly request?: string;
  readonly startedAtMs: number;
  readonly activatedAtMs?: number;
  /** Every server had loaded the new write key. */
  readonly convergedAtMs?: number;
  /** Resources that enter the list: only these are rewritten. */
  readonly adding?: readonly string[];
  /** Resources that leave: rewritten in clear, then their block goes. */
  readonly removing?: readonly string[];
  readonly migration: readonly MigrationMark[];
  /** Begun or gone on with as a Standby: objects that are replicated were left to the Active. */
  readonly local?: true;
  /** Objects rewritten in earlier passes. */
  readonly rewritten?: number;
  /** Scan or second pass that proved it. */
  readonly verifiedBy?: 'scan' | 'second-pass';
  readonly completedAtMs?: number;
}

export interface CompletedRotation {
  readonly revision: number;
  readonly key: KeyId;
  readonly reason: RotationReason;
  readonly requestedBy?: string;
  readonly startedAtMs: number;
  /** When its key became the write key. */
  readonly activatedAtMs?: number;
  readonly completedAtMs: number;
  readonly rewritten: number;
  readonly outcome: 'Complete' | 'Blocked';
}

export interface ScanRequest {
  /** Unique; a report answers exactly this. */
  readonly id: string;
  readonly resources: readonly string[];
  /** The node whose scanner or agent answers. */
  readonly node: string;
  /** Open every value with the keys held, instead of counting prefixes. */
  readonly deep: boolean;
  /** Keys and resources whose delays had passed when it was asked for: it may prove that these are not needed. */
  readonly clears?: readonly string[];
  /** Of these keys; what is written under them later makes what it proves void. */
  readonly written?: Encryptions;
  readonly atMs: number;
}

/** Encryptions under keys as reports showed them, by `<node> <key id>`; none where there is no number. */
export type Encryptions = Readonly<Record<string, number>>;

/** A file that one node's server refused; its kinds are not tried again before the server changed or an hour passed. */
export interface Refusal {
  readonly node: string;
  readonly hash: string;
  readonly kinds: readonly string[];
  readonly why: string;
  readonly atMs: number;
  /** Start of the process that refused it; absent where none is known. */
  readonly serverStartedAtMs?: number;
}

/** Why a key may leave: every line of rotation.md's certificate, with what it rests on. */
export interface DropCertificate {
  readonly key: KeyId;
  readonly check: string;
  readonly stoppedWritingAtMs: number;
  /** `scan` id or `second-pass`, and the revision R in the answer to its last page. */
  readonly cleanBy: string;
  readonly cleanRevision: string;
  /** `etcd` or `events-410`. */
  readonly compactedBy: string;
  /** When the backup was made that an operator attested; absent where none is asked for. */
  readonly snapshotAtMs?: number;
  readonly atMs: number;
}

/** One line of the rotation record. */
export interface RecordedDeed {
  readonly atMs: number;
  readonly deed: 'publish' | 'activate' | 'drop' | 'resource';
  readonly what: string;
  readonly why: string;
  readonly facts: readonly string[];
  /** SHA-256 of the line before; empty for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** A file of a new kind goes to one node first. */
export interface Trial {
  /** Unique; a refusal names it. */
  readonly id: string;
  readonly layout: Layout;
  readonly node: string;
  readonly startedAtMs: number;
}

/** Evidence asked for right before a dangerous deed; reports answer by id. */
export interface Gate {
  readonly id: string;
  readonly deed: 'activate' | 'drop';
  readonly atMs: number;
}

/** A count that is carried over the restarts of controllers. */
export interface CountedTime {
  /** The stamp in `stoppedWriting` from which it counts; it says nothing of another one. */
  readonly stoppedAtMs: number;
  readonly ms: number;
}

export interface CleanProof {
  readonly key: KeyId;
  readonly by: string;
  readonly revision: string;
  readonly atMs: number;
  readonly compactedBy?: string;
  /** Under this key, when the proof was begun. */
  readonly written?: Encryptions;
}

export interface Ring {
  readonly v: number;
  readonly clusterId: string;
  readonly epoch: number;
  /** One more at each change within an epoch and across epochs; agents never go back. */
  readonly version: number;
  /** Version at which the present epoch began; absent in rings of earlier releases. */
  readonly begunAtVersion?: number;
  /** Every key that files hold or shall hold, newest first. */
  readonly keys: readonly RingKey[];
  readonly layout: Layout;
  readonly trial?: Trial;
  /** Kinds of file content (layout.ts `layoutKinds`) that a server here has loaded. */
  readonly proven: readonly string[];
  readonly gate?: Gate;
  readonly minting?: {readonly revision: number; readonly node: string; readonly id: string};
  readonly rotation?: Rotation;
  readonly handledRequest?: string;
  /** Marks of the last finished migration, for people. */
  readonly lastMigration?: {
    readonly revision: number;
    readonly marks: readonly MigrationMark[];
    readonly completedAtMs: number;
    /** It left replicated objects to the Active. */
    readonly local?: true;
  };
  readonly history: readonly CompletedRotation[];
  /** Wall time at which every server had a later write key loaded. */
  readonly stoppedWriting: Readonly<Record<KeyId, number>>;
  /** How much of the time since then controllers have counted on clocks that never jump; saved now and then. */
  readonly counted?: Readonly<Record<KeyId, CountedTime>>;
  readonly clean: readonly CleanProof[];
  readonly certificates: readonly DropCertificate[];
  readonly members: readonly RingMember[];
  readonly forgotten: readonly ForgottenMember[];
  /** Encryptions by nodes that were forgotten, under keys that were in the ring then. */
  readonly spent?: Encryptions;
  /** Resources that were once in an accepted list; only these are ever taken out. */
  readonly accepted: readonly string[];
  readonly scan?: ScanRequest;
  readonly refusals: readonly Refusal[];
  /** Ids of deep scans whose findings are settled (nothing unreadable, or accepted by an operator). */
  readonly checked?: string;
  readonly settings: {
    readonly writeMode: 'rename' | 'inPlace' | 'external';
    /** Absent under the random strategy. */
    readonly derivation?: DerivationSettings;
  };
  /** A bundle that is being made and written. */
  readonly publishing?: PublishRequest;
  /** Bundles that this cluster wrote, newest first, at most 16. */
  readonly publications?: readonly Publication[];
  readonly following?: FollowedBundle;
  /** Derived keys that the followed bundle does not hold, and since when none did, Unix ms. */
  readonly leftWindow?: Readonly<Record<KeyId, number>>;
  readonly synchronizer?: SynchronizerMemory;
  /** Bundle ids under which a Standby's proof, or the word that there is none, was seen once. */
  readonly standbyProven?: readonly string[];
  /** A restore of etcd was seen: keys of all histories are merged once, and nothing is dropped before a newer scan. */
  readonly restored?: {readonly atMs: number; readonly merged: boolean};
  /** Text of the forget-node annotation that was carried out last. */
  readonly handledForget?: string;
  /** Text of the forget-node annotation that was refused last, since its node was alive. */
  readonly refusedForget?: string;
  /** Proof pass of no-op writes where etcd cannot be scanned, begun for the keys it shall clear. */
  readonly proof?: {
    readonly id: string;
    readonly keys: readonly KeyId[];
    readonly migration: readonly MigrationMark[];
    readonly written?: Encryptions;
  };
  /** The rotation record, oldest line first. */
  readonly record?: readonly RecordedDeed[];
}

/** The newest that somebody saw of the ring. */
export interface SeenRing {
  readonly epoch: number;
  readonly version: number;
}

/**
 * Whether a ring does not go on from what was seen of it: etcd was restored, and what came after the snapshot is gone.
 * A later epoch that goes on begins above every version that was seen before it.
 */
export function isAnotherLine(ring: Pick<Ring, 'epoch' | 'version' | 'begunAtVersion'>, past: SeenRing): boolean {
  if (ring.epoch !== past.epoch)
    return ring.epoch < past.epoch || (ring.begunAtVersion ?? Number.POSITIVE_INFINITY) <= past.version;
  return ring.version < past.version;
}

export const newerSeen = (a: SeenRing, {epoch, version}: SeenRing): SeenRing =>
  epoch > a.epoch || (epoch === a.epoch && version > a.version) ? {epoch, version} : a;

export type ReadRing =
  | {readonly outcome: 'ok'; readonly ring: Ring}
  | {readonly outcome: 'newer'; readonly v: number}
  | {readonly outcome: 'malformed'; readonly detail: string};

/** Reads a ring object's `spec`; a higher `v` is refused, since an older release cannot know what it must keep. */
export function readRing(object: StoredObject): ReadRing {
  const ring = object.spec as Partial<Ring> | undefined;
  if (typeof ring !== 'object' || ring === null || typeof ring.v !== 'number') {
    return {outcome: 'malformed', detail: 'spec.v: expected a number'};
  }
  if (ring.v > ringVersion) return {outcome: 'newer', v: ring.v};
  for (const field of ['epoch', 'version'] as const) {
    if (!Number.isSafeInteger(ring[field])) return {outcome: 'malformed', detail: `spec.${field}: expected an integer`};
  }
  for (const field of [
    'keys',
    'history',
    'members',
    'forgotten',
    'accepted',
    'proven',
    'certificates',
    'clean',
    'refusals',
  ] as const) {
    if (!Array.isArray(ring[field])) return {outcome: 'malformed', detail: `spec.${field}: expected a list`};
  }
  if (typeof ring.clusterId !== 'string') return {outcome: 'malformed', detail: 'spec.clusterId: expected a text'};
  for (const field of ['layout', 'stoppedWriting', 'settings'] as const) {
    if (typeof ring[field] !== 'object' || ring[field] === null)
      return {outcome: 'malformed', detail: `spec.${field}: expected an object`};
  }
  for (const field of ['keys', 'resources', 'kept', 'kms'] as const) {
    if (!Array.isArray(ring.layout?.[field]))
      return {outcome: 'malformed', detail: `spec.layout.${field}: expected a list`};
  }
  return {outcome: 'ok', ring: ring as Ring};
}

/** Keys of a ring by id. */
export const ringKeys = (ring: Ring): ReadonlyMap<KeyId, RingKey> => new Map(ring.keys.map((key) => [key.id, key]));

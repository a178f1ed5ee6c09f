// The deterministic strategy's facts: the SeedBundle, what it means, and who writes it. References only. Seeds are not
// secret, so a bundle's bytes may stand in reports and in the ring; what they mean is said only by nodes that hold the
// root key and have verified them.

import type {KeyId, KeyRef} from './key.ts';

/** What the agents derive with. The controller copies it from the spec into the ring, where agents read it. */
export interface DerivationSettings {
  readonly replicationGroupId: string;
  readonly dimension: string;
  readonly rootSecret: {readonly namespace: string; readonly name: string};
}

/** One revision of a bundle, with the key that is derived from it here. */
export interface BundleEntryRef {
  readonly revision: number;
  readonly key: KeyId;
  readonly check: string;
  /** Unix ms. */
  readonly createdAtMs: number;
  /** Unix ms; a not-before, never a date. */
  readonly activateAtMs: number;
}

/** A verified bundle without its seeds. */
export interface BundleRef {
  /** 32 hex digits. */
  readonly bundleId: string;
  readonly generation: number;
  /** SHA-256 (lower hex) of the bundle's bytes. */
  readonly hash: string;
  /** By rising revision. */
  readonly entries: readonly BundleEntryRef[];
}

/** The bundle that is followed for writing. */
export interface FollowedBundle extends BundleRef {
  /** Since when, by our clock, Unix ms. */
  readonly sinceMs: number;
  /** Root check of the nodes that read it; absent where none was told. */
  readonly rootCheck?: string;
  /** The present write key is of another bundle id, so its revision says nothing of this one's. */
  readonly otherLineage?: true;
}

/** A bundle that a node made at the ring's request and that is not published yet. */
export interface PreparedBundle extends BundleRef {
  /** Id of the request. */
  readonly id: string;
  /** Base64 of the bytes. */
  readonly bytes: string;
}

/** The ring's request that a node makes the next bundle. */
export interface PublishRequest {
  readonly id: string;
  readonly node: string;
  /**
   * `first` = a new bundle id; `next` = one entry more, with the chained seed; `fresh` = one entry more, with a random
   * seed (after a compromise); `raise` = the same entries under a higher generation (etcd was restored).
   */
  readonly kind: 'first' | 'next' | 'fresh' | 'raise';
  /** Revision of the new entry; of `raise`, the newest one. */
  readonly revision: number;
  /** Added to the time of publication, ms. */
  readonly approvalDelayMs: number;
  /** Set before anything is written: from now on these bytes, and no others, may be published. */
  readonly prepared?: PreparedBundle;
}

/** A bundle that this cluster wrote, recorded before it was written. */
export interface Publication {
  readonly bundleId: string;
  readonly generation: number;
  readonly hash: string;
  readonly atMs: number;
}

/** Whether a node has the root key, and the tags by which sides are compared. */
export type RootReport =
  | {readonly state: 'ready'; readonly rootCheck: string; readonly groupTag: string; readonly dimensionTag: string}
  /** No Secret, or no `root-key` in it. */
  | {readonly state: 'missing'; readonly why: string}
  /** Bytes that are no root key: another length, equal bytes, text. */
  | {readonly state: 'refused'; readonly why: string}
  | {readonly state: 'unknown'; readonly why: string};

/** How the stored bundle reads on a node (derivation.md, "SeedBundle"). */
export type BundleOutcome =
  | 'ok'
  | 'malformed'
  | 'unsupported'
  | 'root-key-mismatch'
  | 'group-mismatch'
  | 'dimension-mismatch'
  | 'tampered';

/** What a node says of the bundle in the API. */
export type BundleReport =
  | {readonly state: 'absent'}
  | {readonly state: 'unknown'; readonly why: string}
  /** Not `ok`: it gives no key. */
  | {
      readonly state: 'refused';
      readonly hash: string;
      readonly outcome: Exclude<BundleOutcome, 'ok'>;
      readonly detail: string;
    }
  | {
      readonly state: 'read';
      readonly bundle: BundleRef;
      /** What it is to the bundle that this node accepted last (derivation.md, "Reading and following"). */
      readonly acceptance: 'accepted' | 'unchanged' | 'rollback' | 'fork' | 'changed-entry' | 'other-bundle';
      readonly detail: string;
    };

/** An agent's part of the deterministic strategy, in its report. */
export interface DerivationReport {
  readonly root: RootReport;
  readonly bundle: BundleReport;
  /** The bundle in this node's state file: the last one it accepted. */
  readonly accepted?: BundleRef;
  /** The key of the revision after the accepted bundle's newest, by the chain of seeds. */
  readonly next?: KeyRef;
  /** Every derived key that this node holds. */
  readonly derived: readonly KeyId[];
  readonly prepared?: PreparedBundle;
}

/** The SeedBundle object as a controller reads it: bytes that it cannot open. */
export interface StoredBundle {
  /** Base64. */
  readonly bytes: string;
  /** SHA-256 (lower hex) of the bytes, or of the text where it is no base64. */
  readonly hash: string;
  readonly resourceVersion: string;
}

/** Signs of the etcd Synchronizer on this cluster: it runs on the Standby only. */
export interface SynchronizerSignals {
  /** Its Deployment, in any state, or its ModuleInfo is there. */
  readonly installed: boolean;
  /** Its lease, by our own clock. */
  readonly lease: 'renewed' | 'silent' | 'absent' | 'unknown';
}

/** What the ring remembers of those signs. */
export interface SynchronizerMemory {
  readonly lastSeenAtMs: number;
  /** Since when no sign was left; absent while there is one. */
  readonly goneSinceMs?: number;
}

export type Role = 'Active' | 'Standby' | 'Unknown';

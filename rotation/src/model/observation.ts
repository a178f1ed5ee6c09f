// Everything a controller has read before it decides. Frozen input of the pure plan; no key bytes anywhere.

import type {Instant, ResourceType} from '../ports.ts';
import type {StoredBundle, SynchronizerSignals} from './bundle.ts';
import type {Fact} from './fact.ts';
import type {KeyObject, NodeReport} from './node.ts';
import type {Ring, SeenRing} from './ring.ts';
import type {ReadSpec} from './spec.ts';
import type {WindowsNow} from './windows.ts';

/** A kube-apiserver identity lease. */
export interface ServerLease {
  readonly identity: string;
  readonly hostName: string;
  /** By our own clock: seen renewed within 40 s, seen silent for longer, or not watched long enough to say. */
  readonly life: 'alive' | 'silent' | 'unknown';
}

/** A lease that this controller saw earlier and that is not there now, as after a clean end of its server. */
export interface GoneLease {
  readonly identity: string;
  readonly hostName: string;
  /** Since the first look in which it was missing, by our monotonic clock, ms. */
  readonly goneForMs: number;
}

/** What is known of leases that are not there. */
export interface LeaseWatch {
  /** How long this controller has looked at the leases without a pause, ms. */
  readonly watchedForMs: number;
  readonly gone: readonly GoneLease[];
}

export interface ControlPlaneNode {
  readonly name: string;
  /** All that its status tells, of every type. */
  readonly addresses: readonly string[];
}

export interface SeenReport {
  readonly report: NodeReport;
  /** Since its sequence number was last seen to change, by our monotonic clock. */
  readonly unchangedForMs: number;
}

export interface ClusterObservation {
  /** What this controller's last deed failed with; absent after one that worked. */
  readonly lastFailure?: {readonly do: string; readonly message: string};
  /** Read before every other fact. */
  readonly now: Instant;
  /** Whether this controller holds the lease, and the epoch it raised (absent: none yet). */
  readonly leading: boolean;
  readonly ownEpoch?: number;
  /** The newest that this process saw of the ring while it led. */
  readonly seenRing?: SeenRing;
  readonly clusterId: Fact<string>;
  readonly spec: Fact<ReadSpec>;
  readonly ring: Fact<Ring>;
  readonly ringAnnotations: Readonly<Record<string, string>>;
  readonly reports: Fact<readonly SeenReport[]>;
  /** Reports that could not be understood, by object name. */
  readonly badReports: Readonly<Record<string, string>>;
  readonly keyObjects: Fact<readonly KeyObject[]>;
  /** Never an empty list: the server that answers has a lease of its own. */
  readonly leases: Fact<readonly ServerLease[]>;
  readonly leaseWatch: LeaseWatch;
  readonly controlPlaneNodes: Fact<readonly ControlPlaneNode[]>;
  /** Addresses in the endpoints of the `kubernetes` service, never an empty list; absent where no server writes them. */
  readonly endpoints: Fact<readonly string[]>;
  /** Served types of each resource in spec and layout. */
  readonly types: Readonly<Record<string, Fact<readonly ResourceType[]>>>;
  /** Whether a metadata list of every resource answered since this rotation was due; an error names the value. */
  readonly lists: Fact<Readonly<Record<string, string>>>;
  /** The last such check, however old: what did not answer, and when it ended, monotonic ms. */
  readonly listed?: {readonly broken: Readonly<Record<string, string>>; readonly atMs: number};
  /** Revisions of clean proofs that `events` answered 410 for. */
  readonly compacted: readonly string[];
  /** Time that controllers counted, on clocks that never jump, since a key stopped writing, a resource left or a gate opened, ms. */
  readonly counted: Readonly<Record<string, number>>;
  /** A rewrite was refused a moment ago since etcd has no space; what it was refused with. */
  readonly spaceExceeded?: string;
  /** Whether a window of `spec.windows` is open; absent where the spec has none. */
  readonly windows?: Fact<WindowsNow>;
  /** How long a request under an older key may still run after the last server changed its write key, ms; absent = the default. */
  readonly drainMs?: number;
  /** A file that a server has not loaded after this is called not loaded, ms; absent = the default. */
  readonly reloadDeadlineMs?: number;
  /** A Standby counts its stored values again after this, ms; absent = the default. */
  readonly countEveryMs?: number;
  /** The SeedBundle object; read under the deterministic strategy only. */
  readonly seedBundle: Fact<StoredBundle>;
  /** Signs of the etcd Synchronizer; read under the deterministic strategy only. */
  readonly synchronizer: Fact<SynchronizerSignals>;
  /** Fields that the installed CRDs would drop; unknown when they could not be read. */
  readonly pruned: Fact<readonly string[]>;
}

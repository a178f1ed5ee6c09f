// What an agent has read before it decides about its node. References only; the bytes stay in the agent's key ring.

import type {Instant, NodePlatform, ServerEvidence} from '../ports.ts';
import type {DerivationReport} from './bundle.ts';
import type {Fact} from './fact.ts';
import type {KeyId, KeyRef} from './key.ts';
import type {RenderedBlock} from './layout.ts';
import type {FileReport, InForce, KeyObject, NodeReport, Problem} from './node.ts';
import type {Ring, SeenRing} from './ring.ts';

export interface Recipient {
  readonly node: string;
  readonly recipient: string;
  /** A control-plane Node of that name, or that server's identity lease, exists. */
  readonly genuine: boolean;
}

export interface HistoryFact {
  readonly keys: readonly KeyId[];
  readonly damaged: number;
  readonly foreign: boolean;
  readonly newer: boolean;
}

/** Begins the reason why the state file is unknown, where a newer release wrote it. */
export const newerState = 'written by a newer release';

/** `encryption-provider.state`: what this node must never go below. */
export interface NodeState {
  readonly v: number;
  readonly clusterId: string;
  readonly epoch: number;
  readonly generation: number;
  readonly bundle: string;
  /** Highest revision this node ever saw. */
  readonly revision: number;
  /** Version of the ring when this was written; absent in files of earlier releases. */
  readonly version?: number;
  /** Encryptions by key name, from where they are many, in coarse steps: reports come from the past with a restored etcd. */
  readonly encryptions?: Readonly<Record<string, number>>;
  /** Others place the configuration here: its path is never touched, with or without a ring to say so. */
  readonly external?: true;
}

/** `encryption-provider.trial`: a file of a new kind that this node's server has not loaded yet. */
export interface TriedFile {
  readonly v: number;
  /** Id of the ring's trial. */
  readonly trial: string;
  /** SHA-256 of the file. */
  readonly file: string;
  /** SHA-256 of the file before, which the server had loaded. */
  readonly before: string;
}

/** What an agent has of the deterministic strategy: as its report says it, and the bytes of the stored bundle. */
export interface DerivationFact extends DerivationReport {
  /** Base64 of the stored bundle, where it was read; its seeds are not secret. */
  readonly bytes?: string;
}

export interface NodeObservation {
  /** `spec.mode` is observe: this node only reports. */
  readonly observing: boolean;
  readonly now: Instant;
  readonly node: string;
  readonly clusterId: Fact<string>;
  readonly ring: Fact<Ring>;
  /** Monotonic time at which the ring was read. */
  readonly ringReadAtMs: number;
  /** The newest that this node saw of the ring, by its memory and its state file. */
  readonly seenRing?: SeenRing;
  readonly keyObjects: Fact<readonly KeyObject[]>;
  readonly recipients: Fact<readonly Recipient[]>;
  readonly recoveryRecipients: readonly string[];
  /** Own report as last written; absent when there is none. */
  readonly previous: Fact<NodeReport>;
  readonly platform: Fact<NodePlatform>;
  readonly evidence: Fact<ServerEvidence>;
  /** Why nothing answers, when the connection was refused. */
  readonly serverDown?: string;
  readonly file: FileReport;
  readonly fileModifiedAtMs: number;
  /** Permission bits of the file in place; absent when there is none that can be read. */
  readonly fileMode?: number;
  /** Every configuration whose bytes are at hand, by SHA-256: the file and its backups. */
  readonly known: ReadonlyMap<string, readonly RenderedBlock[]>;
  /** Hash of the newest backup that parses and is neither the file in place nor one that was refused. */
  readonly newestBackup?: string;
  /** Hash of the copy that lies beside a file written in place; looked for only where that file does not load. */
  readonly completeCopy?: string;
  readonly history: Fact<HistoryFact>;
  /** Backups that are not ours, by path. */
  readonly foreignFiles: readonly string[];
  readonly state: Fact<NodeState>;
  /** Absent also when it could not be read: then nothing is taken back for it. */
  readonly tried?: TriedFile;
  readonly recipient: Fact<string>;
  readonly held: ReadonlyMap<KeyId, KeyRef>;
  /** Absent under the random strategy. */
  readonly derivation?: DerivationFact;
  /** Set while a deed of this node keeps failing. */
  readonly failures: readonly Problem[];
  readonly can: NodeReport['can'];
  /** When the server was first found down, monotonic ms; absent while it answers. */
  readonly downSinceMs?: number;
  /** Last configuration that this node's server had loaded, as far as this agent saw. */
  readonly lastLoadedHash?: string;
  /** The same with the process that loaded it, for servers that count reloads and show no hash. */
  readonly inForce?: InForce;
  /** The file that this agent put in place last, and the one that it found there, by hash. */
  readonly replaced?: {readonly file: string; readonly before: string};
}

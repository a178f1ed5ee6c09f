// What a rehearsal file says, as data (simulator.md "Rehearsal file"): the clusters, what happens to them and when, and
// what has to hold. Times are virtual milliseconds; names are those of the file.

/** Phases of a rotation that a file can name: the steps of rotation.md "Orders". */
export const phases = [
  'Idle',
  'Preflight',
  'Mint',
  'Publish',
  'Distribute',
  'Activate',
  'Converge',
  'Migrate',
  'Verify',
  'Drop',
] as const;
export type Phase = (typeof phases)[number];

export interface Rehearsal {
  readonly metadata: {
    readonly name: string;
    /** For people: what is rehearsed and what has to come out of it. */
    readonly explanation?: string;
  };
  /** Seeds `from`, `from + 1`, …; `seed: 4711` of a file is one seed. */
  readonly seeds: Seeds;
  readonly settings: Settings | FromConfig;
  /** One Active, or an Active and its Standby, in the order of the file. */
  readonly clusters: readonly ClusterPlan[];
  readonly replication?: Replication;
  readonly world?: WorldPlan;
  readonly timeline: readonly TimelineEntry[];
  readonly chaos: Chaos;
  readonly expect: readonly Expectation[];
}

export interface Seeds {
  readonly from: number;
  readonly count: number;
}

/** Settings of EtcdEncryptionConfig by which a rotation goes; what is absent has the product's default. */
export interface Settings {
  readonly keyStrategy: 'random' | 'deterministic';
  readonly rotationIntervalMs?: number;
  readonly approvalDelayMs?: number;
  readonly activationPolicy?: 'timed-approval' | 'manual-approval' | 'immediate';
  readonly promotionGraceMs?: number;
  readonly standby?: 'expected' | 'none';
  /** How many of the most recent revisions a file keeps. */
  readonly revisions?: number;
  readonly resources?: readonly string[];
}

/** Settings are those of an EtcdEncryptionConfig in a file of its own. */
export interface FromConfig {
  readonly fromConfig: string;
}

export interface ClusterPlan {
  readonly name: string;
  readonly role: 'active' | 'standby';
  readonly nodes: readonly string[];
  /** Objects that are replicated; a Standby receives them and has none of its own. */
  readonly objects?: readonly ObjectCount[];
  /** Objects in namespaces that the Synchronizer leaves alone. */
  readonly localObjects?: readonly ObjectCount[];
  readonly writes?: Rate;
  /** Some new objects are encrypted now and committed later: etcd, or what stands before it, is slow. */
  readonly lateWrites?: LateWrites;
  /** Its servers load no file with AES-GCM keys, and do not say so beforehand, until everything is put right. */
  readonly refusesAesGcm?: boolean;
  /** By how much the cluster's wall clock is ahead of true time; negative when behind. */
  readonly clockSkewMs?: number;
}

export interface LateWrites {
  /** Of new objects, from 1 to 100. */
  readonly percent: number;
  /** Longest between encryption and commit; at most what `drain` says. */
  readonly maxMs: number;
}

export interface ObjectCount {
  readonly resource: string;
  readonly count: number;
}

/** Where the world is another one than a real cluster that encrypts nothing yet: campaigns are in a hurry. */
export interface WorldPlan {
  /** Between two looks of a server at its file. */
  readonly pollMs?: number;
  /** Between two compactions of etcd. */
  readonly compactionMs?: number;
  /** Longest that a request runs after its server was told to stop, as the engine is told. */
  readonly drainMs?: number;
  /** `spec.retention.minAge`. */
  readonly minAgeMs?: number;
  /** Servers encrypt already at the beginning, with a key that somebody made by hand. */
  readonly adopted?: boolean;
  /** The first rotation is complete and the next key loaded everywhere at the beginning. */
  readonly prepared?: boolean;
}

/** `2/s`: `count` writes in each second, minute or hour. */
export interface Rate {
  readonly count: number;
  readonly per: 's' | 'm' | 'h';
}

export interface Replication {
  readonly from: string;
  readonly to: string;
  readonly lag?: {readonly meanMs: number; readonly maxMs: number};
}

/** Counted from the start, from the entry before, or from the first moment after it at which the fact is seen. */
export type TimelineEntry =
  | {readonly kind: 'at'; readonly atMs: number; readonly deeds: readonly Deed[]}
  | {readonly kind: 'after'; readonly delayMs: number; readonly deeds: readonly Deed[]}
  | {readonly kind: 'when'; readonly fact: Fact; readonly deeds: readonly Deed[]};

export interface Fact {
  readonly cluster: string;
  readonly phase: Phase;
  /** On exactly so many nodes the newest file is loaded. */
  readonly loadedOn?: number;
}

export type Deed =
  /** Without `forMs` the node stays away until an `up`. */
  | {readonly kind: 'down'; readonly node: string; readonly forMs?: number}
  | {readonly kind: 'up'; readonly node: string}
  /** Nothing is copied for this long; then everything comes in one burst. */
  | {readonly kind: 'stall'; readonly what: 'replication'; readonly forMs: number}
  /** Now, or right before the program's next deed, or after it took effect and before the program learns so. */
  | {readonly kind: 'crash'; readonly target: CrashTarget; readonly after?: 'deed'; readonly before?: 'deed'}
  /** The program's next deed takes effect, and it is told that nobody knows whether it did. */
  | {readonly kind: 'unknownAnswer'; readonly target: ProgramTarget}
  /** What is read through the API is as it was when this began. */
  | {readonly kind: 'staleView'; readonly target: ProgramTarget; readonly forMs: number}
  /** No watch wakes the program. */
  | {readonly kind: 'missedEvents'; readonly target: ProgramTarget; readonly forMs: number}
  /** The node loses its power: what was not synced to the disk is lost, and it boots again after `forMs`. */
  | {readonly kind: 'powerLoss'; readonly node: string; readonly forMs: number}
  /** The wall clock of a node, or of the programs that run once a cluster, is set by so much. */
  | {readonly kind: 'clock'; readonly of: string; readonly byMs: number}
  /** The Synchronizer copies everything again, in the order of keys. */
  | {readonly kind: 'resync'; readonly what: 'replication'}
  | {readonly kind: 'loseDeletes'; readonly what: 'replication'; readonly forMs: number}
  /** A value under a key of the replicated part is on the Standby and not on the Active. */
  | {readonly kind: 'surplusKey'; readonly cluster: string}
  /** Somebody edits the configuration file by hand: an older version of it is put back. */
  | {readonly kind: 'editFile'; readonly node: string}
  /** The configuration file is cut short: what is left of it is no configuration. */
  | {readonly kind: 'cutFile'; readonly node: string}
  /** By the book; both sides are an Active until a Synchronizer is installed on the old one. */
  | {readonly kind: 'failover'; readonly to: string; readonly mode: 'planned' | 'unplanned'}
  /** This side follows until everything is copied; then a planned failover to it, and the other side follows. */
  | {readonly kind: 'failback'; readonly to: string}
  /** The cluster's etcd becomes what it was `ageMs` ago. */
  | {readonly kind: 'restore'; readonly cluster: string; readonly ageMs: number}
  /** The root Secret gets another key, the same on all of these sides; `onPurpose`: and the operator states its root check on the ring. */
  | {readonly kind: 'rootReplaced'; readonly clusters: readonly string[]; readonly onPurpose: boolean}
  /** The operator states the root check of the cluster's own root Secret on its ring. */
  | {readonly kind: 'stateRoot'; readonly cluster: string}
  /** The operator states a role, on the ring as the book says, or on the config by mistake; it is taken back at the end. */
  | {
      readonly kind: 'stateRole';
      readonly cluster: string;
      readonly role: 'Active' | 'Standby';
      readonly on: 'ring' | 'config';
    }
  | {readonly kind: 'addResource'; readonly resource: string; readonly clusters: readonly string[]}
  | {readonly kind: 'removeResource'; readonly resource: string; readonly clusters: readonly string[]}
  | {readonly kind: 'uninstallSynchronizer'; readonly cluster: string}
  | {readonly kind: 'installSynchronizer'; readonly cluster: string}
  /** Its process ends and its Lease is renewed no more, but it stays installed and starts again after `forMs`. */
  | {readonly kind: 'stopSynchronizer'; readonly cluster: string; readonly forMs: number}
  /** Somebody else knows the write key; the operator follows the runbook. */
  | {readonly kind: 'compromised'; readonly cluster: string}
  | {readonly kind: 'pause'; readonly cluster: string}
  | {readonly kind: 'resume'; readonly cluster: string}
  | {readonly kind: 'rotate'; readonly cluster: string}
  | {readonly kind: 'forgetNode'; readonly node: string}
  /** Time passes before the next deed of the same entry. */
  | {readonly kind: 'advance'; readonly byMs: number};
export type DeedKind = Deed['kind'];

export const deedKinds = [
  'down',
  'up',
  'stall',
  'crash',
  'unknownAnswer',
  'staleView',
  'missedEvents',
  'powerLoss',
  'clock',
  'resync',
  'loseDeletes',
  'surplusKey',
  'editFile',
  'cutFile',
  'failover',
  'failback',
  'restore',
  'rootReplaced',
  'stateRoot',
  'stateRole',
  'addResource',
  'removeResource',
  'uninstallSynchronizer',
  'installSynchronizer',
  'stopSynchronizer',
  'compromised',
  'pause',
  'resume',
  'rotate',
  'forgetNode',
  'advance',
] as const satisfies readonly DeedKind[];

/** `east/controller` runs once a cluster, `e1/agent` once a node. */
export type ProgramTarget =
  | {readonly cluster: string; readonly program: 'controller' | 'scanner'}
  | {readonly node: string; readonly program: 'agent'};

/** A program of ours, or `e1/server`, the kube-apiserver of a node. */
export type CrashTarget = ProgramTarget | {readonly node: string; readonly program: 'server'};

export const faultClasses = [
  'crash',
  'unknownAnswer',
  'powerLoss',
  'nodeDown',
  'staleView',
  'missedEvent',
  'clock',
  'stall',
  'resync',
  'lostDelete',
  'surplusKey',
  'operatorEdit',
  'pause',
  'forgetNode',
  'rootSwap',
  'restore',
  'failover',
] as const;
export type FaultClass = (typeof faultClasses)[number];
export type Chaos = {readonly profile: 'none' | 'light' | 'full'} | {readonly classes: readonly FaultClass[]};

/** Invariants S1 – S13 by the names that rotation.md gives them. */
export const invariants = [
  'readable',
  'writeAfterRead',
  'dropAfterNeed',
  'known',
  'oneName',
  'lineage',
  'oneHand',
  'trueStatus',
  'content',
  'quietStandby',
  'file',
  'secrecy',
  'budget',
] as const;
export type Invariant = (typeof invariants)[number];

export const goals = ['converged', 'rotated', 'failoverReady', 'shrunk', 'obstacleNamed'] as const;
export type Goal = (typeof goals)[number];

export type Expectation =
  | {readonly kind: 'always'; readonly invariant: Invariant}
  | {
      readonly kind: 'within';
      readonly limitMs: number;
      /** After each deed of this kind, counted from when it is done. */
      readonly of: DeedKind;
      readonly cluster: string;
      readonly is: ClusterState;
    }
  | {readonly kind: 'eventually'; readonly goal: Goal; readonly cluster?: string; readonly lineages?: number}
  /** In at least one seed; otherwise the rehearsal was vacuous. */
  | {readonly kind: 'sometimes'; readonly moment: {readonly deed: DeedKind; readonly during: Phase}};

/** What is given has to hold; at least one is given. */
export interface ClusterState {
  readonly role?: 'Active' | 'Standby' | 'Unknown';
  readonly phase?: Phase;
  /** Values that some serving server of the cluster cannot read. */
  readonly unreadable?: number;
  readonly failoverReady?: boolean;
}

// What came out of one seed of a rehearsal or campaign.

import type {InvariantName} from '../oracles/violation.ts';
import type {FaultClass, Phase} from './model.ts';

/** A fault as it struck: which class, in which phase of the rotation and role of the cluster that it struck. */
export interface Strike {
  readonly fault: FaultClass;
  readonly phase: Phase;
  readonly role: ClusterRole;
  readonly cluster: string;
  readonly atMs: number;
}

/** Role of a cluster by the truth of the run; `single` has no other side. */
export type ClusterRole = 'Active' | 'Standby' | 'single';

/** A cell of a campaign: `crash × Migrate × Standby`. */
export const cellOf = ({fault, phase, role}: Pick<Strike, 'fault' | 'phase' | 'role'>): string =>
  `${fault} × ${phase} × ${role}`;

/** Something that had to hold and did not: an invariant S1 – S13, a promise L1 – L8, or what a file expects. */
export interface Violation {
  /** `S1 readable`, `L2 settles`, or `expect[3] eventually: converged`. */
  readonly name: InvariantName | string;
  readonly cluster: string;
  readonly node: string;
  /** Key name and check value, or the etcd key of an object; never a secret. */
  readonly key: string;
  readonly explanation: string;
  /** Virtual ms since the start of the run. */
  readonly atMs: number;
}

export interface SeedResult {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** Every fault and failover that struck, in order. */
  readonly strikes: readonly Strike[];
  /** Planned deeds of the timeline that never came to pass, by their place in it. */
  readonly missed: readonly number[];
  /** `sometimes` expectations that came true in this seed, by their place in the file. */
  readonly moments: readonly number[];
  /** Rotations that completed, of both clusters. */
  readonly rotations: number;
  /** Values that some serving server could not read at the end. */
  readonly unreadable: number;
  /** Events run and virtual time passed. */
  readonly events: number;
  readonly virtualMs: number;
  /** 16 hex digits. */
  readonly traceHash: string;
}

/** A seed whose planned faults never struck proves nothing. */
export const isVacuous = ({violation, missed}: SeedResult): boolean => violation === undefined && missed.length > 0;

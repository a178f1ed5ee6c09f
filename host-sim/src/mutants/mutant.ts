// What a deliberate bug of the engine is: parts handed to `createEngine` in place of its own, and what must notice it.

import type {EngineParts} from '@etcd-encryption/rotation';
import type {InvariantName} from '../oracles/violation.ts';
import type {UserOptions} from '../world/user-counts.ts';
import type {FaultName} from './faults.ts';

/** What can differ between the small worlds. */
export interface SmallWorld {
  /** `spec.rotationInterval`. */
  readonly rotationInterval?: string;
  /** How long it lasts, ms. */
  readonly lengthMs?: number;
  readonly users?: UserOptions;
  /** How many controllers run; two, unless given. With two the lead changes at rest, and each change begins delays anew. */
  readonly controllers?: 1 | 2;
}

/** A world in which keys have the time to be proven unneeded, with many requests that end late. */
export const slowWorld: SmallWorld = {
  rotationInterval: '4m0s',
  lengthMs: 600_000,
  controllers: 1,
  users: {writesPerSecond: 1, creates: 0.4, deletes: 0.3, lateCommit: {p: 0.5, maxMs: 25_000}},
};

export interface Mutant {
  /** The row of simulator.md "Mutants". */
  readonly name: string;
  /** What the bug is, and what of the engine's other defences had to go for it to act at all. */
  readonly what: string;
  /** Invariants of the row: one of them must break. */
  readonly diesBy: readonly InvariantName[];
  /** Faults that strike in every seed, since without them the bug cannot show; others are drawn. */
  readonly aimed: readonly FaultName[];
  /** Where the bug shows sooner in another world than the usual one. */
  readonly world?: SmallWorld;
  /** New parts for each run: some remember what they saw. */
  readonly parts: () => EngineParts;
}

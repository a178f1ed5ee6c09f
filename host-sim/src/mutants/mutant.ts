// What a deliberate bug of the engine is: parts handed to `createEngine` in place of its own, and what must notice it.

import type {EngineParts} from '@etcd-encryption/rotation';
import type {PromiseName} from '../oracles/liveness.ts';
import type {InvariantName} from '../oracles/violation.ts';
import type {SimulationOptions} from '../run.ts';
import type {UserOptions} from '../world/user-counts.ts';
import type {FaultName} from './faults.ts';
import type {Stage} from './stage.ts';

/** What can differ between the small worlds of one cluster. */
export interface SmallWorld {
  /** `spec.rotationInterval`. */
  readonly rotationInterval?: string;
  /** How long it lasts, ms. */
  readonly lengthMs?: number;
  readonly users?: UserOptions;
  /** How many controllers run; two, unless given. With two the lead changes at rest, and each change begins delays anew. */
  readonly controllers?: 1 | 2;
  /** Changes to `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Changes to the cluster itself and its oracles. */
  readonly simulation?: Partial<SimulationOptions>;
  /** Whether no faults are drawn. */
  readonly quiet?: boolean;
  /** What happens in every seed beside its faults. */
  readonly script?: (stage: Stage) => void;
}

export interface Mutant {
  /** The row of simulator.md "Mutants". */
  readonly name: string;
  /** What the bug is, and what of the engine's other defences had to go for it to act at all. */
  readonly what: string;
  /** Invariants of the row: one of them must break. */
  readonly diesBy: readonly (InvariantName | PromiseName)[];
  /** Of those that no rehearsal shows: faults that strike in every seed, since without them the bug cannot; others are drawn. */
  readonly aimed?: readonly FaultName[];
  /** Where such a bug shows sooner in another world than the usual one. */
  readonly world?: SmallWorld;
  /** New parts for each run and cluster: some remember what they saw. */
  readonly parts: (cluster: string) => EngineParts;
}

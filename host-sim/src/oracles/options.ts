// What a run tells its oracles: where they are lenient, and what only the run itself can know.

import {encryptionBudget} from '../limits.ts';
import type {KeyTag} from '../world/stored-value.ts';

export interface OracleOptions {
  /**
   * S1: whether a server of a Standby may be without the key of a replicated value that came `ageMs` ago: derivable
   * there, and younger than the load time. Never, unless given.
   */
  readonly mayLag?: (key: KeyTag, ageMs: number, cluster: string) => boolean;
  /**
   * S4: whether a cluster can derive a key from a root and bundle that are readable without any data key. Never,
   * unless given.
   */
  readonly isDerivable?: (key: KeyTag, cluster: string) => boolean;
  /** S10: for how long after a cluster ceased to be Active its programs may finish what they had begun, ms; 0 unless given. */
  readonly demotionGraceMs?: number;
  /** S13: most encryptions under one key on one side. */
  readonly encryptionBudget?: number;
}

export const strict: Required<OracleOptions> = {
  mayLag: () => false,
  isDerivable: () => false,
  demotionGraceMs: 0,
  encryptionBudget,
};

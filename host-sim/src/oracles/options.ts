// What a run tells its oracles: where they are lenient, and what only the run itself can know.

import {encryptionBudget} from '../limits.ts';
import type {KeyTag} from '../world/stored-value.ts';

/** What a blinded oracle does not look at; a named scenario must then stop failing. */
export type BlindSpot = 'history' | 'backlog' | 'draining';

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
  /** S1 and S3: what they do not look at; only for the tests of the oracles themselves. */
  readonly blindTo?: readonly BlindSpot[];
  /** S6 and S10: for how long after a cluster ceased to be Active its programs may finish what they had begun, ms; 0 unless given. */
  readonly demotionGraceMs?: number;
  /** S13: most encryptions under one key on one side. */
  readonly encryptionBudget?: number;
}

export const strict: Required<OracleOptions> = {
  mayLag: () => false,
  isDerivable: () => false,
  blindTo: [],
  demotionGraceMs: 0,
  encryptionBudget,
};

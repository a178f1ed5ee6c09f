// One line of JSON a seed, and a last one that sums them up: what programs read while a run goes on.

import {isVacuous, type SeedResult} from '@etcd-encryption/host-sim';
import type {Totals} from './tally.ts';

export type Outcome = 'pass' | 'violation' | 'vacuous';

const outcomeOf = (result: SeedResult): Outcome =>
  result.violation !== undefined ? 'violation' : isVacuous(result) ? 'vacuous' : 'pass';

/** A seed's result with its outcome first; absent fields are left out. */
export const seedLine = (result: SeedResult): string => {
  const {seed, ...rest} = result;
  return JSON.stringify({seed, outcome: outcomeOf(result), ...rest});
};

/** `{"seeds","violations","vacuous","cells":{"all","hit"},"rotations","rotationsPerSecond","traceHash"}` */
export const summaryLine = ({
  seeds,
  violations,
  vacuous,
  cells,
  rotations,
  rotationsPerSecond,
  traceHash,
}: Totals): string => JSON.stringify({seeds, violations, vacuous, cells, rotations, rotationsPerSecond, traceHash});

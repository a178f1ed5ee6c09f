// What many seeds came to: counted as they come, in whatever order, so that shards of one campaign can be added up.

import {cellOf, isVacuous, type SeedResult} from '@etcd-encryption/host-sim';

export interface Totals {
  readonly seeds: number;
  readonly violations: number;
  /** Seeds of which a planned deed never came to pass. */
  readonly vacuous: number;
  /** Fault class × phase × role: how many there are, and in how many a fault struck. */
  readonly cells: {readonly all: number; readonly hit: number};
  /** That completed, on both sides, over all seeds. */
  readonly rotations: number;
  /** Per second of this machine's time, to three digits; 0 before any time has passed. */
  readonly rotationsPerSecond: number;
  /** Values that some serving server could not read at the end of a seed, over all seeds. */
  readonly unreadable: number;
  /** 16 hex digits, the same for the same seeds in any order; of one seed it is that seed's own. */
  readonly traceHash: string;
}

export interface Tally {
  readonly add: (result: SeedResult) => void;
  /** Cells that a fault struck in, sorted. */
  readonly cellsHit: () => readonly string[];
  /** @param seconds that the seeds took, by this machine's clock */
  readonly totals: (seconds: number) => Totals;
}

/** @param allCells how many cells there are that a fault could strike in */
export function createTally(allCells: number): Tally {
  const hit = new Set<string>();
  const counts = {seeds: 0, violations: 0, vacuous: 0, rotations: 0, unreadable: 0};
  let traces = 0n;
  return {
    add: (result) => {
      counts.seeds += 1;
      if (result.violation !== undefined) counts.violations += 1;
      if (isVacuous(result)) counts.vacuous += 1;
      counts.rotations += result.rotations;
      counts.unreadable += result.unreadable;
      traces = BigInt.asUintN(64, traces + BigInt(`0x${result.traceHash}`));
      for (const strike of result.strikes) hit.add(cellOf(strike));
    },
    cellsHit: () => [...hit].toSorted(),
    totals: (seconds) => ({
      ...counts,
      cells: {all: allCells, hit: hit.size},
      rotationsPerSecond: seconds > 0 ? Number((counts.rotations / seconds).toPrecision(3)) : 0,
      traceHash: traces.toString(16).padStart(16, '0'),
    }),
  };
}

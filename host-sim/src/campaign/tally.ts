// What a campaign has found so far. Digests come in the order of their seeds, so that the same campaign ends in the same
// words and the same trace hash however many workers ran it; memory does not grow with the seeds.

import {cellOf} from '../rehearsal/result.ts';
import {cells, impossible, possibleCells} from './cells.ts';
import type {SeedDigest} from './digest.ts';
import {keptFailures, seedsPerHit} from './limits.ts';

export interface CampaignSummary {
  readonly seeds: number;
  readonly violations: number;
  readonly vacuous: number;
  readonly cells: {readonly all: number; readonly hit: number};
  readonly rotations: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Values that some serving server could not read at the end of a seed, over all seeds. */
  readonly unreadable: number;
  /** 16 hex digits: the sum of the seeds' own, so that those of shards add up to that of the whole campaign. */
  readonly traceHash: string;
  /** The first failing and the first vacuous seeds. */
  readonly failed: readonly SeedDigest[];
  readonly empty: readonly SeedDigest[];
  /** Cells that were hit less often than so many seeds have to hit them; the hits of each. */
  readonly short: readonly {readonly cell: string; readonly hits: number}[];
  /** Cells that cannot be and were hit all the same: then the table of cells is wrong. */
  readonly absurd: readonly string[];
}

export type CampaignVerdict = 'pass' | 'violation' | 'vacuous';

export interface CampaignTally {
  /** @throws RangeError if seeds do not come in rising order */
  readonly add: (digest: SeedDigest) => void;
  readonly summary: () => CampaignSummary;
}

const possible: readonly string[] = possibleCells.map(cellOf);
const absurd: readonly string[] = cells.filter((cell) => impossible(cell) !== undefined).map(cellOf);

export function createCampaignTally(): CampaignTally {
  const hits = new Map<string, number>();
  const failed: SeedDigest[] = [];
  const empty: SeedDigest[] = [];
  const counts = {seeds: 0, violations: 0, vacuous: 0, rotations: 0, events: 0, virtualMs: 0, unreadable: 0};
  let traces = 0n;
  let last = -1;
  return {
    add: (digest) => {
      if (digest.seed <= last) throw new RangeError(`seed: expected one after ${last}, got ${digest.seed}`);
      last = digest.seed;
      counts.seeds++;
      counts.rotations += digest.rotations;
      counts.events += digest.events;
      counts.virtualMs += digest.virtualMs;
      counts.unreadable += digest.unreadable;
      for (const cell of digest.cells) hits.set(cell, (hits.get(cell) ?? 0) + 1);
      traces = BigInt.asUintN(64, traces + BigInt(`0x${digest.traceHash}`));
      if (digest.violation !== undefined && ++counts.violations <= keptFailures) failed.push(digest);
      if (digest.vacuous !== undefined && ++counts.vacuous <= keptFailures) empty.push(digest);
    },
    summary: () => ({
      ...counts,
      cells: {all: possible.length, hit: possible.filter((cell) => hits.has(cell)).length},
      traceHash: traces.toString(16).padStart(16, '0'),
      failed,
      empty,
      short: shortOf(hits, counts.seeds),
      absurd: absurd.filter((cell) => hits.has(cell)),
    }),
  };
}

/** Only what was hit where and as planned proves something. */
export function verdictOf({violations, vacuous, short, absurd}: CampaignSummary): CampaignVerdict {
  if (violations > 0) return 'violation';
  return vacuous > 0 || short.length > 0 || absurd.length > 0 ? 'vacuous' : 'pass';
}

function shortOf(hits: ReadonlyMap<string, number>, seeds: number): CampaignSummary['short'] {
  const least = Math.floor(seeds / seedsPerHit);
  return possible.map((cell) => ({cell, hits: hits.get(cell) ?? 0})).filter((each) => each.hits < least);
}

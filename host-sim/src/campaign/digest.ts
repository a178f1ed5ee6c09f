// One seed of a campaign: its rehearsal is made from its number alone and run, and what came out is folded into as much
// as the campaign keeps of it.

import type {Rehearsal} from '../rehearsal/model.ts';
import {cellOf, isVacuous, type SeedResult, type Violation} from '../rehearsal/result.ts';
import {aimOf, generateRehearsal} from './generate.ts';
import {realEvery, repeatEvery} from './limits.ts';

/** Runs one seed of a rehearsal, to its end or to the first violation; with real cryptography if told. */
export type RunSeed = (rehearsal: Rehearsal, seed: number, how?: {readonly realCrypto: boolean}) => SeedResult;

/** What a campaign keeps of a seed: plain data that goes from a worker to the thread that counts. */
export interface SeedDigest {
  readonly seed: number;
  readonly violation?: Violation;
  /** Cells that were hit, each once, sorted. */
  readonly cells: readonly string[];
  /** What was planned and never came to pass: deeds by their place in the timeline, or the cell that was aimed at. */
  readonly vacuous?: string;
  readonly rotations: number;
  readonly unreadable: number;
  readonly events: number;
  readonly virtualMs: number;
  /** 16 hex digits; of a seed whose run threw, zeros. */
  readonly traceHash: string;
}

/** A program of ours, or the simulator, threw; or a seed ran twice and was not the same. */
type Failure = Pick<Violation, 'name' | 'explanation'>;

/**
 * Runs a seed; one in `repeatEvery` is run twice, and both runs must leave the same trace. Of those, one in `realEvery`
 * has the second time real values, which must open as the symbolic ones did.
 */
export function digestSeed(seed: number, run: RunSeed): SeedDigest {
  const rehearsal = generateRehearsal(seed);
  const result = runGuarded(rehearsal, seed, run);
  if (seed % repeatEvery !== 0) return digestOf(result);
  const realCrypto = seed % realEvery === 0;
  const again = runGuarded(rehearsal, seed, (each, number) => run(each, number, {realCrypto}));
  if (again.traceHash === result.traceHash) return digestOf(result);
  const explanation =
    again.violation === undefined
      ? `it ran twice with the trace hashes ${result.traceHash} and ${again.traceHash}`
      : `it ran twice, the second time ${again.violation.name}: ${again.violation.explanation}`;
  return digestOf(failedSeed(seed, {name: 'same trace', explanation}));
}

function runGuarded(rehearsal: Rehearsal, seed: number, run: RunSeed): SeedResult {
  try {
    return run(rehearsal, seed);
  } catch (error) {
    const explanation = error instanceof Error ? error.message : String(error);
    return failedSeed(seed, {name: 'no exception', explanation});
  }
}

function failedSeed(seed: number, failure: Failure): SeedResult {
  const violation: Violation = {...failure, cluster: '', node: '', key: '', atMs: 0};
  const counts = {rotations: 0, unreadable: 0, events: 0, virtualMs: 0};
  return {seed, violation, strikes: [], missed: [], moments: [], ...counts, traceHash: '0'.repeat(16)};
}

function digestOf(result: SeedResult): SeedDigest {
  const {seed, violation, strikes, rotations, unreadable, events, virtualMs, traceHash} = result;
  const cells = [...new Set(strikes.map(cellOf))].sort();
  const vacuous = vacuityOf(result, cells);
  return {
    seed,
    ...(violation === undefined ? {} : {violation}),
    cells,
    ...(vacuous === undefined ? {} : {vacuous}),
    rotations,
    unreadable,
    events,
    virtualMs,
    traceHash,
  };
}

/** A seed proves nothing if what it planned did not come, or did not come where it was aimed. */
function vacuityOf(result: SeedResult, cells: readonly string[]): string | undefined {
  if (isVacuous(result)) return `timeline[${result.missed.join('], timeline[')}] never came`;
  const aim = aimOf(result.seed);
  if (result.violation !== undefined || aim === undefined || cells.includes(cellOf(aim))) return undefined;
  return `${cellOf(aim)} was not hit`;
}

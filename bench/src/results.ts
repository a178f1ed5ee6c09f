// What a measurement leaves behind: `results.json`, one row for each case and side.

import {readFileSync, writeFileSync} from 'node:fs';
import type {RateCase, SizeCase} from './case.ts';
import type {Machine} from './machine.ts';
import type {Measured} from './measure.ts';
import type {TakenRate} from './rate.ts';
import {median} from './statistics.ts';

/** One comparison; `ratio` says how many times faster (or smaller than the budget) we are: the median of the rounds. */
export type ResultRow = {
  readonly case: string;
  readonly against: string;
  readonly ratio: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
};

export type Results = Machine & {readonly cases: readonly ResultRow[]};

export function rowsOf(name: string, {comparisons}: Measured): ResultRow[] {
  return comparisons.map(({against, ratio, min, max, rounds}) => ({
    case: name,
    against,
    ratio: rounded(ratio),
    min: rounded(min),
    max: rounded(max),
    rounds,
  }));
}

/** A size does not vary: one round. */
export function sizeRow({name, against, budgetBytes, bytes}: SizeCase): ResultRow {
  const ratio = rounded(budgetBytes / bytes);
  return {case: name, against, ratio, min: ratio, max: ratio, rounds: 1};
}

/** A rate is its own ratio: how many times `against`. */
export function rateRow({name, against}: RateCase, {perSecond}: TakenRate): ResultRow {
  return {
    case: name,
    against,
    ratio: rounded(median(perSecond)),
    min: rounded(Math.min(...perSecond)),
    max: rounded(Math.max(...perSecond)),
    rounds: perSecond.length,
  };
}

export function writeResults(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** @throws Error if the file is not what `writeResults` writes */
export function readResults(file: string): Results {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (isResults(parsed)) return parsed;
  throw new Error(
    `${file}: expected {node, cpu, cases} with rows of {case, against, ratio, min, max, rounds}, got something else`,
  );
}

function isResults(value: unknown): value is Results {
  if (typeof value !== 'object' || value === null) return false;
  const {node, cpu, cases} = value as Record<string, unknown>;
  return typeof node === 'string' && typeof cpu === 'string' && Array.isArray(cases) && cases.every(isRow);
}

function isRow(value: unknown): value is ResultRow {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as Record<string, unknown>;
  const texts = ['case', 'against'].every((member) => typeof row[member] === 'string');
  return texts && ['ratio', 'min', 'max', 'rounds'].every((member) => typeof row[member] === 'number');
}

/** Three decimals: finer than any two runs agree. */
function rounded(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}

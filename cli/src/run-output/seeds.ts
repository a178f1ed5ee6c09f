// Which seeds a command line asks for, and the numbers in its options.

import type {Seeds} from '@etcd-encryption/host-sim';
import {optionalText, UsageError, type VerbInput, type VerbOption} from '../verb.ts';

export const seedOptions: Readonly<Record<string, VerbOption>> = {
  seed: {type: 'string', help: 'NUMBER of the one seed to run'},
  seeds: {type: 'string', help: 'NUMBER of seeds to run; what the file says unless given'},
  from: {type: 'string', help: 'NUMBER of the first seed; what the file says unless given'},
};

/** Most seeds of one command line. */
const maxSeeds = 1_000_000_000;

/** @throws UsageError for a number that is none, and for --seed beside one of the others */
export function seedsOf(input: VerbInput, usual: Seeds): Seeds {
  const [seed, count, from] = [
    wholeNumber(input, 'seed', {least: 0, most: Number.MAX_SAFE_INTEGER}),
    wholeNumber(input, 'seeds', {least: 1, most: maxSeeds}),
    wholeNumber(input, 'from', {least: 0, most: Number.MAX_SAFE_INTEGER - maxSeeds}),
  ];
  if (seed === undefined) return {from: from ?? usual.from, count: count ?? usual.count};
  if (count !== undefined || from !== undefined)
    throw new UsageError(
      `--seed: expected neither --seeds nor --from beside it, got --${count === undefined ? 'from' : 'seeds'}`,
    );
  return {from: seed, count: 1};
}

/** The number of an option, `undefined` where it was not given. @throws UsageError for any other text */
export function wholeNumber(
  input: VerbInput,
  name: string,
  {least, most}: {readonly least: number; readonly most: number},
): number | undefined {
  const text = optionalText(input, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
}

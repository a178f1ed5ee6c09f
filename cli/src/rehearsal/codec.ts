// A codec reads one kind of value from a file and writes it back, so that no form is described twice. Reading never
// throws: what does not fit is noted with its place, and the reading goes on beside it.

import {isScalar} from 'yaml';
import {type Place, type Reading, report} from './place.ts';

export interface Codec<T> {
  /** What stands here in a good file, for problems. */
  readonly expected: string;
  /** The value, or `undefined` after at least one problem was noted. */
  readonly read: (place: Place, reading: Reading) => T | undefined;
  /** Plain data for the YAML writer. */
  readonly write: (value: T) => unknown;
}

interface ScalarForm<T> {
  readonly expected: string;
  /** The value behind a YAML scalar's; `undefined` when it is none. `source` is its text in the file. */
  readonly decode: (value: unknown, source: string | undefined) => T | undefined;
  readonly encode?: (value: T) => unknown;
}

export function scalar<T>({expected, decode, encode = (value) => value}: ScalarForm<T>): Codec<T> {
  return {
    expected,
    read: (place, reading) => {
      const value = isScalar(place.node) ? decode(place.node.value, place.node.source) : undefined;
      return value === undefined ? report(reading, place, expected) : value;
    },
    write: encode,
  };
}

export const text = (expected: string, accepts: (text: string) => boolean): Codec<string> =>
  scalar({expected, decode: (value) => (typeof value === 'string' && accepts(value) ? value : undefined)});

export function oneOf<const T extends string>(words: readonly T[]): Codec<T> {
  const all = words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words.join();
  return scalar({expected: all, decode: (value) => words.find((word) => word === value)});
}

/** @param least first whole number that is taken @param most last one */
export const integer = (least: number, most: number): Codec<number> =>
  scalar({
    expected: `a whole number from ${least} to ${most}`,
    // A negative zero is written as 0, and nobody means anything else by it.
    decode: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value + 0 : undefined,
  });

export const yesOrNo: Codec<boolean> = scalar({
  expected: 'true or false',
  decode: (value) => (typeof value === 'boolean' ? value : undefined),
});

/** The same form with one more condition; `check` notes what is wrong. */
export function checked<T>(codec: Codec<T>, check: (value: T, place: Place, reading: Reading) => void): Codec<T> {
  return {
    ...codec,
    read: (place, reading) => {
      const value = codec.read(place, reading);
      if (value === undefined) return undefined;
      const before = reading.findings.length;
      check(value, place, reading);
      return reading.findings.length > before ? undefined : value;
    },
  };
}

/** The same form for another type. */
export function mapped<A, B>(codec: Codec<A>, there: (value: A) => B, back: (value: B) => A): Codec<B> {
  return {
    expected: codec.expected,
    read: (place, reading) => {
      const value = codec.read(place, reading);
      return value === undefined ? undefined : there(value);
    },
    write: (value) => codec.write(back(value)),
  };
}

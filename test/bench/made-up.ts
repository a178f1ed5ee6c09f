// Cases and sides that are made up for the tests of the benchmark's harness.
import {type HereSide, sideOf, type TimedCase} from '../../bench/src/case.ts';

/** A side that answers these bytes, after `effort` if there is some, and counts how often it worked. */
export function countingSide(
  name: string,
  answer: readonly number[],
  family = name,
  effort: () => unknown = () => undefined,
): HereSide & {worked: () => number} {
  let worked = 0;
  const work = () => {
    worked++;
    effort();
    return answer;
  };
  return {...sideOf({name, family, work}, (bytes) => Uint8Array.from(bytes)), worked: () => worked};
}

export function madeUpCase(ours: HereSide, ...rivals: HereSide[]): TimedCase {
  return {kind: 'timed', name: 'made-up', title: 'made up', unit: 'answer', units: 1, ours, rivals, skipped: []};
}

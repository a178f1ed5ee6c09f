// What a demonstration came to: the closing line for programs, and whether it did what it set out to show.

import type {Census, Tally} from './stage.ts';

/** What the second act came to. */
export interface PairResult {
  /** That completed, of both sides together. */
  readonly rotations: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  /** What broke, in a sentence. */
  readonly problem?: string;
  /** Path of the page that shows it. */
  readonly report: string;
}

export interface DemoResult {
  /** Revision that every server writes with. */
  readonly revision: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  /** Stored values by key name. */
  readonly values: Census;
  /** Duration on the clock of this machine, s. */
  readonly seconds: number;
  /** Absent where there was no second act. */
  readonly pair?: PairResult;
}

/** Why it is no success; empty when it is one. */
export function shortcomings(result: DemoResult, expectedRevision: number): readonly string[] {
  const {revision, failedReads, failedWrites, values, pair} = result;
  const newest = `r${expectedRevision}-`;
  const others = Object.keys(values).filter((name) => !name.startsWith(newest));
  const found: string[] = [];
  if (failedReads > 0) found.push(`${failedReads} reads failed`);
  if (failedWrites > 0) found.push(`${failedWrites} writes failed`);
  if (revision !== expectedRevision) found.push(`revision ${revision} was reached, not ${expectedRevision}`);
  if (others.length > 0) found.push(`values are left under ${others.join(', ')}`);
  return pair === undefined ? found : [...found, ...pairShortcomings(pair)];
}

/** Both sides complete r1, r2 and r3. */
const leastPairRotations = 6;

function pairShortcomings({rotations, failedReads, failedWrites, problem}: PairResult): readonly string[] {
  const found = problem === undefined ? [] : [`the pair: ${problem}`];
  if (failedReads > 0) found.push(`the pair: ${failedReads} reads failed`);
  if (failedWrites > 0) found.push(`the pair: ${failedWrites} writes failed`);
  if (rotations < leastPairRotations)
    found.push(`the pair: ${rotations} rotations completed, not ${leastPairRotations}`);
  return found;
}

export const resultLine = ({revision, failedReads, failedWrites, values, seconds, pair}: DemoResult): string =>
  JSON.stringify({revision, failedReads, failedWrites, values, seconds: Math.round(seconds * 10) / 10, pair});

export function tallyText({reads, writes, failedReads, failedWrites}: Tally): string {
  return `reads: ${reads}, failed: ${failedReads}; writes: ${writes}, failed: ${failedWrites}`;
}

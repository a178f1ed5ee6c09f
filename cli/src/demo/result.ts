// What a demonstration came to: the closing line for programs, and whether it did what it set out to show.

import type {Census, Tally} from './stage.ts';

export interface DemoResult {
  /** Revision that every server writes with. */
  readonly revision: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  /** Stored values by key name. */
  readonly values: Census;
  /** Duration on the clock of this machine, s. */
  readonly seconds: number;
}

/** Why it is no success; empty when it is one. */
export function shortcomings(result: DemoResult, expectedRevision: number): readonly string[] {
  const {revision, failedReads, failedWrites, values} = result;
  const newest = `r${expectedRevision}-`;
  const others = Object.keys(values).filter((name) => !name.startsWith(newest));
  const found: string[] = [];
  if (failedReads > 0) found.push(`${failedReads} reads failed`);
  if (failedWrites > 0) found.push(`${failedWrites} writes failed`);
  if (revision !== expectedRevision) found.push(`revision ${revision} was reached, not ${expectedRevision}`);
  if (others.length > 0) found.push(`values are left under ${others.join(', ')}`);
  return found;
}

export const resultLine = ({revision, failedReads, failedWrites, values, seconds}: DemoResult): string =>
  JSON.stringify({revision, failedReads, failedWrites, values, seconds: Math.round(seconds * 10) / 10});

export function tallyText({reads, writes, failedReads, failedWrites}: Tally): string {
  return `reads: ${reads}, failed: ${failedReads}; writes: ${writes}, failed: ${failedWrites}`;
}

// How a run ends before its time: an invariant breaks on the way, or a promise of rotation.md is not kept.

import {InvariantViolation, type ViolationDetail} from '../oracles/violation.ts';

/** What broke, where and when. */
export interface Death extends Omit<ViolationDetail, 'invariant'> {
  /** `S1 readable`, `L2 settles`, or another thing that a rehearsal did not expect. */
  readonly invariant: string;
}

/** The first broken invariant of what runs; `undefined` where it comes to its end. */
export function firstViolation(run: () => unknown): ViolationDetail | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof InvariantViolation) return error.detail;
    throw error;
  }
}

// The promises L1 – L8 of rotation.md, for the time after faults have stopped. Whoever runs a seed watches from that
// moment on, may end as soon as everything has settled, and asks for a verdict at the end.

import type {Violation} from '../rehearsal/result.ts';
import type {Simulation} from '../run.ts';
import {watchNewActive, watchNodes} from './liveness/nodes.ts';
import {watchRetention} from './liveness/retention.ts';
import {watchDueRotations, watchPauses} from './liveness/rotations.ts';
import {watchSettling} from './liveness/settled.ts';
import {watchSilence} from './liveness/silence.ts';
import {type LivenessCluster, type PromiseName, type PromiseWatch, watchCluster} from './liveness/watched.ts';

export type {LivenessCluster, PromiseName} from './liveness/watched.ts';

export const allPromises: readonly PromiseName[] = [
  'L1 rotates',
  'L2 settles',
  'L3 new Active',
  'L4 returned node',
  'L5 shrinks',
  'L6 obstacle named',
  'L7 pause and resume',
  'L8 alarm',
];

export interface LivenessSubject {
  readonly simulation: Simulation;
  readonly clusters: readonly LivenessCluster[];
  /** When the last fault ended, virtual ms. */
  readonly healedAtMs: number;
  /** Longest until everything has settled for the first time, ms; four hours unless given. */
  readonly settleMs?: number;
  /** Promises that are watched; all, unless given. */
  readonly promises?: readonly PromiseName[];
}

export interface Liveness {
  /** The first promise that was broken, or that did not come true until now. */
  readonly judge: () => Violation | undefined;
  /**
   * Whether more time would show nothing else: a promise is broken, or everything has been at rest for ten minutes, or is
   * again after a rotation that was due.
   */
  readonly settled: () => boolean;
}

const usualSettleMs = 4 * 3_600_000;

/** Watches from now on. */
export function createLiveness(subject: LivenessSubject): Liveness {
  const {clusters, healedAtMs, settleMs = usualSettleMs, promises = allPromises} = subject;
  let first: Violation | undefined;
  const fail = (violation: Violation): void => {
    if (promises.some((name) => name === violation.name)) first ??= violation;
  };
  const all = clusters.map((each) => watchCluster(each, fail));
  const settling = watchSettling(
    all.map(({watched}) => watched),
    {healedAtMs, limitMs: settleMs},
  );
  const judges: PromiseWatch[] = [];
  for (const [index, {watched, add}] of all.entries()) {
    const watches = [
      watchDueRotations(watched),
      watchPauses(watched),
      watchNewActive(watched),
      watchNodes(watched),
      watchRetention(watched),
      ...(clusters.length > 1 ? [watchSilence(watched)] : []),
      ...settling.watches.slice(index, index + 1),
    ];
    for (const watch of watches) add(watch);
    judges.push(...watches);
  }
  return {
    judge() {
      for (const {judge} of judges) judge?.();
      settling.judge();
      return first;
    },
    settled: () => first !== undefined || settling.isQuiet(),
  };
}

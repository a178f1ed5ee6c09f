// How a run ends before its time: an invariant breaks on the way, or a promise of rotation.md is not kept.

import {createLiveness, type LivenessCluster, type PromiseName} from '../oracles/liveness.ts';
import {ringOf} from '../oracles/own-objects.ts';
import {type InvariantName, InvariantViolation, type ViolationDetail} from '../oracles/violation.ts';
import type {ClusterRole} from '../rehearsal/result.ts';
import type {Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';
import {configIn} from './stage.ts';

/** What broke, where and when. */
export interface Death extends Omit<ViolationDetail, 'invariant'> {
  /** `S1 readable`, `L2 settles`, or another thing that a rehearsal did not expect. */
  readonly invariant: InvariantName | PromiseName | string;
}

export interface WatchedPromises {
  readonly names: readonly PromiseName[];
  /** From then on they are watched; no fault strikes that could excuse a breach, ms. */
  readonly fromMs: number;
  /** Longest until everything has settled, ms. */
  readonly settleMs?: number;
}

/** Runs to the end, or to the first broken invariant; then the promises are judged. */
export function runToDeath(
  simulation: Simulation,
  lengthMs: number,
  promises: WatchedPromises | undefined,
): Death | undefined {
  if (promises === undefined) return firstViolation(() => simulation.runUntil(lengthMs));
  let kept: Death | undefined;
  const died = firstViolation(() => {
    simulation.runUntil(promises.fromMs);
    const liveness = createLiveness({
      simulation,
      clusters: simulation.sides.map(({cluster}) => watchedCluster(cluster, simulation.sides.length > 1)),
      healedAtMs: promises.fromMs,
      promises: promises.names,
      ...(promises.settleMs === undefined ? {} : {settleMs: promises.settleMs}),
    });
    simulation.runUntil(lengthMs);
    const broken = liveness.judge();
    if (broken === undefined) return;
    const {name, ...rest} = broken;
    kept = {...rest, invariant: name};
  });
  return died ?? kept;
}

function watchedCluster(cluster: Cluster, isPair: boolean): LivenessCluster {
  const role = (): ClusterRole => (isPair ? (cluster.active ? 'Active' : 'Standby') : 'single');
  return {cluster, ring: () => ringOf(cluster), status: () => configIn(cluster)?.status ?? {}, role};
}

function firstViolation(run: () => unknown): ViolationDetail | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof InvariantViolation) return error.detail;
    throw error;
  }
}

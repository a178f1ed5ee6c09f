// What an oracle says when an invariant does not hold.

import type {Cluster} from '../world/cluster.ts';

export type InvariantName =
  | 'S1 readable'
  | 'S2 write after read'
  | 'S3 drop after need'
  | 'S4 known'
  | 'S5 one name, one key'
  | 'S6 lineage'
  | 'S7 one hand'
  | 'S8 true status'
  | 'S9 content'
  | 'S10 quiet Standby'
  | 'S11 file'
  | 'S12 secrecy'
  | 'S13 budget';

export interface ViolationDetail {
  readonly invariant: InvariantName;
  readonly cluster: string;
  readonly atMs: number;
  readonly node: string;
  /** Key name and check value, or the etcd key of an object; never a secret. */
  readonly key: string;
  readonly explanation: string;
}

/** Thrown in the middle of the event that broke the invariant; it ends the run. */
export class InvariantViolation extends Error {
  readonly detail: ViolationDetail;

  constructor(detail: ViolationDetail) {
    const {invariant, cluster, atMs, node, key, explanation} = detail;
    super(`${invariant}: ${explanation} (cluster ${cluster}, node ${node}, key ${key}, at ${atMs} ms)`);
    this.name = 'InvariantViolation';
    this.detail = detail;
  }
}

export type Violate = (violation: Pick<ViolationDetail, 'node' | 'key' | 'explanation'>) => never;

export function violator(cluster: Cluster, invariant: InvariantName): Violate {
  return (violation) => {
    throw new InvariantViolation({
      invariant,
      cluster: cluster.name,
      atMs: cluster.world.scheduler.nowMs,
      ...violation,
    });
  };
}

// What the promises L1 – L8 look at: each cluster with its ring, its config, and the last status that a program of its
// own wrote; a Standby's is overwritten by copies of the Active's now and then. All of it is read at the moment that it
// changes.

import {configResource, type Ring, readSpec, type Spec, type StoredObject} from '@etcd-encryption/rotation';
import type {ClusterRole, Violation} from '../../rehearsal/result.ts';
import type {Cluster} from '../../world/cluster.ts';
import type {Commit} from '../../world/etcd.ts';
import {clusterIdOf, configKey, isProgram, ringIn, ringKey} from '../own-objects.ts';

/** As the config's status shows it. */
export interface SeenStatus {
  readonly phase?: string;
  readonly role?: string;
  readonly clusterId?: string;
  readonly conditions?: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[];
}

export interface LivenessCluster {
  readonly cluster: Cluster;
  readonly ring: () => Ring | undefined;
  readonly status: () => SeenStatus | undefined;
  /** By the truth of the run. */
  readonly role: () => ClusterRole;
}

export type PromiseName =
  | 'L1 rotates'
  | 'L2 settles'
  | 'L3 new Active'
  | 'L4 returned node'
  | 'L5 shrinks'
  | 'L6 obstacle named'
  | 'L7 pause and resume'
  | 'L8 alarm';

export interface WatchedCluster {
  readonly cluster: Cluster;
  readonly role: () => ClusterRole;
  readonly nowMs: () => number;
  readonly ring: () => Ring | undefined;
  /** Absent while there is no config, or one that cannot be used. */
  readonly spec: () => Spec | undefined;
  /** The last status that a program of this cluster wrote. */
  readonly status: () => SeenStatus;
  /** Names a promise that was broken; the first one counts. */
  readonly broke: (
    name: PromiseName,
    detail: {readonly node?: string; readonly key?: string; readonly explanation: string},
  ) => void;
}

/** What each promise is told of, beside what it observes itself. */
export interface PromiseWatch {
  readonly onRing?: (before: Ring | undefined, after: Ring | undefined, commit: Commit) => void;
  readonly onStatus?: (status: SeenStatus) => void;
  /** The config's spec or annotations changed. */
  readonly onConfig?: (spec: Spec | undefined, before: Spec | undefined) => void;
  /** At the end: what never came. */
  readonly judge?: () => void;
}

export function watchCluster(
  {cluster, status: seen, role}: LivenessCluster,
  fail: (violation: Violation) => void,
): {readonly watched: WatchedCluster; readonly add: (watch: PromiseWatch) => void} {
  const watches: PromiseWatch[] = [];
  const first = seen();
  const isOwn = first?.clusterId === undefined || first.clusterId === clusterIdOf(cluster);
  let ring = ringIn(cluster.etcd.get(ringKey));
  let status: SeenStatus = isOwn ? (first ?? {}) : {};
  let config = configOf(cluster.etcd.get(configKey)?.value.object);
  const nowMs = (): number => cluster.world.scheduler.nowMs;
  const watched: WatchedCluster = {
    cluster,
    role,
    nowMs,
    ring: () => ring,
    spec: () => config,
    status: () => status,
    broke: (name, {node = cluster.name, key = '', explanation}) =>
      fail({name, cluster: cluster.name, node, key, explanation, atMs: nowMs()}),
  };
  const changeConfig = (object: StoredObject | undefined): void => {
    const before = config;
    config = configOf(object);
    for (const {onConfig} of watches) onConfig?.(config, before);
  };
  cluster.observe({
    onCommit(commit) {
      const {key, writer, current, previous} = commit;
      if (key === ringKey) {
        ring = ringIn(current);
        for (const {onRing} of watches) onRing?.(ringIn(previous), ring, commit);
      }
      if (key !== configKey) return;
      const object = current?.value.object;
      const isStatus = object !== undefined && isProgram(writer);
      if (isStatus) status = (object.status ?? {}) as SeenStatus;
      if (isStatus) for (const {onStatus} of watches) onStatus?.(status);
      else if (!isSameConfig(object, previous?.value.object)) changeConfig(object);
    },
  });
  return {watched, add: (watch) => void watches.push(watch)};
}

/** What operators decide is the same; a mirror writes the config again with each status that it copies. */
const isSameConfig = (a: StoredObject | undefined, b: StoredObject | undefined): boolean =>
  JSON.stringify([a?.spec, a?.metadata.annotations]) === JSON.stringify([b?.spec, b?.metadata.annotations]);

/** Of the kind that the engine reads; what it would refuse is none. */
function configOf(object: StoredObject | undefined): Spec | undefined {
  if (object?.kind !== configResource.kind) return undefined;
  const read = readSpec(object);
  return read.outcome === 'ok' ? read.spec : undefined;
}

/** All that a status says, for people and for the search of a name. */
export const wordsOf = ({conditions = []}: SeenStatus): string =>
  conditions.map(({type, status, reason, message}) => `${type}=${status} ${reason}: ${message}`).join('\n');

export const hasReason = ({conditions = []}: SeenStatus, reason: string): boolean =>
  conditions.some((each) => each.reason === reason || each.message.includes(reason));

// By what a cluster can tell that a Synchronizer is there: the Deployment while it is installed, and the Lease that it
// renews while it runs. The Lease is made up for when somebody looks, as those of the servers are.

import type {StoredObject} from '@etcd-encryption/rotation';
import {deploymentResource, leaseResource, same} from '@etcd-encryption/rotation';
import {mirrorLeaseSeconds, mirrorRenewalMs} from '../limits.ts';
import {canonicalObject} from './canonical.ts';
import type {Cluster} from './cluster.ts';
import {microTime} from './heartbeat.ts';
import {objectPath, resourceId} from './kinds.ts';
import {rfc3339} from './objects.ts';
import {encryptValue} from './stored-value.ts';

export const mirrorNamespace = 'cpaas-system';
export const mirrorDeployment = {namespace: mirrorNamespace, name: 'etcd-sync'} as const;
export const mirrorLease = {namespace: mirrorNamespace, name: 'etcd-sync-mirror'} as const;
/** Whose writes these are. */
const writer = 'user/etcd-sync';

export function writeDeployment(cluster: Cluster): void {
  write(cluster, resourceId(deploymentResource), mirrorDeployment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {replicas: 1, selector: {matchLabels: {app: 'etcd-sync'}}},
    status: {replicas: 1, readyReplicas: 1},
  });
}

export function deleteDeployment(cluster: Cluster): void {
  const kind = cluster.kinds.named(resourceId(deploymentResource));
  if (kind === undefined) return;
  const path = objectPath(kind, mirrorDeployment);
  const item = cluster.etcd.get(path);
  if (item !== undefined) cluster.etcd.delete(path, item.modRevision, writer);
}

/**
 * Writes the Lease as a Synchronizer has renewed it that runs since `runningSinceMs` (virtual ms).
 * @param only the etcd key that somebody looks at; if it is another one, nothing is written
 */
export function renewMirrorLease(cluster: Cluster, runningSinceMs: number, only?: string): void {
  const kind = cluster.kinds.named(resourceId(leaseResource));
  const path = kind === undefined ? undefined : objectPath(kind, mirrorLease);
  if (path === undefined || (only !== undefined && only !== path)) return;
  const age = cluster.world.scheduler.nowMs - runningSinceMs;
  const renewedAtMs = runningSinceMs + Math.floor(age / mirrorRenewalMs) * mirrorRenewalMs;
  const spec = cluster.etcd.get(path)?.value.object?.spec as {renewTime?: string} | undefined;
  const renewTime = microTime(cluster, renewedAtMs);
  if (spec?.renewTime === renewTime) return;
  write(cluster, resourceId(leaseResource), mirrorLease, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: {
      holderIdentity: 'etcd-sync-0',
      leaseDurationSeconds: mirrorLeaseSeconds,
      renewTime,
    },
  });
}

/** Writes an object through a server that serves; without one nothing happens. */
function write(
  cluster: Cluster,
  kindId: string,
  name: {readonly namespace: string; readonly name: string},
  rest: Readonly<Record<string, unknown>>,
): void {
  const kind = cluster.kinds.named(kindId);
  const [server] = cluster.serving();
  if (kind === undefined || server === undefined || cluster.faults.etcdDown) return;
  const path = objectPath(kind, name);
  const item = cluster.etcd.get(path);
  const before = item?.value.object?.metadata;
  const object = canonicalObject<StoredObject>({
    ...rest,
    metadata: {
      ...name,
      uid: before?.uid ?? cluster.newUid(),
      creationTimestamp: before?.creationTimestamp ?? rfc3339(cluster.wallMs()),
    },
  });
  if (same(object, item?.value.object)) return;
  const value = encryptValue(object, {transformer: server.encryptWith(kindId), path}, cluster.encryption);
  cluster.etcd.put(path, value, item?.modRevision ?? 0, writer);
}

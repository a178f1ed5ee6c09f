// The Lease that each kube-apiserver keeps under its identity. A real one is written every 10 s; here the write is
// made up for when somebody looks, or at a compaction, so that a quiet week costs nothing.

import type {StoredObject} from '@etcd-encryption/rotation';
import {leaseDurationSeconds, leaseRenewalMs} from '../limits.ts';
import {canonicalObject} from './canonical.ts';
import type {Cluster} from './cluster.ts';
import {rfc3339} from './objects.ts';
import {encryptValue} from './stored-value.ts';

const resource = 'leases.coordination.k8s.io';
const directory = '/registry/leases/kube-system/';

/** Writes every identity Lease as it would stand now, and removes those of servers that are gone for long. */
export function renewLeases(cluster: Cluster): void {
  for (const node of cluster.nodes) {
    const {server, identity, hostName} = node;
    if (server?.serves !== true) continue;
    const {nowMs} = cluster.world.scheduler;
    const age = nowMs - server.servingSinceMs;
    const renewedAtMs = server.servingSinceMs + Math.floor(age / leaseRenewalMs) * leaseRenewalMs;
    writeLease(cluster, {
      identity,
      hostName,
      writer: `server/${node.name}`,
      renewTime: microTime(cluster, renewedAtMs),
    });
  }
  for (const keep of cluster.leaseKeepers) keep();
  removeExpired(cluster);
}

/** A moment of virtual time as the cluster's clock shows it, in the form of Leases. */
export const microTime = ({epochMs}: Cluster, atMs: number): string =>
  `${new Date(epochMs + atMs).toISOString().slice(0, 23)}000Z`;

interface Renewal {
  readonly identity: string;
  readonly hostName: string;
  readonly writer: string;
  readonly renewTime: string;
}

function writeLease(cluster: Cluster, {identity, hostName, writer, renewTime}: Renewal): void {
  const path = `${directory}${identity}`;
  const item = cluster.etcd.get(path);
  const before = item?.value.object;
  const lease = canonicalObject<StoredObject>({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: identity,
      namespace: 'kube-system',
      uid: before?.metadata.uid ?? cluster.newUid(),
      creationTimestamp: before?.metadata.creationTimestamp ?? rfc3339(cluster.wallMs()),
      labels: {'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': hostName},
    },
    spec: {holderIdentity: `${identity}_${hostName}`, leaseDurationSeconds, renewTime},
  });
  const json = JSON.stringify(lease);
  if (item?.value.json === json) return;
  const server = cluster.nodes.find((node) => node.identity === identity)?.server;
  if (server === undefined) return;
  const transformer = server.encryptWith(resource);
  const value = encryptValue(lease, json, {transformer, path}, cluster.encryption);
  cluster.etcd.put(path, value, item?.modRevision ?? 0, writer);
}

/** A server that ends in order takes its Lease with it. */
export function removeLease(cluster: Cluster, identity: string): void {
  const item = cluster.etcd.get(`${directory}${identity}`);
  if (item !== undefined) cluster.etcd.delete(`${directory}${identity}`, item.modRevision, 'server/lease-collector');
}

function removeExpired(cluster: Cluster): void {
  const prefix = directory;
  for (const {key, value, modRevision} of cluster.etcd.range({prefix, limit: 1_000}).items) {
    const spec = value.object?.spec as {renewTime?: string; leaseDurationSeconds?: number} | undefined;
    if (value.object?.metadata.labels?.['apiserver.kubernetes.io/identity'] === undefined) continue;
    const renewedAtMs = Date.parse(spec?.renewTime ?? '');
    const expiresAtMs = renewedAtMs + (spec?.leaseDurationSeconds ?? leaseDurationSeconds) * 1_000;
    if (expiresAtMs < cluster.wallMs()) cluster.etcd.delete(key, modRevision, 'server/lease-collector');
  }
}

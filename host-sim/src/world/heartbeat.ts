// The Lease that each kube-apiserver keeps under its identity. A real one is written every 10 s; here the write is
// made up for when somebody looks, or at a compaction, so that a quiet week costs nothing.

import type {StoredObject} from '@etcd-encryption/rotation';
import {leaseDurationSeconds, leaseRenewalMs} from '../limits.ts';
import {canonicalObject} from './canonical.ts';
import type {Cluster} from './cluster.ts';
import type {SimNode} from './node.ts';
import {rfc3339} from './objects.ts';
import type {Server} from './server.ts';
import {encryptValue} from './stored-value.ts';

const resource = 'leases.coordination.k8s.io';
const directory = '/registry/leases/kube-system/';

/**
 * Writes every identity Lease as it would stand now, and removes those of servers that are gone for long.
 * @param only the one etcd key that somebody looks at; absent: all
 */
export function renewLeases(cluster: Cluster, only?: string): void {
  if (only === undefined || only.startsWith(directory)) {
    for (const node of cluster.nodes) {
      const {server} = node;
      const path = `${directory}${node.identity}`;
      if (server?.serves === true && (only ?? path) === path) renew(cluster, node, server, path);
    }
    removeExpired(cluster, only);
  }
  for (const keep of cluster.leaseKeepers) keep(only);
}

/** A moment of virtual time as the cluster's clock shows it, in the form of Leases. */
export const microTime = ({epochMs}: Cluster, atMs: number): string =>
  `${new Date(epochMs + atMs).toISOString().slice(0, 23)}000Z`;

/** By server: the renewal that its Lease shows, virtual ms. */
const shown = new WeakMap<Server, {readonly renewedAtMs: number; readonly modRevision: number}>();

function renew(cluster: Cluster, {name, identity, hostName}: SimNode, server: Server, path: string): void {
  const age = cluster.world.scheduler.nowMs - server.servingSinceMs;
  const renewedAtMs = server.servingSinceMs + Math.floor(age / leaseRenewalMs) * leaseRenewalMs;
  const item = cluster.etcd.get(path);
  const last = shown.get(server);
  if (last?.renewedAtMs === renewedAtMs && last.modRevision === item?.modRevision) return;
  const before = item?.value.object;
  const renewTime = microTime(cluster, renewedAtMs);
  if ((before?.spec as {renewTime?: string} | undefined)?.renewTime === renewTime) return;
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
  const value = encryptValue(lease, {transformer: server.encryptWith(resource), path}, cluster.encryption);
  const written = cluster.etcd.put(path, value, item?.modRevision ?? 0, `server/${name}`);
  if (written !== undefined) shown.set(server, {renewedAtMs, modRevision: written.modRevision});
}

/** A server that ends in order takes its Lease with it. */
export function removeLease(cluster: Cluster, identity: string): void {
  const item = cluster.etcd.get(`${directory}${identity}`);
  if (item !== undefined) cluster.etcd.delete(`${directory}${identity}`, item.modRevision, 'server/lease-collector');
}

function removeExpired(cluster: Cluster, only: string | undefined): void {
  for (const {key, value, modRevision} of cluster.etcd.range({prefix: only ?? directory, limit: 1_000}).items) {
    const spec = value.object?.spec as {renewTime?: string; leaseDurationSeconds?: number} | undefined;
    const {name, labels} = value.object?.metadata ?? {};
    if (labels?.['apiserver.kubernetes.io/identity'] === undefined) continue;
    if (cluster.nodes.some(({identity, server}) => identity === name && server?.serves === true)) continue;
    const renewedAtMs = Date.parse(spec?.renewTime ?? '');
    const expiresAtMs = renewedAtMs + (spec?.leaseDurationSeconds ?? leaseDurationSeconds) * 1_000;
    if (expiresAtMs < cluster.wallMs()) cluster.etcd.delete(key, modRevision, 'server/lease-collector');
  }
}

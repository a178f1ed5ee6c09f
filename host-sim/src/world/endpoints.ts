// The endpoints of the `kubernetes` service, as servers keep them under their own addresses, and what a server takes
// with it at a clean end. The slice is made up for when somebody looks, as the leases are.

import {endpointSliceResource, type StoredObject, same, serversService} from '@etcd-encryption/rotation';
import {endpointLifeMs} from '../limits.ts';
import {canonicalObject} from './canonical.ts';
import type {Cluster} from './cluster.ts';
import type {KeyValue} from './etcd.ts';
import {removeLease} from './heartbeat.ts';
import {resourceId} from './kinds.ts';
import type {SimNode} from './node.ts';
import {rfc3339} from './objects.ts';
import type {Server} from './server.ts';
import {encryptValue} from './stored-value.ts';

/** How servers ceased to serve. */
export interface Departures {
  readonly serving: Set<Server>;
  /** By node: when a server ended that had no time to take its address away, virtual ms. */
  readonly lostAtMs: Map<string, number>;
}

export const newDepartures = (): Departures => ({serving: new Set(), lostAtMs: new Map()});

/** A server that drains takes its lease and address away; one that is killed leaves both. */
export function noteServer(cluster: Cluster, node: SimNode, server: Server): void {
  const {serving, lostAtMs} = cluster.departures;
  if (server.state === 'serving') serving.add(server);
  if (server.state === 'draining') {
    serving.delete(server);
    removeLease(cluster, node.identity);
  }
  if (server.state === 'stopped' && serving.delete(server)) lostAtMs.set(node.name, cluster.world.scheduler.nowMs);
}

/** By stored slice: the addresses that it was made of. */
const written = new WeakMap<KeyValue, string>();

/** Writes the slice as it would stand now. */
export function writeEndpoints(cluster: Cluster): void {
  const {lostAtMs} = cluster.departures;
  const {nowMs} = cluster.world.scheduler;
  const [writer] = cluster.serving();
  if (writer === undefined) return;
  const present = cluster.nodes.filter(({name, server}) => {
    const lost = lostAtMs.get(name);
    return server?.serves === true || (lost !== undefined && nowMs - lost < endpointLifeMs);
  });
  const addresses = [...new Set(present.map(({address}) => address))].sort();
  const text = addresses.join();
  const path = `/registry/endpointslices/${serversService.namespace}/${serversService.name}`;
  const item = cluster.etcd.get(path);
  if (item !== undefined && written.get(item) === text) return;
  const slice = sliceOf(cluster, addresses, item?.value.object);
  if (item !== undefined && same(slice, item.value.object)) {
    written.set(item, text);
    return;
  }
  const options = {transformer: writer.encryptWith(resourceId(endpointSliceResource)), path};
  const value = encryptValue(slice, options, cluster.encryption);
  cluster.etcd.put(path, value, item?.modRevision ?? 0, `server/${writer.node}`);
}

const sliceOf = (cluster: Cluster, addresses: readonly string[], before: StoredObject | undefined): StoredObject =>
  canonicalObject<StoredObject>({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...serversService,
      uid: before?.metadata.uid ?? cluster.newUid(),
      creationTimestamp: before?.metadata.creationTimestamp ?? rfc3339(cluster.wallMs()),
      labels: {'kubernetes.io/service-name': serversService.name},
    },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({addresses: [address], conditions: {ready: true}})),
    ports: [{name: 'https', port: 6443, protocol: 'TCP'}],
  });

// Kubernetes objects, through whichever server answers.

import {failed, ok, type Result, type SyncPorts} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {resolveKinds} from '../world/kinds.ts';
import type {Caller} from '../world/objects.ts';

type StoreOperation = Extract<keyof SyncPorts, `store.${string}`>;

export interface StorePortOptions {
  readonly program: string;
  readonly via?: string;
}

export function createStorePort(cluster: Cluster, {program, via}: StorePortOptions): Pick<SyncPorts, StoreOperation> {
  const writer = `program/${program}`;
  const through = <T>(answer: (caller: Caller) => Result<T>): Result<T> => {
    const pinned = via === undefined ? undefined : cluster.node(via).server;
    const server = via === undefined ? cluster.nextServer() : pinned?.serves === true ? pinned : undefined;
    if (server === undefined || cluster.faults.etcdDown) {
      return failed('unavailable', 'connection refused', {reason: 'ECONNREFUSED'});
    }
    return answer({server, writer});
  };
  const {api} = cluster;
  return {
    'store.get': (args) => through((caller) => api.get(caller, args)),
    'store.list': (args) => through((caller) => api.list(caller, args)),
    'store.resolve': ({resource}) => through(() => ok(resolveKinds(cluster.kinds, resource))),
    'store.create': (args) => through((caller) => api.create(caller, args)),
    'store.replace': (args) => through((caller) => api.replace(caller, args)),
    'store.replaceStatus': (args) => through((caller) => api.replaceStatus(caller, args)),
    'store.delete': (args) => through((caller) => api.delete(caller, args)),
    'store.rewrite': (args) => through((caller) => api.rewrite(caller, args)),
  };
}

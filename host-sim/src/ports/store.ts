// Kubernetes objects, through whichever server answers.

import {
  failed,
  nodeReportResource,
  ok,
  type ResourceType,
  type Result,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {resolveKinds} from '../world/kinds.ts';
import type {Caller} from '../world/objects.ts';

type StoreOperation = Extract<keyof SyncPorts, `store.${string}`>;

export interface StorePortOptions {
  readonly program: string;
  readonly node?: string;
  readonly as?: 'program' | 'user';
  readonly via?: string;
  /** Whether the program may ask for a resource at all. */
  readonly access?: (resource: ResourceType) => boolean;
}

export function createStorePort(
  cluster: Cluster,
  {program, node, as = 'program', via, access = everything}: StorePortOptions,
): Pick<SyncPorts, StoreOperation> {
  const writer = `${as}/${program}`;
  const choose = cluster.world.random.keyed(program, 'server');
  const through = <T>(answer: (caller: Caller) => Result<T>): Result<T> => {
    const pinned = via === undefined ? undefined : cluster.node(via).server;
    const server = via === undefined ? cluster.nextServer(choose) : pinned?.serves === true ? pinned : undefined;
    if (server === undefined || cluster.faults.etcdDown) {
      return failed('unavailable', 'connection refused', {reason: 'ECONNREFUSED'});
    }
    return answer({server, writer});
  };
  const {api} = cluster;
  /** An agent looks for other things in the reports than whether others live. */
  const beforeRead = (resource: ResourceType): void => {
    if (node !== undefined || resource !== nodeReportResource) return;
    for (const keep of cluster.reportKeepers) keep();
  };
  const on = <T>(resource: ResourceType, answer: (caller: Caller) => Result<T>): Result<T> =>
    access(resource) ? through(answer) : failed('denied', `no access to ${resource.plural}`, {reason: 'Forbidden'});
  return {
    'store.get': (args) => {
      beforeRead(args.resource);
      return on(args.resource, (caller) => api.get(caller, args));
    },
    'store.list': (args) => {
      beforeRead(args.resource);
      return on(args.resource, (caller) => api.list(caller, args));
    },
    'store.resolve': ({resource}) => through(() => ok(resolveKinds(cluster.kinds, resource))),
    'store.create': (args) => on(args.resource, (caller) => api.create(caller, args)),
    'store.replace': (args) => on(args.resource, (caller) => api.replace(caller, args)),
    'store.replaceStatus': (args) => on(args.resource, (caller) => api.replaceStatus(caller, args)),
    'store.delete': (args) => on(args.resource, (caller) => api.delete(caller, args)),
    'store.rewrite': (args) => on(args.resource, (caller) => api.rewrite(caller, args)),
  };
}

const everything = (): boolean => true;

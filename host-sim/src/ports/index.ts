// The rotation's ports on a simulated cluster, for one program.

import type {ResourceType, SyncPorts} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {createEtcdPort} from './etcd.ts';
import {createFilesPort} from './files.ts';
import {createSealPort} from './seal.ts';
import {createServerPort} from './server.ts';
import {createStorePort} from './store.ts';
import {createToolPorts, entityOf} from './tools.ts';

export interface SimPortsOptions {
  /** Name of the program; its writes carry it, and its randomness is its own. */
  readonly program: string;
  /** The node it runs on. Without one it has no files, no server of its own and no raw etcd. */
  readonly node?: string;
  /** Whose writes these are; a person's are not judged as the engine's. */
  readonly as?: 'program' | 'user';
  /** Node whose server answers all its requests; absent: the servers take turns. */
  readonly via?: string;
  /** Whether it may ask for a resource at all; absent: every one. */
  readonly access?: (resource: ResourceType) => boolean;
}

/** Ports that a program has: those of a node only when it runs on one. */
export function createSimPorts(cluster: Cluster, options: SimPortsOptions): SyncPorts {
  const node = options.node === undefined ? undefined : cluster.node(options.node);
  const stream = cluster.world.random.stream(entityOf(cluster, options.program), 'entropy');
  return {
    ...createStorePort(cluster, options),
    ...createFilesPort(node, `program/${options.program}`),
    ...createServerPort(node),
    ...createEtcdPort(cluster, node !== undefined),
    ...createSealPort((length) => stream.bytes(length)),
    ...createToolPorts(cluster, node, {program: options.program, stream}),
  };
}

// A world that begins where another one came to rest: r1 writes on both sides and r2 is published and loaded
// everywhere. What lies in etcd and on disks is taken from a reference run of the same shape; programs and servers start
// fresh, as after a restart. Reference runs are remembered by their shape, which is all that they depend on.

import {configurationPath, historyPath} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {DiskContent} from '../world/disk.ts';
import type {EtcdContent} from '../world/etcd.ts';
import {isLoadedEverywhere, type ManagedCluster} from './managed.ts';

/** One cluster at rest. */
export interface PreparedCluster {
  readonly etcd: EtcdContent;
  /** By node. */
  readonly disks: ReadonlyMap<string, DiskContent>;
}

/** The world at rest, by cluster. */
export interface Prepared {
  /** Virtual time at which it came to rest, ms: how much later the wall clock starts. */
  readonly atMs: number;
  readonly clusters: ReadonlyMap<string, PreparedCluster>;
}

/** What a cluster of the new world begins with, before any oracle looks: the file that all of its nodes have. */
export function beginningOf(prepared: PreparedCluster): {readonly file?: Uint8Array; readonly history?: Uint8Array} {
  const [disk] = prepared.disks.values();
  const bytesAt = (path: string): Uint8Array | undefined => disk?.find((each) => each.path === path)?.bytes;
  const file = bytesAt(configurationPath);
  const history = bytesAt(historyPath);
  return {...(file === undefined ? {} : {file}), ...(history === undefined ? {} : {history})};
}

/** Fills disks and etcd of a cluster that has just begun. */
export function fill(cluster: Cluster, {etcd, disks}: PreparedCluster): void {
  for (const {name, disk} of cluster.nodes) {
    for (const {path, bytes, mode} of disks.get(name) ?? []) {
      if (path !== configurationPath) disk.place(path, bytes, {mode});
    }
  }
  cluster.etcd.load(etcd, 'world');
  cluster.etcd.compact(etcd.revision);
}

/** What a cluster holds now. */
export const contentOf = ({etcd, nodes}: Cluster): PreparedCluster => ({
  etcd: {items: etcd.range({prefix: '/', limit: Number.MAX_SAFE_INTEGER}).items, revision: etcd.revision},
  disks: new Map(nodes.map(({name, disk}) => [name, disk.copy()])),
});

/** Whether a cluster has completed its first rotation and has nothing under way. */
export function isAtRest({cluster, ring, completed}: ManagedCluster): boolean {
  const now = ring();
  if (now === undefined || completed.length === 0 || now.rotation !== undefined || now.publishing !== undefined)
    return false;
  const isPublished = now.settings.derivation === undefined || (now.following?.entries.length ?? 0) > 1;
  return now.trial === undefined && isPublished && isLoadedEverywhere(cluster, now) && haveOneFile(cluster);
}

function haveOneFile({nodes}: Cluster): boolean {
  const hashes = new Set(
    nodes.map(({file, server}) => file.state === 'loadable' && file.hash === server?.loadedHash && file.hash),
  );
  return hashes.size === 1 && !hashes.has(false);
}

// A snapshot of a cluster's etcd, and putting it back under nodes that go on: one side of a pair restored, or both from
// different times.

import type {Cluster} from './cluster.ts';
import type {KeyValue} from './etcd.ts';

/** Everything that etcd held at a moment. */
export type Snapshot = readonly KeyValue[];

export function takeSnapshot(cluster: Cluster): Snapshot {
  // Signs of life that programs left out are in it.
  cluster.disturb();
  return itemsOf(cluster);
}

const itemsOf = ({etcd}: Cluster): Snapshot => etcd.range({prefix: '/', limit: Number.MAX_SAFE_INTEGER}).items;

/**
 * The servers are stopped, start on what the snapshot holds, and know nothing of what came after. Revisions go on, as
 * after a restore that bumps them.
 */
export function restoreSnapshot(cluster: Cluster, snapshot: Snapshot): void {
  const {etcd, nodes} = cluster;
  const running = nodes.filter(({server}) => server !== undefined);
  for (const node of running) node.stop();
  const kept = new Map(snapshot.map((item) => [item.key, item]));
  for (const {key, modRevision} of itemsOf(cluster)) {
    const item = kept.get(key);
    if (item === undefined) etcd.delete(key, modRevision, 'world');
    else if (item.modRevision !== modRevision) etcd.put(key, item.value, modRevision, 'world');
    kept.delete(key);
  }
  for (const {key, value} of kept.values()) etcd.put(key, value, 0, 'world');
  for (const node of running) node.start();
}

export interface Difference {
  /** Copied keys that only the source has. */
  readonly missed: readonly string[];
  /** Copied keys that only the receiver has. */
  readonly surplus: readonly string[];
  /** Copied keys with other bytes. */
  readonly different: readonly string[];
}

/** What the book looks at before a failover: the copied keys on both sides, from the source to the receiver. */
export function compareSides(from: Cluster, to: Cluster): Difference {
  const replicated = (cluster: Cluster): Map<string, KeyValue> =>
    new Map(itemsOf(cluster).flatMap((item) => (from.isReplicated(item.key) ? [[item.key, item]] : [])));
  const [source, receiver] = [replicated(from), replicated(to)];
  const both = [...source.keys()].filter((key) => receiver.has(key));
  return {
    missed: [...source.keys()].filter((key) => !receiver.has(key)),
    surplus: [...receiver.keys()].filter((key) => !source.has(key)),
    different: both.filter((key) => source.get(key)?.value !== receiver.get(key)?.value),
  };
}

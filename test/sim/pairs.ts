// Pairs for tests: both sides encrypt with r1, as after a copy of the configuration, and users write on the Active.

import type {DataKey} from '@etcd-encryption/crypto';
import {type Cluster, createPair, type Pair, type PairOptions} from '@etcd-encryption/host-sim';
import {file, historyLine, testKey} from './files.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

export const histories = (keys: readonly DataKey[]): Uint8Array =>
  new Uint8Array(keys.flatMap((key) => [...historyLine(key)]));

/** Users write until told otherwise; nothing is deleted. */
export function pairOf(options: Partial<PairOptions> = {}): Pair {
  const pair = createPair({
    seed: 11,
    objects: {secrets: 12, configmaps: 6},
    users: {writesPerSecond: 0.5, readsPerSecond: 0.5, listsPerSecond: 0.05},
    file: file([testKey(1), 'identity']),
    history: histories([testKey(1), testKey(2)]),
    east: {objects: {secrets: 2}},
    west: {objects: {secrets: 3}},
    ...options,
  });
  pair.users.start();
  return pair;
}

export interface Copy {
  readonly key: string;
  readonly atMs: number;
  /** Revision of the newest value of this key at the source that has these bytes; 0 for a deletion. */
  readonly revision: number;
  /** When that was committed, virtual ms. */
  readonly committedAtMs: number;
}

/** Notes from now on what the Synchronizer copies to a cluster. */
export function watchCopies(from: Cluster, to: Cluster): Copy[] {
  const copies: Copy[] = [];
  const commits = new Map<unknown, {revision: number; atMs: number}>();
  const {scheduler} = from.world;
  from.etcd.listen({
    onCommit({revision, current}) {
      if (current !== undefined) commits.set(current.value, {revision, atMs: scheduler.nowMs});
    },
  });
  to.etcd.listen({
    onCommit({key, current, writer}) {
      if (!writer.startsWith('mirror/')) return;
      const source = commits.get(current?.value);
      const {nowMs: atMs} = scheduler;
      copies.push({key, atMs, revision: source?.revision ?? 0, committedAtMs: source?.atMs ?? atMs});
    },
  });
  return copies;
}

/** Puts bytes of no object under a key, past every server. */
export const plant = (cluster: Cluster, key: string): number => cluster.plantAt(key, Uint8Array.of(0x7b, 0x7d));

export function remove({etcd}: Cluster, key: string): void {
  const item = etcd.get(key);
  if (item === undefined) throw new Error(`${key} is not there`);
  etcd.delete(key, item.modRevision, 'user');
}

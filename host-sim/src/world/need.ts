// Which keys are needed now: counted at every write and every compaction, so that the oracles never have to scan.
// Live values, history that is not compacted, writes that are encrypted but not committed yet, and what a
// Synchronizer has still to bring.

import type {Etcd, KeyValue} from './etcd.ts';
import type {Kinds} from './kinds.ts';
import type {KeyTag} from './stored-value.ts';

export interface NeedCount {
  /** Values that are current. */
  live: number;
  /** Values of the past that can still be read. */
  history: number;
  /** Encrypted, not committed. */
  inFlight: number;
  /** Values of the other cluster of a pair that the Synchronizer has still to bring. */
  backlog: number;
  /** Of `live` and `history`: values at keys that the Synchronizer writes. */
  replicated: number;
  /** Since when there is a live or past value, virtual ms. */
  sinceMs: number;
}

export interface Need {
  /** Needed keys of a resource; a count of zero is not needed. */
  readonly of: (resource: string) => ReadonlyMap<KeyTag, NeedCount>;
  readonly resources: () => Iterable<string>;
  /** Notes a write that a server has encrypted and not committed; call the answer when that is over. */
  readonly begin: (resource: string, tag: KeyTag) => () => void;
  /** Notes a value that a Synchronizer will bring to an etcd key; call the answer when it did, or will not. */
  readonly await: (path: string, tag: KeyTag) => () => void;
}

export interface NeedHost {
  readonly etcd: Etcd;
  readonly kinds: Kinds;
  /** Whether a Synchronizer writes an etcd key. */
  readonly isReplicated: (path: string) => boolean;
  readonly nowMs: () => number;
  /** A live or past value came that needs a key for the first time, or the first one that is not replicated. */
  readonly onNew: (resource: string, tag: KeyTag) => void;
  /** The first value under a key is on its way. */
  readonly onAwaited: (resource: string, tag: KeyTag) => void;
}

const noNeed: ReadonlyMap<KeyTag, NeedCount> = new Map();

/** Whether a key is in V ∪ X ∪ Q ∪ I (rotation.md "Invariants"). */
export const isNeeded = (count: NeedCount | undefined): boolean =>
  count !== undefined && count.live + count.history + count.inFlight + count.backlog > 0;

/** Whether a value under a key lies in etcd, now or as history: in V ∪ X. */
export const isStored = ({live, history}: NeedCount): boolean => live + history > 0;

/** Whether such a value lies at a key that the cluster's own servers write. */
export const isStoredLocally = ({live, history, replicated}: NeedCount): boolean => live + history > replicated;

/** Counts what an etcd holds. */
export function createNeed({etcd, kinds, isReplicated, nowMs, onNew, onAwaited}: NeedHost): Need {
  const byResource = new Map<string, Map<KeyTag, NeedCount>>();
  const countOf = (resource: string, tag: KeyTag): NeedCount => {
    let tags = byResource.get(resource);
    if (tags === undefined) {
      tags = new Map();
      byResource.set(resource, tags);
    }
    let count = tags.get(tag);
    if (count === undefined) {
      count = {live: 0, history: 0, inFlight: 0, backlog: 0, replicated: 0, sinceMs: 0};
      tags.set(tag, count);
    }
    return count;
  };
  const resourceOf = (path: string): string => kinds.ofPath(path)?.id ?? '';
  const enter = ({key, value}: KeyValue): void => {
    const resource = resourceOf(key);
    const count = countOf(resource, value.tag);
    const wasStored = isStored(count);
    const wasLocal = isStoredLocally(count);
    count.live++;
    if (isReplicated(key)) count.replicated++;
    if (!wasStored) count.sinceMs = nowMs();
    if (!wasStored || (!wasLocal && isStoredLocally(count))) onNew(resource, value.tag);
  };
  etcd.listen({
    onCommit({previous, current}) {
      if (previous !== undefined) {
        const count = countOf(resourceOf(previous.key), previous.value.tag);
        count.live--;
        count.history++;
      }
      if (current !== undefined) enter(current);
    },
    onForgotten({key, value}) {
      const count = countOf(resourceOf(key), value.tag);
      count.history--;
      if (isReplicated(key)) count.replicated--;
    },
  });
  return {
    of: (resource) => byResource.get(resource) ?? noNeed,
    resources: () => byResource.keys(),
    begin(resource, tag) {
      const count = countOf(resource, tag);
      count.inFlight++;
      return () => {
        count.inFlight--;
      };
    },
    await(path, tag) {
      const resource = resourceOf(path);
      const count = countOf(resource, tag);
      count.backlog++;
      if (count.backlog === 1) onAwaited(resource, tag);
      return () => {
        count.backlog--;
      };
    },
  };
}

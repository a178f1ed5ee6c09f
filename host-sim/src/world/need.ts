// Which keys are needed now: counted at every write and every compaction, so that the oracles never have to scan.
// Live values, history that is not compacted, and writes that are encrypted but not committed yet.

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
}

export interface Need {
  /** Needed keys of a resource; a count of zero is not needed. */
  readonly of: (resource: string) => ReadonlyMap<KeyTag, NeedCount>;
  readonly resources: () => Iterable<string>;
  /** Notes a write that a server has encrypted and not committed; call the answer when that is over. */
  readonly begin: (resource: string, tag: KeyTag) => () => void;
}

const noNeed: ReadonlyMap<KeyTag, NeedCount> = new Map();

export const isNeeded = (count: NeedCount | undefined): boolean =>
  count !== undefined && count.live + count.history + count.inFlight > 0;

/** Counts what `etcd` holds; `onNew` is called when a key becomes needed for a resource. */
export function createNeed(etcd: Etcd, kinds: Kinds, onNew: (resource: string, tag: KeyTag) => void): Need {
  const byResource = new Map<string, Map<KeyTag, NeedCount>>();
  const countOf = (resource: string, tag: KeyTag): NeedCount => {
    let tags = byResource.get(resource);
    if (tags === undefined) {
      tags = new Map();
      byResource.set(resource, tags);
    }
    let count = tags.get(tag);
    if (count === undefined) {
      count = {live: 0, history: 0, inFlight: 0};
      tags.set(tag, count);
    }
    return count;
  };
  const ofVersion = ({key, value}: KeyValue): NeedCount => countOf(kinds.ofPath(key)?.id ?? '', value.tag);
  etcd.listen({
    onCommit({previous, current}) {
      if (previous !== undefined) {
        const count = ofVersion(previous);
        count.live--;
        count.history++;
      }
      if (current === undefined) return;
      const count = ofVersion(current);
      const isNew = count.live + count.history === 0;
      count.live++;
      if (isNew) onNew(kinds.ofPath(current.key)?.id ?? '', current.value.tag);
    },
    onForgotten(version) {
      ofVersion(version).history--;
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
  };
}

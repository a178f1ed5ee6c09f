// What an etcd will have forgotten after its next compaction: values that were overwritten, and revisions that proofs rest
// on. It compacts up to the revision that it saw one period before.

import type {Cluster} from '../world/cluster.ts';

export interface Past {
  /** Whether a revision is compacted, will be with the next compaction, or with one after that. */
  readonly fate: (revision: number) => 'gone' | 'next' | 'later';
  /** The same for the last value under a key that was overwritten. */
  readonly fateOf: (tag: string) => string;
}

/** Watches an etcd from its beginning on. */
export function watchPast({etcd}: Cluster): Past {
  /** What the next compaction goes up to. */
  let upTo = etcd.revision;
  const overwritten = new Map<string, number>();
  etcd.listen({
    onCompaction: () => {
      upTo = etcd.revision;
    },
    onCommit: ({previous, revision}) => {
      if (previous !== undefined) overwritten.set(previous.value.tag, revision);
    },
  });
  const fate: Past['fate'] = (revision) => {
    if (revision <= etcd.compactedRevision) return 'gone';
    return revision <= upTo ? 'next' : 'later';
  };
  return {fate, fateOf: (tag) => `h-${fate(overwritten.get(tag) ?? 0)}`};
}

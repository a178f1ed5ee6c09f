// L5: files shrink back to the newest revisions, the next one and what is needed. Looked at now and then; a key that
// nothing has needed and no rule has kept for long is one that is never dropped.

import type {Ring, RingKey, Spec} from '@etcd-encryption/rotation';
import {isNeeded} from '../../world/need.ts';
import {tagOf} from '../own-objects.ts';
import type {PromiseWatch, WatchedCluster} from './watched.ts';

const lookEveryMs = 600_000;
/** Drain, scans, compaction and gates take less than this once nothing else keeps a key, ms. */
const dropMs = 5_400_000;

export function watchRetention(watched: WatchedCluster): PromiseWatch {
  const {cluster} = watched;
  const {scheduler} = cluster.world;
  const uselessSinceMs = new Map<string, number>();
  const look = (): void => {
    const [ring, spec] = [watched.ring(), watched.spec()];
    const useless = ring === undefined || spec === undefined ? [] : uselessKeys(watched, ring, spec);
    for (const id of uselessSinceMs.keys()) if (!useless.some((key) => key.id === id)) uselessSinceMs.delete(id);
    for (const {id} of useless) {
      const sinceMs = uselessSinceMs.get(id) ?? watched.nowMs();
      uselessSinceMs.set(id, sinceMs);
      if (watched.nowMs() - sinceMs <= dropMs) continue;
      const explanation = `nothing has needed it for ${watched.nowMs() - sinceMs} ms, and it is in the files still`;
      watched.broke('L5 shrinks', {key: id, explanation});
    }
    scheduler.after(lookEveryMs, 'liveness', look);
  };
  scheduler.after(lookEveryMs, 'liveness', look);
  return {};
}

/** Keys of ours that no rule of retention keeps, in the ring's files. */
function uselessKeys(watched: WatchedCluster, ring: Ring, spec: Spec): readonly RingKey[] {
  if (ring.rotation !== undefined || ring.publishing !== undefined || spec.pause !== undefined) return [];
  if (watched.cluster.nodes.some(({settings, server}) => settings.member && server?.serves !== true)) return [];
  const write = Math.max(0, ...ring.layout.resources.map((each) => revisionOf(ring, each.write)));
  const used = ring.keys
    .filter(({revision}) => revision > 0 && revision <= write)
    .sort((a, b) => b.revision - a.revision);
  const wallMs = watched.cluster.wallMs();
  const windowed = new Set(ring.following?.entries.map(({key}) => key));
  return used.slice(spec.retention.revisions).filter((key) => {
    const stopped = ring.stoppedWriting[key.id];
    if (stopped === undefined || wallMs - stopped < spec.retention.minAgeMs) return false;
    if (!ring.layout.keys.includes(key.id) || windowed.has(key.id)) return false;
    const leftAtMs = ring.leftWindow?.[key.id];
    if (leftAtMs !== undefined && wallMs - leftAtMs < 2 * spec.rotationIntervalMs) return false;
    return !isNeededAnywhere(watched, tagOf(key));
  });
}

const revisionOf = ({keys}: Ring, id: string): number => keys.find((key) => key.id === id)?.revision ?? 0;

function isNeededAnywhere({cluster}: WatchedCluster, tag: string): boolean {
  for (const resource of cluster.need.resources()) if (isNeeded(cluster.need.of(resource).get(tag))) return true;
  return false;
}

// L8: when no side has been an Active for two intervals, each side raises an alarm. A side that takes itself for the
// Active, and one that never saw a bundle, has none to raise.

import type {Ring, Spec} from '@etcd-encryption/rotation';
import {bundleKey} from '../own-objects.ts';
import {hasReason, type PromiseWatch, type WatchedCluster} from './watched.ts';

const lookEveryMs = 600_000;
/** A word may come a period late, and a bundle is followed a while after it was stored, ms. */
const slackMs = 900_000;

export function watchSilence(watched: WatchedCluster): PromiseWatch {
  const {cluster} = watched;
  const {scheduler} = cluster.world;
  let heardAtMs = watched.nowMs();
  cluster.observe({
    onCommit({key}) {
      if (key === bundleKey) heardAtMs = watched.nowMs();
    },
    onRole() {
      heardAtMs = watched.nowMs();
    },
  });
  const look = (): void => {
    const [ring, spec] = [watched.ring(), watched.spec()];
    if (ring !== undefined && spec !== undefined) judge(ring, spec);
    scheduler.after(lookEveryMs, 'liveness', look);
  };
  const judge = (ring: Ring, spec: Spec): void => {
    const silentMs = watched.nowMs() - heardAtMs;
    const status = watched.status();
    if (ring.following === undefined || status.role === 'Active') return;
    if (silentMs < 2 * longestInterval(ring, spec) + slackMs || cluster.serving().length === 0) return;
    if (hasReason(status, 'ActiveSilent') || hasReason(status, 'no SeedBundle was published')) return;
    const explanation = `no bundle was published for ${silentMs} ms, two intervals are over, and no condition says so`;
    watched.broke('L8 alarm', {explanation});
  };
  scheduler.after(lookEveryMs, 'liveness', look);
  return {};
}

const longestInterval = ({history: [last]}: Ring, {rotationIntervalMs}: Spec): number =>
  Math.max(rotationIntervalMs, last === undefined ? 0 : last.completedAtMs - last.startedAtMs);

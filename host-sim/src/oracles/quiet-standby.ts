// S10, quiet Standby: on a cluster that is not Active programs write no replicated key, and publish nothing; the status
// of our own resource is theirs all the same. Who is Active is told by the run's script.

import {configResource, type StoredObject} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {Commit} from '../world/etcd.ts';
import {resourceId, seedBundleKind} from '../world/kinds.ts';
import type {Observer} from '../world/observer.ts';
import type {OracleOptions} from './options.ts';
import {violator} from './violation.ts';

export function watchQuietStandby(cluster: Cluster, {demotionGraceMs}: Required<OracleOptions>): Observer {
  const violate = violator(cluster, 'S10 quiet Standby');
  const {scheduler} = cluster.world;
  let quietFromMs = 0;
  return {
    onRole() {
      quietFromMs = scheduler.nowMs + demotionGraceMs;
    },
    onCommit(commit, kind) {
      const {writer, key} = commit;
      if (cluster.active || !writer.startsWith('program/') || scheduler.nowMs < quietFromMs) return;
      // A bundle is published wherever it is written, also where a Synchronizer is too old to copy it.
      if (kind?.id === seedBundleKind.id) violate({node: writer, key, explanation: 'a program published on a Standby'});
      if (!cluster.isReplicated(key)) return;
      if (kind?.id === resourceId(configResource) && changesStatusOnly(commit)) return;
      violate({node: writer, key, explanation: 'a program wrote a replicated key of a cluster that is not Active'});
    },
  };
}

function changesStatusOnly({previous, current}: Commit): boolean {
  const before = withoutStatus(previous?.value.object);
  return before !== undefined && before === withoutStatus(current?.value.object);
}

function withoutStatus(object: StoredObject | undefined): string | undefined {
  if (object === undefined) return undefined;
  const {status: _status, ...rest} = object;
  return JSON.stringify(rest);
}

// S9, content: programs create, delete and change no object of a user. What they write to one must be, at the moment
// it reaches etcd, exactly what stood there before, under the same uid.

import {ourGroup} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {Commit} from '../world/etcd.ts';
import type {Kind} from '../world/kinds.ts';
import type {Observer} from '../world/observer.ts';
import {violator} from './violation.ts';

/** Kinds that programs write for their own use. */
const ownKinds: ReadonlySet<string> = new Set(['leases.coordination.k8s.io', 'events']);

export function watchContent(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S9 content');
  return {
    onCommit(commit, kind) {
      if (!commit.writer.startsWith('program/') || kind === undefined || isOwn(kind)) return;
      const explanation = wrongIn(commit);
      if (explanation !== undefined) violate({node: commit.writer, key: commit.key, explanation});
    },
  };
}

const isOwn = ({id, resource}: Kind): boolean => resource.group === ourGroup || ownKinds.has(id);

function wrongIn({previous, current}: Commit): string | undefined {
  if (current === undefined) return 'a program deleted an object';
  if (previous === undefined) return 'a program created an object';
  if (previous.value.object?.metadata.uid !== current.value.object?.metadata.uid) return 'a program changed a uid';
  return previous.value.json === current.value.json ? undefined : 'a program changed an object';
}

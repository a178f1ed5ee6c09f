// S7 in the files of nodes: what a ring commands is done one deed a file version, and no file goes back to an older write
// key of its lineage. What nobody runs by may be replaced whole, and so may what a fault put there or a server refused.

import {parseKeyName} from '@etcd-encryption/crypto';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import type {KeyTag} from '../world/stored-value.ts';
import {isProgram, ringOf} from './own-objects.ts';
import type {Violate} from './violation.ts';

type Loadable = Extract<FileView, {state: 'loadable'}>;

export function watchFileDeeds(cluster: Cluster, violate: Violate): Observer {
  const everLoaded = new Set<string>();
  for (const {processes} of cluster.nodes) for (const {loadedHash} of processes) everLoaded.add(loadedHash ?? '');
  return {
    onServer(_node, {loadedHash}) {
      if (loadedHash !== undefined) everLoaded.add(loadedHash);
    },
    onFile(node, before, actor) {
      const {file: after, server} = node;
      if (!isProgram(actor) || before.state !== 'loadable' || after.state !== 'loadable') return;
      if (server?.serves !== true || node.isTampered(before.hash) || !everLoaded.has(before.hash)) return;
      judge(cluster, {node, before, after}, violate);
    },
  };
}

interface Version {
  readonly node: SimNode;
  readonly before: Loadable;
  readonly after: Loadable;
}

function judge(cluster: Cluster, {node, before, after}: Version, violate: Violate): void {
  for (const {id} of cluster.kinds.all) {
    const [old, next] = [before.transformers.of(id)[0], after.transformers.of(id)[0]];
    if (old === undefined || next === undefined || old.tag === next.tag || next.kind === 'identity') continue;
    const left = firstLeft(before.transformers.tags, after.transformers.tags);
    if (left !== undefined) {
      const explanation = `it leaves the file in the version in which ${id} is written with another key`;
      violate({node: node.name, key: left, explanation});
    }
    const [from, to] = [parseKeyName(old.name)?.revision, parseKeyName(next.name)?.revision];
    if (from === undefined || to === undefined || to >= from || !isOneLineage(cluster, [old.name, next.name])) continue;
    violate({node: node.name, key: next.tag, explanation: `${id} was written with ${old.name} in this file before`});
  }
}

function firstLeft(before: ReadonlySet<KeyTag>, after: ReadonlySet<KeyTag>): KeyTag | undefined {
  for (const tag of before) if (!after.has(tag)) return tag;
  return undefined;
}

/** Both are of the bundle that is followed; without bundles there is one lineage. */
function isOneLineage(cluster: Cluster, names: readonly string[]): boolean {
  const following = ringOf(cluster)?.following;
  return following === undefined || names.every((name) => following.entries.some(({key}) => key === name));
}

// S5, one name, one key: a name of ours means one key on all clusters for all time, and so does the name of a sealed key
// on its own cluster. The registry outlives every program, disk and restore.

import {keyResource} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {type FileView, isOurName} from '../world/configuration.ts';
import type {Commit} from '../world/etcd.ts';
import type {Kind} from '../world/kinds.ts';
import {resourceId} from '../world/kinds.ts';
import type {Observer} from '../world/observer.ts';
import type {Transformer} from '../world/stored-value.ts';
import {isProgram} from './own-objects.ts';
import {violator} from './violation.ts';

const keyObjects = resourceId(keyResource);

/** Names of ours and the check value each was first seen with; shared by the clusters of a run. */
export type NameRegistry = Map<string, string>;

export function watchNames(cluster: Cluster, registry: NameRegistry): Observer {
  const violate = violator(cluster, 'S5 one name, one key');
  const judge = (node: string, transformers: readonly Transformer[]): void => {
    for (const {name, tag} of transformers) {
      if (!isOurName(name)) continue;
      const known = registry.get(name);
      if (known === undefined) registry.set(name, tag);
      else if (known !== tag) violate({node, key: tag, explanation: `the name ${name} stood for ${known} before`});
    }
  };
  /** Key objects are made once; whoever makes the key of a revision again finds the one that is there. */
  const judgeObject = ({writer, key, current}: Commit, kind: Kind | undefined): void => {
    if (kind?.id !== keyObjects || !isProgram(writer) || current === undefined) return;
    const {name = '', check = ''} = (current.value.object?.spec ?? {}) as {name?: string; check?: string};
    const entry = `${cluster.name} ${key}`;
    const tag = `${name}/${check}`;
    const known = registry.get(entry) ?? tag;
    registry.set(entry, known);
    if (known !== tag) violate({node: writer, key: tag, explanation: `the object ${key} held ${known} before`});
  };
  const inFile = (file: FileView): readonly Transformer[] => (file.state === 'loadable' ? file.transformers.all : []);
  return {
    onCommit: judgeObject,
    onFile: (node) => judge(node.name, inFile(node.file)),
    onServer: (node, server) => judge(node.name, server.loaded.all),
  };
}

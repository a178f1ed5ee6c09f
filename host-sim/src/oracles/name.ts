// S5, one name, one key: a name of ours means one key on all clusters for all time. The registry outlives every
// program, disk and restore.

import type {Cluster} from '../world/cluster.ts';
import {type FileView, isOurName} from '../world/configuration.ts';
import type {Observer} from '../world/observer.ts';
import type {Transformer} from '../world/stored-value.ts';
import {violator} from './violation.ts';

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
  const inFile = (file: FileView): readonly Transformer[] => (file.state === 'loadable' ? file.transformers.all : []);
  return {
    onFile: (node) => judge(node.name, inFile(node.file)),
    onServer: (node, server) => judge(node.name, server.loaded.all),
  };
}

// S4, known: every needed key is in the synced history of at least two disks (all, if there are fewer), or derivable
// without any data key. Judged when a key becomes needed or is on its way, and whenever a program changes a history.
// A key that came without our programs, in a file made by hand, counts from the moment it is known; so does one whose
// copies a fault destroyed.

import type {Cluster} from '../world/cluster.ts';
import {isNeeded} from '../world/need.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import {clearTag, type KeyTag, unreadableTag} from '../world/stored-value.ts';
import {historyHolds} from './histories.ts';
import type {OracleOptions} from './options.ts';
import {violator} from './violation.ts';

const enoughDisks = 2;

export function watchKnown(cluster: Cluster, {isDerivable}: Required<OracleOptions>): Observer {
  const violate = violator(cluster, 'S4 known');
  /** Keys that are not our programs' doing, or whose loss is not. */
  const excused = new Set<KeyTag>();
  const members = (): readonly SimNode[] => cluster.nodes.filter(({settings}) => settings.member);
  const copies = (tag: KeyTag): number => members().filter((node) => historyHolds(node, tag)).length;
  const isKnown = (tag: KeyTag): boolean =>
    isDerivable(tag, cluster.name) || copies(tag) >= Math.min(enoughDisks, members().length);
  const neededKeys = (): ReadonlySet<KeyTag> => {
    const needed = new Set<KeyTag>();
    for (const resource of cluster.need.resources()) {
      for (const [tag, count] of cluster.need.of(resource)) if (isNeeded(count) && isJudged(tag)) needed.add(tag);
    }
    return needed;
  };
  const judge = (tag: KeyTag): void => {
    if (!isJudged(tag)) return;
    if (isKnown(tag)) {
      excused.delete(tag);
      return;
    }
    if (excused.has(tag)) return;
    const explanation = `a needed key is in ${copies(tag)} of ${members().length} histories and cannot be derived`;
    violate({node: cluster.nodes[0]?.name ?? cluster.name, key: tag, explanation});
  };
  const excuse = (tags: Iterable<KeyTag>): void => {
    for (const tag of tags) if (!isKnown(tag)) excused.add(tag);
  };
  const excuseFiles = (): void => {
    for (const {file} of cluster.nodes) if (file.state === 'loadable') excuse(file.transformers.tags);
  };
  excuseFiles();
  return {
    onNeed: (_resource, tag) => judge(tag),
    onBacklog: (_resource, tag) => judge(tag),
    onFile(node, _before, actor) {
      if (!actor.startsWith('program/') && node.file.state === 'loadable') excuse(node.file.transformers.tags);
    },
    onHistory(_node, actor) {
      if (!actor.startsWith('program/')) excuse(neededKeys());
      for (const tag of neededKeys()) judge(tag);
    },
    onMembers() {
      // A disk that joins or goes is nobody's deed; the keys it should hold count again once it has them.
      excuse(neededKeys());
      excuseFiles();
    },
  };
}

/** What stands in clear needs no key, and what nobody can open or a KMS plugin opens has none of ours. */
const isJudged = (tag: KeyTag): boolean => tag !== clearTag && tag !== unreadableTag && !tag.startsWith('kms/');

// S3, drop after need: a key leaves a file only if nothing needs it, no server's loaded or filed write key is it, and
// every history holds it. A key that no server has ever loaded cannot have written anything: its history may be short.

import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import {isNeeded, type NeedCount} from '../world/need.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import type {KeyTag, Transformer} from '../world/stored-value.ts';
import {historyHolds} from './histories.ts';
import type {BlindSpot, OracleOptions} from './options.ts';
import {violator} from './violation.ts';

/** Programs' changes are judged; what a fault does to a file is not the engine's deed. */
export function watchDropAfterNeed(cluster: Cluster, {blindTo}: Required<OracleOptions>): Observer {
  const violate = violator(cluster, 'S3 drop after need');
  const everLoaded = new Set<KeyTag>();
  const seen = seeing(blindTo);
  const seesDraining = !blindTo.includes('draining');
  const judgeResource = (node: SimNode, id: string, before: FileView, after: FileView): void => {
    const left = entries(before, id).filter(({tag}) => !entries(after, id).some((kept) => kept.tag === tag));
    for (const {tag, kind} of left) {
      if (kind === 'identity') continue;
      const count = seen(cluster.need.of(id).get(tag));
      if (isNeeded(count)) {
        const values = isNeeded(withoutBacklog(count)) ? 'values' : 'values on their way from the other cluster';
        violate({node: node.name, key: tag, explanation: `it left the file while ${values} of ${id} need it`});
      }
      const writer = cluster.nodes.find((each) => writes(each, id, tag, seesDraining));
      if (writer !== undefined) {
        violate({node: node.name, key: tag, explanation: `it left the file while ${writer.name} writes ${id} with it`});
      }
    }
  };
  const judgeHistory = (node: SimNode, before: FileView, after: FileView): void => {
    const kept = tagsOf(after);
    for (const {tag, kind} of allOf(before)) {
      if (kept.has(tag) || kind === 'identity' || kind === 'kms' || !everLoaded.has(tag)) continue;
      const short = cluster.nodes.find((each) => each.settings.member && !historyHolds(each, tag));
      if (short === undefined) continue;
      violate({node: node.name, key: tag, explanation: `it left the file while the history of ${short.name} lacks it`});
    }
  };
  return {
    onServer(_node, server) {
      for (const {tag} of server.loaded.all) everLoaded.add(tag);
    },
    onFile(node, before, actor) {
      // A file that cannot be read has no keys to compare; S11 speaks of it.
      if (!actor.startsWith('program/') || node.file.state === 'refused' || before.state === 'refused') return;
      for (const {id} of cluster.kinds.all) judgeResource(node, id, before, node.file);
      judgeHistory(node, before, node.file);
    },
  };
}

/** A count without what a blinded oracle does not look at; without blind spots it is the count itself. */
function seeing(blindTo: readonly BlindSpot[]): (count: NeedCount | undefined) => NeedCount | undefined {
  const [history, backlog] = [blindTo.includes('history'), blindTo.includes('backlog')];
  if (!history && !backlog) return (count) => count;
  return (count) =>
    count === undefined ? undefined : {...count, ...(history ? {history: 0} : {}), ...(backlog ? {backlog: 0} : {})};
}

const withoutBacklog = (count: NeedCount | undefined): NeedCount | undefined =>
  count === undefined ? undefined : {...count, backlog: 0};

const entries = (file: FileView, id: string): readonly Transformer[] =>
  file.state === 'loadable' ? file.transformers.of(id) : [];
const allOf = (file: FileView): readonly Transformer[] => (file.state === 'loadable' ? file.transformers.all : []);
const tagsOf = (file: FileView): ReadonlySet<KeyTag> => new Set(allOf(file).map(({tag}) => tag));

function writes(node: SimNode, id: string, tag: KeyTag, seesDraining: boolean): boolean {
  if (node.settings.member && entries(node.file, id)[0]?.tag === tag) return true;
  return node.processes.some(
    (server) => (server.serves || (seesDraining && server.mayWrite)) && server.loaded.of(id)[0]?.tag === tag,
  );
}

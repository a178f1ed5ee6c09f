// S11, file: the bytes at the configured path at any instant, also after a power loss, are complete and would be
// accepted by this node's server at its next start. One node may, for a while, try a kind of file that it refuses.

import {refusedFileMs} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import {violator} from './violation.ts';

/** Programs' changes are judged; damage done by a fault is excused until a program writes the file again. */
export function watchFile(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S11 file');
  const {scheduler} = cluster.world;
  const trials = new Map<SimNode, {untilMs: number}>();
  const excused = new Set<SimNode>();
  const hadFile = new Set<SimNode>();

  const judgeTrial = (node: SimNode, hash: string, problem: string): void => {
    if (trials.has(node)) return;
    const other = [...trials.keys()].find((each) => each !== node);
    const key = hash.slice(0, 8);
    if (other !== undefined) {
      violate({node: node.name, key, explanation: `a refused file lies on ${other.name} already: ${problem}`});
    }
    const trial = {untilMs: scheduler.nowMs + refusedFileMs};
    trials.set(node, trial);
    scheduler.after(refusedFileMs, `${cluster.name}/${node.name}`, () => {
      if (trials.get(node) !== trial) return;
      violate({node: node.name, key, explanation: `a file that its server refuses was not taken back: ${problem}`});
    });
  };
  const judge = (node: SimNode, views: readonly FileView[]): void => {
    let refused = false;
    for (const view of views) {
      if (view.state === 'absent') {
        if (hadFile.has(node)) violate({node: node.name, key: node.path, explanation: 'the file could be missing'});
        continue;
      }
      if (view.state === 'refused') {
        const key = view.hash.slice(0, 8);
        violate({node: node.name, key, explanation: `the file could be one that does not load: ${view.problem}`});
      }
      const problem = node.refusalOf(view);
      if (problem === undefined) continue;
      refused = true;
      judgeTrial(node, view.hash, problem);
    }
    if (!refused) trials.delete(node);
  };
  for (const node of cluster.nodes) if (node.file.state !== 'absent') hadFile.add(node);
  return {
    onDisk(node, actor) {
      if (!actor.startsWith('program/')) excused.add(node);
      const views = node.possibleFiles();
      const sound = views.every((view) => view.state === 'loadable');
      if (sound) {
        excused.delete(node);
        hadFile.add(node);
      }
      if (!excused.has(node)) judge(node, views);
    },
  };
}

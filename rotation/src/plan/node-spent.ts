// What an agent keeps on its own disk of how often its server encrypted under a key. Its report in the API has the whole
// number; with etcd restored, that comes from the past, and the hard bound must hold all the same.

import {spentKeptFrom} from '../limits.ts';
import type {NodeObservation, NodeState} from '../model/node-observation.ts';
import type {Ring} from '../model/ring.ts';

/** The part of the number below which a step is not worth a write to the disk: a sixteenth at most. */
const stepBits = 4;

/** Counts for the state file; none while all are few. */
export function spentToKeep(o: NodeObservation, {keys}: Ring): Pick<NodeState, 'encryptions'> {
  const told = o.previous.state === 'seen' ? o.previous.value.encryptions : {};
  const kept = (o.state.state === 'seen' ? o.state.value.encryptions : undefined) ?? {};
  const counts = keys.flatMap(({name}) => {
    const count = Math.max(inSteps(told[name] ?? 0), kept[name] ?? 0);
    return count > 0 ? [[name, count] as const] : [];
  });
  return counts.length === 0 ? {} : {encryptions: Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1)))};
}

function inSteps(count: number): number {
  if (count < spentKeptFrom) return 0;
  const step = 2 ** (Math.floor(Math.log2(count)) - stepBits);
  return count - (count % step);
}

// Of two keys of one revision only the one that the mirrored bundle has stays in the files.

import type {NodeAction, NodeObservation, RenderedBlock} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';

export const forkDiscards: Mutant = {
  name: 'fork adopted, old keys discarded',
  what: 'where the followed bundle has another key of a revision, ours leaves the file, and the guard is not asked',
  diesBy: ['S1 readable', 'S6 lineage'],
  parts: onSide('east', () => withNodePlan(changedActions(withoutFork), unguardedAct)),
};

function withoutFork(action: NodeAction, {ring, file}: NodeObservation): NodeAction | undefined {
  if (action.do !== 'writeFile' || ring.state !== 'seen') return action;
  const {keys, following} = ring.value;
  const followed = new Map(following?.entries.map((entry) => [entry.revision, entry.key]));
  const discarded = keys.filter(({id, revision}) => (followed.get(revision) ?? id) !== id).map(({id}) => id);
  const blocks = action.blocks.map((block): RenderedBlock => {
    return {...block, order: block.order.filter((entry) => !discarded.includes(entry))};
  });
  const present = file.state === 'loadable' ? file.blocks : [];
  return JSON.stringify(present) === JSON.stringify(blocks) ? undefined : {...action, blocks};
}

// A resource that enters the list is written with the key at once.

import {isKey, type NodeAction, type NodeObservation, orderOf, type RenderedBlock} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';

export const resourceInOneStep: Mutant = {
  name: 'resource added or removed in one step',
  what: 'the first file that lists a resource writes it with the key, before other servers can read that',
  diesBy: ['S1 readable', 'S12 secrecy'],
  parts: () => withNodePlan(changedActions(writtenAtOnce), unguardedAct),
};

function writtenAtOnce(action: NodeAction, {file}: NodeObservation): NodeAction {
  if (action.do !== 'writeFile' || file.state !== 'loadable') return action;
  const blocks = action.blocks.map((block): RenderedBlock => {
    const isNew = block.resources.some((resource) => orderOf(file.blocks, resource) === undefined);
    const key = block.order.find(isKey);
    if (!isNew || key === undefined) return block;
    return {...block, order: [key, ...block.order.filter((entry) => entry !== key)]};
  });
  return {...action, blocks};
}

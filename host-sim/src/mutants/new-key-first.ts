// The first file with a new key writes with it.

import type {NodeAction, NodeObservation} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';

export const newKeyFirst: Mutant = {
  name: 'new key first when first distributed',
  what: 'the agent puts the rotation’s key in front of its file at once, and its guard is not asked',
  diesBy: ['S2 write after read'],
  parts: () => withNodePlan(changedActions(newestFirst), unguardedAct),
};

function newestFirst(action: NodeAction, {ring}: NodeObservation): NodeAction {
  const key = ring.state === 'seen' ? ring.value.rotation?.key : undefined;
  if (action.do !== 'writeFile' || key === undefined) return action;
  const blocks = action.blocks.map((block) =>
    block.order.includes(key) ? {...block, order: [key, ...block.order.filter((each) => each !== key)]} : block,
  );
  return {...action, blocks};
}

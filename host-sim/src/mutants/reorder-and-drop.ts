// The file that makes a key the write key holds no other.

import {type NodeAction, type NodeObservation, writeEntryOf} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';

export const reorderAndDrop: Mutant = {
  name: 'reorder and drop in one file',
  what: 'a change of the write key takes the older keys out of the same file, and the guard is not asked',
  diesBy: ['S3 drop after need', 'S1 readable'],
  parts: () => withNodePlan(changedActions(writeKeyOnly), unguardedAct),
};

function writeKeyOnly(action: NodeAction, {file}: NodeObservation): NodeAction {
  if (action.do !== 'writeFile' || file.state !== 'loadable') return action;
  const blocks = action.blocks.map((block) => {
    const [first = 'identity'] = block.order;
    const changes = block.resources.some((resource) => writeEntryOf(file.blocks, resource) !== first);
    return changes ? {...block, order: first === 'identity' ? [first] : [first, 'identity']} : block;
  });
  return {...action, blocks};
}

// A damaged file is begun anew.

import type {EngineParts, NodeAction, NodeObservation, RenderedBlock} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';

export const repairOverwrites: Mutant = {
  name: 'repair overwrites instead of union',
  what: 'in place of a damaged file comes one with the write key alone; older keys do not come back into it',
  diesBy: ['S1 readable', 'S3 drop after need'],
  parts,
};

/** Remembers on which nodes a file was damaged, and the revision of the write key then. */
function parts(): EngineParts {
  const oldest = new Map<string, number>();
  return withNodePlan(
    changedActions((action, o) => begunAnew(action, o, oldest)),
    unguardedAct,
  );
}

function begunAnew(action: NodeAction, o: NodeObservation, oldest: Map<string, number>): NodeAction | undefined {
  if (action.do !== 'writeFile') return action;
  const revisionOf = (entry: string): number => o.held.get(entry)?.revision ?? Number.POSITIVE_INFINITY;
  if (o.file.state === 'refused') oldest.set(o.node, revisionOf(action.blocks[0]?.order[0] ?? ''));
  const from = oldest.get(o.node);
  if (from === undefined) return action;
  const blocks = action.blocks.map((block): RenderedBlock => {
    return {...block, order: block.order.filter((entry) => revisionOf(entry) >= from)};
  });
  const present = o.file.state === 'loadable' ? o.file.blocks : [];
  return JSON.stringify(present) === JSON.stringify(blocks) ? undefined : {...action, blocks};
}

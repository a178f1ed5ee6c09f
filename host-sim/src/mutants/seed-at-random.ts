// Each new revision has a seed of its own, so both sides of a failover make different ones.

import {doNodeAction, type NodeAction} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const seedAtRandom: Mutant = {
  name: 'seed drawn at random instead of chained',
  what: 'the next revision is made with a random seed, as after a compromise',
  diesBy: ['S6 lineage', 'L2 settles'],
  parts: () => ({deeds: {node: (deed, action) => doNodeAction(deed, unchained(action))}}),
};

const unchained = (action: NodeAction): NodeAction =>
  action.do === 'prepareBundle' && action.request.kind === 'next'
    ? {...action, request: {...action.request, kind: 'fresh'}}
    : action;

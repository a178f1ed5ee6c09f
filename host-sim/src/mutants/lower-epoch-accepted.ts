// The ring is whatever the API holds.

import {doNodeAction, type NodeObservation, planNode, seen} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const lowerEpochAccepted: Mutant = {
  name: 'agent accepts a lower epoch',
  what: 'neither plan nor guard of an agent asks which epoch it saw before',
  diesBy: ['S7 one hand'],
  parts: () => ({
    rules: {node: (o) => planNode(forgetful(o))},
    deeds: {node: (deed, action) => doNodeAction({...deed, observation: forgetful(deed.observation)}, action)},
  }),
};

/** An observation that knows of no higher epoch than the ring's. */
function forgetful(o: NodeObservation): NodeObservation {
  const {state, ring, seenRing: _, ...rest} = o;
  if (state.state !== 'seen' || ring.state !== 'seen' || ring.value.epoch >= state.value.epoch) return o;
  return {...rest, ring, state: seen({...state.value, epoch: 0})};
}

// Whoever holds the lease writes, whatever was written since it looked.

import {
  type Action,
  ask,
  type ControllerDeed,
  doControllerAction,
  ourNamespace,
  type Result,
  ringResource,
  type Step,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const leaseOnly: Mutant = {
  name: 'the lease is the only fence',
  what: 'the ring is replaced at whatever version is there, so a leader that stood still goes on where it was',
  diesBy: ['S7 one hand'],
  aimed: ['slowLeader'],
  parts: () => ({deeds: {controller: unfenced}}),
};

function* unfenced(deed: ControllerDeed, action: Action): Step<Result<unknown>> {
  const {memory} = deed;
  const read = yield* ask('store.get', {resource: ringResource, namespace: ourNamespace, name: 'default'});
  if (read.ok && read.value !== undefined) memory.ringObject = read.value;
  return yield* doControllerAction(deed, action);
}

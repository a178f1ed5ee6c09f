// The ring is whatever the API holds.

import {doNodeAction, type NodeObservation, planNode, seen} from '@etcd-encryption/rotation';
import {takeSnapshot} from '../world/snapshot.ts';
import {controllers} from './faults.ts';
import type {Mutant} from './mutant.ts';
import {isAtRevision, restoreSide, type Stage} from './stage.ts';

export const lowerEpochAccepted: Mutant = {
  name: 'agent accepts a lower epoch',
  what: 'neither plan nor guard of an agent asks which epoch it saw before',
  diesBy: ['S7 one hand'],
  aimed: [],
  world: {controllers: 1, script: restoreBeforeTheLead},
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

/** The lead changes, and etcd is put back to before; whoever leads is away for a while. */
function restoreBeforeTheLead(stage: Stage): void {
  const {simulation, when, after, draws} = stage;
  when(
    () => isAtRevision(simulation.cluster, 1),
    () => {
      const past = takeSnapshot(simulation.cluster);
      simulation.restartProgram(controllers[0]);
      after(draws.integer(15_000, 40_000), () => {
        restoreSide(stage, 'east', past);
        simulation.restartProgram(controllers[0], draws.integer(20_000, 60_000));
      });
    },
  );
}

// The ring is whatever the API holds.

import {absent, doNodeAction, type NodeObservation, planNode, seen} from '@etcd-encryption/rotation';
import {takeSnapshot} from '../world/snapshot.ts';
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

function forgetful({seenRing: _, ...o}: NodeObservation): NodeObservation {
  const {state} = o;
  return {...o, state: state.state === 'seen' ? seen({...state.value, epoch: 0}) : absent};
}

/** The lead changes, and etcd is put back to before; whoever leads is away for a while. */
function restoreBeforeTheLead(stage: Stage): void {
  const {simulation, when, after, draws} = stage;
  const [leader] = ['controller-a'];
  when(
    () => isAtRevision(simulation.cluster, 1),
    () => {
      const past = takeSnapshot(simulation.cluster);
      simulation.restartProgram(leader ?? '');
      after(draws.integer(15_000, 40_000), () => {
        restoreSide(stage, 'east', past);
        simulation.restartProgram(leader ?? '', draws.integer(20_000, 60_000));
      });
    },
  );
}

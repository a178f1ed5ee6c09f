// A node that has no file gets what is written with now.

import type {NodeAction, NodeObservation, RenderedBlock} from '@etcd-encryption/rotation';
import {ringOf} from '../oracles/own-objects.ts';
import type {Mutant} from './mutant.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';
import type {Stage} from './stage.ts';

export const joinerCurrentOnly: Mutant = {
  name: 'a new node gets the current key only',
  what: 'a node that joins writes a file with the write key alone, and keeps to it',
  diesBy: ['S1 readable'],
  aimed: [],
  world: {
    lengthMs: 480_000,
    // Few writes: what users write again is under the key that the new node has.
    users: {writesPerSecond: 0.05},
    simulation: {objects: {secrets: 9, configmaps: 6}},
    script: joinAtActivation,
  },
  parts: () => withNodePlan(changedActions(currentOnly), unguardedAct),
};

/** `n4` is the one that joins in this world. */
function currentOnly(action: NodeAction, {node, file}: NodeObservation): NodeAction | undefined {
  if (node !== joiner || action.do !== 'writeFile') return action;
  const blocks = action.blocks.map(
    (block): RenderedBlock => ({...block, order: [block.order[0] ?? 'identity', 'identity']}),
  );
  const present = file.state === 'loadable' ? file.blocks : [];
  return JSON.stringify(present) === JSON.stringify(blocks) ? undefined : {...action, blocks};
}

const joiner = 'n4';

/** A node joins while values are still under the key before. */
function joinAtActivation({simulation, when, after, draws, startAgent}: Stage): void {
  const {cluster} = simulation;
  const isChanging = (): boolean => {
    const rotation = ringOf(cluster)?.rotation;
    return rotation !== undefined && rotation.revision > 1 && rotation.activatedAtMs !== undefined;
  };
  when(isChanging, () => {
    const node = cluster.addNode({name: joiner, address: '10.0.0.4', member: false}, undefined);
    node.start();
    // It gets a file before it counts.
    when(
      () => node.file.state === 'loadable',
      () => cluster.setMember(joiner, true),
    );
    after(draws.integer(1_000, 10_000), () => startAgent(joiner));
  });
}

// Of two keys of one revision only the one that the mirrored bundle has stays in the files.

import {annotation, type NodeAction, type NodeObservation, type RenderedBlock} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {changedActions, unguardedAct, withNodePlan} from './parts.ts';
import {annotateConfig, annotateRing, isAtRevision} from './stage.ts';

export const forkDiscards: Mutant = {
  name: 'fork adopted, old keys discarded',
  what: 'where the followed bundle has another key of a revision, ours leaves the file, and the guard is not asked',
  diesBy: ['S1 readable', 'S6 lineage'],
  aimed: [],
  pair: {
    lengthMs: 780_000,
    // Both sides are Actives by procedure, and on one a key was compromised: it takes a fresh seed, the other the chain's.
    script(stage) {
      const {pair, when, after, draws} = stage;
      if (pair === undefined) return;
      const [east, west] = [pair.cluster('east'), pair.cluster('west')];
      const both = (): void => {
        pair.failover('west');
        annotateRing(stage, west, {name: annotation.role, text: 'Active'});
        annotateConfig(stage, east, {name: annotation.rotate, text: 'compromised-drill'});
        when(
          () => isAtRevision(west, 2),
          () => after(draws.integer(30_000, 90_000), follow),
        );
      };
      const follow = (): void => {
        annotateRing(stage, west, {name: annotation.role, text: undefined});
        pair.follow('east');
      };
      when(
        () => isAtRevision(west, 1),
        () => after(draws.integer(0, 30_000), both),
      );
    },
  },
  parts: onSide('east', () => withNodePlan(changedActions(withoutFork), unguardedAct)),
};

function withoutFork(action: NodeAction, {ring, file}: NodeObservation): NodeAction | undefined {
  if (action.do !== 'writeFile' || ring.state !== 'seen') return action;
  const {keys, following} = ring.value;
  const followed = new Map(following?.entries.map((entry) => [entry.revision, entry.key]));
  const discarded = keys.filter(({id, revision}) => (followed.get(revision) ?? id) !== id).map(({id}) => id);
  const blocks = action.blocks.map((block): RenderedBlock => {
    return {...block, order: block.order.filter((entry) => !discarded.includes(entry))};
  });
  const present = file.state === 'loadable' ? file.blocks : [];
  return JSON.stringify(present) === JSON.stringify(blocks) ? undefined : {...action, blocks};
}

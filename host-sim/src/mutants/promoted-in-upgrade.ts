// A Synchronizer that is away is taken for a failover at once.

import {annotation, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withView} from './parts.ts';
import {isAtRevision} from './stage.ts';

export const promotedInUpgrade: Mutant = {
  name: 'promotion while the pair is being upgraded',
  what: 'a side on which the Synchronizer was is the Active as soon as it is gone, without the promotion grace',
  diesBy: ['S6 lineage'],
  aimed: [],
  pair: {
    lengthMs: 900_000,
    deterministic: {promotionGrace: '30m'},
    script({pair, when, after, draws}) {
      if (pair === undefined) return;
      const mirror = pair.synchronizers.west;
      when(
        () => isAtRevision(pair.cluster('west'), 1),
        () =>
          after(draws.integer(0, 120_000), () => {
            mirror.uninstall();
            after(draws.integer(360_000, 420_000), () => mirror.install());
          }),
      );
    },
  },
  parts: onSide('west', () => withView((view) => (isGone(view) ? statedActive(view) : view))),
};

const isGone = ({ring, observation: {synchronizer}}: View): boolean =>
  ring.synchronizer?.goneSinceMs !== undefined && synchronizer.state === 'seen' && !synchronizer.value.installed;

function statedActive(view: View): View {
  const {observation} = view;
  const ringAnnotations = {...observation.ringAnnotations, [annotation.role]: 'Active'};
  return {...view, observation: {...observation, ringAnnotations}};
}

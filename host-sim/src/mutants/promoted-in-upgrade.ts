// A Synchronizer that is away is taken for a failover at once.

import {annotation, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withView} from './parts.ts';

export const promotedInUpgrade: Mutant = {
  name: 'promotion while the pair is being upgraded',
  what: 'a side on which the Synchronizer was is the Active as soon as it is gone, without the promotion grace',
  diesBy: ['S6 lineage'],
  parts: onSide('west', () => withView((view) => (isGone(view) ? statedActive(view) : view))),
};

const isGone = ({ring, observation: {synchronizer}}: View): boolean =>
  ring.synchronizer?.goneSinceMs !== undefined && synchronizer.state === 'seen' && !synchronizer.value.installed;

function statedActive(view: View): View {
  const {observation} = view;
  const ringAnnotations = {...observation.ringAnnotations, [annotation.role]: 'Active'};
  return {...view, observation: {...observation, ringAnnotations}};
}

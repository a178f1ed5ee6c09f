// A bundle of another id, under another root, is followed though nobody announced it here.

import {annotation, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const otherIdFollowed: Mutant = {
  name: 'another bundle id followed unasked',
  what: 'whatever root key the nodes hold counts as announced',
  diesBy: ['S6 lineage'],
  parts: onSide('west', () => withRule('follow', (apply) => (view) => apply(announced(view)))),
};

function announced(view: View): View {
  const {observation, members} = view;
  const check = members
    .map(({report}) => report.derivation?.root)
    .find((root) => root?.state === 'ready' && root.rootCheck !== view.ring.following?.rootCheck);
  if (check?.state !== 'ready') return view;
  const ringAnnotations = {...observation.ringAnnotations, [annotation.rootCheck]: check.rootCheck};
  return {...view, observation: {...observation, ringAnnotations}};
}

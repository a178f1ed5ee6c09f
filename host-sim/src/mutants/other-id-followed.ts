// A bundle of another id, under another root, is followed though nobody announced it here.

import {fingerprint} from '@etcd-encryption/crypto';
import {annotation, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {createRoot, replicationGroupId, rootKeyOf} from './pair-world.ts';
import {withRule} from './parts.ts';
import {annotateRing, isAtRevision} from './stage.ts';

export const otherIdFollowed: Mutant = {
  name: 'another bundle id followed unasked',
  what: 'whatever root key the nodes hold counts as announced',
  diesBy: ['S6 lineage'],
  aimed: [],
  pair: {
    lengthMs: 480_000,
    script(stage) {
      const {pair, when, after, draws} = stage;
      if (pair === undefined) return;
      const rootKey = rootKeyOf(2);
      const {rootCheck = ''} = fingerprint({rootKey, replicationGroupId}, []);
      const replace = (): void => {
        for (const side of ['east', 'west'] as const) createRoot(pair.cluster(side), rootKey);
        // The Standby's ring says nothing of it yet.
        annotateRing(stage, pair.cluster('east'), {name: annotation.rootCheck, text: rootCheck});
      };
      when(
        () => isAtRevision(pair.cluster('west'), 1),
        () => after(draws.integer(0, 60_000), replace),
      );
    },
  },
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

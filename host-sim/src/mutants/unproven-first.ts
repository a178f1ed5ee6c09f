// Nobody on the other side is asked whether they derive the same key.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const unprovenFirst: Mutant = {
  name: "first activation without any Standby's proof",
  what: 'the first key of a bundle id is activated after its delay, as if a proof had been recorded',
  diesBy: ['S1 readable'],
  parts: onSide('east', () => withRule('activate', (apply) => (view) => apply(proven(view)))),
};

function proven(view: View): View {
  const {ring} = view;
  if (ring.following === undefined) return view;
  return {...view, ring: {...ring, standbyProven: [ring.following.bundleId]}};
}

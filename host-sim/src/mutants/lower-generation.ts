// What is stored is followed, also where it is older than what was accepted.

import type {BundleRef, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const lowerGeneration: Mutant = {
  name: 'reader takes a lower generation',
  what: 'a stored bundle of a lower generation is followed as if it went on from the followed one',
  diesBy: ['S6 lineage'],
  parts: onSide('west', () => withRule('follow', (apply) => (view) => apply(forgetful(view)))),
};

/** A view whose followed bundle has no number, and no revision that a stored one of its id lacks. */
function forgetful(view: View): View {
  const {ring} = view;
  const stored = storedBundle(view);
  const {following} = ring;
  if (following === undefined || stored === undefined) return view;
  if (stored.bundleId !== following.bundleId || stored.generation >= following.generation) return view;
  const entries = following.entries.filter(({revision}) => stored.entries.some((each) => each.revision === revision));
  return {...view, ring: {...ring, following: {...following, generation: 0, entries}}};
}

function storedBundle({observation, members}: View): BundleRef | undefined {
  if (observation.seedBundle.state !== 'seen') return undefined;
  const {hash} = observation.seedBundle.value;
  const read = members.flatMap(({report}) =>
    report.derivation?.bundle.state === 'read' ? [report.derivation.bundle.bundle] : [],
  );
  return read.find((bundle) => bundle.hash === hash);
}

// A list of resources that changed: what enters is rewritten under the present key, what leaves in clear.

import type {Rotation} from '../model/ring.ts';
import {currentKey} from './budget.ts';
import type {Due} from './due.ts';
import {changeRing, type Outcome, pass} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

/** Rewrites what enters or leaves the list, under the present key. */
export function startResources(view: View, due: Due): Outcome {
  const {ring, observation} = view;
  const key = currentKey(view);
  const revision = view.keys.get(key ?? '')?.revision;
  if (key === undefined || revision === undefined) return pass;
  const rotation: Rotation = {
    revision,
    key,
    reason: 'resources',
    ...(due.adding === undefined ? {} : {adding: due.adding}),
    ...(due.removing === undefined ? {} : {removing: due.removing}),
    startedAtMs: observation.now.wallMs,
    migration: [],
  };
  const what = due.adding === undefined ? `${due.removing?.join(', ')} leave` : `${due.adding.join(', ')} enter`;
  return changeRing(ring, {rotation}, because('ResourcesChanging', what));
}

// What a pause has put off is made up for.

import type {EngineParts, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const catchUp: Mutant = {
  name: 'catch-up rotations after a pause',
  what: 'the next rotation is due an interval after the last one was due, not after it was complete',
  diesBy: ['L7 pause and resume'],
  parts,
};

/** Remembers when the last one was due. */
function parts(): EngineParts {
  let dueAtMs: number | undefined;
  return withRule('start', (apply) => (view) => {
    const {ring, spec} = view;
    const [last, ...earlier] = ring.history;
    if (last === undefined || ring.rotation !== undefined) return apply(view);
    dueAtMs ??= last.completedAtMs;
    const counted: View = {...view, ring: {...ring, history: [{...last, completedAtMs: dueAtMs}, ...earlier]}};
    const outcome = apply(counted);
    if (outcome.kind !== 'act' || outcome.action.do !== 'replaceRing') return outcome;
    dueAtMs += spec.rotationIntervalMs;
    return {...outcome, action: {...outcome.action, ring: {...outcome.action.ring, history: ring.history}}};
  });
}

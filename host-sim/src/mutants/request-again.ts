// A scheduled rotation forgets which request was handled.

import type {Outcome} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const requestAgain: Mutant = {
  name: 'request handled again after a scheduled rotation',
  what: 'what the ring remembers of the request is that of the last rotation, and a schedule has none',
  diesBy: ['L7 pause and resume'],
  parts: () => withRule('start', (apply) => (view) => forgetting(apply(view))),
};

function forgetting(outcome: Outcome): Outcome {
  if (outcome.kind !== 'act' || outcome.action.do !== 'replaceRing') return outcome;
  const {ring} = outcome.action;
  if (ring.rotation?.reason !== 'schedule') return outcome;
  const {handledRequest: _, ...rest} = ring;
  return {...outcome, action: {...outcome.action, ring: rest}};
}

// Most members are enough to activate.

import type {Outcome, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const majorityInsteadOfAll: Mutant = {
  name: 'majority instead of all',
  what: 'activation leaves out any one member of three that has not loaded the key',
  diesBy: ['S2 write after read'],
  parts: () => withRule('activate', (apply) => (view) => withoutOne(view, apply) ?? apply(view)),
};

/** What the rule would do without one member, if that is more than waiting. */
function withoutOne(view: View, apply: (view: View) => Outcome): Outcome | undefined {
  const {members} = view;
  if (members.length < 3) return undefined;
  const outcomes = members.map((one) => apply({...view, members: members.filter((each) => each !== one)}));
  return outcomes.find(({kind}) => kind === 'act');
}

// Where nobody is asked, everybody agrees.

import type {Mutant} from './mutant.ts';
import {activateNow, withRule} from './parts.ts';

export const emptyListIsConverged: Mutant = {
  name: 'empty member list = converged',
  what: 'a list of members that comes back empty has nobody in it who has not loaded the key',
  diesBy: ['S2 write after read'],
  aimed: ['noReports', 'slowPoll'],
  parts: () =>
    withRule(
      'activate',
      (apply) => (view) => (view.members.length === 0 ? activateNow(view) : undefined) ?? apply(view),
    ),
};

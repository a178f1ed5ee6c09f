// Nobody goes on above what the nodes saw before etcd was put back.

import {doControllerAction, ok, type Result, type Step} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const lowerEpochRefused: Mutant = {
  name: 'lower epoch after a restore refused for ever',
  what: 'agents refuse the restored ring, and its epoch is never raised above the one that they saw',
  diesBy: ['L2 settles'],
  parts: () => ({
    deeds: {
      controller: (deed, action) => {
        const isRaise = action.do === 'replaceRing' && action.ring.restored?.merged === false;
        return isRaise ? nothing() : doControllerAction(deed, action);
      },
    },
  }),
};

// biome-ignore lint/correctness/useYield: an answer without a request, in the form of one
function* nothing(): Step<Result<unknown>> {
  return ok(undefined);
}

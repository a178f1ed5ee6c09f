// A Standby rewrites all that it sees.

import {doControllerAction} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';

export const standbyMigrates: Mutant = {
  name: 'Standby migrates replicated objects',
  what: 'a Standby’s migration is not limited to the namespaces that the Synchronizer leaves alone',
  diesBy: ['S10 quiet Standby'],
  aimed: [],
  pair: {
    lengthMs: 480_000,
    pair: {users: {writesPerSecond: 0.3, creates: 0.3, deletes: 0.4}},
    script({pair}) {
      // What was deleted on the Active only stays under its old key: there is something to rewrite.
      if (pair !== undefined) pair.synchronizers.west.faults.losesDeletes = true;
    },
  },
  parts: onSide('west', () => ({
    deeds: {
      controller: (deed, action) =>
        doControllerAction(deed, action.do === 'migratePage' ? {do: 'migratePage', of: action.of} : action),
    },
  })),
};

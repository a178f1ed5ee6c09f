// A Standby rewrites all that it sees.

import {doControllerAction} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';

export const standbyMigrates: Mutant = {
  name: 'Standby migrates replicated objects',
  what: 'a Standby’s migration is not limited to the namespaces that the Synchronizer leaves alone',
  diesBy: ['S10 quiet Standby'],
  parts: onSide('west', () => ({
    deeds: {
      controller: (deed, action) =>
        doControllerAction(deed, action.do === 'migratePage' ? {do: 'migratePage', of: action.of} : action),
    },
  })),
};

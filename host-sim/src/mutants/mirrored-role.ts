// An operator's word is taken from the configuration, which is mirrored.

import {annotation, doControllerAction, type EngineParts} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {asActive, onSide} from './pair-parts.ts';
import {withView} from './parts.ts';

export const mirroredRole: Mutant = {
  name: 'mirrored role statement believed',
  what: 'the role is read from the configuration, not from the ring, and outranks the signs of the Synchronizer',
  diesBy: ['S10 quiet Standby', 'S6 lineage'],
  parts: onSide('west', parts),
};

function parts(): EngineParts {
  let stated: string | undefined;
  return {
    ...withView((view) => (stated === 'Active' ? asActive(view) : view)),
    deeds: {
      controller: (deed, action) => {
        stated = deed.memory.configObject?.metadata.annotations?.[annotation.role];
        return doControllerAction(deed, action);
      },
    },
  };
}

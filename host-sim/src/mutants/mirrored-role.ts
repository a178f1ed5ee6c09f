// An operator's word is taken from the configuration, which is mirrored.

import {annotation, doControllerAction, type EngineParts} from '@etcd-encryption/rotation';
import {ringOf} from '../oracles/own-objects.ts';
import type {Mutant} from './mutant.ts';
import {asActive, onSide} from './pair-parts.ts';
import {withView} from './parts.ts';
import {annotateConfig} from './stage.ts';

export const mirroredRole: Mutant = {
  name: 'mirrored role statement believed',
  what: 'the role is read from the configuration, not from the ring, and outranks the signs of the Synchronizer',
  diesBy: ['S10 quiet Standby', 'S6 lineage'],
  aimed: [],
  pair: {
    lengthMs: 720_000,
    script(stage) {
      const {pair, when, after, draws} = stage;
      if (pair === undefined) return;
      const active = pair.cluster('east');
      const note = {name: annotation.role, text: 'Active'};
      when(
        () => ringOf(pair.cluster('west'))?.rotation?.activatedAtMs !== undefined,
        () => {
          annotateConfig(stage, active, note);
          after(draws.integer(150_000, 230_000), () => pair.synchronizers.west.stall(draws.integer(90_000, 180_000)));
        },
      );
    },
  },
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

// Nobody goes on above what the nodes saw before etcd was put back.

import {doControllerAction, ok, type Result, type Step} from '@etcd-encryption/rotation';
import {takeSnapshot} from '../world/snapshot.ts';
import type {Mutant} from './mutant.ts';
import {isAtRevision, restoreSide, type Stage} from './stage.ts';

export const lowerEpochRefused: Mutant = {
  name: 'lower epoch after a restore refused for ever',
  what: 'agents refuse the restored ring, and its epoch is never raised above the one that they saw',
  diesBy: ['L2 settles'],
  aimed: [],
  world: {
    rotationInterval: '2400h0m0s',
    lengthMs: 900_000,
    controllers: 1,
    quiet: true,
    promises: {names: ['L2 settles'], fromMs: 240_000, settleMs: 600_000},
    script: restoreBeforeTheFirst,
  },
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

function restoreBeforeTheFirst(stage: Stage): void {
  const {simulation, when, after, draws} = stage;
  const {cluster} = simulation;
  after(draws.integer(20_000, 40_000), () => {
    const past = takeSnapshot(cluster);
    when(
      () => isAtRevision(cluster, 1),
      () => after(draws.integer(0, 30_000), () => restoreSide(stage, 'east', past)),
    );
  });
}

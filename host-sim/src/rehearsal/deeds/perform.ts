// Does one deed of a timeline.

import type {Deed} from '../model.ts';
import {type Scene, waitFor} from '../scene.ts';
import type {Stage} from '../stage.ts';
import type {Came} from './came.ts';
import * as mirror from './mirror.ts';
import * as nodes from './nodes.ts';
import * as operator from './operator.ts';
import * as programs from './programs.ts';
import {type Backups, restore} from './restore.ts';
import * as statements from './statements.ts';

export interface Doing {
  /** Called when the deed came to pass; it may never. */
  readonly came: Came;
  readonly backups: Backups;
}

/** Does a deed; what waits for something else is left waiting, and the scene goes on. */
export function* perform(stage: Stage, deed: Deed, {came, backups}: Doing): Scene<void> {
  switch (deed.kind) {
    case 'down':
      return nodes.down(stage, deed, came);
    case 'up':
      return nodes.up(stage, deed, came);
    case 'powerLoss':
      return nodes.powerLoss(stage, deed, came);
    case 'clock':
      return nodes.clock(stage, deed, came);
    case 'editFile':
      return nodes.editFile(stage, deed, came);
    case 'cutFile':
      return nodes.cutFile(stage, deed, came);
    case 'crash':
      return programs.crash(stage, deed, came);
    case 'unknownAnswer':
      return programs.unknownAnswer(stage, deed, came);
    case 'staleView':
      return programs.staleView(stage, deed, came);
    case 'missedEvents':
      return programs.missedEvents(stage, deed, came);
    case 'stall':
      return mirror.stall(stage, deed, came);
    case 'resync':
      return mirror.resync(stage, deed, came);
    case 'loseDeletes':
      return mirror.loseDeletes(stage, deed, came);
    case 'surplusKey':
      return mirror.surplusKey(stage, deed, came);
    case 'uninstallSynchronizer':
      return mirror.uninstallSynchronizer(stage, deed, came);
    case 'installSynchronizer':
      return mirror.installSynchronizer(stage, deed, came);
    case 'stopSynchronizer':
      return mirror.stopSynchronizer(stage, deed, came);
    case 'failover':
      return yield* mirror.failover(stage, deed, came);
    case 'failback':
      return yield* mirror.failback(stage, deed, came);
    case 'restore':
      return restore(stage, deed, {backups, came});
    case 'rootReplaced':
      return yield* operator.rootReplaced(stage, deed, came);
    case 'stateRoot':
      return yield* statements.stateRoot(stage, deed, came);
    case 'stateRole':
      return yield* statements.stateRole(stage, deed, came);
    case 'addResource':
      return yield* operator.addResource(stage, deed, came);
    case 'removeResource':
      return yield* operator.removeResource(stage, deed, came);
    case 'compromised':
      return yield* operator.compromised(stage, deed, came);
    case 'pause':
      return yield* operator.pause(stage, deed, came);
    case 'resume':
      return yield* operator.resume(stage, deed, came);
    case 'rotate':
      return yield* operator.rotate(stage, deed, came);
    case 'forgetNode':
      return yield* operator.forgetNode(stage, deed, came);
    case 'advance':
      yield* waitFor(deed.byMs);
      return came();
    default:
      return deed satisfies never;
  }
}

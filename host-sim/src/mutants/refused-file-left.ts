// What a server refuses stays on its disk.

import type {Mutant} from './mutant.ts';
import {changedActions, withNodePlan} from './parts.ts';

export const refusedFileLeft: Mutant = {
  name: 'refused file left on the disk',
  what: 'a file that its server refuses is not taken back; the server would not start with it',
  diesBy: ['S11 file'],
  parts: () =>
    withNodePlan(changedActions((action) => (action.do === 'restoreFile' && action.refused ? undefined : action))),
};

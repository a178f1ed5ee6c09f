// Activation asks nobody.

import type {Mutant} from './mutant.ts';
import {activateNow, withRule} from './parts.ts';

export const activateWithoutConvergence: Mutant = {
  name: 'activate without convergence',
  what: 'the new key becomes the write key as soon as the ring distributes it',
  diesBy: ['S2 write after read'],
  parts: () => withRule('activate', (apply) => (view) => activateNow(view) ?? apply(view)),
};

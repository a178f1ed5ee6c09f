// Once our own key writes, what was there before counts as done with.

import type {Mutant} from './mutant.ts';
import {dropNow, isAtRest, withRule} from './parts.ts';

export const adoptedKeyDropped: Mutant = {
  name: 'adopted key dropped after the first rotation',
  what: 'a key that was found in the file leaves it when the first rotation is complete, unasked and unproven',
  diesBy: ['S1 readable'],
  parts: () =>
    withRule('drop', (apply) => (view) => {
      const adopted = view.ring.keys.filter(({revision}) => revision === 0).map(({id}) => id);
      return (isAtRest(view) ? dropNow(view, adopted) : undefined) ?? apply(view);
    }),
};

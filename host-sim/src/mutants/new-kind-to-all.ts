// A kind of file that no server here has loaded goes to every node.

import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const newKindToAll: Mutant = {
  name: 'new kind of file sent to all nodes at once',
  what: 'every kind counts as proven, so that no node tries it first',
  diesBy: ['S11 file', 'S1 readable'],
  parts: () =>
    withRule('add', (apply) => (view) => {
      const kinds = ['aesgcm/32', ...view.spec.resources.map((resource) => `resource/${resource}`)];
      return apply({...view, ring: {...view.ring, proven: [...new Set([...view.ring.proven, ...kinds])].sort()}});
    }),
};

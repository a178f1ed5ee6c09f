// Only live values count.

import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const dropIgnoresHistory: Mutant = {
  name: 'drop ignores history and compaction',
  what: 'a clean scan lets a key go at once, while etcd still serves older revisions under it',
  diesBy: ['S1 readable', 'S3 drop after need'],
  parts: () =>
    withRule('drop', (apply) => (view) => {
      const clean = view.ring.clean.map((proof) => ({...proof, compactedBy: 'nobody'}));
      return apply({...view, ring: {...view.ring, clean}});
    }),
};

// A rotation that says Complete is proof enough.

import type {CleanProof, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {isAtRest, withRule} from './parts.ts';

export const dropTrustsStatus: Mutant = {
  name: 'drop trusts status',
  what: 'once the status lists a rotation as Complete, every key but its own counts as proven clean and compacted',
  diesBy: ['S3 drop after need'],
  parts: () => withRule('drop', (apply) => (view) => apply(isAtRest(view) ? believing(view) : view)),
};

function believing(view: View): View {
  const {ring, observation} = view;
  const atMs = observation.now.wallMs;
  const clean = ring.keys.map(
    ({id}): CleanProof => ({key: id, by: 'status', revision: '0', atMs, compactedBy: 'status'}),
  );
  return {...view, ring: {...ring, clean}};
}

// Retention alone decides.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {dropNow, isAtRest, withRule} from './parts.ts';

export const keepNewest: Mutant = {
  name: 'drop = keep newest 8',
  what: 'the newest keys stay, as many as retention says (one in this world); older ones go unproven',
  diesBy: ['S3 drop after need'],
  parts: () =>
    withRule('drop', (apply) => (view) => (isAtRest(view) ? dropNow(view, older(view)) : undefined) ?? apply(view)),
};

const older = ({ring, spec}: View): readonly string[] =>
  ring.keys
    .filter(({revision}) => revision > 0)
    .slice(spec.retention.revisions)
    .map(({id}) => id);

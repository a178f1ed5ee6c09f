// What the Active found clean counts on the Standby too.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {isInstalled, onSide} from './pair-parts.ts';
import {dropNow, isAtRest, withRule} from './parts.ts';

export const standbyDropsEarly: Mutant = {
  name: "Standby drops by the Active's scan",
  what: 'once the Active has gone on to the next revision the Standby drops the older keys, without a scan of its own',
  diesBy: ['S3 drop after need'],
  parts: onSide('west', () =>
    withRule('drop', (apply) => (view) => (isFollowing(view) ? dropNow(view, older(view)) : undefined) ?? apply(view)),
  ),
};

const isFollowing = (view: View): boolean => isInstalled(view) && isAtRest(view);

function older({ring, keys}: View): readonly string[] {
  const writing = Math.max(0, ...ring.layout.resources.map(({write}) => keys.get(write)?.revision ?? 0));
  return ring.keys.filter(({id, revision}) => revision < writing && ring.layout.keys.includes(id)).map(({id}) => id);
}

// A Synchronizer that renews its lease no more counts as gone, and its going as a failover.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {asActive, onSide} from './pair-parts.ts';
import {withView} from './parts.ts';

export const staleLeasePromotes: Mutant = {
  name: 'stale mirror lease = promotion',
  what: 'where the lease is not renewed the Deployment, which is still there, is not asked, and no grace is waited for',
  diesBy: ['S10 quiet Standby', 'S6 lineage'],
  parts: onSide('west', () => withView((view) => (isSilent(view) ? asActive(view) : view))),
};

const isSilent = ({observation: {synchronizer}}: View): boolean =>
  synchronizer.state === 'seen' && synchronizer.value.lease === 'silent';

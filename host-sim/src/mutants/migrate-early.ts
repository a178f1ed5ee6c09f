// The migration begins with the activation.

import type {Outcome, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const migrateEarly: Mutant = {
  name: 'migrate before all loaded',
  what: 'nobody waits until every server has loaded the new write key; a scan that is clean by then ends the rotation',
  diesBy: ['S8 true status'],
  parts: () => withRule('activate', (apply) => (view) => withoutWaiting(view) ?? apply(view)),
};

const withoutWaiting = ({ring: {rotation}}: View): Outcome | undefined =>
  rotation?.activatedAtMs === undefined ? undefined : {kind: 'pass'};

// What the mirrored status says is taken for one's own.

import {changeRing, doControllerAction, type EngineParts, type Outcome, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const mirroredStatus: Mutant = {
  name: 'replicated status believed',
  what: 'a Standby takes the Active’s word for a finished migration, and rewrites nothing of its own',
  diesBy: ['S8 true status'],
  parts: onSide('west', parts),
};

interface SeenStatus {
  readonly clusterId?: string;
  readonly migration?: {readonly revision: number; readonly state: string};
}

function parts(): EngineParts {
  let migrated = 0;
  return {
    ...withRule('migrate', (apply) => (view) => believed(view, migrated) ?? apply(view)),
    deeds: {
      controller: (deed, action) => {
        const {clusterId, migration} = (deed.memory.configObject?.status ?? {}) as SeenStatus;
        const own = deed.observation.clusterId;
        const isOther = clusterId !== undefined && own.state === 'seen' && clusterId !== own.value;
        if (isOther && migration?.state === 'Success') migrated = migration.revision;
        return doControllerAction(deed, action);
      },
    },
  };
}

/** Every mark is done, verified, and nobody else's to finish, as soon as the migration could begin. */
function believed({ring}: View, migrated: number): Outcome | undefined {
  const {rotation} = ring;
  if (rotation?.convergedAtMs === undefined || rotation.revision > migrated) return undefined;
  if (rotation.verifiedBy !== undefined) return {kind: 'pass'};
  const {local: _, ...rest} = rotation;
  const migration = rest.migration.map((mark) => ({...mark, state: 'done' as const}));
  const reason = {reason: 'Migrating', message: 'it is done already'} as const;
  return changeRing(ring, {rotation: {...rest, migration, verifiedBy: 'scan'}}, reason);
}

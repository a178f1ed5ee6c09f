// Where a rotation is, read from the ring: the facts behind the word that status.phase shows a moment later.

import type {Ring} from '@etcd-encryption/rotation';

export const rotationPhases = [
  'Preflight',
  'Minting',
  'Distributing',
  'Activating',
  'Converging',
  'Migrating',
  'Verifying',
] as const;

export type RotationPhase = (typeof rotationPhases)[number];

/** `Idle` when no rotation is under way and `request`, the text of the rotate annotation, is handled. */
export function ringPhase(ring: Ring | undefined, request: string | undefined): RotationPhase | 'Idle' {
  const rotation = ring?.rotation;
  if (ring === undefined || rotation === undefined) return ring?.handledRequest === request ? 'Idle' : 'Preflight';
  if (ring.minting !== undefined) return 'Minting';
  if (rotation.activatedAtMs === undefined) return ring.gate?.deed === 'activate' ? 'Activating' : 'Distributing';
  if (rotation.convergedAtMs === undefined) return 'Converging';
  const isOpen = rotation.migration.some(({state}) => state === 'pending' || state === 'running');
  return isOpen ? 'Migrating' : 'Verifying';
}

// A node that is silent for long enough is forgotten without anybody's word.

import {changeRing, type Outcome, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const forgottenByTime: Mutant = {
  name: 'node forgotten by time alone',
  what: 'a member that has not reported for 45 s is taken out as if an operator had said so',
  diesBy: ['S2 write after read', 'S1 readable'],
  parts: () => withRule('members', (apply) => (view) => forget(view) ?? apply(view)),
};

const silentMs = 45_000;

function forget({ring, members, observation}: View): Outcome | undefined {
  const silent = members.filter(
    ({node, unchangedForMs}) => unchangedForMs > silentMs && !ring.forgotten.some((each) => each.node === node),
  );
  if (silent.length === 0) return undefined;
  const entries = silent.map(({node, identity}) => ({node, identity, atMs: observation.now.wallMs}));
  const staying = ring.members.filter(({node}) => !silent.some((each) => each.node === node));
  const reason = {reason: 'NodeForgotten', message: 'silent for too long'} as const;
  return changeRing(ring, {members: staying, forgotten: [...ring.forgotten, ...entries]}, reason);
}

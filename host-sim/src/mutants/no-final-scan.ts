// The scan that ended the rotation is never repeated.

import {type CleanProof, changeRing, type Outcome, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {isAtRest, withRule} from './parts.ts';

export const noFinalScan: Mutant = {
  name: 'no final scan (late commit)',
  what: 'the scan from the end of the migration proves every older key clean, though requests under it still ran',
  diesBy: ['S1 readable'],
  parts: () => withRule('drop', (apply) => (view) => (isAtRest(view) ? prove(view) : undefined) ?? apply(view)),
};

/** Notes the proofs once the drain is over, as if the scan had been taken then; compaction past it is waited for as ever. */
function prove({ring, members, observation}: View): Outcome | undefined {
  const nowMs = observation.now.wallMs;
  const drain = observation.drainMs ?? 0;
  const unproven = ring.keys.filter(({id}) => {
    const stopped = ring.stoppedWriting[id];
    if (stopped === undefined || nowMs < stopped + drain) return false;
    return !ring.clean.some(({key, atMs}) => key === id && atMs >= stopped + drain);
  });
  const scan = members.map(({report}) => report.scan).find((each) => each !== undefined);
  if (unproven.length === 0 || scan === undefined) return undefined;
  const proofs = unproven.map(
    ({id}): CleanProof => ({key: id, by: scan.id, revision: String(scan.revision), atMs: nowMs}),
  );
  const reason = {reason: 'DropWaiting', message: 'the last scan was clean'} as const;
  return changeRing(ring, {clean: [...ring.clean, ...proofs]}, reason);
}

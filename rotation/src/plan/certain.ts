// Certainty, behind `pause`: the dangerous deeds of a pair need a role that is known, nodes that derive the same keys,
// and a rotation that this role may go on with. Adding stands before this rule and goes on.

import {idlePeriodMs} from '../limits.ts';
import type {Role} from '../model/bundle.ts';
import {disagreements, unheardNodes} from './bundles.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {undone} from './publish.ts';
import {because} from './reason.ts';
import {roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';
import {isWrittenByActive} from './written.ts';

export const certain: Rule = {name: 'certain', apply};

function apply(view: View): Outcome {
  const {ring} = view;
  if (deterministicOf(view) === undefined) {
    if (ring.publishing === undefined) return pass;
    const reason = because('Following', 'the random strategy publishes nothing');
    return changeRing(ring, {publishing: undefined, ...undone(ring)}, reason);
  }
  const finding = roleOf(view);
  if (finding.role === 'Unknown') {
    const reasons = [because('RoleUnknown', finding.why)];
    return {kind: 'wait', reasons, wakeInMs: finding.wakeInMs ?? idlePeriodMs};
  }
  const differing = disagreements(view);
  if (differing.length > 0) return wait(...differing);
  const unheard = unheardNodes(view);
  if (unheard.length > 0)
    return wait(because('ReadFailed', `${unheard.join(', ')}: root key or SeedBundle could not be read`, unheard));
  if (finding.role === 'Standby' && ring.publishing !== undefined) {
    const reason = because('Following', 'a Standby publishes nothing');
    return changeRing(ring, {publishing: undefined, ...undone(ring)}, reason);
  }
  return giveUp(view, finding.role);
}

/** A rotation that has changed no write key, and whose key this role may not activate, is begun anew in its own time. */
function giveUp(view: View, role: Role): Outcome {
  const {rotation, publishing, following, minting} = view.ring;
  if (rotation === undefined || rotation.activatedAtMs !== undefined || rotation.reason === 'resources') return pass;
  const {key, request, revision} = rotation;
  const isListed = following?.entries.some((entry) => entry.key === key) === true;
  const isAwaited = key === undefined && publishing !== undefined && minting === undefined;
  if (isAwaited || (isListed && key !== undefined && (role === 'Active' || isWrittenByActive(view, key)))) return pass;
  return changeRing(
    view.ring,
    {
      rotation: undefined,
      minting: undefined,
      gate: undefined,
      ...(request === undefined ? {} : {handledRequest: undefined}),
    },
    because('Following', `r${revision} was not the write key yet and is not the next one here`),
  );
}

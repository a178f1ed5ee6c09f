// Pause: an operator's word stops the dangerous deeds within one step. Adding and repairing stand before this rule. A
// Standby goes on looking at its values: it changes nothing, and whether a failover is ready rests on it.

import {type Outcome, pass, type Rule} from './plan.ts';
import {because} from './reason.ts';
import {standby} from './standby.ts';
import type {View} from './view.ts';

export const pause: Rule = {name: 'pause', apply};

function apply(view: View): Outcome {
  const {pause: why} = view.spec;
  if (why === undefined) return pass;
  const reason = because('Paused', why === '' ? 'no reason given' : why);
  const look = standby.apply(view);
  if (look.kind === 'act') return {...look, notes: [reason, ...(look.notes ?? [])]};
  return {kind: 'wait', reasons: [reason], ...(look.wakeInMs === undefined ? {} : {wakeInMs: look.wakeInMs})};
}

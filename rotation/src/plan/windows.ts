// Windows: activation, migration and dropping happen inside them only. What adds or asks goes on, and so does a rotation
// after a compromise. A rotation that waits for its window is shown, and is no failure.

import {type Due, whyDue} from './due.ts';
import type {Outcome, Rule} from './plan.ts';
import {because, type Reason, type ReasonName} from './reason.ts';
import type {View} from './view.ts';

/** Changes of the ring that wait for a window; others only record, count or ask for a scan. */
const gatedReasons: ReadonlySet<ReasonName> = new Set<ReasonName>(['AskingServers', 'Activating', 'Dropping']);

/** The rule, whose deeds wait while no window is open. */
export const inWindow = (rule: Rule): Rule => ({name: rule.name, apply: (view) => gated(view, rule.apply(view))});

function gated(view: View, outcome: Outcome): Outcome {
  if (outcome.kind !== 'act') return outcome;
  if (outcome.action.do !== 'migratePage' && !gatedReasons.has(outcome.reason.reason)) return outcome;
  const closed = whyClosed(view);
  if (closed === undefined) return outcome;
  // The rules behind a rotation's steps take them for done, so they are not reached; a drop holds nothing up.
  const isStep = view.ring.rotation !== undefined;
  return isStep ? {kind: 'wait', reasons: [closed], ...wakeOf(view)} : {kind: 'pass', notes: [closed], ...wakeOf(view)};
}

/** Why nothing may start now for this reason; `undefined` when it may. */
export function closedFor(view: View, {reason}: Due): Outcome | undefined {
  const closed = reason === 'compromise' ? undefined : whyClosed(view);
  return closed === undefined ? undefined : {kind: 'pass', notes: [closed], ...wakeOf(view)};
}

/** What a rotation waits for that is due or under way; `undefined` when there is none, or no window stands against it. */
export const waitsForWindow = (view: View): Reason | undefined =>
  view.ring.rotation === undefined && whyDue(view) === undefined ? undefined : whyClosed(view);

/** A compromise that is being handled, or waits behind the present rotation, waits for no window. */
function whyClosed(view: View): Reason | undefined {
  const {windows} = view.observation;
  if (windows === undefined || windows.state === 'absent') return undefined;
  if (windows.state === 'seen' && windows.value.isOpen) return undefined;
  if (view.ring.rotation?.reason === 'compromise' || whyDue(view)?.reason === 'compromise') return undefined;
  if (windows.state === 'unknown') return because('ReadFailed', `spec.windows: ${windows.why}`);
  return because('WaitingForWindow', windows.value.why);
}

export function wakeOf({observation: {windows, now}}: View): {readonly wakeInMs?: number} {
  const at = windows?.state === 'seen' ? windows.value.changesAtMs : undefined;
  return at === undefined ? {} : {wakeInMs: Math.max(0, at - now.wallMs)};
}

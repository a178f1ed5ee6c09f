// Rest: nothing is under way. Says until when, and whether the interval can be kept.

import {budgetRotationSpacingMs, writeBudgetAlarm} from '../limits.ts';
import {formatTime} from '../model/time-text.ts';
import {budgetUsed} from './budget.ts';
import {interval} from './due.ts';
import type {Outcome, Rule} from './plan.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';
import {waitsForWindow, wakeOf} from './windows.ts';

export const rest: Rule = {name: 'rest', apply};

function apply(view: View): Outcome {
  const closed = waitsForWindow(view);
  if (closed !== undefined) return {kind: 'wait', reasons: [closed], ...wakeOf(view)};
  const {ring, observation, spec} = view;
  const last = ring.history.find(({reason}) => reason !== 'resources');
  const nextAt = (last?.completedAtMs ?? 0) + interval(view);
  const left = Math.max(0, nextAt - observation.now.wallMs);
  const reasons: Reason[] = [because('Scheduled', `next rotation at ${formatTime(nextAt)}`)];
  if (interval(view) > spec.rotationIntervalMs)
    reasons.push(because('IntervalStretched', `a rotation takes ${Math.round(interval(view) / 1000)} s`));
  const used = budgetUsed(view);
  if (used < writeBudgetAlarm) return {kind: 'wait', reasons, wakeInMs: left};
  reasons.push(because('WriteBudgetLow', `${Math.round(used * 100)} % of the write budget is used`));
  const early = (last?.completedAtMs ?? 0) + budgetRotationSpacingMs - observation.now.wallMs;
  return {kind: 'wait', reasons, wakeInMs: Math.min(left, Math.max(0, early))};
}

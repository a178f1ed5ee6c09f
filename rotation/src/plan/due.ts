// Whether a rotation is due, and why: the schedule, a request, the write budget, or a list of resources that changed.

import {budgetRotationSpacingMs, writeBudgetAlarm, writeBudgetCeiling} from '../limits.ts';
import {isListed} from '../model/layout.ts';
import type {RotationReason} from '../model/ring.ts';
import {currentKey, mostEncryptions, writeBudget} from './budget.ts';
import type {View} from './view.ts';

/** A clock that was set right in the middle of a rotation makes it seem years long; an interval stretches to this at most, ms. */
const longestRotationMs = 30 * 86_400_000;

/** Why a rotation is due. */
export interface Due {
  readonly reason: RotationReason;
  readonly adding?: readonly string[];
  readonly removing?: readonly string[];
}

/** Spacing counts from the end of the last real rotation, so rotations neither overlap nor catch up. */
export function whyDue(view: View): Due | undefined {
  const {ring, spec, observation} = view;
  const last = ring.history.find(({reason}) => reason !== 'resources');
  if (last === undefined) return {reason: 'first'};
  const request = spec.rotateRequest;
  if (request !== undefined && request !== ring.handledRequest) {
    return {reason: request.startsWith('compromised-') ? 'compromise' : 'request'};
  }
  const adding = ring.layout.resources.filter(
    ({resource, write}) => isListed(spec.resources, resource) && write !== currentKey(view),
  );
  if (adding.length > 0) return {reason: 'resources', adding: adding.map(({resource}) => resource)};
  const removing = ring.layout.resources.filter(
    ({resource, leaving}) => !isListed(spec.resources, resource) && leaving !== true,
  );
  if (removing.length > 0) return {reason: 'resources', removing: removing.map(({resource}) => resource)};
  const age = Math.max(0, observation.now.wallMs - last.completedAtMs);
  if (age >= interval(view)) return {reason: 'schedule'};
  if (isBudgetDue(view, last.rewritten) && age >= budgetRotationSpacingMs) return {reason: 'budget'};
  return undefined;
}

/** Near the budget, not counting what the last migration itself wrote; near the hard bound, counting everything. */
function isBudgetDue(view: View, migrated: number): boolean {
  const used = mostEncryptions(view);
  if (used >= writeBudgetAlarm * writeBudgetCeiling) return true;
  return used - migrated >= writeBudgetAlarm * writeBudget(view);
}

/** The configured interval, never shorter than the last rotation took, as far as that can be believed. */
export function interval({spec, ring}: View): number {
  const last = ring.history[0];
  const took = last === undefined ? 0 : Math.max(0, last.completedAtMs - last.startedAtMs);
  return Math.max(spec.rotationIntervalMs, Math.min(took, longestRotationMs));
}

// Which reasons the hand-written tests have seen a plan say.

import {
  type ClusterObservation,
  type NodeObservation,
  type NodePlan,
  type Plan,
  planController,
  planNode,
  type ReasonName,
  type Ring,
} from '@etcd-encryption/rotation';
import {deepFreeze} from './fixtures.ts';

export const reached = new Set<string>();

/** The controller's plan of a frozen observation; its reasons and notes count as reached. */
export function planOf(observation: ClusterObservation): Plan {
  const plan = planController(deepFreeze(observation));
  for (const {reason} of [...plan.reasons, ...plan.notes]) reached.add(reason);
  return plan;
}

/** The agent's plan; its problems count as reached. */
export function nodePlanOf(observation: NodeObservation): NodePlan {
  const plan = planNode(deepFreeze(observation));
  for (const {reason} of plan.problems) reached.add(reason);
  return plan;
}

/** The ring that a plan puts in place of the present one. */
export function nextRingOf(plan: Plan): Ring {
  const [action] = plan.actions;
  if (action?.do !== 'replaceRing' && action?.do !== 'createRing')
    throw new Error(`expected a new ring, got ${action?.do ?? 'nothing'}: ${JSON.stringify(plan.reasons)}`);
  return action.ring;
}

export const saidBy = (plan: Plan): readonly ReasonName[] => plan.reasons.map(({reason}) => reason);
export const notedBy = (plan: Plan): readonly ReasonName[] => plan.notes.map(({reason}) => reason);

// The controller's plan: the rules in the order in which they are read. The first that acts or waits decides; all
// that stand before it may only have added warnings. Pure: frozen facts in, fresh plan out.

import {busyPeriodMs, idlePeriodMs, maxSleepMs} from '../limits.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {activate} from './activate.ts';
import {add} from './add.ts';
import {adopt} from './adopt.ts';
import {certain} from './certain.ts';
import {drop} from './drop.ts';
import {follow} from './follow.ts';
import {readGround} from './ground.ts';
import {health} from './health.ts';
import {members} from './members.ts';
import {migrate} from './migrate.ts';
import {mint} from './mint.ts';
import {pause} from './pause.ts';
import type {Outcome, Phase, Plan, Rule} from './plan.ts';
import {publish} from './publish.ts';
import {because, type Reason} from './reason.ts';
import {rest} from './rest.ts';
import {returned} from './returned.ts';
import {role} from './role.ts';
import {standby} from './standby.ts';
import {start} from './start.ts';
import {times} from './times.ts';
import {verify} from './verify.ts';
import {makeView, type View} from './view.ts';
import {inWindow} from './windows.ts';

/** Adding stands before `pause`, the dangerous deeds behind it. */
export const controllerRules: readonly Rule[] = [
  members,
  health,
  returned,
  role,
  follow,
  adopt,
  mint,
  add,
  times,
  pause,
  certain,
  publish,
  start,
  inWindow(activate),
  inWindow(migrate),
  verify,
  inWindow(drop),
  standby,
  rest,
];

/** Decides. Total: every observation gives a plan. */
export function planController(observation: ClusterObservation, rules: readonly Rule[] = controllerRules): Plan {
  const ground = readGround(observation);
  if ('outcome' in ground) return finish(observation, ground.outcome, [], undefined);
  const view = makeView(observation, ground.spec, ground.ring);
  const notes: Reason[] = [];
  let passedMs = Number.POSITIVE_INFINITY;
  for (const rule of rules) {
    const outcome = rule.apply(view);
    if (outcome.kind === 'wait' && outcome.wakeInMs !== undefined)
      return finish(observation, {...outcome, wakeInMs: Math.min(outcome.wakeInMs, passedMs)}, notes, view);
    if (outcome.kind !== 'pass') return finish(observation, outcome, notes, view);
    notes.push(...(outcome.notes ?? []));
    passedMs = Math.min(passedMs, outcome.wakeInMs ?? passedMs);
  }
  return finish(observation, {kind: 'wait', reasons: []}, notes, view);
}

function finish(
  observation: ClusterObservation,
  outcome: Outcome,
  notes: readonly Reason[],
  view: View | undefined,
): Plan {
  const observing = view?.spec.mode === 'observe';
  const reasons = outcome.kind === 'act' ? [outcome.reason] : outcome.kind === 'wait' ? outcome.reasons : [];
  const resting = outcome.kind === 'wait' && outcome.wakeInMs !== undefined;
  const sleep = resting ? Math.min(outcome.wakeInMs ?? idlePeriodMs, idlePeriodMs) : busyPeriodMs;
  const extra = outcome.kind === 'act' ? (outcome.notes ?? []) : [];
  return {
    actions: outcome.kind === 'act' && !observing ? [outcome.action] : [],
    reasons,
    notes: [...(observing ? [observed(reasons[0])] : []), ...notes, ...extra],
    phase: observing ? 'Observing' : phaseOf(reasons[0], view),
    wakeAtMs: observation.now.monotonicMs + Math.min(maxSleepMs, Math.max(busyPeriodMs, sleep)),
    view,
  };
}

const observed = (reason: Reason | undefined): Reason =>
  because('ObserveMode', `nothing is changed; next would be: ${reason?.message ?? 'nothing'}`);

const phases: Readonly<Partial<Record<Reason['reason'], Phase>>> = {
  Minting: 'Minting',
  CheckingValues: 'Preflight',
  Adopting: 'Distributing',
  Following: 'Distributing',
  Publishing: 'Distributing',
  WaitingForApproval: 'Distributing',
  StandbyUnproven: 'Distributing',
  RoleUnknown: 'Blocked',
  Trying: 'Distributing',
  Distributing: 'Distributing',
  AskingServers: 'Activating',
  Activating: 'Activating',
  Converging: 'Converging',
  Migrating: 'Migrating',
  MigrationBlocked: 'Migrating',
  EtcdSpaceLow: 'Migrating',
  Verifying: 'Verifying',
  ForeignValues: 'Verifying',
  ClearValues: 'Verifying',
  Dropping: 'Dropping',
  DropWaiting: 'Dropping',
  HistoryNotCompacted: 'Dropping',
  Scheduled: 'Idle',
  Complete: 'Idle',
};

/** A word for people, from what the plan says and what the rotation has reached; never read back. */
function phaseOf(reason: Reason | undefined, view: View | undefined): Phase {
  if (reason === undefined || view === undefined) return 'Unknown';
  const named = phases[reason.reason];
  if (named !== undefined) return named;
  const rotation = view.ring.rotation;
  if (rotation === undefined) return reason.reason === 'WaitingForWindow' ? 'Idle' : 'Blocked';
  if (rotation.key === undefined) return 'Minting';
  if (rotation.activatedAtMs === undefined) return 'Distributing';
  if (rotation.convergedAtMs === undefined) return 'Converging';
  return 'Migrating';
}

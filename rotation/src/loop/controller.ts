// The controller's loop: observe → plan → at most one deed → status, and again.

import {type ControllerDeed, doControllerAction, writeStatus} from '../act/controller-deeds.ts';
import {holdLease, newLeaseMemory, releaseLease, renewEveryMs} from '../act/lease.ts';
import {busyPeriodMs, compactionAskMs} from '../limits.ts';
import {type Fact, seen} from '../model/fact.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {type ControllerMemory, type ControllerWaits, newControllerMemory, observeCluster} from '../observe/cluster.ts';
import {planController} from '../plan/controller.ts';
import type {Action, Plan} from '../plan/plan.ts';
import type {ReasonName} from '../plan/reason.ts';
import {demand, type Result, type Step, type Stillness} from '../ports.ts';
import {isStill, noteStill} from './stillness.ts';

export interface ControllerSettings extends ControllerWaits {
  /** Unique to this process; holder of the lease. */
  readonly identity: string;
  /** Says which fields of our kinds the installed CRDs would drop; none by default. */
  readonly readPruned?: () => Step<Fact<readonly string[]>>;
}

/** The rules and deeds a controller runs with; others are handed in by tests that look for the difference. */
export interface ControllerEngine {
  readonly plan: (observation: ClusterObservation) => Plan;
  readonly act: (deed: ControllerDeed, action: Action) => Step<Result<unknown>>;
}

export const controllerEngine: ControllerEngine = {
  plan: (observation) => planController(observation),
  act: doControllerAction,
};

// biome-ignore lint/correctness/useYield: a fact that needs no reading, in the engine's form
function* nothingPruned(): Step<Fact<readonly string[]>> {
  return seen([]);
}

/** Runs until the clock port says `stop`; gives the lease back at the end. */
export function* controllerLoop(settings: ControllerSettings, engine: ControllerEngine = controllerEngine): Step<void> {
  const {identity, readPruned = nothingPruned, ...waits} = settings;
  const memory = newControllerMemory(newLeaseMemory(identity), readPruned, waits);
  for (;;) {
    const next = yield* controllerPeriod(memory, engine);
    if ((yield* rest(memory, next)) === 'stop') break;
  }
  yield* releaseLease(memory.lease);
}

/** Sleeps, and keeps the lease meanwhile: another controller would take it from one that rests for longer than it lasts. */
function* rest(memory: ControllerMemory, {ms, still}: Next): Step<'slept' | 'woken' | 'stop' | 'still'> {
  const {lease} = memory;
  const {monotonicMs: begunAtMs} = yield* demand('clock.now', {});
  for (let leftMs = ms; ; ) {
    const how = yield* demand('clock.sleep', {
      ms: lease.leading ? Math.min(leftMs, renewEveryMs) : leftMs,
      ...(still === undefined ? {} : {still: {...still, leftMs}}),
    });
    const now = yield* demand('clock.now', {});
    if (how === 'still') noteStill(memory, now);
    leftMs = begunAtMs + ms - now.monotonicMs;
    if (how !== 'slept' || leftMs < busyPeriodMs || !lease.leading) return how;
    if (!(yield* holdLease(lease, now))) return how;
  }
}

/** How long to sleep after a period, and what is known of the next ones. */
interface Next {
  readonly ms: number;
  readonly still?: Omit<Stillness, 'leftMs'>;
}

/** One period; answers how long to sleep. */
function* controllerPeriod(memory: ControllerMemory, engine: ControllerEngine): Step<Next> {
  const now = yield* demand('clock.now', {});
  const leading = yield* holdLease(memory.lease, now);
  if (!leading) {
    memory.ownEpoch = undefined;
    return {ms: busyPeriodMs * 2};
  }
  const observation = yield* observeCluster(memory, leading);
  if (isOvertaken(memory, observation)) return {ms: yield* standDown(memory)};
  const plan = engine.plan(observation);
  const deed: ControllerDeed = {memory, observation, plan};
  let failed = false;
  for (const action of plan.actions) {
    const result = yield* engine.act(deed, action);
    failed = !result.ok;
    memory.lastFailure = result.ok
      ? undefined
      : {do: action.do, message: `${result.error.code}: ${result.error.message}`};
    const reason = plan.reasons[0];
    yield* demand('trace.event', {
      event: {
        event: `controller.${action.do}`,
        reason: reason?.reason ?? '',
        message: reason?.message ?? '',
        outcome: result.ok ? 'done' : `${result.error.code}: ${result.error.message}`,
      },
    });
    if (!result.ok) break;
  }
  yield* writeStatus(deed);
  if (plan.actions.length > 0 && !failed) return {ms: plan.actions.some(isQuestion) ? compactionAskMs : 0};
  const after = yield* demand('clock.now', {});
  const longestMs = isResting(plan) ? Number.POSITIVE_INFINITY : busyPeriodMs;
  const ms = Math.max(0, Math.min(plan.wakeAtMs - after.monotonicMs, longestMs));
  if (plan.actions.length > 0) return {ms};
  const periodMs = Math.min(plan.wakeAtMs - observation.now.monotonicMs, longestMs);
  return {
    ms,
    still: {periodMs, holds: (forMs, others) => isStill(deed, engine.plan, forMs + after.monotonicMs, others)},
  };
}

/** Nothing is under way, or what is waited for takes long. */
const isResting = ({phase, reasons: [first]}: Plan): boolean =>
  phase === 'Idle' || (first !== undefined && longWaits.has(first.reason));

/** What ends with time, an operator's word or a change that a watch tells of. */
const longWaits: ReadonlySet<ReasonName> = new Set<ReasonName>([
  'WaitingForApproval',
  'WaitingForWindow',
  'StandbyUnproven',
  'RoleUnknown',
]);

/** After a deed there is something new to see at once; after a question there is not. */
const isQuestion = (action: Action): boolean => action.do === 'askCompaction';

/** Another leader raised the epoch above ours. */
const isOvertaken = (memory: ControllerMemory, {ring}: ClusterObservation): boolean =>
  memory.ownEpoch !== undefined && ring.state === 'seen' && ring.value.epoch > memory.ownEpoch;

function* standDown(memory: ControllerMemory): Step<number> {
  memory.ownEpoch = undefined;
  yield* releaseLease(memory.lease);
  return busyPeriodMs * 5;
}

// Whether the next periods of a program would find, decide and write the same as the last one, if nothing changes but
// the time. What others keep fresh stays fresh; what is not kept fresh ages. Never decides what is done.

import type {ControllerDeed} from '../act/controller-deeds.ts';
import {busyPeriodMs, countsToldMs, idlePeriodMs, leaseAliveMs, repairShownMs} from '../limits.ts';
import {type Fact, seen} from '../model/fact.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import type {ClusterObservation, SeenReport, ServerLease} from '../model/observation.ts';
import {same} from '../model/same.ts';
import type {AgentMemory} from '../observe/agent-memory.ts';
import {type ControllerMemory, listsFact, spaceFact} from '../observe/cluster.ts';
import {countTimes} from '../observe/counted.ts';
import {watchOf} from '../observe/server-leases.ts';
import type {NodePlan} from '../plan/node-plan.ts';
import type {Plan} from '../plan/plan.ts';
import {type ConfigStatus, isToldIn, makeStatus} from '../plan/status.ts';
import type {Freshness, Instant} from '../ports.ts';

/** A lease of a server or Synchronizer that was not renewed for this long is renewed no more, ms. */
const renewedLatelyMs = 12_000;
/** The same of an agent's report at rest, ms. */
const reportedLatelyMs = idlePeriodMs + 2 * busyPeriodMs;

/** Whether a controller would plan and tell the same until `untilMs` (monotonic), and do nothing. */
export function isStill(
  {memory, observation, plan}: ControllerDeed,
  planAt: (observation: ClusterObservation) => Plan,
  untilMs: number,
  others: Freshness,
): boolean {
  if (isAwaited(memory, observation) || untilMs - memory.countsToldAtMs >= countsToldMs) return false;
  const ms = untilMs - observation.now.monotonicMs;
  const {windows} = observation;
  const changesAtMs = windows?.state === 'seen' ? windows.value.changesAtMs : undefined;
  if (changesAtMs !== undefined && changesAtMs <= observation.now.wallMs + ms) return false;
  const then = laterCluster(memory, observation, ms, others);
  const planned = planAt(then);
  if (planned.actions.length > 0 || planned.phase !== plan.phase) return false;
  if (planned.wakeAtMs - then.now.monotonicMs !== plan.wakeAtMs - observation.now.monotonicMs) return false;
  if (!same(planned.reasons, plan.reasons) || !same(planned.notes, plan.notes)) return false;
  const stored = memory.configObject?.status as ConfigStatus | undefined;
  return memory.configObject === undefined || isToldIn(makeStatus(planned, then, stored), stored);
}

/** Whether the next look may see a renewal that no look has seen yet: whose lease it is lives from then on. */
const isAwaited = ({mirrorLease}: ControllerMemory, {leases}: ClusterObservation): boolean =>
  mirrorLease?.changed === false || (leases.state === 'seen' && leases.value.some(({life}) => life === 'unknown'));

/** What was seen, `ms` later. */
function laterCluster(
  memory: ControllerMemory,
  observation: ClusterObservation,
  ms: number,
  others: Freshness,
): ClusterObservation {
  const now = later(observation.now, ms);
  const {spaceExceeded: _space, ...rest} = observation;
  return {
    ...rest,
    now,
    reports: mapFact(observation.reports, (each) => agedReport(each, ms, others)),
    leases: mapFact(observation.leases, (each) => agedLease(memory, each, now)),
    leaseWatch: watchOf(memory.serverLeases, now),
    lists: listsFact(memory, observation.ring, now),
    counted: countTimes(memory.counts, observation.ring, now.monotonicMs),
    ...spaceFact(memory, now),
    synchronizer: agedSynchronizer(memory, observation.synchronizer, now),
  };
}

const later = ({wallMs, monotonicMs}: Instant, ms: number): Instant => ({
  wallMs: wallMs + ms,
  monotonicMs: monotonicMs + ms,
});

const mapFact = <T>(fact: Fact<readonly T[]>, change: (each: T) => T): Fact<readonly T[]> =>
  fact.state === 'seen' ? {...fact, value: fact.value.map(change)} : fact;

const agedReport = (each: SeenReport, ms: number, others: Freshness): SeenReport =>
  others === 'fresh' && each.unchangedForMs <= reportedLatelyMs
    ? each
    : {...each, unchangedForMs: each.unchangedForMs + ms};

function agedLease({serverLeases}: ControllerMemory, lease: ServerLease, {monotonicMs}: Instant): ServerLease {
  const sinceMs = serverLeases.present.get(lease.identity)?.sinceMs ?? monotonicMs;
  const isRenewed = serverLeases.lastLookMs - sinceMs <= renewedLatelyMs;
  return isRenewed || monotonicMs - sinceMs < leaseAliveMs ? lease : {...lease, life: 'silent'};
}

function agedSynchronizer(
  {mirrorLease, serverLeases}: ControllerMemory,
  fact: ClusterObservation['synchronizer'],
  {monotonicMs}: Instant,
): ClusterObservation['synchronizer'] {
  if (fact?.state !== 'seen' || mirrorLease === undefined) return fact;
  const isRenewed = serverLeases.lastLookMs - mirrorLease.sinceMs <= renewedLatelyMs;
  if (isRenewed || monotonicMs - mirrorLease.sinceMs < leaseAliveMs) return fact;
  return seen({...fact.value, lease: 'silent'}, fact.version);
}

/** After `still`: nothing came or went between the looks that were left out. */
export function noteStill({serverLeases}: ControllerMemory, {monotonicMs}: Instant): void {
  if (serverLeases.watchedSinceMs !== undefined) serverLeases.lastLookMs = monotonicMs;
}

/** Whether an agent would plan the same for `ms` from the end of its period, and write nothing but that it lives. */
export function isNodeStill(
  memory: AgentMemory,
  {observation, plan}: {readonly observation: NodeObservation; readonly plan: NodePlan},
  planAt: (observation: NodeObservation) => NodePlan,
  ms: number,
): boolean {
  const now = later(observation.now, ms + busyPeriodMs);
  if (memory.failures.length > 0 || observation.failures.length > 0) return false;
  for (const {atMs} of memory.lasting.values()) if (now.monotonicMs - atMs > repairShownMs) return false;
  const ringReadAtMs = observation.ringReadAtMs + now.monotonicMs - observation.now.monotonicMs;
  const planned = planAt({...observation, now, ringReadAtMs});
  return planned.actions.length === 0 && same(planned, plan);
}

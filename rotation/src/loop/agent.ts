// The agent's loop: observe the node → plan → guarded deeds → report, and again. Goes on without the API from disk.

import {removeLeftovers} from '../act/atomic-write.ts';
import {askEtcd} from '../act/etcd-facts.ts';
import type {NodeDeed} from '../act/node-deed.ts';
import {doNodeAction} from '../act/node-deeds.ts';
import {makeReport, writeReport} from '../act/report.ts';
import {openValues, scanPrefixes} from '../act/scan.ts';
import {busyPeriodMs, idlePeriodMs, repairShownMs} from '../limits.ts';
import {backupDirectory, configurationDirectory} from '../model/file-paths.ts';
import type {NodeReport, Problem} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import type {Ring} from '../model/ring.ts';
import {type AgentMemory, newAgentMemory, noteLoaded} from '../observe/agent-memory.ts';
import {observeNode} from '../observe/node.ts';
import {planNode} from '../plan/node.ts';
import {type NodeAction, type NodePlan, problem} from '../plan/node-plan.ts';
import type {ReasonName} from '../plan/reason.ts';
import {demand, type PortError, type Result, type Step, type Stillness} from '../ports.ts';
import {isNodeStill} from './stillness.ts';

export interface AgentSettings {
  readonly node: string;
  /** age recipients that every key is sealed for as well. */
  readonly recoveryRecipients?: readonly string[];
  /** Whether this agent can read raw values of etcd. */
  readonly etcd?: boolean;
  /** Longest time between two looks at rest, ms. */
  readonly idleMs?: number;
}

/** The plan and deeds an agent runs with; others are handed in by tests that look for the difference. */
export interface AgentEngine {
  readonly plan: (observation: NodeObservation) => NodePlan;
  readonly act: (deed: NodeDeed, action: NodeAction) => Step<Result<unknown>>;
}

export const agentEngine: AgentEngine = {plan: planNode, act: doNodeAction};

/** Runs until the clock port says `stop`. */
export function* agentLoop(settings: AgentSettings, engine: AgentEngine = agentEngine): Step<void> {
  const can: NodeReport['can'] = settings.etcd === true ? ['scan', 'values'] : [];
  const memory = newAgentMemory(settings.node, settings.recoveryRecipients ?? [], can);
  yield* removeLeftovers(configurationDirectory);
  yield* removeLeftovers(backupDirectory);
  for (;;) {
    const {busy, holds} = yield* agentPeriod(memory, engine);
    const ms = busy ? busyPeriodMs : Math.min(settings.idleMs ?? idlePeriodMs, idlePeriodMs);
    const still = holds === undefined ? {} : {still: {periodMs: ms, leftMs: ms, holds}};
    if ((yield* demand('clock.sleep', {ms, ...still})) === 'stop') return;
  }
}

/** Whether the next period should come soon, and what is known of it if nothing changes. */
interface Ended {
  readonly busy: boolean;
  readonly holds?: Stillness['holds'];
}

/** One period. */
export function* agentPeriod(memory: AgentMemory, engine: AgentEngine = agentEngine): Step<Ended> {
  const observation = yield* observeNode(memory);
  const {ringReadAtMs: beganAtMs} = observation;
  const plan = engine.plan(observation);
  noteLoaded(memory, observation, plan.loaded);
  memory.failures = yield* doAll(memory, observation, plan, engine);
  if (plan.actions.length > 0) {
    const after = yield* observeNode(memory);
    yield* report(memory, after, engine.plan(after), beganAtMs);
    return {busy: true};
  }
  yield* answerScan(memory, observation);
  if (memory.can.includes('scan') && observation.ring.state === 'seen')
    memory.etcdFacts = yield* askEtcd(observation.ring.value, memory.etcdFacts);
  yield* report(memory, observation, plan, beganAtMs);
  const busy = isBusy(memory, observation, plan);
  return {busy, holds: (forMs) => isNodeStill(memory, {observation, plan}, engine.plan, forMs)};
}

function* doAll(
  memory: AgentMemory,
  observation: NodeObservation,
  plan: NodePlan,
  engine: AgentEngine,
): Step<Problem[]> {
  const failures: Problem[] = [];
  let stateFailed = false;
  for (const action of plan.actions) {
    if (isHeldBack(action, failures, stateFailed && observation.derivation !== undefined)) continue;
    const result = yield* engine.act({memory, observation, plan}, action);
    yield* demand('trace.event', {
      event: {
        event: `agent.${action.do}`,
        node: observation.node,
        outcome: result.ok ? 'done' : `${result.error.code}: ${result.error.message}`,
      },
    });
    if (!result.ok && action.do === 'writeState') stateFailed = true;
    if (result.ok && (action.do === 'writeFile' || action.do === 'restoreFile')) noteRepair(memory, observation, plan);
    if (result.ok && action.do === 'moveAside') {
      const message = `${action.path} is not ours and was moved aside, untouched`;
      memory.lasting.set('ForeignFileMoved', {message, atMs: observation.now.monotonicMs});
    }
    if (!result.ok) failures.push(problem(reasonOf(action, result.error), `${action.do}: ${result.error.message}`));
  }
  return failures;
}

/** No key goes into a file before the history has it, and no bundle's before the state file has the bundle. */
function isHeldBack({do: deed}: NodeAction, failures: readonly Problem[], stateFailed: boolean): boolean {
  if (deed === 'writeFile' && stateFailed) return true;
  return (deed === 'writeFile' || deed === 'mint') && failures.some(({reason}) => reason === 'HistoryNotWritable');
}

/** A repair is over before the next report, so it is remembered for people. */
function noteRepair(memory: AgentMemory, {now}: NodeObservation, {problems}: NodePlan): void {
  const repair = problems.find(({reason}) => reason === 'FileRepaired');
  if (repair !== undefined) memory.lasting.set(repair.reason, {message: repair.message, atMs: now.monotonicMs});
}

function reasonOf(action: NodeAction, error: PortError): ReasonName {
  switch (action.do) {
    case 'makeIdentity':
    case 'writeState':
    case 'endTrial':
      return 'CannotWriteFile';
    case 'moveAside':
    case 'appendHistory':
      return 'HistoryNotWritable';
    case 'openKey':
      return error.code === 'invalid' ? 'KeyMismatch' : error.code === 'denied' ? 'ForeignKeyObject' : 'KeyNotHeld';
    case 'sealKey':
    case 'reseal':
      return 'KeyNotSealed';
    case 'mint':
      if (error.code === 'denied' || error.code === 'invalid') return 'ForeignKeyObject';
      return error.reason === 'ENOSPC' || error.reason === 'EROFS' ? 'HistoryNotWritable' : 'Minting';
    case 'prepareBundle':
      return 'Minting';
    case 'writeFile':
    case 'restoreFile':
      if (error.reason === 'EBUSY') return 'SingleFileMount';
      return error.message.startsWith('guard:') ? 'GuardRefused' : 'CannotWriteFile';
    default:
      return action satisfies never;
  }
}

/** Answers the ring's scan request, if it is for this node and not answered yet. */
function* answerScan(memory: AgentMemory, observation: NodeObservation): Step<void> {
  if (observation.ring.state !== 'seen') return;
  const {scan, keys} = observation.ring.value;
  if (scan === undefined || scan.node !== memory.node) return;
  if (scan.deep && memory.can.includes('values') && memory.values?.id !== scan.id) {
    const opened = yield* openValues(scan, memory.etcdPrefix, [...memory.keys.values()]);
    if (opened.ok) memory.values = opened.value;
    else memory.failures.push(problem('ReadFailed', `opening stored values: ${opened.error.message}`));
  }
  if (!scan.deep && memory.can.includes('scan') && memory.scan?.id !== scan.id) {
    const counted = yield* scanPrefixes(
      scan,
      memory.etcdPrefix,
      keys.map(({name}) => name),
    );
    if (counted.ok) memory.scan = counted.value;
    else memory.failures.push(problem('ReadFailed', `scan of etcd: ${counted.error.message}`));
  }
}

/** Reports what a period that began at `beganAtMs` (monotonic) found and did. */
function* report(memory: AgentMemory, observation: NodeObservation, plan: NodePlan, beganAtMs: number): Step<void> {
  const lasting = lastingProblems(memory, observation.now.monotonicMs);
  // A repair is told once it is done; what is planned still may fail.
  const present = plan.problems.filter(({reason}) => reason !== 'FileRepaired');
  const withFailures: NodePlan = {...plan, problems: merge(merge(present, memory.failures), lasting)};
  const written = yield* writeReport(memory, makeReport(memory, observation, withFailures), beganAtMs);
  if (!written.ok) {
    const {code, message} = written.error;
    yield* demand('trace.event', {event: {event: 'agent.reportFailed', node: memory.node, code, message}});
  }
}

function lastingProblems({lasting}: AgentMemory, nowMs: number): readonly Problem[] {
  for (const reason of ['FileRepaired', 'ForeignFileMoved'] as const) {
    const told = lasting.get(reason);
    if (told !== undefined && nowMs - told.atMs > repairShownMs) lasting.delete(reason);
  }
  return [...lasting].map(([reason, {message}]) => ({reason, message}));
}

function merge(a: readonly Problem[], b: readonly Problem[]): readonly Problem[] {
  const texts = new Set(a.map(({reason, message}) => `${reason} ${message}`));
  return [...a, ...b.filter(({reason, message}) => !texts.has(`${reason} ${message}`))];
}

/** Something is under way on this node or in the ring. */
function isBusy(memory: AgentMemory, observation: NodeObservation, plan: NodePlan): boolean {
  if (plan.problems.some(({reason}) => reason !== 'UnknownRecipient')) return true;
  if (observation.ring.state !== 'seen') return true;
  const ring = observation.ring.value;
  const {loaded} = plan;
  const settled =
    observation.file.state === 'loadable' && loaded.state === 'known' && loaded.hash === observation.file.hash;
  return (
    !settled ||
    ring.rotation !== undefined ||
    ring.trial !== undefined ||
    ring.gate !== undefined ||
    isAsked(memory, ring) ||
    ring.publishing !== undefined
  );
}

/** The ring asks this node for a scan that it has not answered; a Standby's ring keeps its last scan while it rests. */
function isAsked(memory: AgentMemory, {scan}: Ring): boolean {
  if (scan === undefined || scan.node !== memory.node) return false;
  return (scan.deep ? memory.values : memory.scan)?.id !== scan.id;
}

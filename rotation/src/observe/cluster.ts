// What a controller reads each period. Every failed read is an unknown fact, so that it can only take actions away.

import type {LeaseMemory} from '../act/lease.ts';
import {newPace, type Pace} from '../act/pace.ts';
import {spaceRetryMs} from '../limits.ts';
import {absent, type Fact, seen, unread} from '../model/fact.ts';
import {type NodeReport, readNodeReport} from '../model/node.ts';
import type {ClusterObservation, SeenReport} from '../model/observation.ts';
import {
  configResource,
  nodeReportResource,
  ourNamespace,
  ringResource,
  singletonName,
} from '../model/resource-types.ts';
import {isAnotherLine, newerSeen, type Ring, readRing, type SeenRing} from '../model/ring.ts';
import {type ReadSpec, readSpec} from '../model/spec.ts';
import {ask, demand, type Instant, type ResourceType, type Step, type StoredObject} from '../ports.ts';
import {type Counts, countTimes} from './counted.ts';
import {listAll} from './lists.ts';
import {type MirrorLeaseMemory, readPair} from './pair.ts';
import {newServerLeaseMemory, readServerLeases, type ServerLeaseMemory, watchOf} from './server-leases.ts';
import {readControlPlaneNodes, readEndpoints} from './servers.ts';
import {readClusterId, readKeyObjects} from './shared-objects.ts';
import {readWindows} from './windows.ts';

/** The controller's memory: a plain value, lost at a crash without harm. */
export interface ControllerMemory {
  readonly lease: LeaseMemory;
  ownEpoch: number | undefined;
  seenRing: SeenRing | undefined;
  readonly serverLeases: ServerLeaseMemory;
  mirrorLease: MirrorLeaseMemory;
  readonly reports: Map<string, {sequence: number; sinceMs: number}>;
  lists: {result: Readonly<Record<string, string>>; atMs: number; after: string} | undefined;
  readonly compacted: Set<string>;
  /** What it counts on its own clock that never jumps. */
  readonly counts: Counts;
  /** When etcd last had no space for a rewrite, monotonic ms, and what was said. */
  spaceExceeded: {readonly atMs: number; readonly message: string} | undefined;
  /** How fast objects are rewritten now. */
  readonly pace: Pace;
  ringObject: StoredObject | undefined;
  configObject: StoredObject | undefined;
  /** When it last wrote how often each key encrypted, monotonic ms. */
  countsToldAtMs: number;
  lastFailure: ClusterObservation['lastFailure'];
  /** Reads which fields the installed CRDs would drop; given by the host. */
  readonly readPruned: () => Step<Fact<readonly string[]>>;
  readonly waits: ControllerWaits;
}

/** Waits that depend on how the servers run; each has a default. */
export interface ControllerWaits {
  /** Request time-out and drain of the servers together, ms; what a key waits before anything proves it unneeded. */
  readonly drainMs?: number;
  /** A file that a server has not loaded after this is called not loaded, ms. */
  readonly reloadDeadlineMs?: number;
  /** On a Standby: stored values are counted again after this, ms. */
  readonly countEveryMs?: number;
}

export const newControllerMemory = (
  lease: LeaseMemory,
  readPruned: ControllerMemory['readPruned'],
  waits: ControllerWaits = {},
): ControllerMemory => ({
  lease,
  ownEpoch: undefined,
  seenRing: undefined,
  serverLeases: newServerLeaseMemory(),
  mirrorLease: undefined,
  reports: new Map(),
  lists: undefined,
  compacted: new Set(),
  counts: new Map(),
  spaceExceeded: undefined,
  countsToldAtMs: Number.NEGATIVE_INFINITY,
  pace: newPace(),
  ringObject: undefined,
  configObject: undefined,
  lastFailure: undefined,
  readPruned,
  waits,
});

/** A check of all lists counts this long, ms; one that found something is repeated sooner. */
const listsLifeMs = 600_000;
const listsRetryMs = 15_000;

/** Reads everything a plan needs. */
export function* observeCluster(memory: ControllerMemory, leading: boolean): Step<ClusterObservation> {
  const now = yield* demand('clock.now', {});
  const clusterId = yield* readClusterId();
  const past = memory.seenRing;
  const {spec, ring, annotations} = yield* readConfigAndRing(memory);
  if (ring.state === 'seen' && (past === undefined || !isAnotherLine(ring.value, past)))
    memory.seenRing = newerSeen(past ?? {epoch: 0, version: 0}, ring.value);
  const {reports, bad} = yield* readReports(memory, now);
  const keyObjects = yield* readKeyObjects();
  const leases = yield* readServerLeases(memory.serverLeases, now);
  const controlPlaneNodes = yield* readControlPlaneNodes();
  const endpoints = yield* readEndpoints();
  const types = yield* readTypes(spec, ring);
  const pair = yield* readPair(memory, spec, now);
  const windows = yield* readWindows(spec, clusterId, now);
  const pruned = yield* memory.readPruned();
  return {
    now,
    leading,
    ...(memory.lastFailure === undefined ? {} : {lastFailure: memory.lastFailure}),
    ...(memory.ownEpoch === undefined ? {} : {ownEpoch: memory.ownEpoch}),
    ...(past === undefined ? {} : {seenRing: past}),
    clusterId,
    spec,
    ring,
    ringAnnotations: annotations,
    reports,
    badReports: bad,
    keyObjects,
    leases,
    leaseWatch: watchOf(memory.serverLeases, now),
    controlPlaneNodes,
    endpoints,
    types,
    lists: listsFact(memory, ring, now),
    ...(memory.lists === undefined ? {} : {listed: {broken: memory.lists.result, atMs: memory.lists.atMs}}),
    compacted: [...memory.compacted].sort(),
    counted: countTimes(memory.counts, ring, now.monotonicMs),
    ...spaceFact(memory, now),
    ...pair,
    windows,
    pruned,
    ...memory.waits,
  };
}

function* readConfigAndRing(
  memory: ControllerMemory,
): Step<{spec: Fact<ReadSpec>; ring: Fact<Ring>; annotations: Readonly<Record<string, string>>}> {
  const config = yield* ask('store.get', {resource: configResource, name: singletonName});
  memory.configObject = config.ok ? config.value : undefined;
  const spec: Fact<ReadSpec> = !config.ok
    ? unread(config.error)
    : config.value === undefined
      ? absent
      : seen(readSpec(config.value));
  const object = yield* ask('store.get', {resource: ringResource, namespace: ourNamespace, name: singletonName});
  if (!object.ok) return {spec, ring: unread(object.error), annotations: {}};
  memory.ringObject = object.value;
  if (object.value === undefined) return {spec, ring: absent, annotations: {}};
  const read = readRing(object.value);
  const annotations = object.value.metadata.annotations ?? {};
  if (read.outcome === 'ok')
    return {spec, ring: seen(read.ring, object.value.metadata.resourceVersion ?? ''), annotations};
  const why = read.outcome === 'newer' ? `written by a newer release (v${read.v})` : read.detail;
  return {spec, ring: {state: 'unknown', why}, annotations};
}

function* readReports(
  memory: ControllerMemory,
  now: Instant,
): Step<{reports: Fact<readonly SeenReport[]>; bad: Record<string, string>}> {
  const list = yield* listAll({resource: nodeReportResource, namespace: ourNamespace});
  if (list.state !== 'seen') return {reports: list, bad: {}};
  const bad: Record<string, string> = {};
  const reports: SeenReport[] = [];
  for (const item of list.value) {
    const read = readNodeReport(item);
    if (read.outcome !== 'ok') {
      if (item.status !== undefined)
        bad[item.metadata.name] = read.outcome === 'newer' ? `written by a newer release (v${read.v})` : read.detail;
      continue;
    }
    if (read.report.node !== item.metadata.name) bad[item.metadata.name] = `it speaks for ${read.report.node}`;
    else reports.push({report: read.report, unchangedForMs: unchangedFor(memory, read.report, now)});
  }
  return {reports: seen(reports.sort((a, b) => (a.report.node < b.report.node ? -1 : 1))), bad};
}

function unchangedFor(memory: ControllerMemory, report: NodeReport, now: Instant): number {
  const old = memory.reports.get(report.node);
  if (old === undefined || old.sequence !== report.sequence) {
    memory.reports.set(report.node, {sequence: report.sequence, sinceMs: now.monotonicMs});
    return 0;
  }
  return now.monotonicMs - old.sinceMs;
}

function* readTypes(
  spec: Fact<ReadSpec>,
  ring: Fact<Ring>,
): Step<Readonly<Record<string, Fact<readonly ResourceType[]>>>> {
  const names = new Set<string>();
  if (spec.state === 'seen' && spec.value.outcome === 'ok')
    for (const name of spec.value.spec.resources) names.add(name);
  if (ring.state === 'seen') for (const {resource} of ring.value.layout.resources) names.add(resource);
  const types: Record<string, Fact<readonly ResourceType[]>> = {};
  for (const resource of [...names].sort()) {
    const answer = yield* ask('store.resolve', {resource});
    types[resource] = answer.ok ? seen(answer.value) : unread(answer.error);
  }
  return types;
}

export function spaceFact({spaceExceeded}: ControllerMemory, now: Instant): Pick<ClusterObservation, 'spaceExceeded'> {
  if (spaceExceeded === undefined || now.monotonicMs - spaceExceeded.atMs >= spaceRetryMs) return {};
  return {spaceExceeded: spaceExceeded.message};
}

/** What a rotation rests on: a check made since the last one ended. */
export const listsEpoch = (ring: Fact<Ring>): string =>
  ring.state === 'seen' ? `${ring.value.history[0]?.revision ?? 0} ${ring.value.history[0]?.completedAtMs ?? 0}` : '';

export function listsFact(memory: ControllerMemory, ring: Fact<Ring>, now: Instant): ClusterObservation['lists'] {
  const {lists} = memory;
  if (lists === undefined || lists.after !== listsEpoch(ring)) return absent;
  const life = Object.keys(lists.result).length > 0 ? listsRetryMs : listsLifeMs;
  return now.monotonicMs - lists.atMs > life ? absent : seen(lists.result);
}

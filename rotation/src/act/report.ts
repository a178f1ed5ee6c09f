// The agent's report: what this node has, loads and lacks, for the controller. Written when it says something new, and
// now and then so that silence can be told from rest.

import {isSameProcess, type NodeReport, nodeReportVersion} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {nodeReportResource, ourGroup, ourNamespace} from '../model/resource-types.ts';
import {same} from '../model/same.ts';
import type {AgentMemory} from '../observe/agent-memory.ts';
import type {NodePlan} from '../plan/node-plan.ts';
import {ask, type NodePlatform, ok, type Result, type Step, type StoredObject} from '../ports.ts';

/** A report that says nothing new is written after this, ms. */
export const heartbeatMs = 10_000;

/** Builds the report of one period. */
export function makeReport(memory: AgentMemory, o: NodeObservation, plan: NodePlan): NodeReport {
  const platform = o.platform.state === 'seen' ? o.platform.value : undefined;
  const evidence = o.evidence.state === 'seen' ? o.evidence.value : undefined;
  const ring = o.ring.state === 'seen' ? o.ring.value : undefined;
  const last = memory.lastReport;
  const held = [...o.held.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const state = o.state.state === 'seen' ? o.state.value : undefined;
  return {
    v: nodeReportVersion,
    node: o.node,
    clusterId: o.clusterId.state === 'seen' ? o.clusterId.value : (last?.clusterId ?? ''),
    recipient: o.recipient.state === 'seen' ? o.recipient.value : '',
    address: platform?.address ?? last?.address ?? '',
    identity: evidence?.expectedIdentity ?? last?.identity ?? '',
    sequence: (last?.sequence ?? 0) + 1,
    atMs: o.now.wallMs,
    ring: {epoch: ring?.epoch ?? 0, version: ring?.version ?? 0},
    ...(ring?.gate !== undefined && plan.server.state === 'up' ? {gate: ring.gate.id} : {}),
    server: plan.server,
    configPath: platform?.configPath ?? '',
    automaticReload: platform?.automaticReload ?? false,
    mount: platform?.mount ?? 'unknown',
    fipsOnly: platform?.fipsOnly ?? false,
    file: o.file,
    loaded: plan.loaded,
    ...(o.file.state === 'loadable' ? {fileWrittenAtMs: Math.floor(o.fileModifiedAtMs)} : {}),
    reloadFailures: evidence?.reloadFailures ?? 0,
    history: o.history.state === 'seen' ? o.history.value.keys : [],
    held: held.map(({id}) => id),
    found: held,
    ...(memory.minted === undefined ? {} : {minted: memory.minted}),
    ...(memory.inForce === undefined ? {} : {inForce: memory.inForce}),
    ...(memory.refusedFile === undefined ? {} : {refusedFile: memory.refusedFile}),
    ...countEncryptions(last, evidence),
    highest: {
      ...(memory.seenRing ?? {epoch: state?.epoch ?? 0}),
      revision: Math.max(state?.revision ?? 0, 0, ...held.map(({revision}) => revision)),
    },
    problems: plan.problems.slice(0, 16),
    can: o.can,
    ...overridesOf(platform, last),
    ...(memory.scan === undefined ? {} : {scan: memory.scan}),
    ...memory.etcdFacts,
    ...(memory.values === undefined ? {} : {values: memory.values}),
    ...derivationPart(o),
  };
}

/** Under the deterministic strategy only. The stored bundle's bytes are in the API already. */
function derivationPart({
  derivation: present,
  evidence,
}: NodeObservation): Pick<NodeReport, 'derivation' | 'decryptions'> {
  if (present === undefined) return {};
  const {bytes: _, ...derivation} = present;
  return {derivation, ...(evidence.state === 'seen' ? {decryptions: evidence.value.decryptions} : {})};
}

/** Resources in another etcd; while the manifest cannot be read, what it said last. */
function overridesOf(
  platform: NodePlatform | undefined,
  last: NodeReport | undefined,
): Pick<NodeReport, 'etcdOverrides'> {
  const isRead = platform !== undefined && platform.address !== '';
  const etcdOverrides = platform?.etcdOverrides ?? (isRead ? undefined : last?.etcdOverrides);
  return etcdOverrides === undefined ? {} : {etcdOverrides};
}

/**
 * Counters start from 0 with each server process; the report carries their sum over all processes on. A counter that
 * fell is another process whatever its start says: a clock that was set back tells starts anew.
 */
function countEncryptions(
  last: NodeReport | undefined,
  evidence: {readonly processStartMs?: number; readonly encryptions: Readonly<Record<string, number>>} | undefined,
): Pick<NodeReport, 'encryptions' | 'counters'> {
  const before = last?.counters ?? {startedAtMs: 0, byName: {}};
  const encryptions: Record<string, number> = {...last?.encryptions};
  if (evidence === undefined) return {encryptions, counters: before};
  const startedAtMs = evidence.processStartMs ?? 0;
  const fell = Object.entries(before.byName).some(([name, count]) => (evidence.encryptions[name] ?? 0) < count);
  const same = isSameProcess(startedAtMs, before.startedAtMs) && !fell;
  for (const [name, count] of Object.entries(evidence.encryptions)) {
    const counted = same ? (before.byName[name] ?? 0) : 0;
    encryptions[name] = (encryptions[name] ?? 0) + count - counted;
  }
  return {encryptions, counters: {startedAtMs, byName: {...evidence.encryptions}}};
}

/** Whether a report says something that the one before it did not; see `newsOf`. */
export const isNews = (before: NodeReport, after: NodeReport): boolean => !same(newsOf(before), newsOf(after));

/** What must not change silently; counters, times and the sequence alone are no news. */
const newsOf = (report: NodeReport): unknown => {
  const {sequence: _s, atMs: _a, encryptions: _e, decryptions: _d, counters: _c, ...rest} = report;
  return rest;
};

/** Writes the report if it says something new or the last one is old. A conflict is left to the next period. */
export function* writeReport(memory: AgentMemory, report: NodeReport, monotonicMs: number): Step<Result<boolean>> {
  const last = memory.lastReport;
  const stored = memory.reportObject?.status as Partial<NodeReport> | undefined;
  // A stored report that is not the last one written: etcd was restored, or somebody changed it.
  const news = last === undefined || stored?.sequence !== last.sequence || !same(newsOf(last), newsOf(report));
  if (!news && monotonicMs - memory.lastReportAtMs < heartbeatMs) return ok(false);
  const present = memory.reportObject;
  const object: StoredObject = {
    apiVersion: `${ourGroup}/${nodeReportResource.version}`,
    kind: nodeReportResource.kind,
    metadata: {
      name: report.node,
      namespace: ourNamespace,
      ...(present?.metadata.resourceVersion === undefined ? {} : {resourceVersion: present.metadata.resourceVersion}),
    },
    status: mergeScan(report, present, Number.isFinite(memory.lastReportAtMs)),
  };
  const answer =
    present === undefined
      ? yield* ask('store.create', {resource: nodeReportResource, object})
      : yield* ask('store.replace', {resource: nodeReportResource, object});
  if (!answer.ok) return answer.error.code === 'conflict' ? ok(false) : answer;
  memory.reportObject = answer.value;
  memory.lastReport = report;
  memory.lastReportAtMs = monotonicMs;
  return ok(true);
}

/**
 * A separate scanner writes its part of the same object; it is carried on. What an agent before this one could do is
 * not: a scanner that is there says it again within a second.
 */
function mergeScan(report: NodeReport, present: StoredObject | undefined, again: boolean): NodeReport {
  const status = present?.status as Partial<NodeReport> | undefined;
  const scan = report.scan ?? status?.scan;
  const scanner = again && report.scan === undefined && status?.can?.includes('scan') === true;
  const can = [...new Set([...report.can, ...(scanner ? (['scan'] as const) : [])])];
  const {compaction, etcdSpace} = scanner && !report.can.includes('scan') ? (status ?? {}) : report;
  return {
    ...report,
    can,
    ...(scan === undefined ? {} : {scan}),
    ...(compaction === undefined ? {} : {compaction}),
    ...(etcdSpace === undefined ? {} : {etcdSpace}),
  };
}

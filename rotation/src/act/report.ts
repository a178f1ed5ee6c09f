// The agent's report: what this node has, loads and lacks, for the controller. Written when it says something new, and
// now and then so that silence can be told from rest.

import {heartbeatMs} from '../limits.ts';
import {isSameProcess, type NodeReport, nodeReportVersion} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {nodeReportResource, ourGroup, ourNamespace} from '../model/resource-types.ts';
import {same} from '../model/same.ts';
import type {AgentMemory} from '../observe/agent-memory.ts';
import type {NodePlan} from '../plan/node-plan.ts';
import {ask, type NodePlatform, ok, type Result, type Step, type StoredObject} from '../ports.ts';

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
    ...countEncryptions(last, evidence, state?.encryptions),
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
  kept: NodeReport['encryptions'] = {},
): Pick<NodeReport, 'encryptions' | 'counters'> {
  const before = last?.counters ?? {startedAtMs: 0, byName: {}};
  const encryptions: Record<string, number> = {...last?.encryptions};
  // With etcd restored the last report may come from the past; what the disk has does not.
  for (const [name, count] of Object.entries(kept)) encryptions[name] = Math.max(encryptions[name] ?? 0, count);
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

/** What may change silently: times, and what only counts. */
const silent: ReadonlySet<string> = new Set(['sequence', 'atMs', 'counters'] satisfies (keyof NodeReport)[]);

/**
 * Whether a report says something that the one before it did not. Counters and times alone are no news, nor is that the
 * ring went on: nobody waits for a node to have seen a version of it.
 */
export function isNews(before: NodeReport, after: NodeReport): boolean {
  const [old, next] = [before, after] as unknown as readonly [Fields, Fields];
  for (const name of Object.keys(next)) {
    if (!silent.has(name) && !isAsOld(name as keyof NodeReport, old[name], next[name])) return true;
  }
  return Object.keys(old).some((name) => !silent.has(name) && old[name] !== undefined && next[name] === undefined);
}

type Fields = Readonly<Record<string, unknown>>;

function isAsOld(field: keyof NodeReport, old: unknown, next: unknown): boolean {
  if (Object.is(old, next)) return true;
  switch (field) {
    case 'ring':
    case 'highest':
      return old !== undefined && hasGoneOn(old as Seen, next as Seen);
    case 'encryptions':
    case 'decryptions':
      return same(countedIn(old), countedIn(next));
    default:
      return same(old, next);
  }
}

type Seen = Partial<NodeReport['highest']>;

/** The ring may have a later version, and nothing else differs. */
const hasGoneOn = ({version: was = 0, ...old}: Seen, {version = 0, ...next}: Seen): boolean =>
  version >= was && same(old, next);

/** Names that something was counted under: the first time is news. */
const countedIn = (counts: unknown): readonly string[] =>
  Object.entries((counts ?? {}) as Readonly<Record<string, number>>)
    .flatMap(([name, count]) => (count > 0 ? [name] : []))
    .sort();

/** Writes the report if it says something new or the last one is old. A conflict is left to the next period. */
export function* writeReport(memory: AgentMemory, report: NodeReport, monotonicMs: number): Step<Result<boolean>> {
  const last = memory.lastReport;
  const stored = memory.reportObject?.status as Partial<NodeReport> | undefined;
  // A stored report that is not the last one written: etcd was restored, or somebody changed it.
  const news = last === undefined || stored?.sequence !== last.sequence || isNews(last, report);
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

// What `status` says, worked out from what was read; plain data, the same for a table and for JSON.

import {
  annotation,
  type Condition,
  formatTime,
  isKey,
  type KeyRef,
  type NodeReport,
  orderOf,
  type Ring,
} from '@etcd-encryption/rotation';
import {type ClusterState, conditionOf, isFine, type Leader} from './cluster-state.ts';
import {hideAdopted, type KeyLabel, labelKeys} from './key-label.ts';

/** Agents report every 10 s; one that has not for this long is silent, ms. */
export const reportSilentMs = 60_000;

export type LoadState = 'write' | 'part-write' | 'read' | 'part-read' | 'none' | 'unknown';

export interface NodeSummary {
  readonly node: string;
  readonly address: string;
  /** `deployStatus`: Processing, Updated, Success, UpdateFailed, RestartFailed; empty before the first status. */
  readonly state: string;
  readonly message?: string;
  readonly server: string;
  /** What its server has loaded, by key name; several adopted keys may share one. */
  readonly keys: readonly {readonly key: string; readonly state: LoadState}[];
  /** Whether a listed resource is written in clear by its server. */
  readonly clear: boolean;
  readonly reportTime: string;
  readonly silent: boolean;
  readonly problems: readonly string[];
}

export interface PublishedKey {
  readonly key: string;
  /** It writes no earlier than this. */
  readonly activateTime: string;
}

export interface StatusSummary {
  readonly installed: boolean;
  readonly ready: boolean;
  readonly revision: number;
  readonly phase: string;
  readonly clusterId?: string;
  /** `Active`, `Standby` or `Unknown`; absent under the random strategy. */
  readonly role?: string;
  /** The published key that will write next; absent while none waits, and under the random strategy. */
  readonly published?: PublishedKey;
  readonly nextRotation?: string;
  readonly paused?: string;
  readonly request?: {readonly text: string; readonly handled: boolean};
  readonly controller?: {readonly holder: string; readonly renewTime?: string; readonly alive: boolean};
  readonly conditions: readonly Condition[];
  /** Conditions that are not fine. */
  readonly notFine: readonly Condition[];
  readonly migration?: unknown;
  readonly progress?: unknown;
  readonly keys: readonly Omit<KeyLabel, 'id'>[];
  readonly nodes: readonly NodeSummary[];
  /** What could not be read or understood. */
  readonly problems: readonly string[];
}

export function summarise(state: ClusterState): StatusSummary {
  const {config, status, ring, leader, nowMs} = state;
  const labels = labelKeys(keysToShow(state));
  const conditions = (status.conditions ?? []).map((each) => ({...each, message: hideAdopted(each.message)}));
  const notes = config?.metadata.annotations ?? {};
  const request = notes[annotation.rotate];
  const paused = notes[annotation.pause];
  const saidReady = conditionOf(status, 'Ready')?.status === 'True';
  return {
    installed: config !== undefined,
    ready: saidReady && leader?.alive !== false && leader !== undefined,
    revision: status.revision ?? 0,
    phase: status.phase ?? 'Unknown',
    ...optional('clusterId', status.clusterId ?? ring?.clusterId),
    ...(ring?.settings.derivation === undefined ? {} : optional('role', status.role)),
    ...optional('published', publishedIn(ring)),
    ...optional('nextRotation', status.rotation?.nextTime),
    ...optional('paused', paused),
    ...(request === undefined || request === ''
      ? {}
      : {request: {text: request, handled: ring?.handledRequest === request}}),
    ...(leader === undefined ? {} : {controller: controllerOf(leader)}),
    conditions,
    notFine: conditions.filter((condition) => !isFine(condition)),
    ...optional('migration', status.migration),
    ...optional('progress', status.progress),
    keys: labels.map(({id: _, ...label}) => label),
    nodes: nodesOf(state, labels, nowMs),
    problems: problemsOf(state),
  };
}

/** The oldest entry of the followed bundle that is newer than every write key. */
function publishedIn(ring: Ring | undefined): PublishedKey | undefined {
  if (ring?.following === undefined) return undefined;
  const writes = new Set(ring.layout.resources.map(({write}) => write));
  const written = ring.keys.filter(({id}) => writes.has(id)).map(({revision}) => revision);
  const entry = ring.following.entries.find(({revision}) => revision > Math.max(0, ...written));
  return entry === undefined ? undefined : {key: entry.key, activateTime: formatTime(entry.activateAtMs)};
}

const optional = <K extends string, T>(name: K, value: T | undefined): {[P in K]?: T} =>
  value === undefined ? {} : ({[name]: value} as {[P in K]?: T});

const controllerOf = ({holder, renewedAtMs, alive}: Leader) => ({
  holder,
  ...(renewedAtMs === undefined ? {} : {renewTime: formatTime(renewedAtMs)}),
  alive,
});

/** The ring's keys, and those that only a node has so far. */
function keysToShow({ring, reports}: ClusterState): readonly KeyRef[] {
  const keys = new Map<string, KeyRef>((ring?.keys ?? []).map((key) => [key.id, key]));
  for (const {loaded, found} of reports) {
    if (loaded.state !== 'known') continue;
    const present = new Set(loaded.blocks.flatMap(({order}) => order));
    for (const ref of found) if (present.has(ref.id) && !keys.has(ref.id)) keys.set(ref.id, ref);
  }
  return [...keys.values()];
}

function nodesOf(state: ClusterState, labels: readonly KeyLabel[], nowMs: number): readonly NodeSummary[] {
  const forgotten = new Set(state.ring?.forgotten.map(({node}) => node) ?? []);
  const resources = managedResources(state);
  const reported = state.reports.map((report): NodeSummary => {
    const deploy = state.status.deployStatus?.[report.address] ?? state.status.deployStatus?.[report.node];
    return {
      node: report.node,
      address: report.address,
      state: forgotten.has(report.node) ? 'Forgotten' : (deploy?.state ?? ''),
      ...optional('message', deploy?.message === undefined ? undefined : hideAdopted(deploy.message)),
      server: report.server.state,
      keys: labels.map(({id, name}) => ({key: name, state: loadState(report, id, resources)})),
      clear: writesClear(report, resources),
      reportTime: formatTime(report.atMs),
      silent: nowMs - report.atMs > reportSilentMs,
      problems: report.problems.map(({reason, message}) => `${reason}: ${hideAdopted(message)}`),
    };
  });
  return [...reported, ...missingNodes(state)];
}

/** Members of the ring that have no report now. */
function missingNodes({ring, reports}: ClusterState): readonly NodeSummary[] {
  const spoken = new Set(reports.map(({node}) => node));
  const missing = (ring?.members ?? []).filter(({node}) => !spoken.has(node));
  return missing.map(({node, address}) => ({
    node,
    address,
    state: '',
    server: 'unknown',
    keys: [],
    clear: false,
    reportTime: '',
    silent: true,
    problems: ['AgentMissing: it reported before and does not now'],
  }));
}

function managedResources({ring, config}: ClusterState): readonly string[] {
  const listed = ring?.layout.resources.map(({resource}) => resource) ?? [];
  if (listed.length > 0) return listed;
  const wanted = (config?.spec as {readonly resources?: unknown} | undefined)?.resources;
  return Array.isArray(wanted) ? wanted.map(String) : [];
}

function loadState({loaded}: NodeReport, id: string, resources: readonly string[]): LoadState {
  if (loaded.state !== 'known') return 'unknown';
  const orders = resources.map((resource) => orderOf(loaded.blocks, resource) ?? []);
  const writes = orders.filter((order) => order[0] === id).length;
  const holds = orders.filter((order) => order.includes(id)).length;
  if (holds === 0) return 'none';
  if (writes > 0) return writes === orders.length ? 'write' : 'part-write';
  return holds === orders.length ? 'read' : 'part-read';
}

const writesClear = ({loaded}: NodeReport, resources: readonly string[]): boolean =>
  loaded.state === 'known' && resources.some((resource) => !isKey(orderOf(loaded.blocks, resource)?.[0] ?? 'identity'));

function problemsOf({config, ring, ringProblem, badReports, leader}: ClusterState): readonly string[] {
  const problems: string[] = [];
  if (config === undefined) problems.push('there is no EtcdEncryptionConfig named default');
  if (ring === undefined && ringProblem !== undefined && config !== undefined) problems.push(ringProblem);
  if (config !== undefined && leader?.alive !== true) problems.push('no controller holds the lease: this may be old');
  for (const [name, detail] of Object.entries(badReports).sort()) problems.push(`report of ${name}: ${detail}`);
  return problems;
}

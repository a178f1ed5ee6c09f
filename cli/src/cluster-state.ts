// What the verbs for people read: the config with its status, the ring, the nodes' reports and who leads.

import type {StorePorts} from '@etcd-encryption/host-k8s';
import {
  type Condition,
  configResource,
  leaderLeaseName,
  leaseResource,
  type NodeReport,
  nodeReportResource,
  ourNamespace,
  type Ring,
  readNodeReport,
  readRing,
  ringResource,
  type StoredObject,
  singletonName,
} from '@etcd-encryption/rotation';
import {answerOf, type ClusterClient, listEvery, wallMs} from './cluster-client.ts';
import {timeOf} from './time-words.ts';

export const configAddress = {resource: configResource, name: singletonName};
export const ringAddress = {resource: ringResource, namespace: ourNamespace, name: singletonName};

/** A controller that renews its lease every 3 s and has not for this long does not run, ms; clocks may differ a little. */
const leaderSilentMs = 300_000;

export interface Leader {
  readonly holder: string;
  readonly renewedAtMs: number | undefined;
  readonly alive: boolean;
}

/** The status of the config object as far as the verbs show it; absent fields were not written yet. */
export interface StatusFields {
  readonly revision?: number;
  readonly phase?: string;
  readonly role?: string;
  readonly clusterId?: string;
  readonly conditions?: readonly Condition[];
  readonly deployStatus?: Readonly<Record<string, {readonly state?: string; readonly message?: string}>>;
  readonly migration?: {readonly state?: string; readonly message?: string};
  readonly rotation?: {readonly nextTime?: string};
  readonly progress?: Readonly<Record<string, unknown>>;
  readonly history?: readonly {readonly seconds?: number}[];
}

export interface ClusterState {
  readonly nowMs: number;
  readonly config: StoredObject | undefined;
  readonly status: StatusFields;
  readonly ring: Ring | undefined;
  /** Why there is no ring to read. */
  readonly ringProblem?: string;
  readonly reports: readonly NodeReport[];
  /** Reports that could not be understood, by object name. */
  readonly badReports: Readonly<Record<string, string>>;
  readonly leader: Leader | undefined;
}

/** Reads everything once. @throws UnreachableError when the cluster cannot be asked */
export async function readClusterState(client: ClusterClient): Promise<ClusterState> {
  const {store} = client;
  const nowMs = await wallMs(client);
  const config = answerOf('EtcdEncryptionConfig', await store['store.get'](configAddress));
  const status = (config?.status ?? {}) as StatusFields;
  const ring = await readRingState(store);
  const leader = await readLeader(store, nowMs);
  const list = await listEvery(store, {resource: nodeReportResource, namespace: ourNamespace});
  // A kind that is not installed has no reports.
  const items = !list.ok && list.error.code === 'gone' ? [] : answerOf('EtcdEncryptionNode', list);
  const badReports: Record<string, string> = {};
  const reports: NodeReport[] = [];
  for (const item of items) {
    const read = readNodeReport(item);
    if (read.outcome === 'ok') reports.push(read.report);
    else badReports[item.metadata.name] = read.outcome === 'newer' ? `written by a newer release` : read.detail;
  }
  reports.sort((a, b) => (a.node < b.node ? -1 : 1));
  return {nowMs, config, status, ...ring, reports, badReports, leader};
}

export async function readRingState(
  store: Pick<StorePorts, 'store.get'>,
): Promise<Pick<ClusterState, 'ring' | 'ringProblem'>> {
  const object = answerOf('EtcdEncryptionRing', await store['store.get'](ringAddress));
  if (object === undefined) return {ring: undefined, ringProblem: 'there is no ring yet'};
  const read = readRing(object);
  if (read.outcome === 'ok') return {ring: read.ring};
  const why = read.outcome === 'newer' ? `written by a newer release (v${read.v})` : read.detail;
  return {ring: undefined, ringProblem: `the ring: ${why}`};
}

/** Who holds the controllers' lease; `undefined` when nobody ever did or it may not be read. */
export async function readLeader(store: Pick<StorePorts, 'store.get'>, nowMs: number): Promise<Leader | undefined> {
  const lease = await store['store.get']({resource: leaseResource, namespace: ourNamespace, name: leaderLeaseName});
  if (!lease.ok || lease.value === undefined) return undefined;
  const spec = (lease.value.spec ?? {}) as {readonly holderIdentity?: unknown; readonly renewTime?: unknown};
  const holder = typeof spec.holderIdentity === 'string' ? spec.holderIdentity : '';
  const renewedAtMs = timeOf(spec.renewTime);
  const alive = holder !== '' && renewedAtMs !== undefined && nowMs - renewedAtMs < leaderSilentMs;
  return {holder, renewedAtMs, alive};
}

/** Conditions whose fine value is False; every other one's is True. */
const goodWhenFalse: ReadonlySet<string> = new Set(['Degraded', 'Progressing']);

export const isFine = ({type, status}: Condition): boolean => status === (goodWhenFalse.has(type) ? 'False' : 'True');

export const conditionOf = ({conditions = []}: StatusFields, type: string): Condition | undefined =>
  conditions.find((condition) => condition.type === type);

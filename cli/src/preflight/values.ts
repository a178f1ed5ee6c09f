// The stored values as etcd has them: which key name stands in front of how many, and which of them no key opens.

import {
  drive,
  openValues,
  type Ports,
  type ResourceType,
  type Result,
  refOf,
  type ScanReport,
  type ScanRequest,
  scanPrefixes,
  type UnreadableValue,
} from '@etcd-encryption/rotation';
import type {ClusterClient} from '../cluster-client.ts';
import type {Findings} from './finding.ts';
import type {NodeLook} from './node.ts';

/** Values that are named; the rest are counted. */
const listed = 5;

export interface ValuesQuestion {
  readonly node: NodeLook;
  readonly resources: readonly string[];
  readonly resolve: Ports['store.resolve'];
  readonly clock: ClusterClient['clock'];
}

/** Reads every value of the resources; adds lines and answers the counts by resource and label. */
export async function lookAtValues(
  {node, resources, resolve, clock}: ValuesQuestion,
  findings: Findings,
): Promise<ScanReport['counts'] | undefined> {
  const {etcd} = node;
  if (etcd === undefined) return undefined;
  const ports: Partial<Ports> = {...etcd.ports, 'store.resolve': resolve, 'clock.now': clock['clock.now']};
  const request: ScanRequest = {id: 'preflight', resources, node: node.node, deep: true, atMs: 0};
  const names = node.keys.map(({name}) => name);
  const counted = await drive(scanPrefixes(request, node.etcdPrefix, names), ports);
  if (!counted.ok) {
    findings.unseen('etcd', `stored values: ${counted.error.message}`);
    return undefined;
  }
  for (const [resource, counts] of Object.entries(counted.value.counts).sort())
    findings.fine('etcd', `${resource}: ${countWords(counts)}`);
  const opened = await drive(openValues(request, node.etcdPrefix, node.keys), ports);
  if (!opened.ok) {
    findings.unseen('etcd', `opening stored values: ${opened.error.message}`);
    return counted.value.counts;
  }
  const {unreadable, unreadableCount} = opened.value;
  const lost = unreadable.filter(({diagnosis}) => diagnosis !== 'ambiguous');
  const ambiguous = unreadable.filter(({diagnosis}) => diagnosis === 'ambiguous');
  if (lost.length > 0)
    findings.red(
      'etcd',
      `${unreadableCount} values that no key of ${node.node} opens: ${lost.slice(0, listed).map(tell).join('; ')}`,
    );
  if (ambiguous.length > 0)
    findings.warn(
      'etcd',
      `values that several keys of one name seem to open: ${ambiguous.slice(0, listed).map(tell).join('; ')}`,
    );
  if (unreadable.length === 0) findings.fine('etcd', `${opened.value.opened} values open with ${keyWords(node)}`);
  return counted.value.counts;
}

const tell = ({etcdKey, keyName, diagnosis, detail}: UnreadableValue): string =>
  `${etcdKey} (${keyName === '' ? '' : `key ${keyName}, `}${diagnosis}: ${detail})`;

const keyWords = ({keys}: NodeLook): string =>
  keys.length === 0
    ? 'no key'
    : `the ${keys.length} keys of its file and history (${keys.map((key) => refOf(key).name).join(', ')})`;

function countWords(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts)
    .sort()
    .map(([label, count]) => `${count} ${label === 'clear' ? 'in clear' : `under ${label}`}`);
  return parts.length === 0 ? 'no values' : parts.join(', ');
}

/** Types by name alone, for when no API can be asked: a folder in etcd follows from group and plural. */
export const resolveByName: Ports['store.resolve'] = async ({resource}): Promise<Result<readonly ResourceType[]>> => {
  if (resource.startsWith('*'))
    return {ok: false, error: {code: 'unavailable', message: `${resource}: only the API knows what it means`}};
  const dot = resource.indexOf('.');
  const [plural, group] = dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
  return {ok: true, value: [{group, plural, version: '', kind: '', namespaced: true}]};
};

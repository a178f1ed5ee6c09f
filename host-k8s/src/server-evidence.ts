// What one page of `/metrics` proves about the kube-apiserver that served it. Names and labels differ between minor
// releases: 1.28 has two counters without identity, 1.29 to 1.33 have them per identity (from 1.30 on also as one
// counter with a status), 1.34 and later add the hash of the configuration in force. All appear only after an event.

import type {ServerEvidence} from '@etcd-encryption/rotation';
import {maxMetricsLineBytes} from './limits.ts';
import {createMetricsParser, type MetricSample} from './metrics-text.ts';
import {serverIdentity} from './server-identity.ts';

const controller = 'apiserver_encryption_config_controller_';
const names = {
  hash: `${controller}last_config_info`,
  reloads: `${controller}automatic_reloads_total`,
  successes: `${controller}automatic_reload_success_total`,
  failures: `${controller}automatic_reload_failures_total`,
  timestamps: `${controller}automatic_reload_last_timestamp_seconds`,
  transformations: 'apiserver_storage_transformation_operations_total',
  start: 'process_start_time_seconds',
} as const;
const wanted: ReadonlySet<string> = new Set(Object.values(names));
/** Transformer prefixes that are no key: the providers' own, and what kube-apiserver calls no provider at all. */
const providerPrefix = 'k8s:enc:';

export interface EvidenceReader {
  readonly push: (piece: Uint8Array) => void;
  /** `undefined` when a line that matters could not be read: then the page proves nothing. */
  readonly end: () => ServerEvidence | undefined;
}

/** Reads a page piece by piece for the server of a node with this host name. */
export function createEvidenceReader(hostName: string): EvidenceReader {
  const expected = serverIdentity(hostName);
  const samples: MetricSample[] = [];
  const parser = createMetricsParser({
    wanted,
    maxLineBytes: maxMetricsLineBytes,
    onSample: (sample) => samples.push(sample),
  });
  const end = (): ServerEvidence | undefined => {
    if (parser.end().malformed > 0) return undefined;
    const hashes = identityHashesOf(samples);
    // Rows of another identity say nothing of this node's server; rows without one are from before identities.
    const own = samples.filter(({labels}) => [undefined, expected.hash].includes(labels.get('apiserver_id_hash')));
    const startSeconds = own.find(({name}) => name === names.start)?.value;
    const loaded = own.find(({name}) => name === names.hash)?.labels.get('hash');
    return {
      identityHashes: hashes,
      expectedIdentityHash: expected.hash,
      expectedIdentity: expected.identity,
      ...(isTime(startSeconds) ? {processStartMs: Math.round(startSeconds * 1_000)} : {}),
      ...(loaded?.startsWith('sha256:') === true ? {loadedHash: loaded.slice('sha256:'.length)} : {}),
      reloadSuccesses: countReloads(own, 'success', names.successes),
      reloadFailures: countReloads(own, 'failure', names.failures),
      ...timeOf(own, 'success', 'lastReloadSuccessMs'),
      ...timeOf(own, 'failure', 'lastReloadFailureMs'),
      form: formOf(samples),
      encryptions: countByKey(own, 'to_storage'),
      decryptions: countByKey(own, 'from_storage'),
    };
  };
  return {push: parser.push, end};
}

function identityHashesOf(samples: readonly MetricSample[]): readonly string[] {
  const hashes = new Set<string>();
  for (const {name, labels} of samples) {
    const hash = name.startsWith(controller) ? labels.get('apiserver_id_hash') : undefined;
    // Empty when the feature APIServerIdentity is off: no identity at all.
    if (hash !== undefined && hash !== '') hashes.add(hash);
  }
  return [...hashes].sort();
}

function formOf(samples: readonly MetricSample[]): ServerEvidence['form'] {
  const ours = samples.filter(({name}) => name.startsWith(controller));
  if (ours.some(({name}) => name === names.hash)) return 'hash';
  if (ours.some(({labels}) => labels.has('apiserver_id_hash'))) return 'labelled';
  return ours.length > 0 ? 'split' : 'none';
}

/** 1.30 to 1.33 count every reload in both forms, so that the larger of the two is the number. */
function countReloads(samples: readonly MetricSample[], status: string, splitName: string): number {
  let [joined, split] = [0, 0];
  for (const {name, labels, value} of samples) {
    if (name === names.reloads && labels.get('status') === status) joined += value;
    if (name === splitName) split += value;
  }
  return Math.max(joined, split);
}

function timeOf<K extends string>(samples: readonly MetricSample[], status: string, field: K): {[P in K]?: number} {
  const sample = samples.find(({name, labels}) => name === names.timestamps && labels.get('status') === status);
  const found: {[P in K]?: number} = {};
  if (isTime(sample?.value)) found[field] = Math.round(sample.value * 1_000);
  return found;
}

const isTime = (seconds: number | undefined): seconds is number => seconds !== undefined && seconds > 0;

/**
 * Successful operations by key name. Each is counted twice on the page, under the provider's prefix and under
 * `<key name>:`; only the second is a key's. A key name may hold colons itself.
 */
function countByKey(samples: readonly MetricSample[], type: string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const {name, labels, value} of samples) {
    const prefix = labels.get('transformer_prefix') ?? '';
    if (name !== names.transformations || labels.get('transformation_type') !== type) continue;
    if (labels.get('status') !== 'OK' || !prefix.endsWith(':') || prefix.startsWith(providerPrefix)) continue;
    const key = prefix.slice(0, -1);
    counts.set(key, (counts.get(key) ?? 0) + value);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

// Raw scans of etcd: which key name stands in front of every stored value (prefixes only), and, for an agent, whether
// each value opens. Pages in key order; a scan that did not reach the end says nothing.

import {providerOf, type StoredKey} from '@etcd-encryption/crypto';
import {openStoredValue, readStoredPrefix, wouldServe} from '@etcd-encryption/crypto/stored-value';
import {blockedListed, scanHeadBytes, scanPageSize} from '../limits.ts';
import type {ScanReport, UnreadableValue, ValuesReport} from '../model/node.ts';
import type {ScanRequest} from '../model/ring.ts';
import {typeName} from '../plan/migrate.ts';
import {ask, demand, type EtcdEntry, failed, ok, type ResourceType, type Result, type Step} from '../ports.ts';

/** Folders under the etcd prefix that are not named after the resource (k8s.io/kubernetes registry storage). */
const folders: Readonly<Record<string, string>> = {
  nodes: 'minions',
  services: 'services/specs',
  endpoints: 'services/endpoints',
  replicationcontrollers: 'controllers',
  'ingresses.networking.k8s.io': 'ingress',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
};

/** Groups of kube-apiserver itself whose names have a dot; a CustomResourceDefinition may also be in one of them. */
const builtInGroups: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

/**
 * The folders in etcd where values of a type may stand. Built-in groups share one level, custom ones have their group
 * in front; where a group may be either, both are looked at, since a folder that is empty says nothing.
 */
export function etcdFolders(prefix: string, type: ResourceType): readonly string[] {
  const own = `${prefix}/${type.group}/${type.plural}/`;
  const known = folders[typeName(type)];
  if (known !== undefined) return [`${prefix}/${known}/`];
  const shared = `${prefix}/${type.plural}/`;
  if (type.group === '') return [shared];
  return !type.group.includes('.') || builtInGroups.has(type.group) ? [shared, own] : [own];
}

function* resolveAll(resources: readonly string[]): Step<Result<readonly ResourceType[]>> {
  const types = new Map<string, ResourceType>();
  for (const resource of resources) {
    const answer = yield* ask('store.resolve', {resource});
    if (!answer.ok) return answer;
    for (const type of answer.value) types.set(typeName(type), type);
  }
  return ok([...types.values()]);
}

/** Visits every value under a folder. Answers the store revision of the last page. */
function* eachValue(
  folder: string,
  headBytes: number | 'all',
  visit: (entry: EtcdEntry) => void,
): Step<Result<number>> {
  let startKey: string | undefined;
  for (;;) {
    const page = yield* ask('etcd.scan', {
      prefix: folder,
      limit: headBytes === 'all' ? Math.floor(scanPageSize / 4) : scanPageSize,
      headBytes,
      ...(startKey === undefined ? {} : {startKey}),
    });
    if (!page.ok) return page;
    for (const entry of page.value.entries) visit(entry);
    if (page.value.nextKey === undefined) return ok(page.value.revision);
    if (page.value.nextKey === startKey) return failed('invalid', `scan of ${folder} does not advance`);
    startKey = page.value.nextKey;
  }
}

/** Counts values by resource and key name. `names` are known key names, which may hold `:`. */
export function* scanPrefixes(
  request: ScanRequest,
  prefix: string,
  names: readonly string[],
): Step<Result<ScanReport>> {
  const {wallMs: startedAtMs} = yield* demand('clock.now', {});
  const types = yield* resolveAll(request.resources);
  if (!types.ok) return types;
  const counts: Record<string, Record<string, number>> = {};
  let revision = 0;
  for (const type of types.value) {
    const labels: Record<string, number> = {};
    for (const folder of etcdFolders(prefix, type)) {
      const done = yield* eachValue(folder, scanHeadBytes, ({head}) => {
        const label = labelOf(head, names);
        labels[label] = (labels[label] ?? 0) + 1;
      });
      if (!done.ok) return done;
      revision = Math.max(revision, done.value);
    }
    counts[typeName(type)] = labels;
  }
  const {wallMs: completedAtMs} = yield* demand('clock.now', {});
  return ok({id: request.id, startedAtMs, completedAtMs, revision, counts});
}

function labelOf(head: Uint8Array, names: readonly string[]): string {
  const read = readStoredPrefix(head, names);
  switch (read.outcome) {
    case 'named':
      return `${read.provider}:${read.keyName}`;
    case 'plain':
      return 'clear';
    case 'cut-short':
      return `other:${read.provider}`;
    case 'other-provider':
      return `other:${read.provider}`;
    default:
      return read satisfies never;
  }
}

/** Opens every value with the keys held and names each that does not open, with its diagnosis. */
export function* openValues(
  request: ScanRequest,
  prefix: string,
  keys: readonly StoredKey[],
): Step<Result<ValuesReport>> {
  const types = yield* resolveAll(request.resources);
  if (!types.ok) return types;
  const unreadable: UnreadableValue[] = [];
  let opened = 0;
  let unreadableCount = 0;
  for (const folder of types.value.flatMap((type) => etcdFolders(prefix, type))) {
    const done = yield* eachValue(folder, 'all', (entry) => {
      const bad = diagnose(entry, keys);
      if (bad === undefined) opened++;
      else {
        unreadableCount++;
        if (unreadable.length < blockedListed) unreadable.push(bad);
      }
    });
    if (!done.ok) return done;
  }
  const {wallMs} = yield* demand('clock.now', {});
  return ok({id: request.id, completedAtMs: wallMs, opened, unreadable, unreadableCount});
}

function diagnose(entry: EtcdEntry, keys: readonly StoredKey[]): UnreadableValue | undefined {
  const value = openStoredValue(entry.head, entry.key, keys);
  switch (value.outcome) {
    case 'plain':
    case 'other-provider':
      return undefined;
    case 'opened': {
      value.plaintext.fill(0);
      const misread = value.provider === 'aescbc' && sharesName(value.key, keys) && misreads(entry, value.key, keys);
      return misread
        ? {
            etcdKey: entry.key,
            keyName: value.keyName,
            diagnosis: 'ambiguous',
            detail: 'another aescbc key of this name "opens" it too',
          }
        : undefined;
    }
    case 'unknown-key':
    case 'authentication-failed':
    case 'corrupt':
      return {etcdKey: entry.key, keyName: value.keyName ?? '', diagnosis: value.outcome, detail: value.detail};
    default:
      return value satisfies never;
  }
}

const sharesName = (key: StoredKey, keys: readonly StoredKey[]): boolean =>
  keys.some((other) => other !== key && other.name === key.name && providerOf(other) === 'aescbc');

/** Whether a wrong key of the same name has padding that kube-apiserver would take for a value. */
function misreads(entry: EtcdEntry, right: StoredKey, keys: readonly StoredKey[]): boolean {
  return keys.some((other) => {
    if (
      other === right ||
      other.name !== right.name ||
      providerOf(other) !== 'aescbc' ||
      other.secret.equals(right.secret)
    )
      return false;
    return wouldServe(entry.head, other);
  });
}

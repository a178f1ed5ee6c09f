// Which API types stand behind a resource of an encryption configuration, from the server's aggregated discovery
// (Kubernetes 1.27 and later). Only what kube-apiserver itself stores: an aggregated API server keeps its own data.

import {failed, ok, ourGroup, type ResourceType, type Result} from '@etcd-encryption/rotation';
import {discoveryFreshMs, discoveryMissFreshMs} from './limits.ts';
import {portFailure} from './status-map.ts';
import type {ApiTransport} from './transport.ts';

/** The rewritable types that the server has, by group and plural. */
export interface ResourceMap {
  readonly types: readonly ResourceType[];
  /** `secrets`, `widgets.example.com`, `*.apps`, `*.` or `*.*`; sorted, empty when none is served. */
  readonly resolve: (resource: string) => readonly ResourceType[];
}

const discoveryAccept = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

/** Second names for what the core group's `events` store, and a group that left in 1.22; no configuration may name them. */
const foreignGroups: ReadonlySet<string> = new Set(['events.k8s.io', 'extensions', ourGroup]);

/** `APIGroupDiscoveryList` (k8s.io/api/apidiscovery/v2), what we read of it. */
interface DiscoveryList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: {readonly name?: string};
    readonly versions?: readonly {readonly version: string; readonly resources?: readonly DiscoveredResource[]}[];
  }[];
}

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind?: {readonly kind?: string};
  readonly scope: 'Namespaced' | 'Cluster';
  readonly verbs: readonly string[];
}

/** Asks the server once. */
export async function readResourceMap(transport: ApiTransport): Promise<Result<ResourceMap>> {
  const [core, groups, aggregated] = await Promise.all([
    readDiscovery(transport, '/api'),
    readDiscovery(transport, '/apis'),
    readAggregated(transport),
  ]);
  if (!core.ok) return core;
  if (!groups.ok) return groups;
  if (!aggregated.ok) return aggregated;
  const types = [core.value, groups.value]
    .flatMap((list) => listTypes(list, aggregated.value))
    .sort((a, b) => compare(a.group, b.group) || compare(a.plural, b.plural));
  return ok({types, resolve: (resource) => types.filter((type) => means(resource, type))});
}

/** Answers `store.resolve`; the server's list is asked for again after 10 s, and after 1 s when a resource is not in it. */
export function createResolver(
  transport: ApiTransport,
  nowMs: () => number = () => performance.now(),
): (resource: string) => Promise<Result<readonly ResourceType[]>> {
  let map: ResourceMap | undefined;
  let readAtMs = 0;
  let reading: Promise<Result<ResourceMap>> | undefined;
  const read = async (): Promise<Result<ResourceMap>> => {
    const startedAtMs = nowMs();
    const answer = await readResourceMap(transport);
    reading = undefined;
    if (answer.ok) [map, readAtMs] = [answer.value, startedAtMs];
    return answer;
  };
  return async (resource) => {
    const known = map?.resolve(resource) ?? [];
    const freshMs = known.length > 0 ? discoveryFreshMs : discoveryMissFreshMs;
    if (map !== undefined && nowMs() - readAtMs < freshMs) return ok(known);
    reading ??= read();
    const answer = await reading;
    return answer.ok ? ok(answer.value.resolve(resource)) : answer;
  };
}

async function readDiscovery(transport: ApiTransport, path: string): Promise<Result<DiscoveryList>> {
  const answer = await transport.request({method: 'GET', path, accept: discoveryAccept});
  if (answer.outcome !== 'answered' || answer.status !== 200) return portFailure(answer, 'read');
  const list = parseJson(answer.text) as DiscoveryList | undefined;
  if (list?.kind === 'APIGroupDiscoveryList') return ok(list);
  return failed('unavailable', `${path}: this server has no aggregated discovery (Kubernetes 1.27 or later has)`);
}

interface ApiServiceList {
  readonly items?: readonly {readonly spec?: {readonly group?: string; readonly service?: unknown}}[];
}

/** Groups that another server answers for. */
async function readAggregated(transport: ApiTransport): Promise<Result<ReadonlySet<string>>> {
  const answer = await transport.request({method: 'GET', path: '/apis/apiregistration.k8s.io/v1/apiservices'});
  if (answer.outcome !== 'answered' || answer.status !== 200) return portFailure(answer, 'read');
  const items = (parseJson(answer.text) as ApiServiceList | undefined)?.items;
  if (items === undefined) return failed('unavailable', 'the list of API services is no list');
  const groups = items.flatMap(({spec}) => (spec?.service && spec.group ? [spec.group] : []));
  return ok(new Set(groups));
}

/** The server lists versions in its order of preference: the first that can be listed and patched counts. */
function listTypes(list: DiscoveryList, aggregated: ReadonlySet<string>): readonly ResourceType[] {
  const found = new Map<string, ResourceType>();
  for (const {metadata, versions = []} of list.items ?? []) {
    const group = metadata?.name ?? '';
    if (foreignGroups.has(group) || aggregated.has(group)) continue;
    for (const {version, resources = []} of versions) {
      for (const {resource: plural, responseKind, scope, verbs} of resources) {
        const id = `${plural}.${group}`;
        const kind = responseKind?.kind;
        if (found.has(id) || kind === undefined || !verbs.includes('list') || !verbs.includes('patch')) continue;
        found.set(id, {group, version, plural, kind, namespaced: scope === 'Namespaced'});
      }
    }
  }
  return [...found.values()];
}

function means(resource: string, {group, plural}: ResourceType): boolean {
  if (resource === '*.*') return true;
  const dot = resource.indexOf('.');
  const [wantedPlural, wantedGroup] = dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
  return group === wantedGroup && (wantedPlural === '*' || wantedPlural === plural);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

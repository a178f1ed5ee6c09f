// The kinds that a simulated cluster serves, and where their objects lie in etcd.

import {
  configResource,
  deploymentResource,
  endpointSliceResource,
  eventResource,
  keyResource,
  kubernetesNodeResource,
  leaseResource,
  moduleInfoResource,
  namespaceResource,
  nodeReportResource,
  ourGroup,
  type ResourceType,
  ringResource,
  seedBundleResource,
} from '@etcd-encryption/rotation';

export interface Kind {
  readonly resource: ResourceType;
  /** As a configuration names it: `secrets`, `widgets.example.com`. */
  readonly id: string;
  /** Start of the etcd keys of all its objects, with a slash at the end. */
  readonly path: string;
  /** Whether `status` is a subresource: replacing the object leaves it alone, and creating drops it. */
  readonly status: boolean;
  /** Whether the API counts generations of its spec. */
  readonly generation: boolean;
}

const core = (plural: string, kind: string): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});

export const secretResource = core('secrets', 'Secret');
export const configMapResource = core('configmaps', 'ConfigMap');

export const resourceId = ({group, plural}: ResourceType): string => (group === '' ? plural : `${plural}.${group}`);

function builtin(resource: ResourceType, directory = resource.plural, more: Partial<Kind> = {}): Kind {
  const path = `/registry/${directory}/`;
  return {resource, id: resourceId(resource), path, status: false, generation: false, ...more};
}

/** A kind defined by a CustomResourceDefinition. */
export function customKind(resource: ResourceType, more: Partial<Kind> = {}): Kind {
  return builtin(resource, `${resource.group}/${resource.plural}`, {generation: true, ...more});
}

export const seedBundleKind = customKind(seedBundleResource);

export const defaultKinds: readonly Kind[] = [
  builtin(secretResource),
  builtin(configMapResource),
  builtin(eventResource),
  builtin(namespaceResource, 'namespaces', {status: true}),
  builtin(kubernetesNodeResource, 'minions', {status: true}),
  builtin(leaseResource),
  builtin(endpointSliceResource),
  builtin(deploymentResource, 'deployments', {status: true, generation: true}),
  customKind(configResource, {status: true}),
  customKind(ringResource, {status: false}),
  customKind(nodeReportResource, {status: false}),
  customKind(keyResource, {status: false}),
  seedBundleKind,
  customKind(moduleInfoResource, {status: true}),
];

/** The etcd key of an object. */
export function objectPath({path, resource}: Kind, {namespace, name}: {namespace?: string; name: string}): string {
  return resource.namespaced ? `${path}${namespace ?? ''}/${name}` : `${path}${name}`;
}

export interface Kinds {
  readonly all: readonly Kind[];
  readonly find: (resource: ResourceType) => Kind | undefined;
  /** By its id, such as `secrets`. */
  readonly named: (id: string) => Kind | undefined;
  /** The kind whose objects lie below a key. */
  readonly ofPath: (key: string) => Kind | undefined;
}

export function createKinds(all: readonly Kind[] = defaultKinds): Kinds {
  const byName = new Map(all.map((kind) => [`${kind.id}/${kind.resource.version}`, kind]));
  const byPath = new Map(all.map((kind) => [kind.path, kind]));
  const byId = new Map(all.map((kind) => [kind.id, kind]));
  // Programs ask with the same few constants all the while.
  const byType = new WeakMap<ResourceType, Kind>();
  const find = (resource: ResourceType): Kind | undefined => {
    const kind = byName.get(`${resourceId(resource)}/${resource.version}`);
    if (kind !== undefined) byType.set(resource, kind);
    return kind;
  };
  return {
    all,
    find: (resource) => byType.get(resource) ?? find(resource),
    named: (id) => byId.get(id),
    ofPath(key) {
      const first = key.indexOf('/', '/registry/'.length);
      const second = key.indexOf('/', first + 1);
      return byPath.get(key.slice(0, second + 1)) ?? byPath.get(key.slice(0, first + 1));
    },
  };
}

/** Served types that a resource of a configuration means, sorted; everything is everything but our own group. */
export function resolveKinds(kinds: Kinds, resource: string): readonly ResourceType[] {
  const matches = ({id, resource: {group}}: Kind): boolean => {
    if (resource === '*.*') return group !== ourGroup;
    return resource === id || (resource.startsWith('*.') && resource.slice(2) === group);
  };
  const place = ({resource: {group, plural}}: Kind): string => `${group}/${plural}`;
  return kinds.all
    .filter(matches)
    .sort((a, b) => (place(a) < place(b) ? -1 : 1))
    .map((kind) => kind.resource);
}

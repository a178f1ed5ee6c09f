// One cluster of a rehearsal with the shipped engine on it: its programs, an operator's hands, and the truth about its
// ring and what it said of itself last, read past every server.

import {
  type Condition,
  configResource,
  createEngine,
  type EngineParts,
  nodeReportResource,
  type ObjectAddress,
  ourNamespace,
  type Ring,
  ringResource,
  type StoredObject,
  type SyncPorts,
  singletonName,
} from '@etcd-encryption/rotation';
import {createSimPorts} from '../ports/index.ts';
import type {Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import {objectPath} from '../world/kinds.ts';
import type {SimNode} from '../world/node.ts';
import type {ClusterRole} from './result.ts';

/** What a cluster says in the status of its config, as far as a rehearsal looks at it. */
export interface SaidStatus {
  readonly phase?: string;
  readonly role?: string;
  readonly revision?: number;
  readonly clusterId?: string;
  readonly conditions?: readonly Condition[];
}

export interface ManagedCluster {
  readonly name: string;
  readonly cluster: Cluster;
  /** A person's requests to the API. */
  readonly operator: SyncPorts;
  readonly controller: string;
  /** The ring as it lies in etcd; absent in the first seconds. */
  readonly ring: () => Ring | undefined;
  /** What this cluster's own controller said last; absent until it spoke. */
  readonly status: () => SaidStatus | undefined;
  /** By the truth of the run. */
  readonly role: () => ClusterRole;
  /** Revisions of rotations that completed here since the beginning, in order. */
  readonly completed: readonly number[];
  /** SHA-256 of the newest content that any node's file ever had; absent until one changed. */
  readonly newestFile: () => string | undefined;
  /** On how many nodes the server that serves has loaded the newest file. */
  readonly loadedOn: () => number;
  /** Calls `look` whenever ring, status, a loaded file or the set of servers is another one. */
  readonly onFact: (look: () => void) => void;
}

export interface ManagedOptions {
  readonly parts?: EngineParts;
  readonly drainMs?: number;
  /** Whether the cluster has another side. */
  readonly paired: boolean;
}

const configAddress: ObjectAddress = {resource: configResource, name: singletonName};
const ringAddress: ObjectAddress = {resource: ringResource, namespace: ourNamespace, name: singletonName};
const addresses = {config: configAddress, ring: ringAddress} as const;

/** Starts the engine's programs on a cluster: an agent on every node, one controller. */
export function manage(simulation: Simulation, cluster: Cluster, options: ManagedOptions): ManagedCluster {
  const {name} = cluster;
  startPrograms(simulation, cluster, options);
  const watch = watchFacts(cluster);
  return {
    name,
    cluster,
    operator: createSimPorts(cluster, {program: `${name}/operator`, as: 'user'}),
    controller: `${name}/controller`,
    ...watch,
    role: () => (options.paired ? (cluster.active ? 'Active' : 'Standby') : 'single'),
    loadedOn: () => {
      const newest = watch.newestFile();
      return cluster.serving().filter(({loadedHash}) => loadedHash === newest).length;
    },
  };
}

function startPrograms(simulation: Simulation, cluster: Cluster, {parts, drainMs}: ManagedOptions): void {
  const engine = createEngine(parts);
  for (const {name: node} of cluster.nodes) {
    const program = agentOf(cluster.name, node);
    const ports = createSimPorts(cluster, {program, node});
    simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node, cluster: cluster.name});
  }
  const program = `${cluster.name}/controller`;
  const settings = {identity: program, ...(drainMs === undefined ? {} : {drainMs})};
  const ports = createSimPorts(cluster, {program});
  const wakeOn = [configResource, nodeReportResource];
  simulation.startProgram(program, () => engine.controller(settings), ports, {wakeOn, cluster: cluster.name});
}

/** Name of a node's agent as a program of the simulation. */
export const agentOf = (cluster: string, node: string): string => `${cluster}/agent-${node}`;

type Watched = Pick<ManagedCluster, 'ring' | 'status' | 'completed' | 'newestFile' | 'onFact'>;

function watchFacts(cluster: Cluster): Watched {
  const paths = {config: pathOf(cluster, configAddress), ring: pathOf(cluster, ringAddress)};
  const looks: (() => void)[] = [];
  const look = (): void => {
    for (const each of looks) each();
  };
  const completed: number[] = [];
  const rings = ringsOf(cluster, paths.ring, completed);
  let status = statusIn(cluster.etcd.get(paths.config)?.value.object);
  let newest: string | undefined;
  const files = new Set<string>();
  cluster.observe({
    onCommit({key, current, writer}) {
      if (key === paths.ring) rings.note();
      else if (key === paths.config && writer.startsWith('program/')) status = statusIn(current?.value.object);
      else return;
      look();
    },
    onFile({file}) {
      const hash = hashOf(file);
      if (hash === undefined || files.has(hash)) return;
      files.add(hash);
      newest = hash;
      look();
    },
    onServer: look,
  });
  return {
    ring: rings.ring,
    status: () => status,
    completed,
    newestFile: () => newest ?? hashOf(cluster.nodes[0]?.file),
    onFact: (each) => looks.push(each),
  };
}

/** The ring, and the rotations that it shows to be complete: each is counted once, whatever a restore brings back. */
function ringsOf(
  cluster: Cluster,
  path: string,
  completed: number[],
): {ring: () => Ring | undefined; note: () => void} {
  const seen = new Set<string>();
  const ring = (): Ring | undefined => cluster.etcd.get(path)?.value.object?.spec as Ring | undefined;
  const note = (): void => {
    for (const {revision, key, completedAtMs, reason} of [...(ring()?.history ?? [])].reverse()) {
      const id = `${key} ${completedAtMs} ${reason}`;
      if (seen.has(id)) continue;
      seen.add(id);
      completed.push(revision);
    }
  };
  note();
  completed.length = 0;
  return {ring, note};
}

const hashOf = (file: FileView | undefined): string | undefined =>
  file === undefined || file.state === 'absent' ? undefined : file.hash;

const statusIn = (object: StoredObject | undefined): SaidStatus | undefined => object?.status as SaidStatus | undefined;

function pathOf({kinds}: Cluster, {resource, ...name}: ObjectAddress): string {
  const kind = kinds.find(resource);
  if (kind === undefined) throw new RangeError(`kinds: expected ${resource.plural} to be served, got no such kind`);
  return objectPath(kind, name);
}

/** The agents of a cluster, as a file names them. */
export const agentsOf = ({cluster}: ManagedCluster): readonly {readonly node: string; readonly program: 'agent'}[] =>
  cluster.nodes.map(({name: node}) => ({node, program: 'agent'}));

/** Whether the cluster says that a failover to it is safe now. */
export const isFailoverReady = (managed: ManagedCluster): boolean =>
  managed.status()?.conditions?.some(({type, status}) => type === 'FailoverReady' && status === 'True') === true;

/** How an operator's change ended; `refused` = nobody answers now, or somebody else was faster. */
export type Edit = 'done' | 'absent' | 'refused';

/** An operator changes the config or the ring. */
export function edit(
  {operator}: ManagedCluster,
  what: keyof typeof addresses,
  change: (object: StoredObject) => StoredObject,
): Edit {
  const address = addresses[what];
  const read = operator['store.get'](address);
  if (!read.ok) return 'refused';
  if (read.value === undefined) return 'absent';
  return operator['store.replace']({resource: address.resource, object: change(read.value)}).ok ? 'done' : 'refused';
}

/** An operator puts an annotation on the config or the ring, or with `undefined` takes it away. */
export const annotate = (
  managed: ManagedCluster,
  what: keyof typeof addresses,
  [name, value]: readonly [string, string | undefined],
): Edit =>
  edit(managed, what, (object) => {
    const {[name]: _, ...others} = object.metadata.annotations ?? {};
    const annotations = value === undefined ? others : {...others, [name]: value};
    return {...object, metadata: {...object.metadata, annotations}};
  });

/** Serving servers that have every key of a list as a read key for every resource of the ring. */
export const isLoadedEverywhere = (cluster: Cluster, {layout, keys}: Ring): boolean => {
  const tags = keys.map(({provider, name, check}) => `${provider}/${name}/${check}`);
  const resources = layout.resources.map(({resource}) => resource);
  return cluster
    .serving()
    .every((server) => resources.every((resource) => tags.every((tag) => server.canRead(resource, tag))));
};

/** The node of a name, with the cluster that it is a member of. @throws RangeError where there is none */
export function nodeOf(
  clusters: readonly ManagedCluster[],
  name: string,
): {readonly managed: ManagedCluster; readonly node: SimNode} {
  const managed = clusters.find(({cluster}) => cluster.nodes.some((node) => node.name === name));
  if (managed === undefined) throw new RangeError(`node: expected one of the rehearsal, got ${name}`);
  return {managed, node: managed.cluster.node(name)};
}

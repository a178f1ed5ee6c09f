// Where a cluster keeps what the protocol speaks of: ring, config, SeedBundle and reports in etcd, the state file on
// each node. Oracles read them past every server and every program.

import {decodeUtf8} from '@etcd-encryption/crypto';
import {
  configResource,
  type KeyId,
  type NodeReport,
  nodeReportResource,
  ourGroup,
  ourNamespace,
  type Ring,
  type RingKey,
  ringResource,
  seedBundleResource,
  singletonName,
  statePath,
} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {DiskActor} from '../world/disk.ts';
import type {KeyValue} from '../world/etcd.ts';
import type {SimNode} from '../world/node.ts';
import type {KeyTag} from '../world/stored-value.ts';

const ours = `/registry/${ourGroup}`;
export const ringKey = `${ours}/${ringResource.plural}/${ourNamespace}/${singletonName}`;
export const configKey = `${ours}/${configResource.plural}/${singletonName}`;
export const bundleKey = `${ours}/${seedBundleResource.plural}/${ourNamespace}/${singletonName}`;
export const reportsPrefix = `${ours}/${nodeReportResource.plural}/${ourNamespace}/`;
const ownNamespaceKey = `/registry/namespaces/${ourNamespace}`;

/** Whether a write is a program's doing; operators, mirrors and restores are nobody's deed here. */
export const isProgram = (writer: string): boolean => writer.startsWith('program/');

export const ringIn = (item: KeyValue | undefined): Ring | undefined => item?.value.object?.spec as Ring | undefined;

export const ringOf = ({etcd}: Cluster): Ring | undefined => ringIn(etcd.get(ringKey));

/** An annotation of an object as it is stored. */
export const annotationIn = (item: KeyValue | undefined, name: string): string | undefined =>
  item?.value.object?.metadata.annotations?.[name];

export const reportIn = (item: KeyValue | undefined): NodeReport | undefined =>
  item?.value.object?.status as NodeReport | undefined;

/** Base64 of a SeedBundle object; empty where there is none. */
export function bundleTextIn(item: KeyValue | undefined): string {
  const {bundle} = (item?.value.object?.spec ?? {}) as {readonly bundle?: unknown};
  return typeof bundle === 'string' ? bundle : '';
}

/** The id by which a cluster knows itself; made by the cluster and never replicated. */
export const clusterIdOf = ({etcd}: Cluster): string | undefined =>
  etcd.get(ownNamespaceKey)?.value.object?.metadata.uid;

/** The tag under which the world knows a key of a ring. */
export const tagOf = ({provider, name, check}: Pick<RingKey, 'provider' | 'name' | 'check'>): KeyTag =>
  `${provider}/${name}/${check}`;

export const keyOfRing = (ring: Ring | undefined, id: KeyId): RingKey | undefined =>
  ring?.keys.find((key) => key.id === id);

/** What a node's state file holds. */
export interface StateFile {
  readonly clusterId: string;
  readonly epoch: number;
  readonly generation: number;
  /** Base64; empty while nothing is accepted. */
  readonly bundle: string;
}

export interface StateChange {
  readonly node: SimNode;
  readonly before: StateFile | undefined;
  readonly after: StateFile | undefined;
  readonly actor: DiskActor;
}

/**
 * Calls `listener` with each change of a node's state file, whoever made it, and of nodes that join later too.
 * @returns what each node's file holds now, to be kept up to date by this function alone
 */
export function watchStates(
  cluster: Cluster,
  listener: (change: StateChange) => void,
): ReadonlyMap<SimNode, StateFile> {
  const states = new Map<SimNode, StateFile>();
  const watched = new Set<SimNode>();
  const look = (node: SimNode, actor: DiskActor): void => {
    const before = states.get(node);
    const after = readState(node);
    if (after === undefined) states.delete(node);
    else states.set(node, after);
    listener({node, before, after, actor});
  };
  const watchAll = (): void => {
    for (const node of cluster.nodes) {
      if (watched.has(node)) continue;
      watched.add(node);
      const present = readState(node);
      if (present !== undefined) states.set(node, present);
      node.disk.watch((path, actor) => {
        if (path === statePath || path === '/') look(node, actor);
      });
    }
  };
  watchAll();
  cluster.observe({onMembers: watchAll});
  return states;
}

/** A torn file, or one of another form, is none. */
function readState({disk}: SimNode): StateFile | undefined {
  const file = disk.find(statePath);
  if (file?.kind !== 'file') return undefined;
  try {
    const {clusterId, epoch, generation, bundle} = JSON.parse(decodeUtf8(file.now.bytes).text) as Partial<StateFile>;
    if (typeof epoch !== 'number') return undefined;
    return {clusterId: clusterId ?? '', epoch, generation: generation ?? 0, bundle: bundle ?? ''};
  } catch {
    return undefined;
  }
}

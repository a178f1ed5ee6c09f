// One cluster of a run with what belongs to it: how it begins, its oracles and its users.

import {utf8} from '@etcd-encryption/crypto';
import {historyPath} from '@etcd-encryption/rotation';
import {watchInvariants} from './oracles/index.ts';
import type {NameRegistry} from './oracles/name.ts';
import type {OracleOptions} from './oracles/options.ts';
import type {Finding} from './oracles/readable.ts';
import type {InvariantName} from './oracles/violation.ts';
import {Cluster, type ClusterOptions} from './world/cluster.ts';
import type {NodeOptions} from './world/node.ts';
import type {UserOptions} from './world/user-counts.ts';
import {Users} from './world/users.ts';
import type {World} from './world/world.ts';

export interface SideOptions extends Omit<ClusterOptions, 'nodes' | 'file' | 'pollMs'> {
  /** How many control-plane nodes (`n1`, `n2`, …), or each of them. */
  readonly nodes?: number | readonly NodeOptions[];
  /** Objects that are there at the beginning, such as `{secrets: 100, configmaps: 50}`. */
  readonly objects?: Readonly<Record<string, number>>;
  /**
   * What every node's file holds at the beginning; `absent` = the servers have neither flag nor file. By default all
   * that is encrypted later is listed and in clear.
   */
  readonly file?: Uint8Array | 'absent';
  /** What every node's history holds at the beginning; absent: there is none. */
  readonly history?: Uint8Array;
  readonly pollMs?: number;
  readonly users?: UserOptions;
}

export interface Side {
  readonly cluster: Cluster;
  /** Who uses this cluster and no other. */
  readonly users: Users;
  /** Named exceptions that the oracles saw. */
  readonly findings: readonly Finding[];
}

export interface Watch extends OracleOptions {
  readonly registry: NameRegistry;
  readonly oracles?: readonly InvariantName[];
}

export function createSide(world: World, options: SideOptions, {registry, oracles, ...lenience}: Watch): Side {
  const {nodes = 3, objects = {}, file = clearFile, history, pollMs = 60_000, users, ...rest} = options;
  const cluster = new Cluster(world, {
    ...rest,
    nodes: nodesOf(nodes),
    file: file === 'absent' ? undefined : file,
    pollMs,
  });
  if (history !== undefined) for (const {disk} of cluster.nodes) disk.place(historyPath, history);
  const {findings} = watchInvariants(cluster, registry, {
    ...(oracles === undefined ? {} : {invariants: oracles}),
    ...lenience,
  });
  const people = new Users(cluster, users);
  for (const [resource, count] of Object.entries(objects)) people.populate(resource, count);
  return {cluster, users: people, findings};
}

/** @throws RangeError if two clusters, or two nodes of different clusters, have one name */
export function checkNames(sides: readonly Side[]): void {
  const names = sides.flatMap(({cluster}) => [cluster.name, ...cluster.nodes.map(({name}) => name)]);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined && sides.length > 1) {
    throw new RangeError(`clusters: expected different names of clusters and nodes, got ${twice} twice`);
  }
}

const nodesOf = (nodes: number | readonly NodeOptions[]): readonly NodeOptions[] =>
  typeof nodes === 'number'
    ? Array.from({length: nodes}, (_, index) => ({name: `n${index + 1}`, address: `10.0.0.${index + 1}`}))
    : nodes;

/** A configuration that encrypts nothing: what a cluster has whose servers were given the flag and no key yet. */
const clearFile = utf8(
  '# providers:\n#   - identity\n{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration",' +
    '"resources":[{"resources":["secrets","configmaps"],"providers":[{"identity":{}}]}]}',
);

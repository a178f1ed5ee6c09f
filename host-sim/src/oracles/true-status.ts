// S8, true status, judged at each write of a status or report: Success of a node means that its server had loaded the
// file of that revision, a loaded hash in a report was loaded there, Success of a migration means that at some moment
// after convergence no value of the resource was under another key, and a cluster speaks of itself alone.

import {parseKeyName} from '@etcd-encryption/crypto';
import {type Ring, servedBy} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {noTransformers} from '../world/configuration.ts';
import type {Commit} from '../world/etcd.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import type {Server} from '../world/server.ts';
import {clearTag, type KeyTag} from '../world/stored-value.ts';
import {clusterIdOf, configKey, isProgram, keyOfRing, reportIn, reportsPrefix, ringOf, tagOf} from './own-objects.ts';
import {createPurity, type Purity} from './purity.ts';
import {type Violate, violator} from './violation.ts';

/** As the config's status shows it. */
interface SeenStatus {
  readonly clusterId?: string;
  readonly deployStatus?: Readonly<Record<string, {readonly revision: number; readonly state: string}>>;
  readonly migration?: {
    readonly revision: number;
    readonly state: string;
    readonly resources: readonly string[];
    readonly completeTimestamp?: string;
  };
}

export function watchTrueStatus(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S8 true status');
  const loads = watchLoads(cluster);
  const census = watchCensus(cluster);
  const judged = new Set<string>();
  const judgeStatus = ({writer, current, previous}: Commit): void => {
    const status = (current?.value.object?.status ?? {}) as SeenStatus;
    if (status === previous?.value.object?.status) return;
    judgeOwner(cluster, status, {writer, violate});
    judgeNodes(cluster, status, {loads, violate});
    const {migration} = status;
    if (migration?.state !== 'Success') return;
    const id = `${migration.revision} ${migration.completeTimestamp}`;
    if (judged.has(id)) return;
    judged.add(id);
    judgeMigration(cluster, migration, {census, writer, violate});
  };
  return {
    onServer(node, server) {
      loads.note(node, server);
      census.noteServers();
    },
    onFile: () => census.noteServers(),
    onMembers: () => census.noteServers(),
    onRole: () => census.noteRole(),
    onCommit(commit, kind) {
      if (kind !== undefined) census.noteCommit(commit, kind.id);
      if (!isProgram(commit.writer)) return;
      if (commit.key === configKey) judgeStatus(commit);
      else if (commit.key.startsWith(reportsPrefix)) judgeReport(commit, {loads, violate});
    },
  };
}

interface Loads {
  readonly note: (node: SimNode, server: Server) => void;
  readonly hadHash: (node: string, hash: string) => boolean;
  readonly hadRevision: (node: string, revision: number) => boolean;
}

/** Which files, and files of which write revisions, each node's servers ever had in force. */
function watchLoads(cluster: Cluster): Loads {
  const hashes = new Map<string, Set<string>>();
  const revisions = new Map<string, Set<number>>();
  const note = ({name}: SimNode, server: Server): void => {
    const {loadedHash} = server;
    const [known, writes] = [hashes.get(name) ?? new Set<string>(), revisions.get(name) ?? new Set<number>()];
    hashes.set(name, known);
    revisions.set(name, writes);
    if (loadedHash === undefined || known.has(loadedHash)) return;
    known.add(loadedHash);
    for (const {id} of cluster.kinds.all) writes.add(parseKeyName(server.loaded.of(id)[0]?.name ?? '')?.revision ?? 0);
  };
  for (const node of cluster.nodes) for (const server of node.processes) note(node, server);
  return {
    note,
    hadHash: (node, hash) => hashes.get(node)?.has(hash) === true,
    hadRevision: (node, revision) => revisions.get(node)?.has(revision) === true,
  };
}

interface Census {
  readonly noteCommit: (commit: Commit, resource: string) => void;
  readonly noteServers: () => void;
  readonly noteRole: () => void;
  /** Whether there ever was a value of a resource. */
  readonly knows: (resource: string) => boolean;
  /** Since when every server wrote a resource with a key; `undefined` when never. */
  readonly convergedAtMs: (resource: string, tag: KeyTag) => number | undefined;
  /** Until when the values that this cluster rewrites were under one key alone. */
  readonly pureUntilMs: (resource: string, tag: KeyTag, sinceMs: number) => number;
}

interface Values {
  readonly all: Purity;
  /** Without those that a Synchronizer writes. */
  readonly own: Purity;
  /** When every server had loaded a key as this resource's write key, first. */
  readonly converged: Map<KeyTag, number>;
}

function watchCensus(cluster: Cluster): Census {
  const {scheduler} = cluster.world;
  const byResource = new Map<string, Values>();
  let roleSinceMs = Number.NEGATIVE_INFINITY;
  const valuesOf = (resource: string): Values => {
    const known = byResource.get(resource) ?? {all: createPurity(), own: createPurity(), converged: new Map()};
    byResource.set(resource, known);
    return known;
  };
  const noteCommit = (
    {key, previous, current}: Pick<Commit, 'key' | 'previous' | 'current'>,
    resource: string,
  ): void => {
    const [before, after] = [previous?.value.tag, current?.value.tag];
    const isNew = !byResource.has(resource);
    const {all, own} = valuesOf(resource);
    all.change(before, after, scheduler.nowMs);
    if (!cluster.isReplicated(key)) own.change(before, after, scheduler.nowMs);
    if (isNew) noteServers();
  };
  const noteServers = (): void => {
    for (const [resource, {converged}] of byResource) {
      const tag = commonWriteKey(cluster, resource);
      if (tag !== undefined && !converged.has(tag)) converged.set(tag, scheduler.nowMs);
    }
  };
  for (const item of cluster.etcd.range({prefix: '/', limit: Number.MAX_SAFE_INTEGER}).items) {
    const kind = cluster.kinds.ofPath(item.key);
    if (kind !== undefined) noteCommit({key: item.key, previous: undefined, current: item}, kind.id);
  }
  return {
    noteCommit,
    noteServers,
    noteRole() {
      roleSinceMs = scheduler.nowMs;
    },
    knows: (resource) => byResource.has(resource),
    convergedAtMs: (resource, tag) => valuesOf(resource).converged.get(tag),
    pureUntilMs(resource, tag, sinceMs) {
      const {all, own} = valuesOf(resource);
      return (cluster.active && roleSinceMs <= sinceMs ? all : own).pureUntilMs(tag, scheduler.nowMs);
    },
  };
}

/** The write key of a resource that the server of every member has loaded; where none serves, that it will start with. */
function commonWriteKey({nodes}: Cluster, resource: string): KeyTag | undefined {
  let common: KeyTag | undefined;
  for (const {settings, server, file} of nodes) {
    if (!settings.member) continue;
    const filed = file.state === 'loadable' ? file.transformers : noTransformers;
    const tag = (server?.serves === true ? server.loaded : filed).of(resource)[0]?.tag;
    if (tag === undefined || (common !== undefined && common !== tag)) return undefined;
    common = tag;
  }
  return common;
}

function judgeOwner(
  cluster: Cluster,
  {clusterId, deployStatus = {}}: SeenStatus,
  {writer, violate}: {readonly writer: string; readonly violate: Violate},
): void {
  const own = clusterIdOf(cluster);
  if (clusterId !== undefined && own !== undefined && clusterId !== own)
    violate({node: writer, key: clusterId, explanation: `the status speaks of another cluster than ${own}`});
  for (const name in deployStatus) {
    if (nodeNamed(cluster, name) === undefined)
      violate({node: writer, key: name, explanation: 'the status speaks of a node that is none of this cluster'});
  }
}

const nodeNamed = ({nodes}: Cluster, name: string): SimNode | undefined =>
  nodes.find((node) => node.address === name || node.name === name);

function judgeNodes(
  cluster: Cluster,
  {deployStatus = {}}: SeenStatus,
  {loads, violate}: {readonly loads: Loads; readonly violate: Violate},
): void {
  for (const address in deployStatus) {
    const told = deployStatus[address];
    const node = nodeNamed(cluster, address)?.name;
    if (told?.state !== 'Success' || node === undefined || loads.hadRevision(node, told.revision)) continue;
    const explanation = 'its status is Success, and no server of it ever loaded a file of this revision';
    violate({node, key: `r${told.revision}`, explanation});
  }
}

function judgeReport(
  {current, writer}: Commit,
  {loads, violate}: {readonly loads: Loads; readonly violate: Violate},
): void {
  const report = reportIn(current);
  if (report?.loaded?.state !== 'known' || loads.hadHash(report.node, report.loaded.hash)) return;
  const explanation = `${writer} reports a loaded file that no server of this node ever loaded`;
  violate({node: report.node, key: report.loaded.hash.slice(0, 8), explanation});
}

interface MigrationJudge {
  readonly census: Census;
  readonly writer: string;
  readonly violate: Violate;
}

function judgeMigration(
  cluster: Cluster,
  {revision, resources}: NonNullable<SeenStatus['migration']>,
  {census, writer, violate}: MigrationJudge,
): void {
  const ring = ringOf(cluster);
  const key = keyOfRing(ring, ring?.history.find((each) => each.revision === revision)?.key ?? '');
  if (ring === undefined || key === undefined) return;
  for (const resource of resources) {
    const tag = wantedTag(ring, resource, tagOf(key));
    if (tag === undefined || !census.knows(resource)) continue;
    const say = (explanation: string): never => violate({node: writer, key: tag, explanation});
    const convergedAtMs = census.convergedAtMs(resource, tag);
    if (convergedAtMs === undefined)
      say(`the migration of ${resource} is Success, and not every server ever wrote it with this key`);
    else if (census.pureUntilMs(resource, tag, convergedAtMs) < convergedAtMs)
      say(`the migration of ${resource} is Success, and there were always values under other keys`);
  }
}

/** What a resource's values are under once it is migrated; `undefined` where it is in no file any more. */
function wantedTag({layout}: Ring, resource: string, tag: KeyTag): KeyTag | undefined {
  const served = servedBy(layout.resources, resource);
  if (served === undefined) return undefined;
  return served.leaving === true ? clearTag : tag;
}

// One cluster of a small world with its programs, all of whose requests go to a server that whoever tries everything
// chooses, and what people and time do to it.

import {
  annotation,
  configResource,
  createEngine,
  type Engine,
  type EngineParts,
  leaseResource,
  type newControllerMemory,
  nodeReportResource,
  ourNamespace,
  type PortRequest,
  type ResourceType,
  type Ring,
  ringResource,
  type SyncPorts,
  same,
  seen,
  singletonName,
} from '@etcd-encryption/rotation';
import {createSimPorts} from '../ports/index.ts';
import type {Cluster} from '../world/cluster.ts';
import {objectPath} from '../world/kinds.ts';
import {Actor} from './actor.ts';
import {forget, type Intent, newIntent, noted} from './intent.ts';
import {type Past, watchPast} from './past.ts';
import {farTicks, reportText} from './told.ts';

/** A cluster with its programs. */
export interface SmallCluster {
  readonly cluster: Cluster;
  readonly past: Past;
  readonly controller: Actor;
  readonly memory: () => ReturnType<typeof newControllerMemory> | undefined;
  /** By the order of the nodes. */
  readonly agents: readonly Actor[];
  /** What each program has in mind, by its name. */
  readonly intents: ReadonlyMap<string, Intent>;
  readonly ring: () => Ring | undefined;
  /** Asks for a rotation; each time is another request. */
  readonly askToRotate: () => void;
  /** How often that was done. */
  readonly asked: () => number;
  /**
   * What happens with each step of time beside what servers do: something is written that nobody looks at, so that what
   * comes after a compaction is later than what it knew of; and agents that rest show that they are there, so that
   * nobody is called silent, however long its next look takes.
   */
  readonly touch: () => void;
  /** Whether reports were read since this was asked last. */
  readonly readReports: () => boolean;
  /** From now on this node's server is asked first; undefined: the first that serves. */
  readonly route: (node: string | undefined) => void;
}

/**
 * Time passes in steps of this. It is shorter than a gate lives (30 s), so that evidence may be a step old, and with it
 * all waits of the engine that decide something are over after three steps.
 */
export const tickMs = 20_000;
/** Servers look at their files every two steps, half a period apart. */
export const pollMs = 2 * tickMs;
const drainMs = tickMs;
export function createCluster(cluster: Cluster, parts: EngineParts | undefined): SmallCluster {
  const intents = new Map<string, Intent>();
  const engineOf = (program: string): Engine => {
    const intent = newIntent();
    intents.set(program, intent);
    return createEngine(noted(parts, intent));
  };
  let first: string | undefined;
  let asked = 0;
  let didRead = false;
  const see = (args: unknown): void => {
    const {resource} = args as {readonly resource?: ResourceType};
    didRead ||= resource?.plural === nodeReportResource.plural;
  };
  let memory: ReturnType<typeof newControllerMemory> | undefined;
  const route = (): string | undefined => {
    const serving = cluster.serving().map(({node}) => node);
    return first !== undefined && serving.includes(first) ? first : serving[0];
  };
  const onWake = (program: string) => (): void => {
    const intent = intents.get(program);
    if (intent !== undefined) forget(intent);
  };
  const agents = cluster.nodes.map(({name: node}) => {
    const ports = routed(cluster, {program: `agent-${node}`, node}, {route, see});
    const make = () => engineOf(`agent-${node}`).agent({node, etcd: true});
    const name = `agent-${node}`;
    const isIdle = (request: PortRequest): boolean => saysNothingNew(cluster, request);
    return new Actor({name, node, make, ports, isIdle, onWake: onWake(name)});
  });
  const name = `controller-${cluster.name}`;
  const ports = routed(cluster, {program: name}, {route, see});
  // biome-ignore lint/correctness/useYield: a fact that needs no reading, in the engine's form
  const readPruned = function* (this: unknown): ReturnType<ReturnType<typeof newControllerMemory>['readPruned']> {
    memory = this as NonNullable<typeof memory>;
    return seen([]);
  };
  const make = () => {
    memory = undefined;
    return engineOf(name).controller({identity: name, drainMs, readPruned});
  };
  const operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
  return {
    cluster,
    past: watchPast(cluster),
    controller: new Actor({name, make, ports, onWake: onWake(name)}),
    memory: () => memory,
    agents,
    intents,
    ring: () => ringOf(cluster),
    askToRotate: () => annotate(operator, `asked ${++asked}`),
    asked: () => asked,
    touch: () => {
      touch(operator);
      for (const {pending, setup} of agents) if (pending === undefined) greet(operator, setup.node ?? '');
      if (memory !== undefined) keepYoung(memory, cluster.world.scheduler.nowMs);
    },
    readReports: () => {
      const answer = didRead;
      didRead = false;
      return answer;
    },
    route: (node) => {
      first = node;
    },
  };
}

/** Ports of a program whose requests all go to one server, chosen by whoever tries everything and not by chance. */
function routed(
  cluster: Cluster,
  options: {readonly program: string; readonly node?: string},
  {route, see}: {readonly route: () => string | undefined; readonly see: (args: unknown) => void},
): SyncPorts {
  const own = createSimPorts(cluster, options);
  const through = new Map(cluster.nodes.map(({name}) => [name, createSimPorts(cluster, {...options, via: name})]));
  const store = Object.keys(own).filter((op) => op.startsWith('store.')) as (keyof SyncPorts)[];
  const routes = store.map((op) => {
    const answer = (args: unknown): unknown => {
      see(args);
      const ports = through.get(route() ?? '') ?? own;
      return (ports[op] as (args: unknown) => unknown)(args);
    };
    return [op, answer];
  });
  return {...own, ...Object.fromEntries(routes)} as SyncPorts;
}

/** A report that says again what the stored one says: nobody can tell it from none. */
function saysNothingNew(cluster: Cluster, request: PortRequest): boolean {
  if (request.op !== 'store.replace' || request.args.resource.plural !== nodeReportResource.plural) return false;
  const kind = cluster.kinds.find(nodeReportResource);
  if (kind === undefined) return false;
  const {name} = request.args.object.metadata;
  const stored = cluster.etcd.get(objectPath(kind, {namespace: ourNamespace, name}))?.value.object;
  const clock = {nowMs: cluster.wallMs(), tickMs};
  const told = (status: unknown): unknown => JSON.parse(reportText(clock, status));
  return stored !== undefined && same(told(stored.status), told(request.args.object.status));
}

const touched = {resource: leaseResource, namespace: 'default', name: 'small-world'};

function touch(operator: SyncPorts): void {
  const present = operator['store.get'](touched);
  if (!present.ok) return;
  const {resource, ...metadata} = touched;
  const object = present.value ?? {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {}};
  const spec = {leaseTransitions: Number((object.spec as {leaseTransitions?: number}).leaseTransitions ?? 0) + 1};
  const op = present.value === undefined ? 'store.create' : 'store.replace';
  operator[op]({resource, object: {...object, spec}});
}

function greet(operator: SyncPorts, name: string): void {
  const resource = nodeReportResource;
  const answer = operator['store.get']({resource, namespace: ourNamespace, name});
  const status = answer.ok ? (answer.value?.status as {readonly sequence: number} | undefined) : undefined;
  if (!answer.ok || answer.value === undefined || status === undefined) return;
  const object = {...answer.value, status: {...status, sequence: status.sequence + 1}};
  operator['store.replace']({resource, object});
}

/** Looks that are good for ten minutes are never older than a few steps: these worlds know of no longer time. */
function keepYoung(memory: ReturnType<typeof newControllerMemory>, nowMs: number): void {
  const {lists} = memory;
  if (lists !== undefined) memory.lists = {...lists, atMs: Math.max(lists.atMs, nowMs - farTicks * tickMs)};
}

function annotate(operator: SyncPorts, text: string): void {
  const answer = operator['store.get']({resource: configResource, name: singletonName});
  if (!answer.ok || answer.value === undefined) throw new Error('config: expected that it can be read');
  const {metadata} = answer.value;
  const annotations = {...metadata.annotations, [annotation.rotate]: text};
  const object = {...answer.value, metadata: {...metadata, annotations}};
  if (!operator['store.replace']({resource: configResource, object}).ok)
    throw new Error('config: expected that it can be written');
}

function ringOf({etcd, kinds}: Cluster): Ring | undefined {
  const kind = kinds.find(ringResource);
  if (kind === undefined) return undefined;
  return etcd.get(objectPath(kind, {namespace: ourNamespace, name: singletonName}))?.value.object?.spec as Ring;
}

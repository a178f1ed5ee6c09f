// A simulated cluster with our programs on it and an operator's hands: what the tests of losses and restores start from.

import {
  createSimPorts,
  createSimulation,
  faultActor,
  type Simulation,
  type SimulationOptions,
} from '@etcd-encryption/host-sim';
import {
  annotation,
  configResource,
  createEngine,
  ourGroup,
  ourNamespace,
  type Ring,
  ringResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {expect} from 'vitest';
import {expectValue} from '../ports/answers.ts';

export const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const clusterPath = `/registry/${ourGroup}`;
export const paths = {
  ring: `${clusterPath}/etcdencryptionrings/${ourNamespace}/default`,
  config: `${clusterPath}/etcdencryptionconfigs/default`,
  key: (name: string): string => `${clusterPath}/etcdencryptionkeys/${ourNamespace}/${name}`,
} as const;

export const configOf = (spec: Readonly<Record<string, unknown>> = {}): StoredObject => ({
  metadata: {name: 'default'},
  spec: {resources: ['secrets', 'configmaps'], rotationInterval: '24h0m0s', type: 'aesgcm', ...spec},
});

interface Status {
  readonly conditions?: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[];
  readonly phase?: string;
  readonly history?: readonly {readonly revision: number; readonly reason: string; readonly outcome: string}[];
}

type KeyValue = ReturnType<Simulation['cluster']['etcd']['range']>['items'][number];

/** A cluster with agents on every node, controllers, the operator's config object, and users. */
export class Installed {
  readonly simulation: Simulation;
  readonly agents: readonly string[];
  readonly controllers: readonly string[];
  readonly #operator: ReturnType<typeof createSimPorts>;

  constructor(
    options: Partial<SimulationOptions> & {readonly controllers?: number; readonly config?: StoredObject} = {},
  ) {
    this.simulation = createSimulation({
      seed: 41,
      objects: {secrets: 20, configmaps: 10},
      users: {writesPerSecond: 0.2, readsPerSecond: 0.2, listsPerSecond: 0.02},
      pollMs: 10_000,
      ...options,
    });
    const {cluster} = this.simulation;
    const engine = createEngine();
    this.agents = cluster.nodes.map(({name}) => `agent-${name}`);
    for (const {name} of cluster.nodes) {
      const program = `agent-${name}`;
      const ports = createSimPorts(cluster, {program, node: name});
      this.simulation.startProgram(program, () => engine.agent({node: name, etcd: true}), ports, {node: name});
    }
    this.controllers = Array.from({length: options.controllers ?? 1}, (_, index) => `controller-${index + 1}`);
    for (const program of this.controllers) {
      const ports = createSimPorts(cluster, {program});
      this.simulation.startProgram(program, () => engine.controller({identity: program}), ports);
    }
    this.#operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
    this.create(options.config ?? configOf());
    this.simulation.users.start();
  }

  create(config: StoredObject): void {
    expectValue(this.#operator['store.create']({resource: configResource, object: config}));
  }

  edit(change: (object: StoredObject) => StoredObject): void {
    const object = expectValue(this.#operator['store.get']({resource: configResource, name: 'default'}));
    if (object === undefined) throw new Error('there is no EtcdEncryptionConfig');
    expectValue(this.#operator['store.replace']({resource: configResource, object: change(object)}));
  }

  rotate(reason: string): void {
    this.edit((object) => ({...object, metadata: {...object.metadata, annotations: {[annotation.rotate]: reason}}}));
  }

  /** `undefined` also while no server answers. */
  ring(): Ring | undefined {
    const answer = this.#operator['store.get']({resource: ringResource, namespace: ourNamespace, name: 'default'});
    return answer.ok ? (answer.value?.spec as Ring | undefined) : undefined;
  }

  status(): Status {
    const answer = this.#operator['store.get']({resource: configResource, name: 'default'});
    return ((answer.ok ? answer.value?.status : undefined) ?? {}) as Status;
  }

  clearStatus(): void {
    const object = expectValue(this.#operator['store.get']({resource: configResource, name: 'default'}));
    if (object === undefined) return;
    expectValue(this.#operator['store.replaceStatus']({resource: configResource, object: {...object, status: {}}}));
  }

  /** Takes an object out of etcd, as `kubectl delete` would. */
  delete(path: string): void {
    const {etcd} = this.simulation.cluster;
    const item = etcd.get(path);
    if (item !== undefined) etcd.delete(path, item.modRevision, 'user/operator');
  }

  removeFile(node: string, path: string): void {
    this.simulation.cluster.node(node).disk.remove(path, faultActor);
  }

  /** Everything that etcd holds now. */
  snapshot(): readonly KeyValue[] {
    return this.simulation.cluster.etcd.range({prefix: '/', limit: Number.MAX_SAFE_INTEGER}).items;
  }

  /** Puts a snapshot back: the servers are stopped, start on what it holds, and know nothing of what came after. */
  restore(snapshot: readonly KeyValue[]): void {
    const {cluster} = this.simulation;
    const {etcd, nodes} = cluster;
    for (const node of nodes) node.stop();
    const kept = new Map(snapshot.map((item) => [item.key, item]));
    for (const {key, modRevision} of this.snapshot()) {
      const item = kept.get(key);
      if (item === undefined) etcd.delete(key, modRevision, 'world');
      else if (item.modRevision !== modRevision) etcd.put(key, item.value, modRevision, 'world');
      kept.delete(key);
    }
    for (const {key, value} of kept.values()) etcd.put(key, value, 0, 'world');
    for (const node of nodes) node.start();
  }

  /** Lets time pass until it is so. */
  until(what: string, test: () => boolean, limitMs = hourMs): void {
    const {simulation} = this;
    const done = simulation.runUntil(test, simulation.nowMs + limitMs);
    const {conditions = [], phase} = this.status();
    const why = conditions.map(({type, status, reason, message}) => `${type}=${status} ${reason}: ${message}`);
    const lines = simulation.world.trace.lines.slice(-25).map((line) => Object.values(line).join(' '));
    expect(done, [`not in time: ${what}, ${phase}`, ...why, ...lines].join('\n')).toBe(true);
  }

  /** Lets time pass until the newest completed rotation is at least of this revision and nothing is under way. */
  complete(revision: number, limitMs = hourMs): void {
    this.until(
      `r${revision} complete`,
      () => {
        const {history, phase} = this.status();
        const ring = this.ring();
        const last = history?.[0]?.revision ?? 0;
        const settled = ring?.rotation === undefined && ring?.history[0]?.revision === last;
        return last >= revision && phase === 'Idle' && settled;
      },
      limitMs,
    );
  }

  /** Key names in a node's file. */
  fileKeys(node: string): readonly string[] {
    const {file} = this.simulation.cluster.node(node);
    if (file.state !== 'loadable') return [];
    return [...file.transformers.tags].filter((tag) => tag !== 'clear').sort();
  }

  /** What a node's file writes secrets with. */
  writes(node: string): string | undefined {
    const {file} = this.simulation.cluster.node(node);
    return file.state === 'loadable' ? file.transformers.of('secrets')[0]?.tag : undefined;
  }
}

export function expectUnnoticed({simulation}: Installed): void {
  expect(simulation.users.failures).toEqual([]);
  expect(simulation.users.verifyAll()).toBe(true);
}

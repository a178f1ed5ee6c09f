// The shipped engine on a simulated cluster: agents on every node, one controller, and what an operator sees and says.

import {
  createSimPorts,
  createSimulation,
  type Decorator,
  type Simulation,
  type SimulationOptions,
} from '@etcd-encryption/host-sim';
import {
  configResource,
  createEngine,
  type KeyId,
  nodeReportResource,
  type ObjectAddress,
  ourNamespace,
  type Ring,
  ringResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';

export interface EngineOptions {
  readonly simulation: Partial<SimulationOptions>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Whether agents read etcd; they do unless false. */
  readonly etcd?: boolean;
}

export interface SeenStatus {
  readonly phase?: string;
  readonly revision?: number;
  readonly conditions?: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[];
  readonly history?: readonly {readonly revision: number; readonly outcome: string; readonly reason: string}[];
}

const config: ObjectAddress = {resource: configResource, name: 'default'};
const ringAddress: ObjectAddress = {resource: ringResource, namespace: ourNamespace, name: 'default'};

export class EngineCluster {
  readonly simulation: Simulation;
  readonly #operator;

  constructor({simulation: options, spec, etcd = true}: EngineOptions) {
    this.simulation = createSimulation({
      seed: 41,
      objects: {secrets: 20, configmaps: 10},
      users: {writesPerSecond: 0.5, readsPerSecond: 0.5, listsPerSecond: 0.05},
      ...options,
    });
    const {cluster} = this.simulation;
    const engine = createEngine();
    for (const {name} of cluster.nodes) {
      const ports = createSimPorts(cluster, {program: `agent-${name}`, node: name});
      this.simulation.startProgram(`agent-${name}`, () => engine.agent({node: name, etcd}), ports, {node: name});
    }
    const ports = createSimPorts(cluster, {program: 'controller'});
    const wakeOn = [configResource, nodeReportResource];
    this.simulation.startProgram('controller', () => engine.controller({identity: 'controller'}), ports, {wakeOn});
    this.#operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
    const object: StoredObject = {
      metadata: {name: 'default'},
      spec: {resources: ['secrets', 'configmaps'], rotationInterval: '2400h0m0s', type: 'aesgcm', ...spec},
    };
    expectValue(this.#operator['store.create']({resource: configResource, object}));
    this.simulation.users.start();
  }

  #read(address: ObjectAddress): StoredObject | undefined {
    return expectValue(this.#operator['store.get'](address));
  }

  get status(): SeenStatus {
    return (this.#read(config)?.status ?? {}) as SeenStatus;
  }

  /** The ring; there is none in the first seconds. */
  get ring(): Ring {
    return this.#read(ringAddress)?.spec as Ring;
  }

  /** Every reason and message that the conditions show. */
  get said(): string {
    return (this.status.conditions ?? []).map(({reason, message}) => `${reason}: ${message}`).join('\n');
  }

  /** Puts an annotation on the config or the ring. */
  annotate(where: 'config' | 'ring', name: string, value: string): void {
    const {resource, object} = this.#editable(where);
    const metadata = {...object.metadata, annotations: {...object.metadata.annotations, [name]: value}};
    expectValue(this.#operator['store.replace']({resource, object: {...object, metadata}}));
  }

  setSpec(changes: Readonly<Record<string, unknown>>): void {
    const {resource, object} = this.#editable('config');
    const spec = {...(object.spec as object), ...changes};
    expectValue(this.#operator['store.replace']({resource, object: {...object, spec}}));
  }

  #editable(where: 'config' | 'ring') {
    const address = where === 'config' ? config : ringAddress;
    const object = this.#read(address);
    if (object === undefined) throw new Error(`there is no ${where}`);
    return {resource: address.resource, object};
  }

  /** Key ids in the files of all nodes, by node. */
  files(): readonly (readonly KeyId[])[] {
    return this.simulation.cluster.nodes.map(({file}) =>
      file.state === 'loadable' ? [...file.transformers.tags].sort() : [],
    );
  }

  /** Lets time pass until it holds. @throws Error with what the conditions say when it does not come to pass */
  until(what: string, holds: () => boolean, limitMs = 3_600_000): void {
    const done = this.simulation.runUntil(holds, this.simulation.nowMs + limitMs);
    const lines = this.simulation.world.trace.lines.slice(-15).map((line) => Object.values(line).join(' '));
    if (!done)
      throw new Error([`not within ${limitMs} ms: ${what}`, this.status.phase, this.said, ...lines].join('\n'));
  }

  complete(revision: number): void {
    this.until(
      `revision ${revision} complete`,
      () => this.status.history?.[0]?.revision === revision && this.ring.rotation === undefined,
    );
  }

  decorate(program: string, decorator: Decorator): void {
    this.simulation.decorate(program, decorator);
  }
}

// The shipped engine on one side of a simulated pair: its agents and controller, what an operator sees and says there,
// and the truth about which keys can be derived there.

import {toBase64} from '@etcd-encryption/crypto';
import {type Cluster, createSimPorts, type Pair, type SideName} from '@etcd-encryption/host-sim';
import {
  configResource,
  createEngine,
  defaultRootSecret,
  type KeyId,
  nodeReportResource,
  type ObjectAddress,
  ourNamespace,
  type Ring,
  ringResource,
  type StoredObject,
  secretResource,
} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';
import type {SeenStatus} from './engine-cluster.ts';

const configAddress: ObjectAddress = {resource: configResource, name: 'default'};
const ringAddress: ObjectAddress = {resource: ringResource, namespace: ourNamespace, name: 'default'};

export class EngineSide {
  readonly cluster: Cluster;
  readonly #operator;

  constructor(pair: Pair, name: SideName) {
    this.cluster = pair.cluster(name);
    this.#operator = createSimPorts(this.cluster, {program: 'operator', as: 'user'});
    const engine = createEngine();
    for (const {name: node} of this.cluster.nodes) {
      const program = `${name}/agent-${node}`;
      const ports = createSimPorts(this.cluster, {program, node});
      pair.simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node});
    }
    const program = `${name}/controller`;
    const ports = createSimPorts(this.cluster, {program});
    const wakeOn = [configResource, nodeReportResource];
    pair.simulation.startProgram(program, () => engine.controller({identity: program}), ports, {wakeOn});
  }

  /** An operator makes the root Secret by hand. */
  createRoot(root: Uint8Array): void {
    const object = {
      metadata: {name: defaultRootSecret, namespace: ourNamespace},
      data: {'root-key': toBase64(root)},
    };
    expectValue(this.#operator['store.create']({resource: secretResource, object}));
  }

  createConfig(spec: Readonly<Record<string, unknown>>): void {
    const object: StoredObject = {metadata: {name: 'default'}, spec};
    expectValue(this.#operator['store.create']({resource: configResource, object}));
  }

  /** The ring; there is none in the first seconds. */
  get ring(): Ring {
    return this.#read(ringAddress)?.spec as Ring;
  }

  /** Of the config as it stands here; on a Standby the Active's status comes and goes. */
  get status(): SeenStatus & {readonly clusterId?: string} {
    return (this.#read(configAddress)?.status ?? {}) as SeenStatus;
  }

  /** Reasons and messages of the conditions, if they are of this cluster. */
  get said(): string {
    const {clusterId, conditions = []} = this.status;
    if (clusterId !== this.ring?.clusterId) return '';
    return conditions.map(({type, status, reason, message}) => `${type} ${status} ${reason}: ${message}`).join('\n');
  }

  /** All that a person looks at when something does not come to pass. */
  get told(): string {
    if (this.cluster.serving().length === 0) return `${this.cluster.name}: no server answers`;
    const {keys = [], layout, rotation, following, publishing, synchronizer} = this.ring ?? {};
    const ring = {keys: keys.map(({id}) => id), layout, rotation, following, publishing, synchronizer};
    return [this.cluster.name, this.said, JSON.stringify(ring)].join('\n');
  }

  /** The one key that writes here, by the ring; `undefined` while some resource is written with another. */
  get writeKey(): KeyId | undefined {
    const keys = new Set(this.ring?.layout.resources.map(({write}) => write));
    return keys.size === 1 ? [...keys][0] : undefined;
  }

  /** Revisions of rotations that completed here, newest first. */
  get completed(): readonly number[] {
    return this.ring?.history.map(({revision}) => revision) ?? [];
  }

  /** Names of our keys in the files of all nodes, by node, sorted. */
  files(): readonly (readonly string[])[] {
    return this.cluster.nodes.map(({file}) =>
      file.state === 'loadable' ? [...file.transformers.tags].filter((tag) => tag.startsWith('aesgcm/')).sort() : [],
    );
  }

  /** Puts an annotation on the ring. */
  annotateRing(name: string, value: string): void {
    const object = this.#read(ringAddress);
    if (object === undefined) throw new Error(`there is no ring on ${this.cluster.name}`);
    const metadata = {...object.metadata, annotations: {...object.metadata.annotations, [name]: value}};
    expectValue(this.#operator['store.replace']({resource: ringResource, object: {...object, metadata}}));
  }

  /** Tags of the keys that live values are stored under, by the truth. */
  storedTags(): ReadonlySet<string> {
    const {need} = this.cluster;
    const stored = [...need.resources()].flatMap((resource) => [...need.of(resource)]);
    return new Set(stored.flatMap(([tag, {live}]) => (live > 0 ? [tag] : [])));
  }

  #read(address: ObjectAddress): StoredObject | undefined {
    return expectValue(this.#operator['store.get'](address));
  }
}

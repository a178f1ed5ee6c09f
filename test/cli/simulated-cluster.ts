// A simulated cluster with the shipped engine, as a verb's cluster: its time passes while the verb sleeps.

import {toBase64} from '@etcd-encryption/crypto';
import {crdResource, customResourceDefinitions} from '@etcd-encryption/host-k8s';
import {createSimPorts, createSimulation, type Simulation, type SimulationOptions} from '@etcd-encryption/host-sim';
import {
  configResource,
  createEngine,
  defaultRootSecret,
  nodeReportResource,
  ok,
  ourNamespace,
  type Ports,
  rootKeyField,
  type StoredObject,
  type SyncPorts,
  secretResource,
} from '@etcd-encryption/rotation';
import type {ClusterClient, OpenCluster} from '../../cli/src/cluster-client.ts';
import {expectValue} from '../ports/answers.ts';

const configObject: StoredObject = {
  metadata: {name: 'default'},
  spec: {resources: ['secrets', 'configmaps'], rotationInterval: '24h0m0s', type: 'aesgcm'},
};

const nodes = [1, 2, 3].map((number) => ({name: `node-${number}`, address: `10.0.0.${number}`}));

export interface SimulatedCluster {
  readonly simulation: Simulation;
  readonly open: OpenCluster;
  /** Ports of a person, beside the verbs. */
  readonly person: SyncPorts;
}

export interface Installation {
  readonly controller?: false;
  readonly config?: false;
  /** Beside the usual spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function installed(
  options: Partial<SimulationOptions> = {},
  {controller, config, spec}: Installation = {},
): SimulatedCluster {
  const simulation = createSimulation({seed: 7, objects: {secrets: 20, configmaps: 10}, nodes, ...options});
  const {cluster} = simulation;
  const engine = createEngine();
  for (const {name} of cluster.nodes) {
    const program = `agent-${name}`;
    const ports = createSimPorts(cluster, {program, node: name});
    simulation.startProgram(program, () => engine.agent({node: name, etcd: true}), ports, {node: name});
  }
  if (controller !== false) {
    const wakeOn = [configResource, nodeReportResource];
    const ports = createSimPorts(cluster, {program: 'controller'});
    simulation.startProgram('controller', () => engine.controller({identity: 'controller-a'}), ports, {wakeOn});
  }
  const person = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const object = {...configObject, spec: {...(configObject.spec as object), ...spec}};
  if (config !== false) expectValue(person['store.create']({resource: configResource, object}));
  return {simulation, person, open: () => clientOn(simulation, person)};
}

export const derivationRoot: Uint8Array = Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11) % 256);
export const groupId = 'Zq7.Xy9_Wv5-Kj3';

/** A cluster under the deterministic strategy, its root Secret made; `standby` as the spec has it. */
export function deriving(standby: 'expected' | 'none', more: {readonly root?: false} = {}): SimulatedCluster {
  const deterministic = {replicationGroupId: groupId, approvalDelay: '5m', standby};
  const cluster = installed({}, {spec: {keyStrategy: 'deterministic', deterministic}});
  if (more.root === false) return cluster;
  const object = {
    metadata: {name: defaultRootSecret, namespace: ourNamespace},
    data: {[rootKeyField]: toBase64(derivationRoot)},
  };
  expectValue(cluster.person['store.create']({resource: secretResource, object}));
  return cluster;
}

function clientOn(simulation: Simulation, ports: SyncPorts): ClusterClient {
  const plain = Object.fromEntries(
    Object.entries(ports)
      .filter(([name]) => name.startsWith('store.'))
      .map(([name, port]) => [name, async (args: never) => (port as (args: never) => unknown)(args)]),
  ) as unknown as ClusterClient['store'];
  // The simulated cluster has our kinds without definitions.
  const store: ClusterClient['store'] = {
    ...plain,
    'store.get': async (address) =>
      address.resource.plural === crdResource.plural
        ? ok(customResourceDefinitions.find(({metadata}) => metadata.name === address.name) as StoredObject | undefined)
        : plain['store.get'](address),
  };
  const clock: Pick<Ports, 'clock.now' | 'clock.nextStart' | 'clock.sleep'> = {
    'clock.now': async () => ports['clock.now']({}),
    'clock.nextStart': async (rule) => ports['clock.nextStart'](rule),
    'clock.sleep': async ({ms}) => {
      simulation.runFor(ms);
      return ok('slept');
    },
  };
  return {
    store,
    clock,
    request: async () => ({outcome: 'failed', sent: false, reason: 'SIMULATED', message: 'no plain requests here'}),
    watch: () => undefined,
    close: async () => undefined,
  };
}

/** Lets time pass until so many rotations are complete. */
export function runRotations({simulation, person}: SimulatedCluster, count: number): void {
  const completed = (): number => {
    const object = expectValue(person['store.get']({resource: configResource, name: 'default'}));
    return (object?.status as {readonly history?: readonly unknown[]} | undefined)?.history?.length ?? 0;
  };
  const done = simulation.runUntil(() => completed() >= count, simulation.nowMs + 3 * 86_400_000);
  if (!done) throw new Error(`expected ${count} rotations, got ${completed()}`);
}

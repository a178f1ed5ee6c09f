// The demonstration's cluster in virtual time: the shipped engine on simulated nodes, real cryptography, users who
// write and read all the while, every invariant watched, and each node's disk mirrored to a real folder.

import {join} from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {createSimPorts, createSimulation, type SimNode, type Simulation} from '@etcd-encryption/host-sim';
import {
  annotation,
  configResource,
  createEngine,
  type Engine,
  nodeReportResource,
  ourGroup,
  type Result,
  type StoredObject,
  singletonName,
} from '@etcd-encryption/rotation';
import {countValues} from './census.ts';
import {mirrorDisk} from './mirror.ts';
import {type Narrator, tellOnce} from './narrator.ts';
import {kubectlYaml} from './resource.ts';
import {createHastyEngine} from './sabotage.ts';
import type {Census, Stage, Status} from './stage.ts';
import {watchWaits} from './waiting.ts';
import {eventSentence, orderText} from './words.ts';

export interface SimulatedOptions {
  readonly dir: string;
  readonly seed: number;
  readonly nodes: number;
  /** Secrets at the beginning; there are half as many configmaps. */
  readonly objects: number;
  readonly sabotage: boolean;
  readonly signal: AbortSignal;
}

const resources = ['secrets', 'configmaps'] as const;
/** Waits and signals are looked at this often, virtual ms. */
const lookMs = 1_000;
const intervalText = '5m0s';
/** Long enough for the agent's silence to be named, virtual ms. */
const outageMs = 120_000;
const patienceMs = 3_600_000;

export const createDemoSimulation = ({seed, nodes, objects, sabotage}: SimulatedOptions): Simulation =>
  createSimulation({
    seed,
    realCrypto: true,
    nodes: Array.from({length: nodes}, (_, index) => ({name: `node-${index + 1}`, address: `10.0.0.${index + 1}`})),
    objects: {secrets: objects, configmaps: Math.ceil(objects / 2)},
    users: {writesPerSecond: 1, readsPerSecond: 3, listsPerSecond: 0.3},
    // With a rule broken on purpose, the first invariant to break would end the run before anybody's read failed.
    ...(sabotage ? {oracles: []} : {}),
  });

export function createSimulatedStage(simulation: Simulation, narrator: Narrator, options: SimulatedOptions): Stage {
  const {cluster} = simulation;
  const nodes = cluster.nodes.map(({name}) => name);
  for (const node of cluster.nodes) mirrorDisk(node, join(options.dir, node.name));
  narrate(simulation, narrator);
  const operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const readConfig = (): StoredObject | undefined =>
    expectValue(operator['store.get']({resource: configResource, name: singletonName}));
  const waits = watchWaits(narrator);
  const follow = followStatus(simulation);
  const tell = tellOnce(narrator, 'users');
  const until: Stage['until'] = async (holds, limitMs) => {
    const endMs = simulation.nowMs + limitMs;
    while (simulation.nowMs < endMs) {
      options.signal.throwIfAborted();
      if (simulation.runUntil(() => holds(follow.status), Math.min(endMs, simulation.nowMs + lookMs))) return true;
      waits.look(follow.status, simulation.nowMs);
      tell(simulation.users.failures.map(({operation, what, message}) => `${operation} of ${what} failed: ${message}`));
      await setImmediate();
    }
    return false;
  };
  return {
    dir: options.dir,
    nodes,
    scheduled: true,
    outageMs,
    patienceMs,
    async begin() {
      expectValue(operator['store.create']({resource: configResource, object: configObject}));
      startPrograms(simulation, options.sabotage ? createHastyEngine() : createEngine());
      simulation.users.start();
    },
    until,
    async pass(ms) {
      await until(() => false, ms);
    },
    status: () => follow.status,
    async yaml() {
      const object = readConfig();
      return object === undefined ? '(there is none)' : kubectlYaml(object);
    },
    async request(reason) {
      const object = readConfig();
      if (object === undefined) return;
      const annotations = {...object.metadata.annotations, [annotation.rotate]: reason};
      const changed = {...object, metadata: {...object.metadata, annotations}};
      expectValue(operator['store.replace']({resource: configResource, object: changed}));
    },
    powerOff: async (node) => simulation.powerLoss(node),
    powerOn: async (node) => simulation.boot(node),
    census: async () => readCensus(simulation),
    tally() {
      const {reads, lists, writes, failedReads, wrongContent, failedWrites} = simulation.users.counts;
      return {reads: reads + lists, writes, failedReads: failedReads + wrongContent, failedWrites};
    },
    async finish() {
      simulation.users.stop();
      simulation.users.verifyAll();
    },
    close: async () => {},
  };
}

const configObject: StoredObject = {
  apiVersion: `${ourGroup}/${configResource.version}`,
  kind: configResource.kind,
  metadata: {name: singletonName},
  spec: {resources: [...resources], rotationInterval: intervalText, type: 'aesgcm', retention: {revisions: 8}},
};

function startPrograms(simulation: Simulation, engine: Engine): void {
  const {cluster} = simulation;
  for (const {name: node} of cluster.nodes) {
    const program = `agent ${node}`;
    const ports = createSimPorts(cluster, {program, node});
    simulation.startProgram(program, () => engine.agent({node, etcd: true}), ports, {node});
  }
  const ports = createSimPorts(cluster, {program: 'controller'});
  const wakeOn = [configResource, nodeReportResource];
  simulation.startProgram('controller', () => engine.controller({identity: 'controller'}), ports, {wakeOn});
}

/** The resource's status as last written. */
function followStatus({cluster}: Simulation): {readonly status: Status | undefined} {
  const follow: {status: Status | undefined} = {status: undefined};
  cluster.observe({
    onCommit({current}, kind) {
      if (kind?.resource.plural === configResource.plural) {
        follow.status = current?.value.object?.status as Status | undefined;
      }
    },
  });
  return follow;
}

function narrate(simulation: Simulation, narrator: Narrator): void {
  const {cluster, world} = simulation;
  cluster.observe({
    onFile: (node) => narrator.line(`agent ${node.name}`, `has put a new file in place: ${fileText(node)}`),
    onServer(node, server, what) {
      const who = `server ${node.name}`;
      const order = server.loaded.of(resources[0]).map(({name}) => name);
      if (what === 'loaded') narrator.line(who, `has loaded its file: ${orderText(order)}`);
      else if (server.serves) narrator.line(who, `serves: ${orderText(order)}`);
      else if (server.state === 'stopped') narrator.line(who, 'is gone', 'bad');
    },
  });
  world.trace.listen(({entity, event, detail}) => {
    const sentence = eventSentence(event, detail);
    if (sentence === undefined) return;
    narrator.line(entity.slice(entity.indexOf('/') + 1), sentence.text, sentence.failed ? 'bad' : 'work');
  });
}

const fileText = ({file}: SimNode): string => {
  switch (file.state) {
    case 'absent':
      return 'none is there';
    case 'refused':
      return `it would not load: ${file.problem}`;
    case 'loadable':
      return orderText(file.transformers.of(resources[0]).map(({name}) => name));
    default:
      return file satisfies never;
  }
};

function readCensus({cluster: {etcd, kinds}}: Simulation): Census {
  const paths = kinds.all.filter(({id}) => (resources as readonly string[]).includes(id)).map(({path}) => path);
  const values = paths.flatMap((prefix) => etcd.range({prefix, limit: Number.POSITIVE_INFINITY}).items);
  return countValues(values.map(({value}) => value.bytes()));
}

/** @throws Error when the simulated API refuses the operator, which only a wrong demonstration can bring about */
function expectValue<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`the operator was refused: ${result.error.code}: ${result.error.message}`);
}

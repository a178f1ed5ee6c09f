// The shipped engine on the simulated cluster: the first installation and the rotations after it, under users.

import {
  allInvariants,
  createSimPorts,
  createSimulation,
  type Decorator,
  InvariantViolation,
  type Simulation,
  type SimulationOptions,
} from '@etcd-encryption/host-sim';
import {
  annotation,
  configResource,
  createEngine,
  nodeReportResource,
  ok,
  ringResource,
  type ServerEvidence,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';

const config: StoredObject = {
  metadata: {name: 'default'},
  spec: {resources: ['secrets', 'configmaps'], rotationInterval: '24h0m0s', type: 'aesgcm'},
};

/** A cluster in clear with agents on every node, two controllers, and the config object of the operator. */
function installed(options: Partial<SimulationOptions> = {}): Simulation {
  const simulation = createSimulation({
    seed: 11,
    objects: {secrets: 40, configmaps: 20},
    users: {writesPerSecond: 0.5, readsPerSecond: 0.5, listsPerSecond: 0.05},
    ...options,
  });
  const {cluster} = simulation;
  const engine = createEngine();
  for (const {name} of cluster.nodes) {
    const program = `agent-${name}`;
    const ports = createSimPorts(cluster, {program, node: name});
    simulation.startProgram(program, () => engine.agent({node: name, etcd: true}), ports, {node: name});
  }
  for (const program of ['controller-a', 'controller-b']) {
    const ports = createSimPorts(cluster, {program});
    const wakeOn = [configResource, nodeReportResource];
    simulation.startProgram(program, () => engine.controller({identity: program}), ports, {wakeOn});
  }
  const operator = createSimPorts(cluster, {program: 'operator', as: 'user'});
  expectValue(operator['store.create']({resource: configResource, object: config}));
  simulation.users.start();
  return simulation;
}

interface Status {
  readonly conditions?: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[];
  readonly phase?: string;
  readonly revision?: number;
  readonly history?: readonly {readonly outcome: string}[];
}

function statusOf({cluster}: Simulation): Status {
  const reader = createSimPorts(cluster, {program: 'reader'});
  return (expectValue(reader['store.get']({resource: configResource, name: 'default'}))?.status ?? {}) as Status;
}

const hourMs = 3_600_000;

/** Completed rotations, as the status lists them. */
const completed = (simulation: Simulation): number => statusOf(simulation).history?.length ?? 0;

/** Lets time pass until so many rotations are complete; the newest lines of the trace when they are not. */
function expectRotations(simulation: Simulation, count: number, limitMs: number): void {
  const done = simulation.runUntil(() => completed(simulation) >= count, simulation.nowMs + limitMs);
  const {conditions = [], phase} = statusOf(simulation);
  const why = conditions.map(({type, status, reason, message}) => `${type}=${status} ${reason}: ${message}`);
  const lines = simulation.world.trace.lines.slice(-20).map((line) => Object.values(line).join(' '));
  expect(done, [`${phase}`, ...why, ...lines].join('\n')).toBe(true);
}

/** Each new leader raises it. */
function epochOf({cluster}: Simulation): number {
  const reader = createSimPorts(cluster, {program: 'reader'});
  const ring = expectValue(reader['store.get']({resource: ringResource, namespace: 'kube-system', name: 'default'}));
  return (ring?.spec as {epoch: number} | undefined)?.epoch ?? 0;
}

function expectUnnoticed(simulation: Simulation): void {
  expect(simulation.users.failures).toEqual([]);
  expect(simulation.users.verifyAll()).toBe(true);
}

function annotate(simulation: Simulation, annotations: Readonly<Record<string, string>>): void {
  const operator = createSimPorts(simulation.cluster, {program: 'operator', as: 'user'});
  const object = expectValue(operator['store.get']({resource: configResource, name: 'default'}));
  if (object === undefined) throw new Error('no config');
  const metadata = {...object.metadata, annotations};
  expectValue(operator['store.replace']({resource: configResource, object: {...object, metadata}}));
}

describe('the engine on a simulated cluster', () => {
  test('first installation ⇒ everything encrypted under r1, nobody noticed', () => {
    const simulation = installed();
    expectRotations(simulation, 1, hourMs);
    expect(statusOf(simulation).revision).toBe(1);
    expectUnnoticed(simulation);
  });

  test('the same seed ⇒ the same trace', () => {
    const hashes = [1, 2].map(() => {
      const simulation = installed();
      simulation.runUntil(hourMs / 4);
      return simulation.traceHash;
    });
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('two controllers and nothing to do for half an hour ⇒ the one that leads stays the leader', () => {
    const simulation = installed();
    expectRotations(simulation, 1, hourMs);
    simulation.runFor(600_000);
    const epoch = epochOf(simulation);
    simulation.runFor(1_800_000);
    expect(epochOf(simulation)).toBe(epoch);
  });

  test('a request ⇒ one more rotation', () => {
    const simulation = installed();
    expectRotations(simulation, 1, hourMs);
    annotate(simulation, {[annotation.rotate]: 'a drill'});
    expectRotations(simulation, 2, hourMs);
    simulation.runFor(2 * hourMs);
    expect(completed(simulation)).toBe(2);
    expectUnnoticed(simulation);
  });

  test('with real cryptography ⇒ the same', () => {
    const simulation = installed({realCrypto: true, nodes: 2, objects: {secrets: 6, configmaps: 3}});
    expectRotations(simulation, 1, hourMs);
    expectUnnoticed(simulation);
  });

  test('programs killed and restarted all the time ⇒ it completes all the same', () => {
    for (const seed of [21, 22, 23]) {
      const simulation = installed({seed});
      const chaos = simulation.world.random.stream('test', 'kills');
      const programs = ['agent-n1', 'agent-n2', 'agent-n3', 'controller-a', 'controller-b'];
      for (let round = 0; round < 60 && completed(simulation) === 0; round++) {
        simulation.runFor(chaos.integer(100, 20_000));
        simulation.restartProgram(chaos.pick(programs), chaos.integer(0, 5_000));
      }
      expectRotations(simulation, 1, 2 * hourMs);
      expectUnnoticed(simulation);
    }
  });

  test('a node that loses its power in the middle and comes back ⇒ it completes', () => {
    for (const seed of [31, 32, 33, 34]) {
      const simulation = installed({seed});
      simulation.runUntil(20_000 * (seed - 30));
      simulation.powerLoss('n2');
      simulation.runFor(600_000);
      simulation.boot('n2');
      expectRotations(simulation, 1, 2 * hourMs);
      expectUnnoticed(simulation);
    }
  });

  test('a server that sees only its old file ⇒ nothing is written with the new key', () => {
    const nodes = [1, 2, 3].map((n) => ({name: `n${n}`, address: `10.0.0.${n}`}));
    const [first, ...rest] = nodes;
    if (first === undefined) throw new Error('no node');
    const simulation = installed({nodes: [{...first, mount: 'single-file'}, ...rest]});
    simulation.runUntil(hourMs);
    expect(completed(simulation)).toBe(0);
    const tags = [...simulation.cluster.need.of('secrets')].filter(([, {live}]) => live > 0).map(([tag]) => tag);
    expect(tags).toEqual(['clear']);
    expectUnnoticed(simulation);
  });

  /** The first invariant that breaks while a lie is told to every agent. */
  function brokenBy(lie: (simulation: Simulation, node: string) => Decorator, oracles = allInvariants): string {
    const simulation = installed({oracles});
    for (const {name} of simulation.cluster.nodes) simulation.decorate(`agent-${name}`, lie(simulation, name));
    try {
      simulation.runUntil(() => completed(simulation) > 0, hourMs);
    } catch (error) {
      if (error instanceof InvariantViolation) return error.detail.invariant;
      throw error;
    }
    return 'none';
  }

  test('a sync that does nothing ⇒ S11 is broken at once', () => {
    const noSync: Decorator = (op, _args, next) => (op === 'files.sync' ? ok(undefined) : next());
    expect(brokenBy(() => noSync)).toBe('S11 file');
  });

  test('servers said to have loaded whatever lies on the disk ⇒ S8 is broken by the report, and S2 soon after', () => {
    const hopeful = ({cluster}: Simulation, node: string): Decorator => {
      return (op, _args, next) => {
        const answer = next();
        const {file} = cluster.node(node);
        if (op !== 'server.evidence' || !answer.ok || file.state === 'absent') return answer;
        return ok({...(answer.value as ServerEvidence), loadedHash: file.hash});
      };
    };
    expect(brokenBy(hopeful)).toBe('S8 true status');
    expect(brokenBy(hopeful, ['S2 write after read'])).toBe('S2 write after read');
  });
});

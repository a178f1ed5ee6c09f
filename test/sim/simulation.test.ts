// The simulated world as a whole: users read and write while a careful rotation runs, and the oracles watch.

import {createSimPorts, createSimulation, type Simulation, type SimulationOptions} from '@etcd-encryption/host-sim';
import {ask, demand, historyPath, type Step} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {file, historyLine, testKey} from './files.ts';
import {smallRotation} from './small-rotation.ts';

const [k1, k2] = [testKey(1), testKey(2)];

/** A cluster that encrypts with r1, and a program that rotates to r2 while users work. */
function rotating(options: Partial<SimulationOptions> = {}): Simulation {
  const simulation = createSimulation({
    seed: 7,
    objects: {secrets: 30, configmaps: 12},
    file: file([k1, 'identity']),
    users: {writesPerSecond: 2, readsPerSecond: 2, listsPerSecond: 0.2},
    ...options,
  });
  const {cluster} = simulation;
  for (const {disk} of cluster.nodes) disk.place(historyPath, historyLine(k1));
  const nodes = cluster.nodes.map(({name}) => createSimPorts(cluster, {program: 'rotator', node: name}));
  const plan = {nodes, from: [k1, 'identity'], key: k2, to: [k2, 'identity']} as const;
  simulation.startProgram('rotator', () => smallRotation(plan), createSimPorts(cluster, {program: 'rotator'}));
  simulation.users.start();
  return simulation;
}

const finish = (simulation: Simulation): boolean =>
  simulation.runUntil(() => simulation.programState('rotator').state === 'finished', 3_600_000);

describe('a careful rotation under users', () => {
  test('no read and no write fails, every value ends under the new key', () => {
    const simulation = rotating();
    expect(finish(simulation)).toBe(true);
    const {counts, failures} = simulation.users;
    expect(failures).toEqual([]);
    expect(counts).toMatchObject({failedReads: 0, failedWrites: 0, wrongContent: 0, refused: 0});
    expect(counts.reads).toBeGreaterThan(500);
    expect(simulation.users.verifyAll()).toBe(true);
    const tags = [...simulation.cluster.need.of('secrets')].filter(([, {live}]) => live > 0).map(([tag]) => tag);
    expect(tags).toEqual([`aesgcm/${k2.name}/${k2.checkValue}`]);
  });

  test('the same seed ⇒ the same trace; another seed ⇒ another', () => {
    const hashes = [7, 7, 8].map((seed) => {
      const simulation = rotating({seed});
      finish(simulation);
      return simulation.traceHash;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  test('with real cryptography ⇒ the same outcome', () => {
    const simulation = rotating({realCrypto: true, objects: {secrets: 5, configmaps: 3}, nodes: 2});
    expect(finish(simulation)).toBe(true);
    expect(simulation.users.failures).toEqual([]);
    expect(simulation.users.verifyAll()).toBe(true);
  });

  test('writes that commit late ⇒ still no failure', () => {
    const simulation = rotating({users: {writesPerSecond: 5, lateCommit: {p: 0.2, maxMs: 20_000}}});
    expect(finish(simulation)).toBe(true);
    expect(simulation.users.failures).toEqual([]);
  });
});

describe('programs', () => {
  function* counting(seen: string[]): Step<string> {
    for (;;) {
      const how = yield* demand('clock.sleep', {ms: 30_000});
      seen.push(how);
      if (how === 'stop') return 'over';
    }
  }
  const start = (seen: string[]): Simulation => {
    const simulation = createSimulation({seed: 1, nodes: 1});
    const ports = createSimPorts(simulation.cluster, {program: 'counter'});
    simulation.startProgram('counter', () => counting(seen), ports);
    return simulation;
  };

  test('a sleeping program ⇒ resumed at its time', () => {
    const seen: string[] = [];
    start(seen).runUntil(100_000);
    expect(seen).toEqual(['slept', 'slept', 'slept']);
  });

  test('a hint ⇒ the sleep ends early; stop ⇒ the program ends itself', () => {
    const seen: string[] = [];
    const simulation = start(seen);
    simulation.runUntil(1_000);
    simulation.wake('counter');
    simulation.runFor(1_000);
    simulation.stopProgram('counter');
    simulation.runFor(1_000);
    expect(seen).toEqual(['woken', 'stop']);
    expect(simulation.programState('counter')).toEqual({state: 'finished', value: 'over'});
  });

  test('a killed program ⇒ nothing of it runs until it is restarted from the beginning', () => {
    const seen: string[] = [];
    const simulation = start(seen);
    simulation.runUntil(31_000);
    simulation.killProgram('counter');
    simulation.runFor(100_000);
    expect(seen).toEqual(['slept']);
    simulation.restartProgram('counter', 5_000);
    simulation.runFor(40_000);
    expect(seen).toEqual(['slept', 'slept']);
  });

  test('a decorator that kills after the effect ⇒ the effect stays, the program never hears of it', () => {
    const simulation = createSimulation({seed: 1, nodes: 1});
    let heard = false;
    function* once(): Step<void> {
      yield* ask('files.create', {path: '/etc/kubernetes/x', mode: 0o600});
      heard = true;
    }
    simulation.startProgram('once', once, createSimPorts(simulation.cluster, {program: 'once', node: 'n1'}));
    simulation.decorate('once', (op, _args, next) => {
      const answer = next();
      if (op === 'files.create') simulation.killProgram('once');
      return answer;
    });
    simulation.runFor(1_000);
    expect(heard).toBe(false);
    expect(simulation.cluster.node('n1').disk.find('/etc/kubernetes/x')?.kind).toBe('file');
  });

  test('a program that throws ⇒ the run ends with its name', () => {
    const simulation = createSimulation({seed: 1, nodes: 1});
    // biome-ignore lint/correctness/useYield: it throws before it asks for anything
    function* broken(): Step<void> {
      throw new Error('bug');
    }
    simulation.startProgram('broken', broken, {});
    expect(() => simulation.runFor(1_000)).toThrow('program broken failed: bug');
  });
});

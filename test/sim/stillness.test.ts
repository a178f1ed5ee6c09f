// Periods of programs that would find nothing new are not run: what happens must be the same, event for event, as when
// every period is run, also around faults.

import {generateRehearsal, type Pair, runRehearsal} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';
import {EnginePair} from './engine-pair.ts';
import {hourMs, minuteMs} from './pairs.ts';

interface Told {
  readonly traceHash: string;
  readonly completed: string;
  readonly events: number;
}

type Script = (pair: Pair, at: (minute: number, run: () => void) => void) => void;

/** Half an hour of a small pair; deeds of people and faults at fixed times, so that both ways are asked the same. */
function tell(seed: number, skip: boolean, script: Script): Told {
  const engines = new EnginePair({
    pair: {
      seed,
      skip,
      east: {nodes: 1, objects: {secrets: 2}},
      west: {nodes: 1, objects: {secrets: 2}},
      objects: {secrets: 3, configmaps: 2},
      users: {writesPerSecond: 0.02, readsPerSecond: 0.02, listsPerSecond: 0.01},
    },
  });
  const {simulation} = engines.pair;
  script(engines.pair, (minute, run) => {
    simulation.world.scheduler.at(Math.round(minute * minuteMs), 'script', run);
  });
  engines.runFor(5 * minuteMs);
  engines.recordProof();
  engines.runFor(25 * minuteMs);
  return {
    traceHash: simulation.traceHash,
    completed: `${engines.east.completed.join()} ${engines.west.completed.join()}`,
    events: simulation.world.scheduler.events,
  };
}

const scripts: Readonly<Record<string, Script>> = {
  nothing: () => {},
  'a controller and an agent that end': ({simulation}, at) => {
    at(4.3, () => simulation.killProgram('west/agent-w1'));
    at(7.9, () => simulation.restartProgram('west/agent-w1'));
    at(10.1, () => simulation.restartProgram('east/controller', 20_000));
  },
  'a power loss, and an etcd that does not answer': (pair, at) => {
    at(6.2, () => pair.simulation.powerLoss('e1'));
    at(7.7, () => pair.simulation.boot('e1'));
    at(13.4, () => {
      pair.cluster('west').faults.etcdDown = true;
    });
    at(14.1, () => {
      pair.cluster('west').faults.etcdDown = false;
    });
  },
  'a Synchronizer that ends, a clock that jumps, a server that restarts': (pair, at) => {
    at(5.5, () => pair.synchronizers.west.kill());
    at(8.2, () => pair.synchronizers.west.start());
    at(11.3, () => {
      pair.cluster('east').node('e1').settings.clockSkewMs = 40_000;
    });
    at(12.6, () => pair.cluster('west').node('w1').restart(10_000));
  },
  'a controller that no watch wakes, and a node that ends meanwhile': ({simulation}, at) => {
    let listen = (): void => undefined;
    at(9.4, () => {
      listen = simulation.deafen('west/controller');
    });
    at(10.2, () => simulation.powerLoss('w1'));
    at(11.8, () => simulation.boot('w1'));
    at(14.6, () => listen());
  },
};

describe('periods that would find nothing new', () => {
  test.each(Object.entries(scripts).map(([title, script], index) => ({title, script, seed: 50 + index})))(
    'under $title ⇒ with and without them one trace',
    ({script, seed}) => {
      const skipped = tell(seed, true, script);
      const whole = tell(seed, false, script);
      expect({...skipped, events: 0}).toEqual({...whole, events: 0});
      expect(skipped.completed).toBe('1 1');
      expect(skipped.events).toBeLessThan(0.8 * whole.events);
    },
  );

  // What was left out showed in each of these once: first counts of servers (6, 31, 77), leases around a fault (49), signs
  // of life of agents (87, 99), a view of the past (121).
  test.each([6, 31, 49, 77, 87, 99, 121])('in the generated rehearsal %i ⇒ with and without them one trace', (seed) => {
    const rehearsal = generateRehearsal(seed);
    const skipped = runRehearsal(rehearsal, {seed});
    const whole = runRehearsal(rehearsal, {seed, skip: false});
    expect(skipped.traceHash).toBe(whole.traceHash);
    expect(skipped.events).toBeLessThan(whole.events);
  });

  test('a day at rest with users who write ⇒ one period in ten is run', () => {
    const users = {writesPerSecond: 0.05, readsPerSecond: 0, listsPerSecond: 0};
    const {simulation} = new EngineCluster({simulation: {seed: 5, nodes: 3, users}});
    simulation.runFor(2 * hourMs);
    const before = simulation.world.scheduler.events;
    simulation.runFor(24 * hourMs);
    const writes = 24 * 3_600 * users.writesPerSecond;
    const requests = 4 * ((24 * hourMs) / 30_000) * 25;
    expect(simulation.world.scheduler.events - before).toBeLessThan(1.5 * writes + requests / 10);
  });
});

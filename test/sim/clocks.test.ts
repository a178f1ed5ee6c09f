// Delays in front of a drop, under a controller whose wall clock jumps or which begins anew again and again.

import type {Decorator} from '@etcd-encryption/host-sim';
import {annotation, type Instant, ok} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';

const minute = 60_000;
const hour = 60 * minute;
const tenYears = 3_650 * 24 * hour;

/** Adds to the wall clock of whoever it stands in front of. */
const jumped =
  (ms: number): Decorator =>
  (op, _, next) => {
    const answer = next();
    if (op !== 'clock.now' || !answer.ok) return answer;
    const {wallMs, monotonicMs} = answer.value as Instant;
    return ok({wallMs: wallMs + ms, monotonicMs});
  };

/** A cluster in which r1 has just ceased to write, and may leave an hour later. */
function afterStop(minAge: string): {readonly cluster: EngineCluster; readonly stoppedMs: number} {
  const cluster = new EngineCluster({
    simulation: {nodes: 2, objects: {secrets: 6, configmaps: 4}},
    spec: {retention: {revisions: 1, minAge}},
  });
  cluster.complete(1);
  cluster.annotate('config', annotation.rotate, 'a second key');
  cluster.until('r1 does not write any more', () => Object.keys(cluster.ring.stoppedWriting).length > 0);
  return {cluster, stoppedMs: cluster.simulation.nowMs};
}

/** When r1 leaves the ring, ms after it ceased to write. */
function droppedAfterMs({cluster, stoppedMs}: ReturnType<typeof afterStop>, limitMs: number): number {
  cluster.until('r1 is dropped', () => cluster.ring.certificates.some(({key}) => key.startsWith('r1-')), limitMs);
  return cluster.simulation.nowMs - stoppedMs;
}

describe('a delay of one hour', () => {
  test.each([
    ['stays right', []],
    ['jumps ten years ahead', [[5 * minute, tenYears]]],
    [
      'jumps ten years ahead and back again',
      [
        [5 * minute, tenYears],
        [20 * minute, 0],
      ],
    ],
    ['jumps back by ten years', [[5 * minute, -tenYears]]],
    [
      'jumps back and ahead every few minutes',
      [5, 10, 15, 20, 25].map((at, turn) => [at * minute, turn % 2 === 0 ? -hour : hour]),
    ],
  ] as [string, [number, number][]][])(
    'the wall clock %s ⇒ the key stays an hour, and no more than three',
    (_, jumps) => {
      const begun = afterStop('1h');
      const {cluster, stoppedMs} = begun;
      let undo = (): void => {};
      for (const [afterMs, ms] of jumps) {
        cluster.simulation.runUntil(stoppedMs + afterMs);
        undo();
        undo = cluster.simulation.decorate('controller', jumped(ms));
      }
      const tookMs = droppedAfterMs(begun, 3 * hour);
      expect(tookMs).toBeGreaterThanOrEqual(hour);
      expect(cluster.simulation.users.failures).toEqual([]);
      expect(cluster.simulation.users.verifyAll()).toBe(true);
    },
  );

  test('the clock was ten years ahead when the key ceased to write, and is set right ⇒ counted on from there', () => {
    const cluster = new EngineCluster({
      simulation: {nodes: 2, objects: {secrets: 6, configmaps: 4}},
      spec: {retention: {revisions: 1, minAge: '1h'}},
    });
    const undo = cluster.simulation.decorate('controller', jumped(tenYears));
    cluster.complete(1);
    cluster.annotate('config', annotation.rotate, 'a second key');
    cluster.complete(2);
    const stoppedMs = cluster.simulation.nowMs;
    undo();
    const tookMs = droppedAfterMs({cluster, stoppedMs}, 2 * hour);
    expect(tookMs).toBeGreaterThanOrEqual(hour);
  });
});

test('a controller that begins anew every 70 minutes, and a delay of three hours ⇒ the key stays three hours, and leaves', () => {
  const begun = afterStop('3h');
  const {cluster, stoppedMs} = begun;
  for (let turn = 1; turn <= 10; turn++)
    cluster.simulation.world.scheduler.after(turn * 70 * minute, 'test', () =>
      cluster.simulation.restartProgram('controller'),
    );
  const tookMs = droppedAfterMs(begun, 6 * hour);
  expect(tookMs).toBeGreaterThanOrEqual(3 * hour);
  expect(tookMs).toBeLessThanOrEqual(4.5 * hour);
  expect(cluster.simulation.nowMs).toBeGreaterThan(stoppedMs + 2 * 70 * minute);
});

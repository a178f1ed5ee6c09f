// A real run as the command plays it: what the engine decided and reached is told in order, and recorded.

import type {Rehearsal, RunEvent} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {recordSeed, runSeed} from '../../../cli/src/rehearsal/runner.ts';

function small(): Rehearsal {
  const read = parseRehearsal(`{apiVersion: rehearsal/v1, kind: Rehearsal, metadata: {name: small}, seed: 3,
    settings: {keyStrategy: random, rotationInterval: 168h}, clusters: {one: {role: active, nodes: [n1, n2], objects: {secrets: 6}}},
    timeline: [{at: 10m, do: {crash: one/controller}}], expect: [{eventually: converged}]}`);
  if (read.outcome !== 'ok') throw new Error(read.problems[0]?.message);
  return read.rehearsal;
}

test('one seed with a listener ⇒ phases, deeds with key names, and faults in the order of time; the same trace', () => {
  const events: RunEvent[] = [];
  const result = runSeed(small(), {seed: 3, listen: (event) => events.push(event)});
  expect(result.violation).toBeUndefined();
  expect(events.map(({atMs}) => atMs)).toEqual(events.map(({atMs}) => atMs).toSorted((a, b) => a - b));
  const told = events.map(({kind, what}) => `${kind} ${what}`);
  const places = [
    /^fact phase Mint$/,
    /^fact activate r1-[0-9a-f]{8} /,
    /^fact phase Migrate$/,
    /^fact rotation 1 is complete/,
  ];
  const found = places.map((pattern) => told.findIndex((line) => pattern.test(line)));
  expect(found.every((at) => at >= 0)).toBe(true);
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(told.filter((line) => line.startsWith('fault '))).toHaveLength(1);
  expect(runSeed(small(), {seed: 3}).traceHash).toBe(result.traceHash);
  const recording = recordSeed(small(), result);
  expect(recording).toMatchObject({title: 'small', seed: 3, verdict: {state: 'passed'}, virtualMs: result.virtualMs});
});

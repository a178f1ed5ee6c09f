// etcd put back to an earlier snapshot under nodes that go on: it is noticed, whoever leads and however soon, every key
// comes back from the nodes, and revisions go on above everything ever seen.

import {createSimPorts, secretResource} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {Installed, minuteMs} from './installed.ts';

const run = openProofRun();

/** A cluster whose snapshot was taken at r2 and that is at r5 now; the users are gone, for their objects will be too. */
function atR5(seed: number, controllers: number) {
  const installed = new Installed({seed, controllers});
  installed.complete(1);
  installed.rotate('second');
  installed.complete(2);
  const snapshot = installed.snapshot();
  for (const revision of [3, 4, 5]) {
    installed.rotate(`rotation ${revision}`);
    installed.complete(revision);
  }
  installed.simulation.users.stop();
  return {installed, snapshot};
}

function expectRestored(installed: Installed, epochBefore: number): void {
  const {simulation} = installed;
  installed.until('the restore is settled', () => installed.ring()?.restored?.merged === true);
  simulation.runFor(5 * minuteMs);
  const ring = installed.ring();
  expect(ring?.epoch).toBeGreaterThan(epochBefore);
  expect(ring?.keys.map(({revision}) => revision)).toEqual([5, 4, 3, 2, 1]);
  const reader = createSimPorts(simulation.cluster, {program: 'reader'});
  expect(reader['store.list']({resource: secretResource, limit: 1_000}).ok).toBe(true);
  for (const {name} of simulation.cluster.nodes) expect(installed.fileKeys(name)).toHaveLength(5);
  installed.rotate('after the restore');
  installed.complete(6);
  expect(installed.ring()?.keys.map(({revision}) => revision)).toEqual([6, 5, 4, 3, 2, 1]);
  expect(reader['store.list']({resource: secretResource, limit: 1_000}).ok).toBe(true);
}

describe('etcd restored to a snapshot three rotations old', () => {
  test.each(run.long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2])(
    'the controller goes on (seed %i) ⇒ noticed, every key back, r6 next',
    (seed) => {
      const {installed, snapshot} = atR5(seed, 1);
      const before = installed.ring()?.epoch ?? 0;
      installed.restore(snapshot);
      expectRestored(installed, before);
    },
  );

  test.each(run.long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2])(
    'the controller starts again with it (seed %i) ⇒ the same',
    (seed) => {
      const {installed, snapshot} = atR5(seed, 1);
      const before = installed.ring()?.epoch ?? 0;
      installed.restore(snapshot);
      installed.simulation.restartProgram('controller-1', 5_000);
      expectRestored(installed, before);
    },
  );

  test.each(run.long ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2])(
    'the lead changed once since the snapshot (seed %i) ⇒ the same',
    (seed) => {
      const {installed, snapshot} = atR5(seed, 2);
      installed.simulation.restartProgram('controller-1', 60_000);
      installed.simulation.runFor(2 * minuteMs);
      installed.simulation.restartProgram('controller-2', 60_000);
      installed.simulation.runFor(2 * minuteMs);
      const before = installed.ring()?.epoch ?? 0;
      installed.restore(snapshot);
      expectRestored(installed, before);
    },
  );

  test.each([1, 2])('every program starts again with it (seed %i) ⇒ the same', (seed) => {
    const {installed, snapshot} = atR5(seed, 2);
    const before = installed.ring()?.epoch ?? 0;
    installed.restore(snapshot);
    for (const name of [...installed.agents, ...installed.controllers])
      installed.simulation.restartProgram(name, 1_000);
    expectRestored(installed, before);
  });
});

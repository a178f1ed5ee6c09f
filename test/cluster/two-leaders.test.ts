// Two controllers, of which the leading one is stopped in the middle of a rotation for longer than its lease lasts, and
// goes on as if nothing had been: the lease saves work, the epoch keeps the deeds single.

import {setTimeout as sleep} from 'node:timers/promises';
import {leaderLeaseName, leaseResource, ourNamespace, type Ring} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {ProgramProcess} from './programs.ts';
import {ringPhase, rotationPhases} from './ring-phase.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {readSettled, settledForm} from './settled.ts';
import {Workload} from './workload.ts';

const run = openProofRun();
const phases = run.long ? rotationPhases : (['Activating'] as const);
const size = {secrets: 60, configMaps: 30};
const stoppedMs = 40_000;
/** A lease lasts this long; one that is given back is taken sooner. */
const leaseMs = 15_000;
/** Tries to stop the leader inside a short phase. */
const maxTries = 5;

describe('two controllers', () => {
  let cluster: RotationCluster;
  let workload: Workload;
  let controllers: ReadonlyMap<string, ProgramProcess>;
  let revision = 0;
  let values: Record<string, number> = {};

  beforeAll(async () => {
    cluster = await startRotationCluster({controllerArgs: ['--identity', 'first']});
    const {kubeconfig} = cluster.plane.node('node-2');
    const args = ['controller', '--kubeconfig', kubeconfig, '--identity', 'second'];
    const second = new ProgramProcess('controller-2', args, cluster.dir);
    controllers = new Map([
      ['first', cluster.controller],
      ['second', second],
    ]);
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 40, writesPerSecond: 4, listEveryMs: 1_000});
    await workload.populate(size);
    values = {
      secrets: (await cluster.rawValues('secrets')).size,
      configmaps: (await cluster.rawValues('configmaps')).size,
    };
    workload.start();
    await cluster.createConfig();
    cluster.startPrograms();
    second.start();
    await cluster.complete(++revision, 240_000);
  });
  afterAll(async () => {
    await workload.stop();
    for (const controller of controllers.values()) await controller.end('SIGKILL');
    await cluster.stop();
  });

  async function holder(): Promise<string> {
    const lease = await cluster.store()['store.get']({
      resource: leaseResource,
      namespace: ourNamespace,
      name: leaderLeaseName,
    });
    if (!lease.ok) throw new Error(lease.error.message);
    return (lease.value?.spec as {holderIdentity?: string} | undefined)?.holderIdentity ?? '';
  }

  function program(identity: string): ProgramProcess {
    const found = controllers.get(identity);
    if (found === undefined) throw new RangeError(`identity: expected first or second, got ${identity}`);
    return found;
  }

  async function ring(): Promise<Ring> {
    const present = await cluster.ring();
    if (present === undefined) throw new Error('there is no ring');
    return present;
  }

  /** Starts a rotation and stops the leader inside `phase`; a leader that was faster goes on and the next is tried. */
  async function stopLeaderIn(phase: string): Promise<{readonly stopped: string; readonly epoch: number}> {
    for (let tries = 0; tries < maxTries; tries++) {
      const stopped = await holder();
      const request = `rotation ${++revision}`;
      await cluster.rotate(request);
      const at = async () => ringPhase(await ring(), request);
      while ((await at()) !== phase) await sleep(5);
      program(stopped).signal('SIGSTOP');
      const present = await ring();
      if (ringPhase(present, request) === phase) return {stopped, epoch: present.epoch};
      program(stopped).signal('SIGCONT');
      await cluster.complete(revision, 240_000);
    }
    throw new Error(`the leader was never caught in ${phase}`);
  }

  const expectForm = async (): Promise<void> => {
    const request = `rotation ${revision}`;
    const nodes = cluster.plane.nodes.map(({name}) => name);
    const expected = settledForm({revisions: revision, kept: revision, request, nodes, values});
    expect(await readSettled(cluster, revision)).toEqual(expected);
  };

  async function standStill(phase: string): Promise<void> {
    const {stopped, epoch} = await stopLeaderIn(phase);
    const stoppedAt = performance.now();
    await cluster.complete(revision, 240_000);
    const other = await holder();
    expect(other).not.toBe(stopped);
    expect((await ring()).epoch).toBeGreaterThan(epoch);
    await sleep(stoppedMs - (performance.now() - stoppedAt));

    // It goes on in the middle of the next rotation, which is not its own.
    await cluster.rotate(`rotation ${++revision}`);
    await cluster.until('the rotation has begun', async () => (await ring()).rotation !== undefined);
    const led = (await ring()).epoch;
    program(stopped).signal('SIGCONT');
    await cluster.complete(revision, 240_000);
    await expectForm();
    expect((await ring()).epoch).toBe(led);
    expect(await holder()).toBe(other);
  }

  test.each(phases)(
    'the leader stands still in %s for longer than its lease ⇒ the other ends the rotation, each deed is done once',
    async (phase) => {
      await run.slice(phase, async () => {
        await standStill(phase);
        return {[`leaders that stood still in ${phase}`]: 1};
      });
    },
  );

  test('the leader is told to end ⇒ it gives the lease back at once, and the other leads', async () => {
    const ending = await holder();
    await program(ending).end('SIGTERM');
    const endedAt = performance.now();
    while ((await holder()) === ending) {
      expect(performance.now() - endedAt).toBeLessThan(leaseMs / 2);
      await sleep(50);
    }
    await cluster.rotate(`rotation ${++revision}`);
    await cluster.complete(revision, 240_000);
    await expectForm();
    expect(await holder()).not.toBe(ending);
  });

  test('all of it ⇒ no failed read, no failed write', async () => {
    const counts = await workload.stop();
    expect(counts.failures).toEqual([]);
    expect(counts.gets).toBeGreaterThan(100);
  });
});

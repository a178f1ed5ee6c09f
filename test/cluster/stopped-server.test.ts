// A node that is down through a rotation: nothing is activated without it until an operator says that it no longer
// counts, and when it comes back it gets every key before it counts again.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {conditionOf, isDegraded, stays, writeKeys} from './conditions.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {secrets, Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 1_000, configMaps: 500} : {secrets: 40, configMaps: 20};
const forgetNode = 'etcd-encryption.alauda.io/forget-node';

describe('three servers, the third of which goes down', () => {
  let cluster: RotationCluster;
  let workload: Workload;
  let agent: NonNullable<ReturnType<RotationCluster['agents']['get']>>;

  beforeAll(async () => {
    cluster = await startRotationCluster();
    const third = cluster.agents.get('node-3');
    if (third === undefined) throw new RangeError('node-3: expected an agent');
    agent = third;
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 30, writesPerSecond: 3, listEveryMs: 1_000});
    await workload.populate(size);
    await cluster.createConfig();
    cluster.startPrograms();
    await cluster.complete(1);
  });
  afterAll(async () => {
    await workload?.stop();
    await cluster?.stop();
  });

  const activated = async (): Promise<boolean> => (await cluster.ring())?.rotation?.activatedAtMs !== undefined;
  const stateOf = async (node: string) => (await cluster.status()).deployStatus?.[cluster.plane.node(node).address];
  const readThrough = (node: string, name: string) =>
    cluster.store(node)['store.get']({resource: secrets, namespace: 'default', name});

  test('it loses its power, a rotation is due ⇒ activation waits and the node is named', async () => {
    await agent.end('SIGKILL');
    // Without a word, as when the power fails: one that ends in order takes its lease with it.
    await cluster.plane.killServer('node-3');
    const before = await writeKeys(cluster);
    workload.start();
    await cluster.rotate('while one is down');
    await cluster.until('node-3 is named', ({conditions}) => {
      const converged = conditions?.find(({type}) => type === 'NodesConverged');
      return converged?.status === 'False' && converged.message.includes('node-3: ');
    });
    await cluster.annotateRing(forgetNode, 'node-3 too early');
    await cluster.until('ForgetRefused', (now) =>
      /node-3: its server renews its lease/.test(conditionOf(now, 'Degraded')?.message ?? ''),
    );
    await stays(activated, false);
    expect(await writeKeys(cluster)).toBe(before);
    expect((await cluster.ring())?.forgotten).toEqual([]);
  });

  test('its lease is silent for 40 s ⇒ it is called down, a new word is heard, and the rotation completes on the others', async () => {
    await cluster.until('ServerDown', (now) => isDegraded(now, 'ServerDown', 'node-3: '), 90_000);
    expect(await activated()).toBe(false);
    await cluster.annotateRing(forgetNode, 'node-3 now');
    const status = await cluster.complete(2);
    expect((await cluster.ring())?.forgotten.map(({node}) => node)).toEqual(['node-3']);
    expect(Object.keys(status.deployStatus ?? {}).sort()).toEqual(
      ['node-1', 'node-2'].map((node) => cluster.plane.node(node).address).sort(),
    );
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual([status.keys?.[0]?.name]);
    expect((await workload.stop()).failures).toEqual([]);
  });

  test('its server comes back with its old file ⇒ it is not ready and does not count until its agent has brought every key', async () => {
    const file = await cluster.file('node-3');
    expect(file[0]?.order.some((key) => key.startsWith('r2-'))).toBe(false);
    const ready = cluster.plane.startServer('node-3', {readyTimeoutMs: 180_000});
    const unreadable = async () => {
      const answer = await readThrough('node-3', 's0');
      return !answer.ok && answer.error.message.includes('no matching key');
    };
    await cluster.until('it answers that it cannot read', unreadable);
    await cluster.until('it counts again and is waited for', ({conditions}) => {
      const converged = conditions?.find(({type}) => type === 'NodesConverged');
      return converged?.status === 'False' && converged.message.includes('node-3: ');
    });
    expect(await stateOf('node-3')).not.toMatchObject({state: 'Success'});
    agent.start();
    await ready;
    const status = await cluster.until(
      'its file is loaded',
      async () => (await stateOf('node-3'))?.state === 'Success',
    );
    expect(status.revision).toBe(2);
    expect((await cluster.file('node-3'))[0]?.order).toEqual((await cluster.file('node-1'))[0]?.order);
    expect(await readThrough('node-3', 's0')).toMatchObject({ok: true});
    expect((await cluster.ring())?.forgotten).toEqual([]);
  });

  test('the word is still there, a rotation is due ⇒ it rotates with the others and is not forgotten again', async () => {
    workload.start();
    await cluster.rotate('all three');
    const status = await cluster.complete(3);
    expect((await workload.stop()).failures).toEqual([]);
    expect(Object.values(status.deployStatus ?? {}).map(({revision, state}) => [revision, state])).toEqual([
      [3, 'Success'],
      [3, 'Success'],
      [3, 'Success'],
    ]);
    expect((await cluster.ring())?.forgotten).toEqual([]);
    expect((await cluster.ring())?.handledForget).toBe('node-3 now');
  });
});

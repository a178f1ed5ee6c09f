// The released minute between two looks of a kube-apiserver at its file, once in every test run: no test may pass only
// because servers look every second.

import {afterAll, beforeAll, expect, test} from 'vitest';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

let cluster: RotationCluster;

beforeAll(async () => {
  cluster = await startRotationCluster({nodes: 1, poll: undefined});
  const populating = new Workload({
    stores: () => cluster.stores,
    readsPerSecond: 1,
    writesPerSecond: 1,
    listEveryMs: 1_000,
  });
  await populating.populate({secrets: 40, configMaps: 20});
});
afterAll(async () => {
  await cluster.stop();
});

test('first encryption at the true minute ⇒ written in clear until the key is loaded, then done in two polls and 15 s', async () => {
  await cluster.createConfig();
  cluster.startPrograms();
  const early = await cluster.until('the key is in the file', async () => {
    const [block] = await cluster.file('node-1');
    return (block?.order.length ?? 0) > 1;
  });
  expect(early.revision ?? 0).toBe(0);
  expect((await cluster.file('node-1'))[0]?.order[0]).toBe('identity');
  const status = await cluster.complete(1, 300_000);
  const [done] = status.history ?? [];
  console.log(`first encryption ${done?.seconds} s`);
  expect(done?.seconds).toBeLessThanOrEqual(2 * 60 + 15);
  expect(done?.seconds).toBeGreaterThan(30);
  const name = status.keys?.[0]?.name ?? '';
  const census = await cluster.census();
  expect(Object.keys(census.secrets ?? {})).toEqual([name]);
  expect(Object.keys(census.configmaps ?? {})).toEqual([name]);
});

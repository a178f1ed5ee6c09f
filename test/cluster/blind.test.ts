// Whether the proofs could see a mistake: the same users on the same servers, first with the shipped programs, then
// with a new key that becomes the write key of one server before the others have loaded it. That must be noticed.

import {randomBytes} from 'node:crypto';
import {rename, writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {generateDataKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {configMaps, secrets, Workload} from './workload.ts';

const size = {secrets: 30, configMaps: 15};
const pollMs = 3_000;
/** Three polls and what a busy machine adds. */
const loadedWithinMs = 60_000;

describe('three servers, readers and writers busy', () => {
  let cluster: RotationCluster;
  let workload: Workload;
  /** `[r2, r1, identity]`, of which the ring knows nothing. */
  let hasty: Uint8Array;
  let hastyName = '';

  beforeAll(async () => {
    cluster = await startRotationCluster({poll: `${pollMs / 1_000}s`});
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 60, writesPerSecond: 10, listEveryMs: 500});
    await workload.populate(size);
    workload.start();
    await cluster.createConfig();
    cluster.startPrograms();
  });
  afterAll(async () => {
    await workload.stop();
    await cluster.stop();
  });

  async function place(node: string): Promise<void> {
    const {configPath} = cluster.plane.node(node);
    await writeFile(`${configPath}.new`, hasty, {mode: 0o600});
    await rename(`${configPath}.new`, configPath);
  }

  async function until(what: string, test: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + loadedWithinMs;
    while (!(await test())) {
      if (performance.now() > end) throw new Error(`not within ${loadedWithinMs / 1_000} s: ${what}`);
      await sleep(100);
    }
  }

  async function readsAll(node: string): Promise<boolean> {
    for (const [resource, count] of [
      [secrets, size.secrets],
      [configMaps, size.configMaps],
    ] as const) {
      const wanted = {resource, namespace: 'default', labelSelector: 'workload=yes', limit: 500};
      const page = await cluster.store(node)['store.list'](wanted);
      if (!page.ok || page.value.items.length !== count) return false;
    }
    return true;
  }

  test('the write key changes when every server has loaded it ⇒ no failed read', async () => {
    await cluster.complete(1, 240_000);
    expect(workload.counts.failures).toEqual([]);
    expect(workload.counts.gets).toBeGreaterThan(100);
  });

  test('one server writes with a key that the others have not loaded ⇒ the same users see failed reads', async () => {
    await cluster.controller.end('SIGTERM');
    for (const agent of cluster.agents.values()) await agent.end('SIGTERM');
    const {keys} = await cluster.history('node-1');
    const key = generateDataKey({revision: 2, randomBytes, existing: keys});
    hastyName = key.name;
    hasty = formatEncryptionConfiguration({
      blocks: [
        {resources: ['secrets', 'configmaps'], providers: [{kind: 'aesgcm', keys: [key, ...keys]}, {kind: 'identity'}]},
      ],
    });
    await place('node-1');
    await until('a value under the hasty key', async () =>
      Object.values(await cluster.census()).some((counts) => hastyName in counts),
    );
    await sleep(pollMs);
    const {failedReads, failures} = workload.counts;
    console.log(`failed reads: ${failedReads}, such as ${failures[0]}`);
    expect(failedReads).toBeGreaterThan(0);
    expect(failures.some((failure) => failure.includes('no matching key'))).toBe(true);
  });

  test('the others load the key at last ⇒ everything is readable again', async () => {
    for (const {name} of cluster.plane.nodes) await place(name);
    for (const {name} of cluster.plane.nodes) await until(`${name} reads everything`, () => readsAll(name));
    await sleep(1_000);
    const before = workload.counts.failedReads;
    await sleep(2_000);
    expect(workload.counts.failedReads).toBe(before);
  });
});

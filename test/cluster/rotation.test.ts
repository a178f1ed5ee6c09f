// First encryption and rotations on three real kube-apiservers under load: nobody notices.

import {openStoredValue} from '@etcd-encryption/crypto/stored-value';
import type {StoredObject} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {configMaps, secrets, Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 2_000, configMaps: 1_000} : {secrets: 300, configMaps: 150};
const rotations = run.long ? 3 : 2;

const quietNamespace = 'kube-public';
const quietLabel = 'quiet=yes';

/** Objects of both kinds with annotations, labels, an immutable one and managed fields, which no user touches. */
async function createQuiet(cluster: RotationCluster): Promise<readonly StoredObject[]> {
  for (const resource of [secrets, configMaps]) {
    for (let n = 0; n < 10; n++) {
      const metadata = {
        name: `quiet-${n}`,
        namespace: quietNamespace,
        labels: {quiet: 'yes'},
        annotations: {note: `n${n}`},
      };
      const object = {
        apiVersion: 'v1',
        kind: resource.kind,
        metadata,
        data: {a: 'Zm9v'},
        ...(n === 0 ? {immutable: true} : {}),
      };
      const made = await cluster.store()['store.create']({resource, object});
      if (!made.ok) throw new Error(made.error.message);
    }
  }
  return await readQuiet(cluster);
}

async function readQuiet(cluster: RotationCluster): Promise<readonly StoredObject[]> {
  const lists = await Promise.all(
    [secrets, configMaps].map((resource) =>
      cluster.store()['store.list']({resource, namespace: quietNamespace, labelSelector: quietLabel, limit: 100}),
    ),
  );
  return lists.flatMap((list) => (list.ok ? list.value.items : []));
}

function withoutVersion(object: StoredObject): unknown {
  const {resourceVersion: _, ...metadata} = object.metadata;
  return {...object, metadata};
}

describe('three servers, readers and writers busy', () => {
  let cluster: RotationCluster;
  let workload: Workload;
  const saved: {key: string; value: Uint8Array}[] = [];
  let quiet: readonly StoredObject[] = [];

  beforeAll(async () => {
    cluster = await startRotationCluster();
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 220, writesPerSecond: 10, listEveryMs: 500});
    await workload.populate(size);
    workload.start();
    quiet = await createQuiet(cluster);
    await cluster.createConfig();
    cluster.startPrograms();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('first encryption and rotations ⇒ no failed read, no failed write, only the newest key name in etcd', async () => {
    const before = new Map([...(await cluster.rawValues('secrets')).keys()].map((key) => [key, true]));
    for (let revision = 1; revision <= rotations + 1; revision++) {
      if (revision > 1) await cluster.rotate(`proof-${revision}`);
      const status = await cluster.complete(revision, 240_000);
      const name = status.keys?.[0]?.name ?? '';
      expect(name).toMatch(new RegExp(`^r${revision}-[0-9a-f]{8}$`));
      const census = await cluster.census();
      expect(Object.keys(census.secrets ?? {})).toEqual([name]);
      expect(Object.keys(census.configmaps ?? {})).toEqual([name]);
      expect(status.revision).toBe(revision);
      expect(Object.values(status.deployStatus ?? {}).map(({revision: n, state}) => [n, state])).toEqual(
        cluster.plane.nodes.map(() => [revision, 'Success']),
      );
      if (revision === 1)
        for (const [key, value] of [...(await cluster.rawValues('secrets'))].slice(0, 5)) saved.push({key, value});
    }
    const counts = await workload.stop();
    console.log(`workload: ${JSON.stringify({...counts, failures: counts.failures.length})}`);
    expect(counts.failures).toEqual([]);
    expect(counts).toMatchObject({failedReads: 0, failedWrites: 0, wrongContent: 0});
    if (run.long) expect((counts.gets + counts.lists) / counts.seconds).toBeGreaterThan(200);
    const after = await cluster.rawValues('secrets');
    expect([...before.keys()].filter((key) => !after.has(key))).toEqual([]);
  });

  test('objects that nobody wrote ⇒ are unchanged but for their resourceVersion', async () => {
    const now = await readQuiet(cluster);
    expect(now.map(withoutVersion)).toEqual(quiet.map(withoutVersion));
    expect(now.every((object, at) => object.metadata.resourceVersion !== quiet[at]?.metadata.resourceVersion)).toBe(
      true,
    );
    expect(quiet.length).toBe(20);
  });

  test('a value saved before later rotations ⇒ the history of each node opens it', async () => {
    expect(saved).toHaveLength(5);
    for (const {name} of cluster.plane.nodes) {
      const {keys, damaged} = await cluster.history(name);
      expect(damaged).toBe(0);
      expect(new Set(keys.map((key) => key.name)).size).toBe(keys.length);
      expect(keys).toHaveLength(rotations + 1);
      for (const {key, value} of saved) expect(openStoredValue(value, key, keys).outcome).toBe('opened');
    }
  });

  test('kubectl get eec ⇒ shows the published fields', async () => {
    const yaml = await cluster.plane.kubectl('node-1', 'get', 'EtcdEncryptionConfig', 'default', '-o', 'yaml');
    const revision = rotations + 1;
    for (const line of [
      `  revision: ${revision}`,
      '      state: Success',
      '    completeTimestamp: ',
      '    state: Success',
      '  deployStatus:',
      '  rotationInterval: 168h0m0s',
      '  type: aesgcm',
    ]) {
      expect(yaml).toContain(line);
    }
    expect(await cluster.plane.kubectl('node-1', 'get', 'eec')).toMatch(
      /^NAME\s+REVISION\s+READY\s+PHASE\s+NODES\s+MIGRATION\s+NEXT\s+AGE/,
    );
    await cluster.plane.kubectl('node-1', 'wait', '--for=condition=Ready', 'eec/default', '--timeout=10s');
  });
});

// An etcd that is nearly full: a migration waits until there is room again. And what the API says of a full one.

import {createEtcdPorts, type EtcdClient} from '@etcd-encryption/host-k8s';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';
import {conditionOf, isDegraded} from './conditions.ts';
import {type EtcdWriter, openEtcdWriter} from './etcd-writer.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {pause} from './rotation-steps.ts';
import {secrets, Workload} from './workload.ts';

const mebibyte = 1024 * 1024;
const quotaBackendBytes = 96 * mebibyte;
const ballastBytes = mebibyte / 16;

let cluster: RotationCluster;
let etcd: EtcdClient;
let writer: EtcdWriter;
let ballast = 0;

beforeAll(async () => {
  cluster = await startRotationCluster({nodes: 1, plane: {quotaBackendBytes}});
  const {url} = cluster.plane.etcd;
  etcd = createEtcdPorts({url});
  writer = openEtcdWriter(url);
  const workload = new Workload({
    stores: () => cluster.stores,
    readsPerSecond: 1,
    writesPerSecond: 1,
    listEveryMs: 1_000,
  });
  await workload.populate({secrets: 30, configMaps: 10});
  await cluster.createConfig();
  cluster.startPrograms();
  await cluster.complete(1);
});
afterAll(async () => {
  await writer?.close();
  await etcd?.close();
  await cluster?.stop();
});

const inUse = async (): Promise<number> => {
  const {dbSizeInUse, dbSizeQuota} = expectValue(await etcd.ports['etcd.status']({}));
  expect(dbSizeQuota).toBe(quotaBackendBytes);
  return dbSizeInUse / dbSizeQuota;
};

/** Small values leave few free pages between them, so that the file is little larger than what is in use. */
async function fill(bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= ballastBytes)
    await writer.put(`/ballast/${++ballast}`, new Uint8Array(ballastBytes));
}

/** etcd tells what is in use as of its last commit to disk, which a busy machine delays: two answers must agree. */
async function settledInUse(): Promise<number> {
  for (let before = await inUse(); ; ) {
    await pause(300);
    const now = await inUse();
    if (now === before) return now;
    before = now;
  }
}

/** A compaction makes room in etcd's file, a defragmentation makes the file itself smaller. */
async function dropBallast(): Promise<void> {
  for (; ballast > 0; ballast--) await writer.remove(`/ballast/${ballast}`);
  const {revision} = expectValue(await etcd.status());
  await writer.compact(revision);
  await cluster.plane.etcdctl('defrag');
}

test('more than 80 % of the quota is in use ⇒ nothing is rewritten, that is named, and room lets it go on', async () => {
  // What users wrote since the last compaction goes with the next one; the ballast alone must be enough.
  while ((await settledInUse()) < 0.83) await fill(mebibyte);
  await cluster.rotate('while there is little room');
  await cluster.until('it waits', (now) => isDegraded(now, 'EtcdSpaceLow', 'etcd of node-1: ', '% of the quota'));
  const before = await cluster.census();
  await pause(3_000);
  expect(Object.keys(before.secrets ?? {}).length).toBeLessThanOrEqual(2);
  expect(await cluster.census()).toEqual(before);
  await dropBallast();
  const status = await cluster.complete(2);
  expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual([status.keys?.[0]?.name]);
  await cluster.until('well again', (now) => conditionOf(now, 'Degraded')?.status === 'False');
});

test('etcd is full ⇒ a write answers with the words that a migration waits for', async () => {
  await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGTERM')));
  for (let full = false; !full; ) {
    full = await writer.put(`/ballast/${++ballast}`, new Uint8Array(mebibyte)).then(
      () => false,
      () => true,
    );
  }
  const object = {apiVersion: 'v1', kind: 'Secret', metadata: {name: 'one-more', namespace: 'default'}};
  const refused = await cluster.store()['store.create']({resource: secrets, object});
  expect(expectError(refused, 'ambiguous').message).toContain('database space exceeded');
});

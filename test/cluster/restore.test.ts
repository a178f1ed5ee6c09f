// etcd put back to an old snapshot under running programs, things of ours deleted on a real server, and at last every
// node's folder: nothing that any snapshot holds is ever lost.

import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Secret} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {openStoredValue} from '@etcd-encryption/crypto/stored-value';
import {createSealPorts, recoverKeys} from '@etcd-encryption/host-k8s';
import {backupDirectory, configurationPath, historyPath, type Ring, type StoredObject} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {configMaps, secrets} from './workload.ts';

const run = openProofRun();
const objects = run.long ? 500 : 25;
const patienceMs = 240_000;

let cluster: RotationCluster;
let identity: Secret;
let oldSnapshot: string;
let newSnapshot: string;

const nodes = (): readonly string[] => cluster.plane.nodes.map(({name}) => name);
const ringOf = async (): Promise<Ring | undefined> => await cluster.ring().catch(() => undefined);
const revisionsOf = (ring: Ring | undefined): readonly number[] => ring?.keys.map(({revision}) => revision) ?? [];
const countdown = (from: number): readonly number[] => Array.from({length: from}, (_, index) => from - index);

beforeAll(async () => {
  const made = await createSealPorts()['seal.makeIdentity']({});
  if (!made.ok) throw new Error(made.error.message);
  identity = made.value.identity;
  const agentArgs = ['--recovery-recipient', made.value.recipient];
  cluster = await startRotationCluster({nodes: run.long ? 3 : 2, agentArgs});
  oldSnapshot = join(cluster.dir, 'old.db');
  newSnapshot = join(cluster.dir, 'new.db');
  await create('before');
  await cluster.createConfig();
  cluster.startPrograms();
  await cluster.complete(1, patienceMs);
  await cluster.rotate('second');
  await cluster.complete(2, patienceMs);
});
afterAll(async () => {
  await cluster.stop();
});

async function create(prefix: string): Promise<void> {
  for (let n = 0; n < objects; n++) {
    for (const resource of [secrets, configMaps]) {
      const metadata = {name: `${prefix}-${n}`, namespace: 'default', labels: {made: prefix}};
      const value = resource === secrets ? Buffer.from(`${prefix} ${n}`).toString('base64') : `${prefix} ${n}`;
      const object: StoredObject = {apiVersion: 'v1', kind: resource.kind, metadata, data: {value}};
      const made = await cluster.store()['store.create']({resource, object});
      if (!made.ok) throw new Error(`${prefix}-${n}: ${made.error.message}`);
    }
  }
}

/** Names and values of what `create` made, through one node's server. */
async function read(node: string, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const resource of [secrets, configMaps]) {
    const page = await cluster.store(node)['store.list']({
      resource,
      namespace: 'default',
      labelSelector: `made=${prefix}`,
      limit: 10_000,
    });
    if (!page.ok) throw new Error(`${node} ${resource.plural}: ${page.error.message}`);
    for (const {data} of page.value.items) {
      const {value} = data as {value: string};
      found.push(resource === secrets ? Buffer.from(value, 'base64').toString() : value);
    }
  }
  return found.sort();
}

const madeBy = (prefix: string): readonly string[] =>
  Array.from({length: objects}, (_, n) => [`${prefix} ${n}`, `${prefix} ${n}`])
    .flat()
    .sort();

/** Waits until a test of the ring holds. */
async function untilRing(what: string, holds: (ring: Ring) => boolean): Promise<Ring> {
  let last: Ring | undefined;
  await cluster.until(
    what,
    async () => {
      last = await ringOf();
      return last !== undefined && holds(last);
    },
    patienceMs,
  );
  if (last === undefined) throw new Error('there is no ring');
  return last;
}

async function rotateTo(revision: number, reason: string): Promise<void> {
  await cluster.rotate(reason);
  await cluster.complete(revision, patienceMs);
  const {keys} = await cluster.status();
  const census = await cluster.census();
  expect(census).toEqual({
    secrets: {[keys?.[0]?.name ?? '']: expect.any(Number)},
    configmaps: {[keys?.[0]?.name ?? '']: expect.any(Number)},
  });
}

describe('a snapshot three rotations old', () => {
  test('restored under running programs ⇒ a higher epoch, every key from the histories, all readable, r6 next', async () => {
    await cluster.plane.etcdctl('snapshot', 'save', oldSnapshot);
    for (const revision of [3, 4, 5]) {
      await create(`r${revision}`);
      await rotateTo(revision, `rotation ${revision}`);
    }
    const before = await ringOf();
    expect(revisionsOf(before)).toEqual([5, 4, 3, 2, 1]);

    await Promise.all(nodes().map((name) => cluster.plane.killServer(name)));
    await cluster.plane.restoreEtcd(oldSnapshot);
    await Promise.all(nodes().map((name) => cluster.plane.startServer(name)));

    const restored = await untilRing('the restore is seen and settled', (ring) => ring.restored?.merged === true);
    expect(restored.epoch).toBe((before?.epoch ?? 0) + 1);
    expect(restored.version).toBeGreaterThan(before?.version ?? 0);
    expect(revisionsOf(restored)).toEqual([5, 4, 3, 2, 1]);
    expect(restored.keys.map(({name}) => name)).toEqual(before?.keys.map(({name}) => name));
    await cluster.until('at rest', ({phase}) => phase === 'Idle', patienceMs);
    for (const name of nodes()) {
      expect(await read(name, 'before')).toEqual(madeBy('before'));
      expect(await read(name, 'r3')).toEqual([]);
    }
    await rotateTo(6, 'after the restore');
    const after = await ringOf();
    expect(revisionsOf(after)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(after?.certificates).toEqual([]);
    for (const name of nodes()) {
      expect(await read(name, 'before')).toEqual(madeBy('before'));
      expect((await cluster.file(name))[0]?.order).toHaveLength(7);
      const {keys, damaged} = await cluster.history(name);
      expect({keys: keys.length, damaged}).toEqual({keys: 6, damaged: 0});
    }
  });

  test('its keys above the snapshot had no object ⇒ they are sealed again', async () => {
    const listed = await cluster.plane.kubectl('node-1', 'get', 'etcdencryptionkeys', '-A', '-o', 'name');
    expect(
      listed
        .trim()
        .split('\n')
        .map((line) => line.split('/')[1])
        .sort(),
    ).toEqual(
      countdown(6)
        .map((revision) => `r${revision}`)
        .reverse(),
    );
  });
});

describe('deleted on a real server', () => {
  let clear = 0;
  let watching: NodeJS.Timeout;

  /** Any file that writes in clear from now on is counted. */
  beforeAll(() => {
    watching = setInterval(() => {
      for (const name of nodes()) {
        void cluster.file(name).then(
          (blocks) => {
            if (blocks.some(({order}) => order[0] === 'identity')) clear++;
          },
          () => undefined,
        );
      }
    }, 100);
  });
  afterAll(() => clearInterval(watching));

  const onNode = (name: string, path: string): string => join(cluster.plane.node(name).root, path);

  test('the ring, at rest ⇒ a new one of a higher epoch from what the files hold', async () => {
    const before = await ringOf();
    await cluster.plane.kubectl('node-1', 'delete', 'etcdencryptionrings', 'default', '-n', 'kube-system');
    const ring = await untilRing(
      'a new ring holds every key',
      (each) => each.epoch > (before?.epoch ?? 0) && each.keys.length >= 6,
    );
    expect(ring.keys.map(({name}) => name)).toEqual(expect.arrayContaining(before?.keys.map(({name}) => name) ?? []));
    await untilRing('a rotation is complete', ({history, rotation}) => history.length > 0 && rotation === undefined);
    await cluster.until('at rest', ({phase}) => phase === 'Idle', patienceMs);
    for (const name of nodes()) expect(await read(name, 'before')).toEqual(madeBy('before'));
    expect(clear).toBe(0);
  });

  test('a node’s file, history and backups, and the newest sealed key, in the middle of a rotation ⇒ rebuilt', async () => {
    const last = (await ringOf())?.keys[0]?.revision ?? 0;
    await cluster.rotate('in the middle');
    await untilRing('the key is made', ({rotation}) => rotation?.revision === last + 1 && rotation.key !== undefined);
    for (const path of [configurationPath, historyPath, backupDirectory])
      rmSync(onNode('node-2', path), {recursive: true, force: true});
    await cluster.plane.kubectl('node-1', 'delete', 'etcdencryptionkeys', `r${last + 1}`, '-n', 'kube-system');
    await cluster.complete(last + 1, patienceMs);
    expect(revisionsOf(await ringOf())).toEqual(countdown(last + 1));
    for (const name of nodes()) {
      const {keys} = await cluster.history(name);
      expect(keys).toHaveLength(last + 1);
      expect(await read(name, 'before')).toEqual(madeBy('before'));
    }
    expect(clear).toBe(0);
  });

  test('EtcdEncryptionConfig and the status with it ⇒ nothing is touched without, and it goes on with a new one', async () => {
    const last = (await ringOf())?.keys[0]?.revision ?? 0;
    const files = nodes().map((name) => readFileSync(onNode(name, configurationPath), 'utf8'));
    await cluster.plane.kubectl('node-1', 'delete', 'eec', 'default');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(nodes().map((name) => readFileSync(onNode(name, configurationPath), 'utf8'))).toEqual(files);
    expect(revisionsOf(await ringOf())).toEqual(countdown(last));
    await cluster.createConfig({}, {'etcd-encryption.alauda.io/rotate': 'with a new config'});
    await cluster.complete(last + 1, patienceMs);
    expect(clear).toBe(0);
  });
});

describe('every node folder deleted', () => {
  let last: number;

  beforeAll(async () => {
    last = (await ringOf())?.keys[0]?.revision ?? 0;
    await cluster.plane.etcdctl('snapshot', 'save', newSnapshot);
    await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGKILL')));
    await Promise.all(nodes().map((name) => cluster.plane.killServer(name)));
    for (const name of nodes()) {
      for (const file of ['.conf', '-history.bak', '-bak', '.identity', '.state']) {
        rmSync(join(cluster.plane.node(name).root, `etc/kubernetes/encryption-provider${file}`), {recursive: true});
      }
    }
  });

  /** Sealed keys as they lie in etcd, which is all there is of them: objects of our own group are stored in clear. */
  async function sealedKeys(): Promise<readonly StoredObject[]> {
    const values = await cluster.rawValues('cluster.alauda.io/etcdencryptionkeys');
    return [...values.values()].map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as StoredObject);
  }

  async function recover() {
    const recovered = await recoverKeys(await sealedKeys(), identity);
    expect(recovered.failures).toEqual([]);
    return recovered.keys;
  }

  async function expectOpened(keys: Awaited<ReturnType<typeof recover>>, least: number): Promise<void> {
    for (const resource of ['secrets', 'configmaps']) {
      const values = await cluster.rawValues(resource);
      const closed = [...values].filter(([key, value]) => openStoredValue(value, key, keys).outcome !== 'opened');
      expect(closed.map(([key]) => key)).toEqual([]);
      expect(values.size).toBeGreaterThanOrEqual(least);
    }
  }

  test('one recovery identity and a snapshot ⇒ every key and every value', async () => {
    await cluster.plane.restoreEtcd(newSnapshot);
    const keys = await recover();
    expect(keys.map(({name}) => name.split('-')[0])).toEqual(countdown(last).map((revision) => `r${revision}`));
    await expectOpened(keys, objects);
  });

  test('the oldest snapshot ⇒ its own sealed keys open its own values', async () => {
    await cluster.plane.restoreEtcd(oldSnapshot);
    const keys = await recover();
    expect(keys.map(({name}) => name.split('-')[0])).toEqual(['r2', 'r1']);
    await expectOpened(keys, objects);
  });

  test('a configuration written from the recovered keys ⇒ a kube-apiserver starts and serves every object', async () => {
    const keys = await recover();
    const {configPath} = cluster.plane.node('node-1');
    const blocks = [
      {resources: ['secrets', 'configmaps'], providers: [{kind: 'aesgcm', keys}, {kind: 'identity'}]},
    ] as const;
    writeFileSync(configPath, formatEncryptionConfiguration({blocks}), {mode: 0o600});
    await cluster.plane.startServer('node-1');
    expect(await read('node-1', 'before')).toEqual(madeBy('before'));
  });

  test('another identity ⇒ no key, and each object is named', async () => {
    const other = await createSealPorts()['seal.makeIdentity']({});
    if (!other.ok) throw new Error(other.error.message);
    const {keys, failures} = await recoverKeys(await sealedKeys(), other.value.identity);
    expect(keys).toEqual([]);
    expect(failures.map(({object}) => object).sort()).toEqual(['r1', 'r2']);
  });
});

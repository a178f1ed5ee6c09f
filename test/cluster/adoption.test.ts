// Clusters that were encrypted before us: keys are taken over, everything stays readable through every server, and an
// old key leaves only after its last value is gone, history is compacted and an operator said so.

import {readFileSync} from 'node:fs';
import type {AdoptedKey} from '@etcd-encryption/crypto';
import {openStoredValue} from '@etcd-encryption/crypto/stored-value';
import {annotation, type Ring} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openEtcdWriter} from './etcd-writer.ts';
import {countNames, fileOf, foundKey, heldIn, identity, makeMisreadable, misreadable} from './found-files.ts';
import {isHistoryGone, KnownValues} from './known-values.ts';
import {RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {configMaps, secrets, Workload} from './workload.ts';

const both = ['secrets', 'configmaps'];
const soon = {retention: {revisions: 8, minAge: '0s'}};
const fast = {controllerArgs: ['--drain', '3s']};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Key names in every node's file, in order, by block. */
const ordersOf = async (cluster: RotationCluster) =>
  await Promise.all(
    cluster.plane.nodes.map(async ({name}) => (await cluster.file(name)).map(({order}) => order.join(' '))),
  );

const bytesOf = (cluster: RotationCluster): readonly string[] =>
  cluster.plane.nodes.map(({configPath}) => readFileSync(configPath, 'utf8'));

const messages = async (cluster: RotationCluster): Promise<string> =>
  ((await cluster.status()).conditions ?? []).map(({reason, message}) => `${reason}: ${message}`).join('\n');

/**
 * Waits until a key has left the ring, asking on its own whether history is compacted past the clean proof. Answers
 * how often it was not while every file still held the key.
 */
async function watchDrop(cluster: RotationCluster, key: AdoptedKey): Promise<{waits: number; ring: Ring}> {
  const end = performance.now() + 120_000;
  for (let waits = 0; performance.now() < end; ) {
    const ring = await cluster.ring();
    const [proof] = ring?.clean ?? [];
    const certificate = ring?.certificates.find(({check}) => check === key.checkValue);
    const orders = (await ordersOf(cluster)).flat();
    const held = orders.every((order) => order.split(' ').includes(key.name));
    const revision = certificate?.cleanRevision ?? proof?.revision;
    const gone = revision === undefined ? undefined : await isHistoryGone(cluster.store(), revision);
    if (!held || certificate !== undefined) {
      expect(gone).toBe(true);
      if (ring !== undefined && certificate !== undefined) return {waits, ring};
    } else if (gone === false) waits++;
    await pause(100);
  }
  throw new Error(`${key.name} did not leave within 120 s\n${await messages(cluster)}`);
}

for (const {etcd, nodes} of [
  {etcd: 'auto', nodes: 3},
  {etcd: 'off', nodes: 2},
] as const) {
  describe(`the same aescbc key1 on ${nodes} nodes, ${etcd === 'auto' ? 'etcd readable' : 'etcd out of reach'}`, () => {
    const key1 = foundKey('aescbc', 'key1');
    let cluster: RotationCluster;
    let workload: Workload;
    let before: ReadonlyMap<string, Uint8Array>;

    beforeAll(async () => {
      const encryption = () => fileOf({resources: both, providers: [heldIn(key1), identity]});
      cluster = await startRotationCluster({nodes, etcd, plane: {encryption, etcdCompactionInterval: '5s'}, ...fast});
      workload = new Workload({stores: () => cluster.stores, readsPerSecond: 60, writesPerSecond: 4, listEveryMs: 400});
      await workload.populate({secrets: 60, configMaps: 30});
      before = await cluster.rawValues('secrets');
      workload.start();
      await cluster.createConfig(soon);
      cluster.startPrograms();
    });
    afterAll(async () => {
      await cluster.stop();
    });

    test('values under it ⇒ adopted and migrated, the old key stays in every file', async () => {
      expect(countNames(before)).toEqual({key1: 60});
      const status = await cluster.complete(1);
      const name = status.keys?.[0]?.name ?? '';
      expect(await cluster.census()).toEqual({secrets: {[name]: 60}, configmaps: {[name]: expect.any(Number)}});
      await pause(8_000);
      expect(await ordersOf(cluster)).toEqual(cluster.plane.nodes.map(() => [`${name} key1 identity`]));
      expect(await messages(cluster)).toContain('key1 stay until drop-adopted is said');
    });

    test('drop-adopted is said ⇒ it leaves after history is compacted past the clean proof, never before', async () => {
      await cluster.annotateRing(annotation.dropAdopted, key1.checkValue.slice(0, 8));
      const {waits, ring} = await watchDrop(cluster, key1);
      expect(waits).toBeGreaterThan(0);
      const [certificate] = ring.certificates;
      expect(certificate).toMatchObject({check: key1.checkValue, compactedBy: 'events-410'});
      expect(certificate?.cleanBy).toMatch(etcd === 'auto' ? /^scan-/ : /^pass-/);
      const [line] = (ring.record ?? []).filter(({deed}) => deed === 'drop');
      expect(line).toMatchObject({what: 'key1'});
      await cluster.until('no file holds it', async () => !(await ordersOf(cluster)).join().includes('key1'));
      await cluster.until('it rests', ({phase}) => phase === 'Idle');
      expect((await ordersOf(cluster)).join()).not.toContain('key1');
    });

    test('after the drop ⇒ every history opens a value saved before, nobody noticed anything', async () => {
      for (const {name} of cluster.plane.nodes) {
        const {keys, damaged} = await cluster.history(name);
        expect(damaged).toBe(0);
        for (const [path, value] of [...before].slice(0, 5))
          expect(openStoredValue(value, path, keys).outcome).toBe('opened');
      }
      const counts = await workload.stop();
      expect(counts).toMatchObject({failures: [], failedReads: 0, failedWrites: 0, wrongContent: 0});
    });
  });
}

describe('three nodes whose aescbc key1 differ', () => {
  const keys = new Map(['node-1', 'node-2', 'node-3'].map((node) => [node, foundKey('aescbc', 'key1')]));
  const keyOf = (node: string): AdoptedKey => keys.get(node) as AdoptedKey;
  const known = new KnownValues(secrets);
  const options = {
    plane: {encryption: (node: string) => fileOf({resources: ['secrets'], providers: [heldIn(keyOf(node)), identity]})},
  };
  let cluster: RotationCluster;
  const victim = known.pathOf('node-2-3');

  /** Rewrites what a wrong key would open by chance, until nothing is left. */
  async function settle(): Promise<void> {
    for (;;) {
      const paths = misreadable(await cluster.rawValues('secrets'), [...keys.values()]);
      if (paths.length === 0) return;
      for (const path of paths) {
        const name = path.split('/').at(-1) ?? '';
        await known.put(cluster.store(name.slice(0, 'node-1'.length)), name);
      }
    }
  }

  beforeAll(async () => {
    cluster = await startRotationCluster({...options, etcd: 'off'});
    for (const node of keys.keys()) for (let n = 0; n < 5; n++) await known.put(cluster.store(node), `${node}-${n}`);
    await settle();
    const raw = await cluster.rawValues('secrets');
    const writer = openEtcdWriter(cluster.plane.etcd.url);
    const right = keyOf('node-2');
    const value = raw.get(victim) ?? new Uint8Array();
    await writer.put(victim, makeMisreadable(value, {path: victim, right, wrong: keyOf('node-1')}));
    await writer.close();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('before ⇒ each server reads its own values and no others', async () => {
    const failures = await known.readEverywhere(cluster);
    expect(failures.filter((each) => each.includes(': get '))).toHaveLength(3 * 10);
    expect(failures.filter((each) => each.includes(': list:'))).toHaveLength(3);
  });

  test('nobody can open every value ⇒ the union waits for a word, no file changes', async () => {
    const before = bytesOf(cluster);
    await cluster.createConfig({resources: ['secrets']});
    cluster.startPrograms();
    await cluster.until('it waits', async () => (await messages(cluster)).includes('no node can open every value'));
    expect(await messages(cluster)).toMatch(/AdoptedNamesCollide: aescbc keys named key1 differ between nodes/);
    expect(bytesOf(cluster)).toEqual(before);
    await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGTERM')));
  });

  test('a value that a wrong key would open ⇒ it alone is named, no file changes', async () => {
    const before = bytesOf(cluster);
    cluster = new RotationCluster(cluster.plane, cluster.dir, options);
    cluster.startPrograms();
    await cluster.until('it is named', async () => (await messages(cluster)).includes('would be misread'));
    expect(await messages(cluster)).toContain(`1 values would be misread: ${victim}`);
    expect(bytesOf(cluster)).toEqual(before);
  });

  test('it is written again ⇒ the union goes out by itself, and every server reads every value', async () => {
    await cluster.annotate(annotation.pause, 'to look at the union');
    await known.put(cluster.store('node-2'), 'node-2-3');
    await settle();
    const writes = () => ordersOf(cluster);
    await cluster.until('every file holds three keys', async () =>
      (await writes()).every(([order]) => order === 'key1 key1 key1 identity'),
    );
    await cluster.until(
      'loaded',
      ({conditions}) => conditions?.some(({type, status}) => type === 'NodesConverged' && status === 'True') === true,
    );
    expect(await known.readEverywhere(cluster)).toEqual([]);
    known.watch(cluster);
  });

  test('the first rotation ⇒ everything under r1, readable through every server all the time', async () => {
    await cluster.annotate(annotation.pause, undefined);
    const status = await cluster.complete(1);
    const name = status.keys?.[0]?.name ?? '';
    expect(countNames(await cluster.rawValues('secrets'))).toEqual({[name]: 15});
    expect(await ordersOf(cluster)).toEqual(cluster.plane.nodes.map(() => [`${name} key1 key1 key1 identity`]));
    const {rounds, failures} = await known.endWatch();
    expect(failures).toEqual([]);
    expect(rounds).toBeGreaterThan(10);
  });
});

describe('other keys, and a resource that the spec does not list', () => {
  const box = foundKey('secretbox', 'box:2020');
  const short = foundKey('aesgcm', 'a:b:c', 16);
  const [first, second] = [foundKey('aescbc', 'first', 24), foundKey('secretbox', 'second')];
  const accounts = {group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true};
  const known = [secrets, configMaps, accounts].map((resource) => new KnownValues(resource));
  let cluster: RotationCluster;

  beforeAll(async () => {
    const blocks = [
      {resources: ['secrets'], providers: [heldIn(box), identity]},
      {resources: ['configmaps'], providers: [heldIn(short), identity]},
      {resources: ['serviceaccounts'], providers: [heldIn(first), identity, heldIn(second)]},
    ];
    cluster = await startRotationCluster({nodes: 2, plane: {encryption: () => fileOf(...blocks)}, ...fast});
    for (const each of known) for (let n = 0; n < 4; n++) await each.put(cluster.store(`node-${1 + (n % 2)}`), `v${n}`);
    for (const each of known) each.watch(cluster);
    await cluster.createConfig(soon);
    cluster.startPrograms();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('secretbox, aesgcm of 16 bytes, names with a colon ⇒ everything listed is under r1', async () => {
    const names = [box.name, short.name];
    expect(countNames(await cluster.rawValues('secrets'), names)).toEqual({[box.name]: 4});
    const status = await cluster.complete(1);
    const name = status.keys?.[0]?.name ?? '';
    expect(countNames(await cluster.rawValues('secrets'), names)).toEqual({[name]: 4});
    expect(Object.keys(countNames(await cluster.rawValues('configmaps'), names))).toEqual([name]);
    const [managed] = await cluster.file('node-1');
    expect(managed).toEqual({resources: both, order: [name, 'a:b:c', 'box:2020', 'identity']});
  });

  test('the block of a resource that is not listed ⇒ stays word for word and is named', async () => {
    for (const {name} of cluster.plane.nodes) {
      const [, kept] = await cluster.file(name);
      expect(kept).toEqual({resources: ['serviceaccounts'], order: ['first', 'identity', 'second']});
    }
    expect(countNames(await cluster.rawValues('serviceaccounts'))).toMatchObject({first: 4});
    expect(await messages(cluster)).toContain('serviceaccounts: encrypted by the adopted file, not listed');
    for (const each of known) expect((await each.endWatch()).failures).toEqual([]);
  });
});

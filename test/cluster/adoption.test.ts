// A cluster that was encrypted before us: its keys are taken over, everything stays readable through every server, and
// an old key leaves only after its last value is gone, history is compacted and an operator said so.

import {writeFile} from 'node:fs/promises';
import type {AdoptedKey} from '@etcd-encryption/crypto';
import {openStoredValue} from '@etcd-encryption/crypto/stored-value';
import {annotation, type DropCertificate} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {countNames, fileOf, foundKey, heldIn, identity} from './found-files.ts';
import {isHistoryGone} from './known-values.ts';
import {RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {messagesOf, ordersOf, pause} from './rotation-steps.ts';
import {Workload} from './workload.ts';

const resources = ['secrets', 'configmaps'];
const spec = {retention: {revisions: 8, minAge: '0s'}};
const options = {plane: {etcdCompactionInterval: '5s'}, controllerArgs: ['--drain', '3s']};

describe('the same two aescbc keys on three nodes, values under both', () => {
  const [key1, key0] = [foundKey('aescbc', 'key1'), foundKey('aescbc', 'key0')];
  let cluster: RotationCluster;
  let workload: Workload;
  let before: ReadonlyMap<string, Uint8Array>;

  beforeAll(async () => {
    const encryption = () => fileOf({resources, providers: [heldIn(key0), identity]});
    cluster = await startRotationCluster({...options, plane: {...options.plane, encryption}});
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 60, writesPerSecond: 4, listEveryMs: 400});
    await workload.populate({secrets: 40, configMaps: 20});
    await addKey1();
    workload.start();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  /** As an operator does it by hand: read everywhere, then write everywhere; half of the objects are written since. */
  async function addKey1(): Promise<void> {
    for (const order of [
      [key0, key1],
      [key1, key0],
    ]) {
      const bytes = fileOf({resources, providers: [heldIn(...order), identity]});
      for (const {configPath} of cluster.plane.nodes) await writeFile(configPath, bytes);
      await pause(3_000);
    }
    const names = Array.from({length: 20}, (_, n) => `s${n}`);
    await cluster.plane.kubectl('node-1', 'label', 'secrets', ...names, 'written=again');
    before = await cluster.rawValues('secrets');
  }

  /**
   * Waits until a key has a certificate, asking the API on its own whether history is compacted past the clean proof.
   * Answers the certificate, and how often history was still there while every file held the key.
   */
  async function watchDrop(key: AdoptedKey): Promise<{waits: number; certificate: DropCertificate}> {
    const end = performance.now() + 120_000;
    for (let waits = 0; performance.now() < end; await pause(100)) {
      const orders = (await ordersOf(cluster)).flat();
      const ring = await cluster.ring();
      const certificate = ring?.certificates.find(({check}) => check === key.checkValue);
      const proof = ring?.clean.find(({key: id}) => id.endsWith(key.checkValue));
      const held = orders.every((order) => order.split(' ').includes(key.name));
      const revision = certificate?.cleanRevision ?? proof?.revision;
      const gone = revision === undefined ? undefined : await isHistoryGone(cluster.store(), revision);
      if (gone === false) {
        expect({held, certificate}).toEqual({held: true, certificate: undefined});
        waits++;
      }
      if (certificate !== undefined) return {waits, certificate};
      expect(held).toBe(true);
    }
    throw new Error(`${key.name} did not leave within 120 s\n${await messagesOf(cluster)}`);
  }

  async function release(key: AdoptedKey, proof: RegExp, compactedBy: string): Promise<void> {
    await cluster.annotateRing(annotation.dropAdopted, key.checkValue.slice(0, 8));
    const {waits, certificate} = await watchDrop(key);
    expect(waits).toBeGreaterThan(0);
    expect(certificate).toMatchObject({check: key.checkValue, compactedBy});
    expect(certificate.cleanBy).toMatch(proof);
    await cluster.until('no file holds it', async () => !(await ordersOf(cluster)).join(' ').includes(key.name));
    await cluster.until('it rests', ({phase}) => phase === 'Idle');
    expect((await ordersOf(cluster)).join(' ')).not.toContain(key.name);
    const record = (await cluster.ring())?.record ?? [];
    expect(record.filter(({deed}) => deed === 'drop').at(-1)).toMatchObject({what: key.name});
  }

  test('taken over ⇒ everything under r1, the old keys stay in every file', async () => {
    expect(countNames(before)).toEqual({key0: 20, key1: 20});
    await cluster.createConfig(spec);
    cluster.startPrograms();
    const status = await cluster.complete(1);
    const name = status.keys?.[0]?.name ?? '';
    expect(await cluster.census()).toEqual({secrets: {[name]: 40}, configmaps: {[name]: expect.any(Number)}});
    await pause(4_000);
    const orders = await ordersOf(cluster);
    expect(new Set(orders.flat().map((order) => order.split(' ').sort().join(' ')))).toEqual(
      new Set([['identity', 'key0', 'key1', name].join(' ')]),
    );
    expect(await messagesOf(cluster)).toMatch(/key[01], key[01] stay until drop-adopted is said/);
  });

  test('one is released ⇒ it leaves after a clean scan and compaction past it, never before; the other stays', async () => {
    await release(key1, /^scan-/, 'etcd');
    expect((await ordersOf(cluster)).every(([order]) => order?.includes('key0'))).toBe(true);
  });

  test('etcd out of reach, the other is released ⇒ it leaves after a pass that changed nothing', async () => {
    await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGTERM')));
    cluster = new RotationCluster(cluster.plane, cluster.dir, {...options, etcd: 'off'});
    cluster.startPrograms();
    await cluster.until('no agent scans', async () => (await cluster.reports()).every(({can}) => can.length === 0));
    await release(key0, /^pass-/, 'events-410');
  });

  test('after the drops ⇒ every history opens the values saved before, nobody noticed anything', async () => {
    for (const {name} of cluster.plane.nodes) {
      const {keys, damaged} = await cluster.history(name);
      expect(damaged).toBe(0);
      for (const [path, value] of before) expect(openStoredValue(value, path, keys).outcome).toBe('opened');
    }
    const counts = await workload.stop();
    expect(counts).toMatchObject({failures: [], failedReads: 0, failedWrites: 0, wrongContent: 0});
  });
});

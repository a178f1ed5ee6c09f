// Three nodes made by hand, each with an aescbc key1 of its own: the union makes every value readable everywhere, and
// values that a wrong key would open are named before it goes out.

import type {AdoptedKey} from '@etcd-encryption/crypto';
import {annotation} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openEtcdWriter} from './etcd-writer.ts';
import {countNames, fileOf, foundKey, heldIn, identity, makeMisreadable, misreadable} from './found-files.ts';
import {KnownValues} from './known-values.ts';
import {RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {bytesOf, messagesOf, ordersOf} from './rotation-steps.ts';
import {secrets} from './workload.ts';

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
    await cluster.until('it waits', async () => (await messagesOf(cluster)).includes('no node can open every value'));
    expect(await messagesOf(cluster)).toMatch(/AdoptedNamesCollide: aescbc keys named key1 differ between nodes/);
    expect(bytesOf(cluster)).toEqual(before);
    await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGTERM')));
  });

  test('a value that a wrong key would open ⇒ it alone is named, no file changes', async () => {
    const before = bytesOf(cluster);
    cluster = new RotationCluster(cluster.plane, cluster.dir, options);
    cluster.startPrograms();
    await cluster.until('it is named', async () => (await messagesOf(cluster)).includes('would be misread'));
    expect(await messagesOf(cluster)).toContain(`1 values would be misread: ${victim}`);
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

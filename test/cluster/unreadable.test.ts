// Values in etcd that no key opens, found before a rotation makes them worse: named with key name and diagnosis, nothing
// is made or changed, and it goes on by itself when they are gone.

import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {sealStoredValue} from '@etcd-encryption/crypto/stored-value';
import {keyResource, ourNamespace} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {type EtcdWriter, openEtcdWriter} from './etcd-writer.ts';
import {countNames, fileOf, foundKey, heldIn, identity} from './found-files.ts';
import {KnownValues} from './known-values.ts';
import {RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {bytesOf, messagesOf, ordersOf} from './rotation-steps.ts';
import {secrets} from './workload.ts';

describe('a cluster with an aesgcm key and three values that do not open', () => {
  const mine = foundKey('aesgcm', 'mine');
  const foreign = foundKey('aesgcm', 'foreign');
  const known = new KnownValues(secrets);
  const resources = ['secrets', 'configmaps'];
  const plane = {encryption: () => fileOf({resources, providers: [heldIn(mine), identity]})};
  const path = (name: string): string => `/registry/secrets/default/${name}`;
  const planted = [path('cut'), path('flipped'), path('foreign')];
  let cluster: RotationCluster;
  let etcd: EtcdWriter;
  let before: readonly string[];

  /** What is stored for one of the known objects, to be spoiled. */
  const stored = async (name: string): Promise<Uint8Array> => {
    const value = (await cluster.rawValues('secrets')).get(known.pathOf(name));
    if (value === undefined) throw new Error(`${name}: expected a stored value, got none`);
    return value;
  };

  const plantForeign = async (): Promise<void> => {
    const object = new TextEncoder().encode('{"kind":"Secret"}');
    await etcd.put(
      path('foreign'),
      sealStoredValue(object, path('foreign'), foreign, (length) => randomBytes(length)),
    );
  };

  const keyObjects = async (): Promise<readonly string[]> => {
    const page = await cluster.store()['store.list']({resource: keyResource, namespace: ourNamespace, limit: 100});
    if (!page.ok) throw new Error(page.error.message);
    return page.value.items.map(({metadata}) => metadata.name);
  };

  const isDegradedBy = async (reason: string): Promise<boolean> =>
    (await cluster.status()).conditions?.some(
      (each) => each.type === 'Degraded' && each.status === 'True' && each.reason === reason,
    ) === true;

  beforeAll(async () => {
    cluster = await startRotationCluster({nodes: 2, plane});
    etcd = openEtcdWriter(cluster.plane.etcd.url);
    for (let n = 0; n < 6; n++) await known.put(cluster.store(`node-${1 + (n % 2)}`), `v${n}`);
    await known.put(cluster.store(), 'flipped');
    await known.put(cluster.store(), 'cut');
    const [flipped, cut] = [await stored('flipped'), await stored('cut')];
    await etcd.put(
      path('flipped'),
      flipped.map((byte, index) => (index === flipped.length - 20 ? byte ^ 1 : byte)),
    );
    await etcd.put(path('cut'), cut.subarray(0, 'k8s:enc:aesgcm:v1:mine:'.length + 20));
    await plantForeign();
    before = bytesOf(cluster);
  });
  afterAll(async () => {
    await etcd.close();
    await cluster.stop();
  });

  test('before the first rotation ⇒ each is named with its etcd key, key name and a diagnosis of its own', async () => {
    await cluster.createConfig();
    cluster.startPrograms();
    await cluster.until('they are named', () => isDegradedBy('UnreadableValues'));
    const said = await messagesOf(cluster);
    expect(said).toContain('3 values: ');
    expect(said).toContain(`${path('foreign')} (key foreign: unknown-key, `);
    expect(said).toContain(`${path('flipped')} (key mine: authentication-failed, `);
    expect(said).toContain(`${path('cut')} (key mine: corrupt, `);
  });

  test('while they are there ⇒ nothing is minted, no file changes, the other checks go on', async () => {
    const {conditions} = await cluster.status();
    expect(conditions?.find(({type}) => type === 'NodesConverged')).toMatchObject({status: 'True'});
    expect(await keyObjects()).not.toContain('r1');
    expect((await cluster.ring())?.rotation).toBeUndefined();
    expect(bytesOf(cluster)).toEqual(before);
    await rm(cluster.plane.node('node-2').configPath);
    await cluster.until('a lost file is back', () => existsSync(cluster.plane.node('node-2').configPath));
    expect(bytesOf(cluster)).toEqual(before);
    expect(await messagesOf(cluster)).toContain('3 values: ');
  });

  test('the values are gone ⇒ the first rotation goes on by itself', async () => {
    for (const each of planted) await etcd.remove(each);
    known.forget('flipped', 'cut');
    const {keys} = await cluster.complete(1);
    expect(countNames(await cluster.rawValues('secrets'))).toEqual({[keys?.[0]?.name ?? '']: 6});
    expect(await known.readEverywhere(cluster)).toEqual([]);
  });

  test('etcd out of reach, a value appears before a later rotation ⇒ named in the words of the API, nothing is minted', async () => {
    await Promise.all([cluster.controller, ...cluster.agents.values()].map((program) => program.end('SIGTERM')));
    cluster = new RotationCluster(cluster.plane, cluster.dir, {etcd: 'off'});
    before = bytesOf(cluster);
    await plantForeign();
    cluster.startPrograms();
    await cluster.rotate('a drill');
    await cluster.until('it is said', () => isDegradedBy('UnreadableValues'));
    expect(await messagesOf(cluster)).toMatch(/UnreadableValues: secrets: .*(foreign|no matching|unable to transform)/);
    expect(await keyObjects()).not.toContain('r2');
    expect(bytesOf(cluster)).toEqual(before);
  });

  test('it is gone ⇒ that rotation goes on by itself', async () => {
    await etcd.remove(path('foreign'));
    const {keys} = await cluster.complete(2);
    expect(await ordersOf(cluster)).toEqual(
      cluster.plane.nodes.map(() => [`${keys?.[0]?.name} ${keys?.[1]?.name} mine identity`]),
    );
    expect(await known.readEverywhere(cluster)).toEqual([]);
  });
});

// Resources enter and leave the list while people read and write them: first every server reads both ways, then the
// write entry changes, then values follow, and a block goes when nothing needs it any more.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {countNames} from './found-files.ts';
import {KnownValues} from './known-values.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {BlockWatch, bytesOf, orderOn} from './rotation-steps.ts';
import {configMaps, secrets, Workload} from './workload.ts';

const widgets = {group: 'example.com', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true};
const widgetDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`;

describe('resources of the list on three servers', () => {
  const known = [secrets, configMaps, widgets].map((resource) => new KnownValues(resource));
  let cluster: RotationCluster;
  let workload: Workload;
  let write = '';

  beforeAll(async () => {
    const plane = {etcdCompactionInterval: '5s'};
    cluster = await startRotationCluster({plane, controllerArgs: ['--drain', '5s']});
    await cluster.plane.apply('node-1', widgetDefinition);
    await cluster.until('widgets are served', async () => {
      const answers = await Promise.all(
        cluster.stores.map((store) => store['store.list']({resource: widgets, limit: 1})),
      );
      return answers.every(({ok}) => ok);
    });
    for (const each of known) for (let n = 0; n < 6; n++) await each.put(cluster.store(`node-${1 + (n % 3)}`), `v${n}`);
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 40, writesPerSecond: 3, listEveryMs: 500});
    await workload.populate({secrets: 20, configMaps: 20});
    workload.start();
    for (const each of known) each.watch(cluster);
    await cluster.createConfig({resources: ['secrets', 'widgets.example.com'], retention: {minAge: '0s'}});
    cluster.startPrograms();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  const setResources = (...resources: readonly string[]): Promise<void> =>
    cluster.edit((object) => ({...object, spec: {...(object.spec as object), resources}}));

  const isResting = async (count: number): Promise<boolean> => {
    const {history = [], phase} = await cluster.status();
    return history.length === count && phase === 'Idle';
  };

  /** Names that stand in front of a resource's stored values. */
  const namesOf = async (folder: string): Promise<readonly string[]> =>
    Object.keys(countNames(await cluster.rawValues(folder)));

  const expectEqualFiles = (): void => expect(new Set(bytesOf(cluster)).size).toBe(1);

  test('secrets and a custom resource ⇒ both under r1, what is not listed stays in clear', async () => {
    const status = await cluster.complete(1);
    write = status.keys?.[0]?.name ?? '';
    expect(await namesOf('secrets')).toEqual([write]);
    expect(await namesOf('example.com/widgets')).toEqual([write]);
    expect(await namesOf('configmaps')).toEqual(['clear']);
    expectEqualFiles();
  });

  test('configmaps enter ⇒ read both ways on every node first, then written with the key, then migrated', async () => {
    const blocks = new BlockWatch(cluster, 'configmaps');
    await setResources('secrets', 'widgets.example.com', 'configmaps');
    await cluster.until('configmaps are in', () => isResting(2));
    expect(await blocks.end()).toEqual(
      Object.fromEntries(
        cluster.plane.nodes.map(({name}) => [name, ['none', `identity ${write}`, `${write} identity`]]),
      ),
    );
    expect(await namesOf('configmaps')).toEqual([write]);
    expect((await cluster.status()).history?.[0]).toMatchObject({
      revision: 1,
      reason: 'resources',
      outcome: 'Complete',
    });
    expectEqualFiles();
  });

  test('configmaps leave ⇒ in clear, their block stays until its certificate', async () => {
    await setResources('secrets', 'widgets.example.com');
    await cluster.until('configmaps are in clear', () => isResting(3));
    expect(await namesOf('configmaps')).toEqual(['clear']);
    for (const {name} of cluster.plane.nodes)
      expect(await orderOn(cluster, name, 'configmaps')).toEqual(['identity', write]);
    expectEqualFiles();
  });

  test('they come back before their block is gone ⇒ they are encrypted again', async () => {
    await setResources('configmaps', 'secrets', 'widgets.example.com');
    await cluster.until('configmaps are in again', () => isResting(4));
    expect(await namesOf('configmaps')).toEqual([write]);
    expectEqualFiles();
  });

  test('they leave and come back in the middle of it ⇒ they end where the list says', async () => {
    await setResources('secrets', 'widgets.example.com');
    await cluster.until('it has begun', async () => (await cluster.ring())?.rotation?.removing !== undefined);
    await setResources('secrets', 'configmaps', 'widgets.example.com');
    await cluster.until('configmaps stay', () => isResting(6));
    expect(await namesOf('configmaps')).toEqual([write]);
    expectEqualFiles();
  });

  test('they leave for good, and keys rotate before their block is gone ⇒ the rotation leaves them in clear', async () => {
    await setResources('secrets', 'widgets.example.com');
    await cluster.until('configmaps are in clear', () => isResting(7));
    expect(await orderOn(cluster, 'node-1', 'configmaps')).toEqual(['identity', write]);
    await cluster.rotate('a drill');
    const {keys} = await cluster.complete(2);
    const next = keys?.[0]?.name ?? '';
    await cluster.until('their block is gone', async () => {
      const orders = await Promise.all(cluster.plane.nodes.map(({name}) => orderOn(cluster, name, 'configmaps')));
      return orders.every(([first]) => first === 'none');
    });
    await cluster.until('it rests', ({phase}) => phase === 'Idle');
    expect(await namesOf('configmaps')).toEqual(['clear']);
    expect(await namesOf('secrets')).toEqual([next]);
    expect(await namesOf('example.com/widgets')).toEqual([next]);
    expectEqualFiles();
  });

  test('all the while ⇒ every value readable through every server, no request failed', async () => {
    for (const each of known) {
      const {rounds, failures} = await each.endWatch();
      expect(failures).toEqual([]);
      expect(rounds).toBeGreaterThan(10);
    }
    expect(await workload.stop()).toMatchObject({failures: [], failedReads: 0, failedWrites: 0, wrongContent: 0});
  });
});

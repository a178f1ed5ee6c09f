// Existing configurations of other sorts: secretbox, short keys, names with a colon, and resources that the spec does
// not list.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {countNames, fileOf, foundKey, heldIn, identity} from './found-files.ts';
import {KnownValues} from './known-values.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {messagesOf} from './rotation-steps.ts';
import {configMaps, secrets} from './workload.ts';

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
    cluster = await startRotationCluster({nodes: 2, plane: {encryption: () => fileOf(...blocks)}});
    for (const each of known) for (let n = 0; n < 4; n++) await each.put(cluster.store(`node-${1 + (n % 2)}`), `v${n}`);
    for (const each of known) each.watch(cluster);
    await cluster.createConfig();
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
    expect(managed).toEqual({resources: ['secrets', 'configmaps'], order: [name, 'a:b:c', 'box:2020', 'identity']});
  });

  test('the block of a resource that is not listed ⇒ stays word for word and is named', async () => {
    for (const {name} of cluster.plane.nodes) {
      const [, kept] = await cluster.file(name);
      expect(kept).toEqual({resources: ['serviceaccounts'], order: ['first', 'identity', 'second']});
    }
    expect(countNames(await cluster.rawValues('serviceaccounts'))).toMatchObject({first: 4});
    expect(await messagesOf(cluster)).toContain('serviceaccounts: encrypted by the adopted file, not listed');
    for (const each of known) expect((await each.endWatch()).failures).toEqual([]);
  });
});

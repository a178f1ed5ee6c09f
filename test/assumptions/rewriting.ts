// What writing an object again as it is does to its stored value.

import type {StoredObject} from '@etcd-encryption/rotation';
import {expect} from 'vitest';
import {file, newer, older, olderFirst, usualFile} from './configuration.ts';
import {type AssumptionHost, type Assumptions, create, get, load, rewrite, storedUnder} from './host.ts';

/** A Secret that stands under the older key, while the newer one writes. */
async function createOlder(host: AssumptionHost, name: string): Promise<StoredObject> {
  await load(host, olderFirst);
  await create(host.plain, name);
  await load(host, usualFile);
  return await get(host.plain, name);
}

function withoutVersion(object: StoredObject): unknown {
  const {resourceVersion: _, managedFields: __, ...metadata} = object.metadata as unknown as Record<string, unknown>;
  return {...object, metadata};
}

export const rewriting: Assumptions = {
  'an unchanged object under the write key keeps its resourceVersion when it is rewritten': async (host) => {
    const before = await create(host.plain, 'rewrite-a');
    expect(await rewrite(host.plain, before)).toBe(before.metadata.resourceVersion);
  },
  'an unchanged object under an older key gets a new resourceVersion when it is rewritten': async (host) => {
    const before = await createOlder(host, 'rewrite-b');
    expect(await storedUnder(host, 'rewrite-b')).toBe(older);
    expect(await rewrite(host.plain, before)).not.toBe(before.metadata.resourceVersion);
    expect(await storedUnder(host, 'rewrite-b')).toBe(newer);
  },
  'a rewrite changes nothing of an object but its resourceVersion': async (host) => {
    const before = await createOlder(host, 'rewrite-c');
    await rewrite(host.plain, before);
    expect(withoutVersion(await get(host.plain, 'rewrite-c'))).toEqual(withoutVersion(before));
  },
  'a rewrite through a server that writes with an older key goes back to that key': async (host) => {
    const before = await create(host.plain, 'rewrite-d');
    await load(host, olderFirst);
    expect(await rewrite(host.plain, before)).not.toBe(before.metadata.resourceVersion);
    expect(await storedUnder(host, 'rewrite-d')).toBe(older);
  },
  'a value in clear behind a key is stale, and a value under a key behind identity is too': async (host) => {
    await load(host, file('identity', newer, older));
    const clear = await create(host.plain, 'rewrite-e');
    await load(host, usualFile);
    const sealed = await rewrite(host.plain, clear);
    expect([sealed === clear.metadata.resourceVersion, await storedUnder(host, 'rewrite-e')]).toEqual([false, newer]);
    await load(host, file('identity', newer, older));
    const opened = await rewrite(host.plain, await get(host.plain, 'rewrite-e'));
    expect([opened === sealed, await storedUnder(host, 'rewrite-e')]).toEqual([false, 'clear']);
  },
  'a value under the second of two keys of one name is stale': async (host) => {
    await load(host, file('key1=a', newer, older, 'identity'));
    const before = await create(host.plain, 'rewrite-f');
    await load(host, file('key1=b', 'key1=a', newer, older, 'identity'));
    expect(await rewrite(host.plain, before)).not.toBe(before.metadata.resourceVersion);
    await load(host, file('key1=b', newer, older, 'identity'));
    const after = await get(host.plain, 'rewrite-f');
    expect(after.data).toEqual({a: 'YQ=='});
    await host.remove('/registry/secrets/default/rewrite-f');
  },
};

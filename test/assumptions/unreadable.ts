// Values that no key of a server opens, and what they do to everybody else.

import {expect} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {newer} from './configuration.ts';
import {type AssumptionHost, type Assumptions, create, etcdKey, get, list, read, secrets, storedBytes} from './host.ts';

const broken = etcdKey('unreadable');

/** Under a key that no server has. */
const foreign = Buffer.from(`k8s:enc:aesgcm:v1:r0-lost:${'x'.repeat(60)}`, 'latin1');

/** Whether the list of all Secrets answers while these bytes lie in etcd under a key of their own. */
async function listsBeside(host: AssumptionHost, bytes: Uint8Array): Promise<boolean> {
  await host.put(broken, bytes);
  const answer = await list(host.plain);
  const one = await read(host.plain, 'unreadable');
  await host.remove(broken);
  expect(one.ok).toBe(answer.ok);
  return answer.ok;
}

/** The bytes of a Secret that was just made. */
async function fresh(host: AssumptionHost, name: string): Promise<Uint8Array> {
  await create(host.plain, name);
  return await storedBytes(host, etcdKey(name));
}

export const unreadable: Assumptions = {
  'one value under a key that is not there fails the list of its whole resource': async (host) => {
    expect(await listsBeside(host, foreign)).toBe(false);
    expectValue(await list(host.plain));
  },
  'a value that nobody opens fails no list of another namespace, and no page before its own': async (host) => {
    await create(host.plain, 'page');
    await host.put(broken, foreign);
    expectValue(await list(host.plain, {namespace: 'kube-system'}));
    expectValue(await list(host.plain, {limit: 1}));
    expect((await list(host.plain, {namespace: 'default'})).ok).toBe(false);
    await host.remove(broken);
  },
  'others are read one by one beside a value that nobody opens': async (host) => {
    await create(host.plain, 'beside');
    await host.put(broken, foreign);
    expect((await get(host.plain, 'beside')).data).toEqual({a: 'YQ=='});
    await host.remove(broken);
  },
  'a server that starts beside a value that nobody opens answers and is not ready until the value is gone': async (
    host,
  ) => {
    await create(host.plain, 'at-start');
    await host.put(broken, foreign);
    await host.plain.stop();
    await host.plain.startUnready();
    await expect.poll(async () => (await read(host.plain, 'at-start')).ok, {timeout: 60_000}).toBe(true);
    for (let moments = 0; moments < 4; moments++) await host.moment();
    expect(await host.plain.isReady()).toBe(false);
    expect((await list(host.plain)).ok).toBe(false);
    await host.remove(broken);
    await expect.poll(() => host.plain.isReady(), {timeout: 60_000}).toBe(true);
    expectValue(await list(host.plain));
  },
  'a server that runs stays ready beside a value that nobody opens': async (host) => {
    await host.put(broken, foreign);
    await host.waitForPoll();
    expect((await list(host.plain)).ok).toBe(false);
    expect(await host.plain.isReady()).toBe(true);
    await host.remove(broken);
  },
  'a value that nobody opens cannot be deleted through the server': async (host) => {
    await host.put(broken, foreign);
    const request = {resource: secrets, namespace: 'default', name: 'unreadable', uid: '', resourceVersion: '1'};
    const answer = await host.plain.ports['store.delete'](request);
    expect(answer.ok).toBe(false);
    expect((await storedBytes(host, broken)).length).toBeGreaterThan(60);
    await host.remove(broken);
  },
  'the bytes of a value do not open under another etcd key': async (host) => {
    expect(await listsBeside(host, await fresh(host, 'moved'))).toBe(false);
  },
  'the bytes of a value do not open under another key name': async (host) => {
    const bytes = await fresh(host, 'renamed');
    const text = Buffer.from(bytes).toString('latin1').replace(newer, 'r1-older');
    const key = etcdKey('renamed');
    await host.put(key, Buffer.from(text, 'latin1'));
    expect((await read(host.plain, 'renamed')).ok).toBe(false);
    await host.put(key, bytes);
    await host.remove(key);
  },
  'one bit of a value is turned ⇒ it does not open': async (host) => {
    const bytes = await fresh(host, 'turned');
    await host.put(
      etcdKey('turned'),
      bytes.map((byte, at) => (at === bytes.length - 20 ? byte ^ 1 : byte)),
    );
    expect((await read(host.plain, 'turned')).ok).toBe(false);
    expect((await list(host.plain)).ok).toBe(false);
    await host.remove(etcdKey('turned'));
    expectValue(await list(host.plain));
  },
  'the same bytes put again under the same etcd key open': async (host) => {
    const bytes = await fresh(host, 'again');
    const {metadata} = await get(host.plain, 'again');
    await host.put(etcdKey('again'), bytes);
    const after = await get(host.plain, 'again');
    expect([after.metadata.uid, after.data]).toEqual([metadata.uid, {a: 'YQ=='}]);
    expect(after.metadata.resourceVersion).not.toBe(metadata.resourceVersion);
  },
};

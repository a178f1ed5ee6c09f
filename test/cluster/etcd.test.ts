// The etcd ports on a real etcd that demands client certificates.

import {createEtcdPorts, type EtcdClient} from '@etcd-encryption/host-k8s';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';
import {etcdContract, etcdContractCases} from '../ports/etcd-contract.ts';
import {type EtcdWriter, openEtcdWriter} from './etcd-writer.ts';
import {type RunningControlPlane, readPem, startInTemporaryFolder} from './folder.ts';

let running: RunningControlPlane;
let client: EtcdClient;
let writer: EtcdWriter;

function tls() {
  const files = running.controlPlane.etcd.certificates;
  if (files === undefined) throw new Error('expected an etcd with certificates');
  return readPem(files);
}

beforeAll(async () => {
  running = await startInTemporaryFolder({nodes: 1, etcdTls: true});
  const {url} = running.controlPlane.etcd;
  client = createEtcdPorts({url, tls: async () => tls()});
  writer = openEtcdWriter(url, tls());
});

afterAll(async () => {
  await client?.close();
  await writer?.close();
  await running?.close();
});

etcdContract('real etcd', async () => ({
  ports: client.ports,
  put: writer.put,
  remove: writer.remove,
  compact: writer.compact,
}));

async function scanAll(etcd: EtcdClient, prefix: string, limit: number) {
  const entries: {key: string; size: number}[] = [];
  let [pages, startKey] = [0, undefined as string | undefined];
  do {
    const args = {prefix, limit, headBytes: 256, ...(startKey === undefined ? {} : {startKey})};
    const page = expectValue(await etcd.ports['etcd.scan'](args));
    entries.push(...page.entries.map(({key, size}) => ({key, size})));
    startKey = page.nextKey;
    pages += 1;
  } while (startKey !== undefined);
  return {entries, pages};
}

test('a member that answers ⇒ its version, revision, size and quota', async () => {
  const status = expectValue(await client.status());
  expect(status.version).toMatch(/^3\.\d+\.\d+$/);
  expect(status.revision).toBeGreaterThan(0);
  expect(status.dbSize).toBeGreaterThanOrEqual(status.dbSizeInUse);
  expect(status.dbSizeInUse).toBeGreaterThan(0);
  expect(status.dbSizeQuota).toBeGreaterThan(status.dbSize);
  expect(status.errors).toEqual([]);
});

test('values of a megabyte and a small answer limit ⇒ smaller pages, every value once', async () => {
  const value = new Uint8Array(1024 * 1024);
  for (let index = 0; index < 9; index++) await writer.put(`/large/${index}`, value);
  const {url} = running.controlPlane.etcd;
  const small = createEtcdPorts({url, tls: tls(), maxAnswerBytes: 2_500_000});
  const {entries, pages} = await scanAll(small, '/large/', 100);
  await small.close();
  expect(entries).toEqual(Array.from({length: 9}, (_, index) => ({key: `/large/${index}`, size: value.length})));
  expect(pages).toBeGreaterThan(3);
});

test('one value beyond the answer limit ⇒ it alone is a page, and later pages grow again', async () => {
  await writer.put('/mixed/0', new Uint8Array(1024 * 1024));
  for (let index = 1; index < 40; index++) await writer.put(`/mixed/${index}`, new Uint8Array(10));
  const {url} = running.controlPlane.etcd;
  const small = createEtcdPorts({url, tls: tls(), maxAnswerBytes: 100_000});
  const {entries, pages} = await scanAll(small, '/mixed/', 100);
  await small.close();
  expect(entries).toHaveLength(40);
  expect(pages).toBeLessThan(10);
});

test('no client certificate ⇒ denied with the reason of TLS', async () => {
  const {url} = running.controlPlane.etcd;
  const stranger = createEtcdPorts({url, tls: {ca: tls().ca}});
  const error = expectError(await stranger.ports['etcd.scan']({prefix: '/', limit: 1, headBytes: 1}), 'denied');
  await stranger.close();
  expect(error.reason).toMatch(/^ERR_SSL_|^EPROTO/);
});

test('another authority ⇒ denied with the reason of TLS', async () => {
  const {url} = running.controlPlane.etcd;
  const stranger = createEtcdPorts({url, tls: {...tls(), ca: readPem(running.controlPlane.admin).ca}});
  const error = expectError(await stranger.ports['etcd.scan']({prefix: '/', limit: 1, headBytes: 1}), 'denied');
  await stranger.close();
  expect(error.reason).toMatch(/CERT|SIGNATURE|ISSUER/);
});

test('the first of two endpoints is dead ⇒ the second answers, and is asked first from then on', async () => {
  const {url} = running.controlPlane.etcd;
  const both = createEtcdPorts({url: ['https://127.0.0.1:1', url], tls: tls()});
  for (let times = 0; times < 2; times++) {
    expectValue(await both.ports['etcd.scan']({prefix: '/registry/', limit: 1, headBytes: 1}));
  }
  await both.close();
});

test('a hundred questions at once ⇒ each its own answer', async () => {
  await Promise.all(Array.from({length: 100}, (_, index) => writer.put(`/many/${index}`, new Uint8Array([index]))));
  const pages = await Promise.all(
    Array.from({length: 100}, (_, index) =>
      client.ports['etcd.scan']({prefix: `/many/${index}`, limit: 1, headBytes: 1}),
    ),
  );
  expect(pages.map((page) => expectValue(page).entries[0]?.head[0])).toEqual(pages.map((_, index) => index));
});

test('etcd stops and starts again ⇒ unavailable meanwhile, answers afterwards on the same client', async () => {
  expectValue(await client.ports['etcd.scan']({prefix: '/registry/', limit: 1, headBytes: 1}));
  await running.controlPlane.stopEtcd();
  expectError(
    await client.ports['etcd.scan']({prefix: '/registry/', limit: 1, headBytes: 1}),
    'unavailable',
    'ECONNREFUSED',
  );
  await running.controlPlane.startEtcd();
  expectValue(await client.ports['etcd.scan']({prefix: '/registry/', limit: 1, headBytes: 1}));
});

test('a store of 20,000 values of a kilobyte ⇒ scanned whole, thousands a second', async () => {
  const value = new Uint8Array(1_024);
  const names = Array.from({length: 20_000}, (_, index) => `/rate/${String(index).padStart(5, '0')}`);
  for (let at = 0; at < names.length; at += 200) {
    await Promise.all(names.slice(at, at + 200).map((name) => writer.put(name, value)));
  }
  const start = performance.now();
  const {entries} = await scanAll(client, '/rate/', 1_000);
  const seconds = (performance.now() - start) / 1_000;
  expect(entries.map(({key}) => key)).toEqual(names);
  console.log(`scan: ${Math.round(names.length / seconds)} values a second`);
  expect(names.length / seconds).toBeGreaterThan(2_000);
});

test('the contract ⇒ at least 20 cases', () => {
  expect(etcdContractCases).toBeGreaterThanOrEqual(20);
});

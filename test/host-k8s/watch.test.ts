// Watches as a doorbell, against a server that ends them, breaks them and answers errors.

import {readFileSync, writeFileSync} from 'node:fs';
import {type AddressInfo, connect, createServer} from 'node:net';
import {createStorePorts, type StoreClient, type Watch, watchHints} from '@etcd-encryption/host-k8s';
import {nodeReportResource} from '@etcd-encryption/rotation';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type FakeServer, type Reply, startFakeServer} from './fake-server.ts';

let server: FakeServer;
let store: StoreClient;
let watch: Watch | undefined;
let rings: number;

beforeEach(async () => {
  server = await startFakeServer();
  store = createStorePorts({kubeconfig: server.kubeconfig().path, userAgent: 'test'});
  rings = 0;
});
afterEach(async () => {
  await watch?.close();
  await store.close();
  await server.close();
});

const isWatch = (path: string) => path.includes('watch=1');
const present: Reply = {body: {metadata: {resourceVersion: '41'}, items: []}};
const begin = (): void => {
  const targets = [{resource: nodeReportResource, namespace: 'kube-system'}];
  watch = watchHints({transport: store.transport, targets, onHint: () => rings++, random: () => 0});
};
const event = (type: string, size = 10) => `${JSON.stringify({type, object: {x: 'y'.repeat(size)}})}\n`;

async function waitFor(holds: () => boolean, limitMs = 5_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it did not come about; ${rings} rings`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/** A proxy that can stop passing on what its present connections carry, without ending them, as a lost route does. */
async function startBlackHole(to: string): Promise<{url: string; swallow: () => void; close: () => void}> {
  const {port: target} = new URL(to);
  let generation = 0;
  const proxy = createServer((near) => {
    const born = generation;
    const far = connect(Number(target), '127.0.0.1');
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (data) => born === generation && into.write(data));
      from.on('error', () => into.destroy());
      from.on('close', () => into.destroy());
    }
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  const {port} = proxy.address() as AddressInfo;
  return {url: `https://127.0.0.1:${port}`, swallow: () => generation++, close: () => proxy.close()};
}

describe('watchHints', () => {
  it('events ⇒ a ring each, bookmarks none, whatever pieces they come in', async () => {
    const long = event('MODIFIED', 100_000);
    const pieces = [
      event('ADDED'),
      '{"ty',
      'pe":"DELETED","object":{}}\n',
      event('BOOKMARK'),
      long.slice(0, 50),
      long.slice(50),
    ];
    server.answer(({path}) => (isWatch(path) ? {pieces, open: true} : present));
    begin();
    await waitFor(() => rings === 4);
    await new Promise((wake) => setTimeout(wake, 50));
    expect(rings).toBe(4);
    const path = server.seen.find((seen) => isWatch(seen.path))?.path ?? '';
    expect(path).toContain(
      '/namespaces/kube-system/etcdencryptionnodes?watch=1&resourceVersion=41&allowWatchBookmarks=true',
    );
  });

  it('the server ends the watch ⇒ begun again a moment later, with a ring for what was missed', async () => {
    server.answer(({path}) => (isWatch(path) ? {pieces: []} : present));
    begin();
    await waitFor(() => rings === 2);
    expect(server.seen.filter(({path}) => isWatch(path)).length).toBeLessThanOrEqual(2);
  });

  it.each([
    {what: 'an ERROR event', reply: {pieces: [event('ERROR')], open: true}},
    {what: '410', reply: {status: 410}},
    {what: 'a cut connection', reply: {fault: 'drop'}},
  ] as const)('$what ⇒ begun again, not in a storm', async ({reply}) => {
    server.answer(({path}) => (isWatch(path) ? reply : present));
    begin();
    await waitFor(() => rings === 2, 8_000);
    expect(server.seen.length).toBeLessThanOrEqual(5);
  });

  it('the connection goes silent without an end ⇒ reads and watches go over a new one within 15 s', async () => {
    const hole = await startBlackHole(server.url);
    const files = server.kubeconfig();
    writeFileSync(files.path, readFileSync(files.path, 'utf8').replace(server.url, hole.url));
    const silent = createStorePorts({kubeconfig: files.path, userAgent: 'test'});
    server.answer(({path}) => (isWatch(path) ? {pieces: [event('ADDED')], open: true} : present));
    const targets = [{resource: nodeReportResource}];
    watch = watchHints({transport: silent.transport, targets, onHint: () => rings++, random: () => 0});
    await waitFor(() => rings === 2);
    hole.swallow();
    const begunAtMs = performance.now();
    expect(await silent['store.list']({resource: nodeReportResource, limit: 1})).toMatchObject({ok: true});
    await waitFor(() => rings === 4, 15_000);
    expect(performance.now() - begunAtMs).toBeLessThan(15_000);
    await watch.close();
    await silent.close();
    hole.close();
  });

  it('close ⇒ ends at once, in whatever it is', async () => {
    server.answer(({path}) => (isWatch(path) ? {pieces: [], open: true} : present));
    begin();
    await waitFor(() => server.seen.some(({path}) => isWatch(path)));
    const begunAtMs = performance.now();
    await watch?.close();
    expect(performance.now() - begunAtMs).toBeLessThan(500);
    const {length} = server.seen;
    await new Promise((wake) => setTimeout(wake, 100));
    expect(server.seen.length).toBe(length);
  });
});

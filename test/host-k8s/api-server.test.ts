// The evidence port against a server that answers in every way one may: what is told apart, and that a connection is
// kept. TLS and refusals of a real server are in test/cluster.

import {readFileSync} from 'node:fs';
import {createServer, type Server, type ServerResponse} from 'node:http';
import {type AddressInfo, createServer as createPlainServer, type Socket} from 'node:net';
import {fileURLToPath} from 'node:url';
import {createServerPorts, type NodeServer} from '@etcd-encryption/host-k8s';
import {afterEach, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';

const page = readFileSync(fileURLToPath(new URL('testdata/metrics/1.37.txt', import.meta.url)));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function clientOf(server: string, token?: string): NodeServer {
  const credentials = {server, insecure: false, ...(token === undefined ? {} : {token})};
  const client = createServerPorts({
    credentials: {read: async () => ({credentials, files: []})},
    hostName: 'control-plane-1',
    root: '/nowhere',
    userAgent: 'agent/1',
  });
  closing.push(client.close);
  return client;
}

async function listen(server: Server | ReturnType<typeof createPlainServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answering(answer: (response: ServerResponse, count: number) => void) {
  const seen = {
    requests: 0,
    sockets: new Set<Socket>(),
    headers: [] as Record<string, unknown>[],
    paths: [] as unknown[],
  };
  const server = createServer((request, response) => {
    seen.requests += 1;
    seen.sockets.add(request.socket);
    seen.headers.push(request.headers);
    seen.paths.push(request.url);
    answer(response, seen.requests);
  });
  const url = await listen(server);
  return {seen, url};
}

const ask = (client: NodeServer) => client.ports['server.evidence']({});

test('a page ⇒ the evidence, asked with the token and our name', async () => {
  const {seen, url} = await answering((response) => response.end(page));
  const evidence = expectValue(await ask(clientOf(url, 'token-1')));
  expect(evidence).toMatchObject({form: 'hash', reloadSuccesses: 3, encryptions: {'r2-1f2e3d4c': 1257}});
  expect(seen.paths).toEqual(['/metrics']);
  expect(seen.headers[0]).toMatchObject({authorization: 'Bearer token-1', 'user-agent': 'agent/1'});
});

test('ten questions ⇒ one connection', async () => {
  const {seen, url} = await answering((response) => response.end(page));
  const client = clientOf(url);
  for (let times = 0; times < 10; times++) expectValue(await ask(client));
  expect([seen.requests, seen.sockets.size]).toEqual([10, 1]);
});

test('the kept connection was closed by the server ⇒ asked again on a new one', async () => {
  const {seen, url} = await answering((response, count) => {
    if (count === 2) response.socket?.destroy();
    else response.end(page);
  });
  const client = clientOf(url);
  expectValue(await ask(client));
  expectValue(await ask(client));
  expect(seen.sockets.size).toBe(2);
});

test('nothing listens ⇒ unavailable ECONNREFUSED', async () => {
  const server = createServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  expectError(await ask(clientOf(url)), 'unavailable', 'ECONNREFUSED');
});

test.for([
  [401, 'denied', 'Unauthorized'],
  [403, 'denied', 'Forbidden'],
  [404, 'invalid', 'HTTP404'],
  [301, 'invalid', 'HTTP301'],
  [429, 'unavailable', 'HTTP429'],
  [500, 'unavailable', 'HTTP500'],
  [503, 'unavailable', 'HTTP503'],
] as const)('status %d ⇒ %s %s', async ([status, code, reason]) => {
  const {url} = await answering((response) => response.writeHead(status).end('what the server says'));
  const error = expectError(await ask(clientOf(url, 'token-1')), code, reason);
  expect(error.message).not.toContain('what the server says');
});

test('the server asks to wait ⇒ how long is handed on', async () => {
  const {url} = await answering((response) => response.writeHead(429, {'retry-after': '7'}).end());
  expect(expectError(await ask(clientOf(url)), 'unavailable').retryAfterMs).toBe(7_000);
});

test('a page that breaks off, with its length or in chunks ⇒ unavailable, no evidence', async () => {
  for (const headers of [{'content-length': page.length}, {'transfer-encoding': 'chunked'}]) {
    const {url} = await answering((response) => {
      response.writeHead(200, headers);
      response.write(page.subarray(0, page.length - 10), () => response.socket?.destroy());
    });
    expectError(await ask(clientOf(url)), 'unavailable');
  }
});

test('a page with a wanted line that cannot be read ⇒ invalid', async () => {
  const {url} = await answering((response) => response.end('process_start_time_seconds now\n'));
  expectError(await ask(clientOf(url)), 'invalid', 'Malformed');
});

test('a page without an end ⇒ invalid, the connection is given up', async () => {
  const {url} = await answering((response) => {
    const piece = `# ${'x'.repeat(1024 * 1024)}\n`;
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', write);
    write();
  });
  expectError(await ask(clientOf(url)), 'invalid', 'TooLarge');
});

test('something else than HTTP answers ⇒ unavailable', async () => {
  const url = await listen(createPlainServer((socket) => socket.end('SSH-2.0-nothing\r\n')));
  expectError(await ask(clientOf(url)), 'unavailable');
});

test('credentials that cannot be read ⇒ denied with the errno', async () => {
  const client = createServerPorts({
    credentials: {
      read: async () => {
        readFileSync('/nowhere/kubeconfig');
        throw new Error('unreachable');
      },
    },
    hostName: 'control-plane-1',
    root: '/nowhere',
    userAgent: 'agent/1',
  });
  expectError(await ask(client), 'denied', 'ENOENT');
  await client.close();
});

test('a host name that cannot be one ⇒ RangeError at once', () => {
  const credentials = {read: async () => ({credentials: {server: 'http://127.0.0.1', insecure: false}, files: []})};
  expect(() => createServerPorts({credentials, hostName: '', root: '/', userAgent: 'agent/1'})).toThrow(RangeError);
});

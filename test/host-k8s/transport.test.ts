// The transport against a TLS server of our own: connections, retries, time-outs, credentials.

import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:tls';
import {inspect} from 'node:util';
import {
  type ApiTransport,
  createApiTransport,
  createStorePorts,
  kubeconfigCredentials,
} from '@etcd-encryption/host-k8s';
import {afterEach, describe, expect, it} from 'vitest';
import {type FakeServer, startFakeServer, status} from './fake-server.ts';
import {makeCertificate} from './self-signed.ts';

const userAgent = 'etcd-encryption-manager/0.1.0 (rotation)';
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function begin(options: {readonly http1?: boolean} = {}): Promise<{
  server: FakeServer;
  transport: ApiTransport;
  slept: number[];
  files: ReturnType<FakeServer['kubeconfig']>;
}> {
  const server = await startFakeServer(options);
  const files = server.kubeconfig();
  const slept: number[] = [];
  const transport = createApiTransport({
    credentials: kubeconfigCredentials({path: files.path}),
    userAgent,
    random: () => 0.5,
    sleep: async (ms) => void slept.push(ms),
  });
  ends.push(server.close, transport.close);
  return {server, transport, slept, files};
}

const get = (transport: ApiTransport, path = '/api') => transport.request({method: 'GET', path});

describe('connections', () => {
  it('200 reads in sequence ⇒ one TLS connection', async () => {
    const {server, transport} = await begin();
    for (let index = 0; index < 200; index++) expect(await get(transport)).toMatchObject({status: 200});
    expect(server.seen).toHaveLength(200);
    expect(server.connections()).toBe(1);
  });

  it('64 reads at once, from the first on ⇒ at most two TLS connections, all under way together', async () => {
    const {server, transport} = await begin();
    server.answer(() => ({delayMs: 100}));
    const answers = await Promise.all(Array.from({length: 64}, () => get(transport)));
    expect(answers.every((answer) => answer.outcome === 'answered')).toBe(true);
    expect(server.connections()).toBeLessThanOrEqual(2);
    expect(server.peak()).toBe(64);
  });

  it('64 writes at once ⇒ they go together too', async () => {
    const {server, transport} = await begin();
    server.answer(() => ({delayMs: 100}));
    const patch = {
      method: 'PATCH',
      path: '/api/v1/x',
      contentType: 'application/merge-patch+json',
      body: '{}',
    } as const;
    await Promise.all(Array.from({length: 64}, () => transport.request(patch)));
    expect(server.connections()).toBeLessThanOrEqual(2);
    expect(server.peak()).toBe(64);
  });

  it('a server of HTTP/1.1 only ⇒ at most eight connections, reused', async () => {
    const {server, transport} = await begin({http1: true});
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({length: 64}, () => get(transport)));
    expect(server.seen).toHaveLength(192);
    expect(server.connections()).toBeLessThanOrEqual(8);
  });

  it('the server cuts the connection ⇒ the next read opens one new one', async () => {
    const {server, transport} = await begin();
    await get(transport);
    server.answer((_, count) => (count === 2 ? {fault: 'drop'} : {}));
    expect(await get(transport)).toMatchObject({status: 200});
    expect(server.connections()).toBe(2);
  });

  it('every request ⇒ names the release and the rotation, and carries the token', async () => {
    const {server, transport} = await begin();
    await get(transport);
    expect(server.seen[0]?.headers).toMatchObject({'user-agent': userAgent, authorization: 'Bearer first'});
  });
});

describe('reads', () => {
  it('429 with Retry-After ⇒ waits as long as asked, then tries again', async () => {
    const {server, transport, slept} = await begin();
    server.answer((_, count) => (count < 3 ? {status: 429, headers: {'retry-after': '2'}} : {}));
    expect(await get(transport)).toMatchObject({status: 200});
    expect(slept).toEqual([2_000, 2_000]);
  });

  it('429 with a long Retry-After ⇒ given to the caller instead of waited for', async () => {
    const {server, transport, slept} = await begin();
    server.answer(() => ({status: 429, headers: {'retry-after': '60'}}));
    expect(await get(transport)).toMatchObject({status: 429, retryAfterMs: 60_000});
    expect(slept).toEqual([]);
  });

  it.each([500, 502, 503, 504])('%i for ever ⇒ four attempts with growing pauses, then the answer', async (code) => {
    const {server, transport, slept} = await begin();
    server.answer(() => ({status: code}));
    expect(await get(transport)).toMatchObject({status: code});
    expect(server.seen).toHaveLength(4);
    expect(slept).toEqual([250, 500, 1_000]);
  });

  it.each([
    [
      'InternalError',
      'Internal error occurred: StorageError: corrupt object, Code: 7, Key: /secrets/a/b, not transformable',
    ],
    ['StorageReadError', 'failed to read one or more secrets from the storage: StorageError: corrupt object'],
    ['InternalError', 'Internal error occurred: unable to transform key "/registry/secrets/a/b": no match'],
  ])('a stored value that cannot be opened (%s: %s) ⇒ asked once', async (reason, message) => {
    const {server, transport} = await begin();
    server.answer(() => status(500, reason, message));
    await get(transport);
    expect(server.seen).toHaveLength(1);
  });

  it.each(['reset', 'drop'] as const)('%s of the connection twice ⇒ tried again until answered', async (fault) => {
    const {server, transport} = await begin();
    server.answer((_, count) => (count <= 2 ? {fault} : {}));
    expect(await get(transport)).toMatchObject({status: 200});
    expect(server.seen).toHaveLength(3);
  });

  it.each([400, 401, 403, 404, 409, 410, 422])('%i ⇒ the answer at once', async (code) => {
    const {server, transport, slept} = await begin();
    server.answer(() => ({status: code}));
    expect(await get(transport)).toMatchObject({status: code});
    expect(server.seen).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  it('nobody listens ⇒ failed and surely not sent, after four attempts', async () => {
    const {server, transport, slept} = await begin();
    await server.close();
    expect(await get(transport)).toMatchObject({outcome: 'failed', sent: false, reason: 'ECONNREFUSED'});
    expect(slept).toHaveLength(3);
  });
});

describe('writes', () => {
  const post = {method: 'POST', path: '/api/v1/x', body: '{"secret":"hunter2"}'} as const;

  it.each([429, 500, 503])('%i ⇒ sent once', async (code) => {
    const {server, transport} = await begin();
    server.answer(() => ({status: code}));
    expect(await transport.request(post)).toMatchObject({status: code});
    expect(server.seen).toHaveLength(1);
  });

  it.each(['reset', 'drop'] as const)('%s after it was sent ⇒ failed, maybe done, sent once', async (fault) => {
    const {server, transport} = await begin();
    server.answer(() => ({fault}));
    const answer = await transport.request(post);
    expect(answer).toMatchObject({outcome: 'failed', sent: true});
    expect(inspect(answer)).not.toContain('hunter2');
    expect(server.seen).toHaveLength(1);
  });

  it('silence ⇒ failed after its own time-out, maybe done', async () => {
    const {server, transport} = await begin();
    server.answer(() => ({fault: 'silence'}));
    const answer = await transport.request({...post, timeoutMs: 200});
    expect(answer).toMatchObject({outcome: 'failed', sent: true, reason: 'ETIMEDOUT'});
  });

  it('the server sends every request away unread (RFC 9113 §6.8) ⇒ failed and surely not done', async () => {
    const certificate = makeCertificate('refusing');
    const frame = (type: number, payload: readonly number[]) =>
      Buffer.from([0, 0, payload.length, type, 0, 0, 0, 0, 0, ...payload]);
    const [settings, goAway] = [frame(4, []), frame(7, [0, 0, 0, 0, 0, 0, 0, 0])];
    let connections = 0;
    const refusing = createServer({...certificate, ALPNProtocols: ['h2']}, (socket) => {
      connections++;
      socket.write(settings);
      socket.on('error', () => undefined);
      // A HEADERS frame asks for something; the preface and settings before it do not.
      socket.on('data', (data) => (data.includes('/api/v1/x') || data.length > 60 ? socket.write(goAway) : undefined));
    });
    await new Promise<void>((listening) => refusing.listen(0, '127.0.0.1', listening));
    ends.push(async () => void refusing.close());
    const {files, transport} = await begin();
    writeFileSync(files.caPath, certificate.cert);
    const {port} = refusing.address() as AddressInfo;
    const config = readFileSync(files.path, 'utf8').replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
    writeFileSync(files.path, config);
    expect(await transport.request(post)).toMatchObject({outcome: 'failed', sent: false, reason: 'GOAWAY'});
    expect(connections).toBeGreaterThan(1);
  });

  it('nobody listens ⇒ failed and surely not done', async () => {
    const {server, transport} = await begin();
    await server.close();
    expect(await transport.request(post)).toMatchObject({outcome: 'failed', sent: false});
  });

  it('a server with another certificate ⇒ failed and surely not done', async () => {
    const {server, transport, files} = await begin();
    writeFileSync(files.caPath, (await begin()).server.certificate.cert);
    expect(await transport.request(post)).toMatchObject({outcome: 'failed', sent: false});
    expect(server.seen).toEqual([]);
  });

  it('closed ⇒ failed and surely not done', async () => {
    const {server, transport} = await begin();
    await transport.close();
    expect(await transport.request(post)).toMatchObject({outcome: 'failed', sent: false, reason: 'closed'});
    expect(server.seen).toEqual([]);
  });
});

describe('credentials', () => {
  const checkPeriodMs = 1_050;
  const later = () => new Promise((wake) => setTimeout(wake, checkPeriodMs));

  it('the token file is replaced ⇒ the new token over the same connection', async () => {
    const {server, transport, files} = await begin();
    await get(transport);
    writeFileSync(`${files.tokenPath}.new`, 'second');
    renameSync(`${files.tokenPath}.new`, files.tokenPath);
    await later();
    await get(transport);
    expect(server.seen.map(({headers}) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    expect(server.connections()).toBe(1);
  });

  it('401 and the token has changed ⇒ sent again with the new one, even a write', async () => {
    const {server, transport, files} = await begin();
    await get(transport);
    writeFileSync(files.tokenPath, 'second');
    server.answer(({headers}) => ({status: headers.authorization === 'Bearer second' ? 201 : 401}));
    const answer = await transport.request({method: 'POST', path: '/api/v1/x', body: '{}'});
    expect(answer).toMatchObject({status: 201});
  });

  it('401 and the token is the same ⇒ the answer, sent once', async () => {
    const {server, transport} = await begin();
    server.answer(() => ({status: 401}));
    expect(await transport.request({method: 'POST', path: '/api/v1/x', body: '{}'})).toMatchObject({status: 401});
    expect(server.seen).toHaveLength(1);
  });

  it('the CA file is replaced ⇒ a new connection that trusts it', async () => {
    const {server, transport, files} = await begin();
    const good = server.certificate.cert;
    writeFileSync(files.caPath, (await begin()).server.certificate.cert);
    expect(await transport.request({method: 'POST', path: '/x', body: '{}'})).toMatchObject({outcome: 'failed'});
    writeFileSync(files.caPath, good);
    await later();
    expect(await get(transport)).toMatchObject({status: 200});
  });

  it('the files cannot be read for a while ⇒ the old credentials go on', async () => {
    const {transport, files} = await begin();
    await get(transport);
    renameSync(files.tokenPath, `${files.tokenPath}.away`);
    await later();
    expect(await get(transport)).toMatchObject({status: 200});
  });

  it('there never were any ⇒ failed, with the reason', async () => {
    const client = createStorePorts({kubeconfig: '/no/such/kubeconfig', userAgent});
    ends.push(client.close);
    const answer = await client.transport.request({method: 'GET', path: '/api'});
    expect(answer).toMatchObject({outcome: 'failed', sent: false, reason: 'credentials'});
    expect(answer).toHaveProperty('message', expect.stringContaining('ENOENT'));
  });

  it('printed ⇒ no token in it', async () => {
    const {transport} = await begin();
    await get(transport);
    expect(inspect(transport, {depth: 9})).not.toContain('first');
  });
});

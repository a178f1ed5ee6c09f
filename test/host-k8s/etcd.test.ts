// The etcd ports against a server that answers in every way gRPC allows, and in some that it does not.

import {createServer, type Http2Server, type ServerHttp2Stream} from 'node:http2';
import type {AddressInfo} from 'node:net';
import {createEtcdPorts, type EtcdClient} from '@etcd-encryption/host-k8s';
import {afterEach, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';
import {bytesField, integerField, message} from './protobuf.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Answer = (stream: ServerHttp2Stream, request: Buffer, count: number) => void;

async function serve(
  answer: Answer,
): Promise<{url: string; server: Http2Server; seen: {requests: number; sessions: number}}> {
  const seen = {requests: 0, sessions: 0};
  const server = createServer();
  server.on('session', (session) => {
    seen.sessions += 1;
    closing.push(() => session.destroy());
  });
  server.on('stream', (stream) => {
    const pieces: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      seen.requests += 1;
      answer(stream, Buffer.concat(pieces), seen.requests);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen};
}

function clientOf(url: string | readonly string[], maxAnswerBytes?: number): EtcdClient {
  const client = createEtcdPorts({url, ...(maxAnswerBytes === undefined ? {} : {maxAnswerBytes})});
  closing.push(client.close);
  return client;
}

const scan = (client: EtcdClient, limit = 10) => client.ports['etcd.scan']({prefix: '/a', limit, headBytes: 4});

/** The headers, a framed message, and the trailers. */
function reply(stream: ServerHttp2Stream, body: Uint8Array, trailers: Record<string, string> = {'grpc-status': '0'}) {
  stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(frame(body));
}

function frame(body: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

const refuse = (stream: ServerHttp2Stream, status: number, words: string): void =>
  stream.respond({':status': 200, 'grpc-status': String(status), 'grpc-message': words}, {endStream: true});

function rangeResponse(count: number, valueBytes: number): Uint8Array {
  const value = bytesField(5, new Uint8Array(valueBytes));
  const entries = Array.from({length: count}, (_, index) =>
    bytesField(2, message(bytesField(1, `/a/${index}`), integerField(3, index + 1), value)),
  );
  return message(bytesField(1, integerField(3, 9)), ...entries);
}

test('an answer ⇒ entries with cut heads, on one connection for many questions', async () => {
  const {url, seen} = await serve((stream) => reply(stream, rangeResponse(2, 100)));
  const client = clientOf(url);
  for (let times = 0; times < 5; times++) {
    const page = expectValue(await scan(client));
    expect(page.entries.map(({key, size, head}) => [key, size, head.length])).toEqual([
      ['/a/0', 100, 4],
      ['/a/1', 100, 4],
    ]);
  }
  expect([seen.requests, seen.sessions]).toEqual([5, 1]);
});

test.for([
  [7, 'permission denied', 'denied', 'GRPC7'],
  [16, 'invalid auth token', 'denied', 'GRPC16'],
  [14, 'etcdserver: no leader', 'unavailable', 'GRPC14'],
  [4, 'deadline exceeded', 'unavailable', 'GRPC4'],
  [13, 'internal', 'unavailable', 'GRPC13'],
] as const)('gRPC status %d (%s) ⇒ %s', async ([status, message, code, reason]) => {
  const {url} = await serve((stream) => refuse(stream, status, message));
  expect(expectError(await scan(clientOf(url)), code, reason).message).toContain(message);
});

test.for([
  ['etcdserver: mvcc: required revision has been compacted', true],
  ['etcdserver: mvcc: required revision is a future revision', false],
] as const)('OUT_OF_RANGE "%s" ⇒ compacted: %s', async ([message, compacted]) => {
  const {url} = await serve((stream) => refuse(stream, 11, encodeURIComponent(message)));
  expect(expectValue(await clientOf(url).ports['etcd.isCompacted']({revision: 5}))).toBe(compacted);
});

test('OUT_OF_RANGE for a reason that we do not know ⇒ no answer to the question', async () => {
  const {url} = await serve((stream) => refuse(stream, 11, 'something else'));
  expectError(await clientOf(url).ports['etcd.isCompacted']({revision: 5}), 'unavailable', 'GRPC11');
});

test('the server finds the answer too large ⇒ fewer keys are asked for', async () => {
  const limits: number[] = [];
  const {url} = await serve((stream, request) => {
    const limit = limitOf(request);
    limits.push(limit);
    if (limit > 3) refuse(stream, 8, 'received message larger than max');
    else reply(stream, rangeResponse(limit, 10));
  });
  const client = clientOf(url);
  expect(expectValue(await scan(client, 10)).entries).toHaveLength(3);
  expectValue(await scan(client, 10));
  expect(limits).toEqual([10, 5, 3, 6, 3]);
});

test('an answer larger than we take ⇒ cancelled and asked for smaller; one key is taken whole', async () => {
  const {url} = await serve((stream, request) => reply(stream, rangeResponse(limitOf(request), 10_000)));
  const small = clientOf(url, 25_000);
  expect(expectValue(await scan(small, 8)).entries).toHaveLength(2);
  expect(expectValue(await scan(clientOf(url, 5_000), 8)).entries).toHaveLength(1);
});

test.for<[string, Answer]>([
  ['HTTP 404', (stream) => stream.respond({':status': 404}, {endStream: true})],
  ['no status at all', (stream) => stream.respond({':status': 200}, {endStream: true})],
  ['a frame that is cut', (stream) => sendRaw(stream, frame(rangeResponse(1, 10)).subarray(0, 12))],
  [
    'a compressed frame',
    (stream) => sendRaw(stream, Buffer.concat([Buffer.of(1), frame(rangeResponse(1, 10)).subarray(1)])),
  ],
  ['no frame', (stream) => sendRaw(stream, Buffer.alloc(0))],
  ['no protobuf', (stream) => reply(stream, Buffer.from('ffffffffffffffffffff', 'hex'))],
  ['a reset', (stream) => stream.close(2)],
])('%s ⇒ unavailable', async ([, answer]) => {
  const {url} = await serve(answer);
  expectError(await scan(clientOf(url)), 'unavailable');
});

function sendRaw(stream: ServerHttp2Stream, bytes: Buffer): void {
  stream.respond({':status': 200}, {waitForTrailers: true});
  stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
  stream.end(bytes);
}

test('the connection dies while asking ⇒ asked again on a new one', async () => {
  const {url, seen} = await serve((stream, _, count) => {
    if (count === 1) stream.session?.destroy();
    else reply(stream, rangeResponse(1, 10));
  });
  expectValue(await scan(clientOf(url)));
  expect(seen.sessions).toBe(2);
});

test('the server sends GOAWAY ⇒ the next question has a new connection', async () => {
  const {url, seen} = await serve((stream) => {
    reply(stream, rangeResponse(1, 10));
    stream.session?.goaway(0);
  });
  const client = clientOf(url);
  for (let times = 0; times < 3; times++) expectValue(await scan(client));
  expect(seen.sessions).toBeGreaterThan(1);
});

test('one member has no leader ⇒ the other is asked, and first from then on', async () => {
  const lonely = await serve((stream) => refuse(stream, 14, 'no leader'));
  const good = await serve((stream) => reply(stream, rangeResponse(1, 10)));
  const client = clientOf([lonely.url, good.url]);
  for (let times = 0; times < 5; times++) expectValue(await scan(client));
  expect(good.seen.requests).toBe(5);
  expect(lonely.seen.requests).toBeLessThanOrEqual(2);
});

test('nothing listens on any endpoint ⇒ unavailable ECONNREFUSED', async () => {
  expectError(await scan(clientOf(['http://127.0.0.1:1', 'http://127.0.0.1:2'])), 'unavailable', 'ECONNREFUSED');
});

test('no endpoint ⇒ TypeError at once', () => {
  expect(() => createEtcdPorts({url: []})).toThrow(TypeError);
});

/** Field 3 of a range request, which for these tests is one byte long. */
function limitOf(request: Buffer): number {
  const at = request.lastIndexOf(0x18);
  return request[at + 1] ?? 0;
}

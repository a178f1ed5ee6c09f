// Unary gRPC calls over node:http2 (gRPC over HTTP/2, PROTOCOL-HTTP2): one connection per endpoint, kept while it lives,
// and the next endpoint when one cannot be reached. Calls only read, so a failed one may always be made again.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import {errnoOf} from './errno.ts';
import {etcdConnectTimeoutMs, etcdRequestTimeoutMs, etcdWindowBytes} from './limits.ts';

/** PEM texts. */
export interface GrpcTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface GrpcOptions {
  /** `http://` or `https://` each; tried in this order, the one that answered last first. */
  readonly endpoints: readonly string[];
  /** Read again for each new connection, since certificates are renewed. */
  readonly tls?: () => Promise<GrpcTls>;
}

export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  readonly maxAnswerBytes: number;
}

export type GrpcAnswer =
  | {readonly outcome: 'answered'; readonly message: Uint8Array}
  /** The server's own word: a gRPC status other than 0. */
  | {readonly outcome: 'refused'; readonly status: number; readonly message: string}
  /** The answer is larger than asked for; the call was cancelled. */
  | {readonly outcome: 'too-large'; readonly bytes: number}
  /** No answer: an errno, a TLS code, `TIMEOUT`, `HTTP<status>` or `MALFORMED`. */
  | {readonly outcome: 'failed'; readonly reason: string};

export interface GrpcClient {
  /** Never rejects. */
  readonly call: (call: GrpcCall) => Promise<GrpcAnswer>;
  readonly close: () => Promise<void>;
}

/** Five bytes in front of each message: a flag for compression and the length (PROTOCOL-HTTP2 "Length-Prefixed-Message"). */
const frameHeader = 5;

/** @throws TypeError without an endpoint */
export function createGrpcClient(options: GrpcOptions): GrpcClient {
  if (options.endpoints.length === 0) throw new TypeError('endpoints: expected at least one');
  const connections = new Map<string, Promise<ClientHttp2Session>>();
  let preferred = 0;

  const connectionOf = (endpoint: string): Promise<ClientHttp2Session> => {
    const present = connections.get(endpoint);
    if (present !== undefined) return present;
    const opening = openConnection(endpoint, options.tls);
    connections.set(endpoint, opening);
    const forget = (): void => {
      if (connections.get(endpoint) === opening) connections.delete(endpoint);
    };
    opening.then((connection) => connection.once('close', forget).once('goaway', forget), forget);
    return opening;
  };

  const callOne = async (endpoint: string, call: GrpcCall): Promise<GrpcAnswer> => {
    let connection: ClientHttp2Session;
    try {
      connection = await connectionOf(endpoint);
    } catch (error) {
      return {outcome: 'failed', reason: reasonOf(error)};
    }
    const answer = await exchange(connection, call);
    // A connection that does not answer is not kept: the next call opens a new one.
    if (answer.outcome === 'failed') {
      connections.delete(endpoint);
      connection.destroy();
    }
    return answer;
  };

  const call = async (wanted: GrpcCall): Promise<GrpcAnswer> => {
    let answer: GrpcAnswer = {outcome: 'failed', reason: 'UNKNOWN'};
    // Once more than there are endpoints: the first may be a kept connection that has died meanwhile.
    for (let tries = 0; tries <= options.endpoints.length; tries++) {
      const endpoint = options.endpoints[preferred] ?? '';
      const kept = connections.has(endpoint);
      answer = await callOne(endpoint, wanted);
      if (!worthAnotherEndpoint(answer)) return answer;
      if (!kept) preferred = (preferred + 1) % options.endpoints.length;
    }
    return answer;
  };

  const close = async (): Promise<void> => {
    const open = await Promise.allSettled(connections.values());
    for (const each of open) if (each.status === 'fulfilled') each.value.destroy();
    connections.clear();
  };
  return {call, close};
}

/** UNAVAILABLE is a member without a leader or one that is stopping; another member may do better. */
const unavailable = 14;
const worthAnotherEndpoint = (answer: GrpcAnswer): boolean =>
  answer.outcome === 'failed' || (answer.outcome === 'refused' && answer.status === unavailable);

async function openConnection(endpoint: string, tls: GrpcOptions['tls']): Promise<ClientHttp2Session> {
  const material = endpoint.startsWith('https:') ? await tls?.() : undefined;
  const connection = connect(endpoint, {
    ...material,
    settings: {enablePush: false, initialWindowSize: etcdWindowBytes},
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new ConnectTimeout()), etcdConnectTimeoutMs);
      connection.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      connection.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
    });
  } catch (error) {
    connection.destroy();
    throw error;
  }
  // A later error ends the calls of the connection, which say so themselves.
  connection.on('error', () => undefined);
  connection.setLocalWindowSize(etcdWindowBytes * 2);
  connection.unref();
  return connection;
}

class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
}

function exchange(connection: ClientHttp2Session, call: GrpcCall): Promise<GrpcAnswer> {
  return new Promise((resolve) => {
    let stream: ClientHttp2Stream;
    try {
      stream = connection.request(requestHeaders(call.path));
    } catch (error) {
      resolve({outcome: 'failed', reason: reasonOf(error)});
      return;
    }
    const timer = setTimeout(() => finish({outcome: 'failed', reason: 'TIMEOUT'}), etcdRequestTimeoutMs);
    connection.ref();
    let finished = false;
    const finish = (answer: GrpcAnswer): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      connection.unref();
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
      resolve(answer);
    };
    collectAnswer(stream, call.maxAnswerBytes, finish);
    stream.end(frame(call.message));
  });
}

function collectAnswer(stream: ClientHttp2Stream, maxBytes: number, finish: (answer: GrpcAnswer) => void): void {
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let size = 0;
  const pieces: Buffer[] = [];
  stream.on('response', (headers) => {
    head = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    const announced = announcedLength(pieces);
    if (announced > maxBytes || size > maxBytes + frameHeader) {
      finish({outcome: 'too-large', bytes: Math.max(announced, size)});
    }
  });
  stream.on('error', (error) => finish({outcome: 'failed', reason: reasonOf(error)}));
  stream.on('end', () => finish(answerOf(head, trailers, pieces)));
  // After an end there is nothing to add; without one the connection broke.
  stream.on('close', () => finish({outcome: 'failed', reason: 'ECONNRESET'}));
}

function answerOf(head: IncomingHttpHeaders, trailers: IncomingHttpHeaders, pieces: readonly Buffer[]): GrpcAnswer {
  if (Number(head[':status']) !== 200) return {outcome: 'failed', reason: `HTTP${head[':status'] ?? 0}`};
  // An answer without a message has its status in the headers ("Trailers-Only").
  const fields = trailers['grpc-status'] === undefined ? head : trailers;
  const status = Number(fields['grpc-status'] ?? Number.NaN);
  if (!Number.isInteger(status)) return {outcome: 'failed', reason: 'MALFORMED'};
  if (status !== 0) return {outcome: 'refused', status, message: decodeMessage(String(fields['grpc-message'] ?? ''))};
  const body = Buffer.concat(pieces);
  const whole = body.length >= frameHeader && body[0] === 0 && body.readUInt32BE(1) === body.length - frameHeader;
  return whole ? {outcome: 'answered', message: body.subarray(frameHeader)} : {outcome: 'failed', reason: 'MALFORMED'};
}

const requestHeaders = (path: string) => ({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: path,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  [constants.HTTP2_HEADER_TE]: 'trailers',
  'grpc-timeout': `${etcdRequestTimeoutMs}m`,
});

function frame(message: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(frameHeader + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, frameHeader);
  return framed;
}

/** The length that the first five bytes promise; 0 until they are there. */
function announcedLength(pieces: readonly Buffer[]): number {
  const [first] = pieces;
  if (first !== undefined && first.length >= frameHeader) return first.readUInt32BE(1);
  const start = Buffer.concat(pieces.slice(0, frameHeader));
  return start.length >= frameHeader ? start.readUInt32BE(1) : 0;
}

/** `grpc-message` is percent-encoded. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const reasonOf = (error: unknown): string => errnoOf(error) ?? 'UNKNOWN';

// A TLS server that answers as a test says and counts what comes in. Speaks HTTP/2, or HTTP/1.1 only when asked to.

import {mkdtempSync, writeFileSync} from 'node:fs';
import {createSecureServer, type Http2ServerRequest, type Http2ServerResponse} from 'node:http2';
import {createServer, type Server} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TLSSocket} from 'node:tls';
import {stringify} from 'yaml';
import {type Certificate, makeCertificate} from './self-signed.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `reset` ends the stream without an answer, `silence` never answers, `drop` cuts the connection. */
  readonly fault?: 'reset' | 'silence' | 'drop';
  readonly delayMs?: number;
  /** Sends these texts one by one and, unless `open`, ends. */
  readonly pieces?: readonly string[];
  readonly open?: boolean;
}

export type Answerer = (seen: Seen, count: number) => Reply;

export interface FakeServer {
  readonly url: string;
  readonly certificate: Certificate;
  readonly seen: readonly Seen[];
  readonly connections: () => number;
  /** Highest number of requests at once. */
  readonly peak: () => number;
  readonly answer: (answerer: Answerer) => void;
  /** A kubeconfig for this server, in a folder of its own, with a token file. */
  readonly kubeconfig: (token?: string) => {readonly path: string; readonly tokenPath: string; readonly caPath: string};
  readonly close: () => Promise<void>;
}

export async function startFakeServer(options: {readonly http1?: boolean} = {}): Promise<FakeServer> {
  const certificate = makeCertificate('fake-server');
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let running = 0;
  let peak = 0;
  let answerer: Answerer = () => ({});

  const handle = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    running++;
    peak = Math.max(peak, running);
    response.on('close', () => running--);
    let body = '';
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const {method = '', url: path = '', headers} = request;
      const entry = {method, path, headers, body};
      seen.push(entry);
      const reply = answerer(entry, seen.length);
      setTimeout(() => send(response, reply), reply.delayMs ?? 0);
    });
  };
  const server = options.http1
    ? createServer({...certificate}, handle as unknown as Parameters<typeof createServer>[1])
    : createSecureServer({...certificate}, handle);
  server.on('secureConnection', (socket: TLSSocket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => (server as Server).listen(0, '127.0.0.1', listening));
  const {port} = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  return {
    url,
    certificate,
    seen,
    connections: () => connections,
    peak: () => peak,
    answer: (next) => {
      answerer = next;
    },
    kubeconfig: (token) => writeKubeconfig(url, certificate.cert, token),
    close: () =>
      new Promise<void>((closed) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => closed());
      }),
  };
}

function send(response: Http2ServerResponse, reply: Reply): void {
  const {status = 200, headers = {}, body = {}, fault, pieces, open} = reply;
  if (fault === 'silence') return;
  if (fault === 'drop') return void (response.stream?.session?.socket ?? response.socket)?.destroy();
  if (fault === 'reset') return void (response.stream ? response.stream.close(2) : response.socket.destroy());
  response.writeHead(status, {'content-type': 'application/json', ...headers});
  if (pieces === undefined) {
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return;
  }
  for (const piece of pieces) response.write(piece);
  if (open !== true) response.end();
}

function writeKubeconfig(server: string, ca: string, token = 'first') {
  const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  const [path, tokenPath, caPath] = [join(folder, 'config'), join(folder, 'token'), join(folder, 'ca.crt')];
  writeFileSync(tokenPath, `${token}\n`);
  writeFileSync(caPath, ca);
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{name: 'c', cluster: {server, 'certificate-authority': 'ca.crt'}}],
    users: [{name: 'u', user: {tokenFile: 'token'}}],
    contexts: [{name: 'here', context: {cluster: 'c', user: 'u'}}],
  };
  writeFileSync(path, stringify(document));
  return {path, tokenPath, caPath};
}

/** A Kubernetes Status. */
export const status = (code: number, reason: string, message: string, more: object = {}): Reply => ({
  status: code,
  body: {kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...more},
});

// One node's own kube-apiserver, asked on the node's address and never through a load balancer: what it has loaded
// (`/metrics`, read as a stream over a connection that is kept) and what the node's manifest says of it.

import {type Answer, failed, type PortError, type Ports} from '@etcd-encryption/rotation';
import {type Dispatcher, Pool} from 'undici';
import {errnoOf} from './errno.ts';
import {createFilesPorts} from './files.ts';
import {type CredentialSource, type Credentials, fingerprintFiles} from './kubeconfig.ts';
import {connectTimeoutMs, keepAliveMs, maxMetricsBytes, metricsDeadlineMs, metricsTimeoutMs} from './limits.ts';
import {readPlatform} from './platform.ts';
import {createEvidenceReader} from './server-evidence.ts';
import {serverIdentity} from './server-identity.ts';
import {isTlsReason} from './tls-reason.ts';

export type ServerPorts = Pick<Ports, Extract<keyof Ports, `server.${string}`>>;

export interface ServerOptions {
  /** Where this node's own server listens and who we are there: `server` is `https://<node address>:<port>`. */
  readonly credentials: CredentialSource;
  /** The node's host name, from which its server's identity follows. */
  readonly hostName: string;
  /** The folder that stands for the node's `/`. */
  readonly root: string;
  readonly userAgent: string;
}

export interface NodeServer {
  readonly ports: ServerPorts;
  readonly close: () => Promise<void>;
}

interface Connection {
  readonly pool: Pool;
  readonly token?: string;
  readonly files: readonly string[];
  readonly fingerprint: string;
}

/**
 * Opens nothing before the first question. The evidence port answers `unavailable` when nothing was proven (reason
 * ECONNREFUSED: nothing listens), and `denied` with the library's code when TLS failed, with `Unauthorized` or
 * `Forbidden` when the server refused us.
 * @throws RangeError if the host name cannot be one
 */
export function createServerPorts(options: ServerOptions): NodeServer {
  serverIdentity(options.hostName);
  const files = createFilesPorts({root: options.root});
  let connection: Connection | undefined;

  const connect = async (): Promise<Connection> => {
    if (connection !== undefined && (await fingerprintFiles(connection.files)) === connection.fingerprint) {
      return connection;
    }
    const {credentials, files: read} = await options.credentials.read();
    const old = connection;
    connection = {
      pool: poolFor(credentials),
      files: read,
      fingerprint: await fingerprintFiles(read),
      ...(credentials.token === undefined ? {} : {token: credentials.token}),
    };
    void old?.pool.close();
    return connection;
  };

  const evidence = async (): Promise<Answer<'server.evidence'>> => {
    let open: Connection;
    try {
      open = await connect();
    } catch (error) {
      const reason = errnoOf(error);
      const message = `the credentials could not be read${reason === undefined ? '' : `: ${reason}`}`;
      return failed('denied', message, {reason: reason ?? 'InvalidCredentials'});
    }
    const first = await askForEvidence(open, options);
    // A kept connection that the server has closed meanwhile says nothing of the server: ask once more on a new one.
    if (first.ok || !closedReasons.has(first.error.reason ?? '')) return first;
    return askForEvidence(open, options);
  };

  return {
    ports: {
      'server.evidence': evidence,
      'server.platform': () => readPlatform(files, options),
    },
    close: async () => {
      await connection?.pool.destroy();
      connection = undefined;
    },
  };
}

const closedReasons: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function poolFor({server, ca, cert, key, serverName, insecure}: Credentials): Pool {
  return new Pool(server, {
    connections: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    headersTimeout: metricsTimeoutMs,
    bodyTimeout: metricsTimeoutMs,
    connect: {
      timeout: connectTimeoutMs,
      rejectUnauthorized: !insecure,
      ...(ca === undefined ? {} : {ca}),
      ...(cert === undefined ? {} : {cert}),
      ...(key === undefined ? {} : {key}),
      ...(serverName === undefined ? {} : {servername: serverName}),
    },
  });
}

async function askForEvidence(
  {pool, token}: Connection,
  {hostName, userAgent}: ServerOptions,
): Promise<Answer<'server.evidence'>> {
  try {
    const answer = await pool.request({
      method: 'GET',
      path: '/metrics',
      signal: AbortSignal.timeout(metricsDeadlineMs),
      headers: {
        accept: 'text/plain;version=0.0.4',
        'user-agent': userAgent,
        ...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
      },
    });
    if (answer.statusCode !== 200) return await refused(answer);
    return await readPage(answer, hostName);
  } catch (error) {
    return {ok: false, error: connectionError(error)};
  }
}

async function readPage(answer: Dispatcher.ResponseData, hostName: string): Promise<Answer<'server.evidence'>> {
  const reader = createEvidenceReader(hostName);
  let size = 0;
  for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > maxMetricsBytes) {
      answer.body.destroy();
      return failed('invalid', `/metrics: expected at most ${maxMetricsBytes} bytes`, {reason: 'TooLarge'});
    }
    reader.push(piece);
  }
  const evidence = reader.end();
  if (evidence === undefined) {
    return failed('invalid', '/metrics: a line that matters could not be read', {reason: 'Malformed'});
  }
  return {ok: true, value: evidence};
}

async function refused(answer: Dispatcher.ResponseData): Promise<Answer<'server.evidence'>> {
  await answer.body.dump();
  const status = answer.statusCode;
  const message = `/metrics: HTTP ${status}`;
  if (status === 401) return failed('denied', message, {reason: 'Unauthorized'});
  if (status === 403) return failed('denied', message, {reason: 'Forbidden'});
  if (status < 500 && status !== 429) return failed('invalid', message, {reason: `HTTP${status}`});
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
  return failed('unavailable', message, {
    reason: `HTTP${status}`,
    ...(seconds >= 0 ? {retryAfterMs: seconds * 1_000} : {}),
  });
}

/** A question never changes anything, so that every failure is `unavailable`, but for a TLS peer that is not ours. */
function connectionError(error: unknown): PortError {
  const late = error instanceof Error && error.name === 'TimeoutError';
  const reason = late ? 'TIMEOUT' : (errnoOf(error) ?? errnoOf(causeOf(error)) ?? 'UNKNOWN');
  const code = isTlsReason(reason) ? 'denied' : 'unavailable';
  return {code, message: `/metrics: ${reason}`, reason};
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

// The connection for the present credentials: pools that are replaced when what TLS rests on changes, and a token that
// is read again when its file changes.

import {Pool} from 'undici';
import {type CredentialSource, type Credentials, fingerprintFiles} from './kubeconfig.ts';
import {
  connectTimeoutMs,
  credentialsCheckMs,
  keepAliveMs,
  maxConcurrentStreams,
  maxConnections,
  maxWatchConnections,
  pingIntervalMs,
} from './limits.ts';

/** Pools made from one reading of the credentials. */
export interface Connection {
  readonly credentials: Credentials;
  readonly files: readonly string[];
  readonly fingerprint: string;
  /** Path of the server's URL, empty for a plain one. */
  readonly prefix: string;
  readonly pool: Pool;
  /** Watches have their own, so that they never take a connection away from requests under HTTP/1.1. */
  readonly watches: Pool;
}

/** Why there is no connection; nothing was sent. */
export interface NoConnection {
  readonly outcome: 'failed';
  readonly sent: false;
  readonly reason: 'closed' | 'credentials';
  readonly message: string;
}

export interface Connections {
  readonly current: () => Promise<Connection | NoConnection>;
  readonly refresh: () => Promise<Connection | NoConnection>;
  readonly closed: () => boolean;
  readonly close: () => Promise<void>;
}

/** Keeps the connection for the present credentials and replaces it when their files change. */
export function createConnections(source: CredentialSource): Connections {
  let connection: Connection | undefined;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | undefined;
  let problem = 'no credentials';
  let isClosed = false;

  const load = async (): Promise<void> => {
    try {
      // Marked before they are read for good: what changes in between is seen as a change at the next look.
      const {files} = await source.read();
      const fingerprint = await fingerprintFiles(files);
      const {credentials} = await source.read();
      const previous = connection;
      const prefix = new URL(credentials.server).pathname.replace(/\/$/, '');
      connection = {...openPools(credentials, previous), credentials, files, fingerprint, prefix};
      if (previous !== undefined && previous.pool !== connection.pool) retire(previous);
    } catch (error) {
      problem = error instanceof Error ? error.message : 'unreadable';
    }
  };
  const check = async (force: boolean): Promise<void> => {
    if (connection === undefined || force || (await fingerprintFiles(connection.files)) !== connection.fingerprint) {
      await load();
    }
    checkedAtMs = performance.now();
    checking = undefined;
  };
  const get = async (force: boolean): Promise<Connection | NoConnection> => {
    if (force || performance.now() - checkedAtMs >= credentialsCheckMs) {
      checking ??= check(force);
      await checking;
    }
    if (isClosed) return {outcome: 'failed', sent: false, reason: 'closed', message: 'the connection was closed'};
    return connection ?? {outcome: 'failed', sent: false, reason: 'credentials', message: problem};
  };
  return {
    current: () => get(false),
    refresh: () => get(true),
    closed: () => isClosed,
    close: async () => {
      isClosed = true;
      await Promise.all([connection?.pool.destroy(), connection?.watches.destroy()]);
    },
  };
}

/** New pools only when what the TLS connection rests on has changed; a new token alone goes over the old ones. */
function openPools(credentials: Credentials, previous: Connection | undefined): Pick<Connection, 'pool' | 'watches'> {
  const tls = ({token: _token, impersonate: _user, ...rest}: Credentials): string => JSON.stringify(rest);
  if (previous !== undefined && tls(previous.credentials) === tls(credentials)) {
    return {pool: previous.pool, watches: previous.watches};
  }
  return {pool: openPool(credentials, maxConnections), watches: openPool(credentials, maxWatchConnections)};
}

function openPool(credentials: Credentials, connections: number): Pool {
  const {ca, cert, key, serverName, insecure} = credentials;
  return new Pool(new URL(credentials.server).origin, {
    connections,
    allowH2: true,
    h2Options: {maxConcurrentStreams, pingInterval: pingIntervalMs},
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
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

/** Requests under way on the old pool end by themselves; watches are cut and come back on the new one. */
function retire(previous: Connection): void {
  previous.pool.close().catch(() => undefined);
  previous.watches.destroy().catch(() => undefined);
}

// One way to the API server for everything we ask of it: connections are reused (HTTP/2 where the server speaks it),
// credentials are read again when their files change, reads are tried again with jitter, writes never. Bodies are
// neither logged nor put into messages.

import {type Dispatcher, errors} from 'undici';
import {type Connection, createConnections} from './connection.ts';
import type {CredentialSource} from './kubeconfig.ts';
import {
  connectTimeoutMs,
  goAwayAttempts,
  maxAnswerBytes,
  maxRetryPauseMs,
  readAttempts,
  requestTimeoutMs,
  retryPauseMs,
  watchIdleMs,
} from './limits.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** One attempt, ms. */
  readonly timeoutMs?: number;
}

export type ApiAnswer =
  | {
      readonly outcome: 'answered';
      readonly status: number;
      readonly contentType: string;
      /** The Retry-After header, ms. */
      readonly retryAfterMs?: number;
      readonly text: string;
    }
  /** `sent`: the request may have reached the server. `reason` is an errno or library code. */
  | {readonly outcome: 'failed'; readonly sent: boolean; readonly reason: string; readonly message: string};

export interface ApiStream {
  /** Why it ended; never rejects. */
  readonly ended: Promise<ApiAnswer>;
  readonly stop: () => void;
}

export interface ApiTransport {
  /** Never rejects. A GET is tried up to four times; anything else once, unless the server surely did not look at it. */
  readonly request: (request: ApiRequest) => Promise<ApiAnswer>;
  /** A GET whose answer of status 200 is handed on piece by piece, for watches. */
  readonly stream: (path: string, accept: string, onText: (text: string) => void) => ApiStream;
  /** Ends open requests and connections. */
  readonly close: () => Promise<void>;
}

export interface TransportOptions {
  readonly credentials: CredentialSource;
  /** `etcd-encryption-manager/<version> (rotation)`, so that an audit rule can know our requests. */
  readonly userAgent: string;
  /** Jitter, 0 to 1; `Math.random` unless a test gives its own. */
  readonly random?: () => number;
  /** Pauses between attempts; a test may shorten them. */
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Opens no connection before the first request. */
export function createApiTransport(options: TransportOptions): ApiTransport {
  const connections = createConnections(options.credentials);
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? ((ms) => new Promise<void>((wake) => setTimeout(wake, ms)));

  const attempt = async (request: ApiRequest): Promise<ApiAnswer> => {
    const connection = await connections.current();
    if ('outcome' in connection) return connection;
    const answer = await exchange(connection, request, options.userAgent);
    if (answer.outcome !== 'answered' || answer.status !== 401) return answer;
    // 401 comes before anything is done, so that even a write may be sent again with a token that is new.
    const fresh = await connections.refresh();
    if ('outcome' in fresh || fresh.credentials.token === connection.credentials.token) return answer;
    return exchange(fresh, request, options.userAgent);
  };

  const request = async (wanted: ApiRequest): Promise<ApiAnswer> => {
    const attempts = wanted.method === 'GET' ? readAttempts : 1;
    for (let tries = 1; ; tries++) {
      const answer = await attempt(wanted);
      if (answer.outcome === 'failed' && answer.reason === goAway && tries < goAwayAttempts) continue;
      if (tries >= attempts || connections.closed() || !worthRetrying(answer)) return answer;
      const asked = answer.outcome === 'answered' ? answer.retryAfterMs : undefined;
      if (asked !== undefined && asked > maxRetryPauseMs) return answer;
      const pause = Math.min(retryPauseMs * 2 ** (tries - 1), maxRetryPauseMs) * (0.5 + random());
      await sleep(Math.max(asked ?? 0, pause));
    }
  };

  const stream = (path: string, accept: string, onText: (text: string) => void): ApiStream => {
    const stopping = new AbortController();
    const wanted: ApiRequest = {method: 'GET', path, accept};
    const run = async (): Promise<ApiAnswer> => {
      const connection = await connections.current();
      if ('outcome' in connection) return connection;
      return exchange(connection, wanted, options.userAgent, {onText, signal: stopping.signal});
    };
    return {ended: run(), stop: () => stopping.abort()};
  };

  return {request, stream, close: connections.close};
}

/**
 * 429 and 5xx may pass by themselves, a lost connection too. A stored value that cannot be opened is a 500 that
 * stays, and asking again makes the server decrypt the whole list again.
 */
function worthRetrying(answer: ApiAnswer): boolean {
  if (answer.outcome === 'failed') return answer.reason !== 'closed' && answer.reason !== 'credentials';
  if (answer.status === 429) return true;
  return answer.status >= 500 && !/transform|corrupt object/.test(answer.text);
}

function headersFor(request: ApiRequest, {credentials}: Connection, userAgent: string): Record<string, string> {
  return {
    'user-agent': userAgent,
    accept: request.accept ?? 'application/json',
    ...(request.body === undefined ? {} : {'content-type': request.contentType ?? 'application/json'}),
    ...(credentials.token === undefined ? {} : {authorization: `Bearer ${credentials.token}`}),
    ...(credentials.impersonate === undefined ? {} : {'impersonate-user': credentials.impersonate}),
  };
}

interface Streaming {
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/** One request, one answer. A time-out before it was sent is surely nothing done; after that nobody knows. */
function exchange(
  connection: Connection,
  request: ApiRequest,
  userAgent: string,
  streaming?: Streaming,
): Promise<ApiAnswer> {
  const headers = headersFor(request, connection, userAgent);
  return new Promise((resolve) => startExchange({connection, request, headers, streaming, resolve}));
}

interface Exchange {
  readonly connection: Connection;
  readonly request: ApiRequest;
  readonly headers: Record<string, string>;
  readonly streaming: Streaming | undefined;
  readonly resolve: (answer: ApiAnswer) => void;
}

function startExchange({connection, request, headers, streaming, resolve}: Exchange): void {
  const limitMs = streaming === undefined ? (request.timeoutMs ?? requestTimeoutMs) : connectTimeoutMs;
  let controller: Dispatcher.DispatchController | undefined;
  let settled = false;
  const settle = (answer: ApiAnswer): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    streaming?.signal.removeEventListener('abort', stop);
    resolve(answer);
  };
  const give = (reason: string, message: string): void => {
    const sent = controller !== undefined;
    settle({outcome: 'failed', sent, reason, message});
    controller?.abort(new Error(reason));
  };
  const stop = (): void => give('closed', 'stopped');
  const timer = setTimeout(() => give('ETIMEDOUT', `no answer within ${limitMs} ms`), limitMs);
  if (streaming?.signal.aborted) stop();
  streaming?.signal.addEventListener('abort', stop, {once: true});

  const answer = collectAnswer(streaming?.onText, settle, give, () => clearTimeout(timer));
  const {method, body} = request;
  const path = connection.prefix + request.path;
  const pool = streaming === undefined ? connection.pool : connection.watches;
  const idle = streaming === undefined ? {} : {bodyTimeout: watchIdleMs};
  try {
    pool.dispatch(
      {method, path, headers, ...(body === undefined ? {} : {body}), ...idle},
      {
        onRequestStart: (started) => {
          if (settled) started.abort(new Error('given up'));
          else controller = started;
        },
        ...answer,
        onResponseError: (_, error) => {
          const refused = isRefusedByGoAway(error);
          if (refused) controller = undefined;
          const reason = refused ? goAway : reasonOf(error);
          give(reason, `connection: ${reason}`);
        },
      },
    );
  } catch (error) {
    give(reasonOf(error), `connection: ${reasonOf(error)}`);
  }
}

/** The answer's half of the handler: collects the text, or hands a good stream's pieces on. */
function collectAnswer(
  onText: ((text: string) => void) | undefined,
  settle: (answer: ApiAnswer) => void,
  give: (reason: string, message: string) => void,
  onStreaming: () => void,
): Required<Pick<Dispatcher.DispatchHandler, 'onResponseStart' | 'onResponseData' | 'onResponseEnd'>> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  let status = 0;
  let contentType = '';
  let retryAfterMs: number | undefined;
  return {
    onResponseStart: (_, code, headers) => {
      status = code;
      contentType = String(headers['content-type'] ?? '');
      retryAfterMs = readRetryAfter(headers['retry-after']);
      if (onText !== undefined && code === 200) onStreaming();
    },
    onResponseData: (_, chunk) => {
      if (onText !== undefined && status === 200) {
        onText(decoder.decode(chunk, {stream: true}));
        return;
      }
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) give('EMSGSIZE', `answer longer than ${maxAnswerBytes} bytes`);
      else text += decoder.decode(chunk, {stream: true});
    },
    onResponseEnd: () => {
      const after = retryAfterMs === undefined ? {} : {retryAfterMs};
      settle({outcome: 'answered', status, contentType, text: text + decoder.decode(), ...after});
    },
  };
}

/** RFC 9110 §10.2.3: seconds or a date. */
function readRetryAfter(value: string | string[] | undefined): number | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

const goAway = 'GOAWAY';

/**
 * RFC 9113 §6.8: a stream above the last one that GOAWAY names was not and will not be looked at. undici sends such a
 * request again by itself, but gives up after a few times; that it says so with these words is held by a test.
 */
function isRefusedByGoAway(error: unknown): boolean {
  return error instanceof errors.InformationalError && error.message.startsWith('HTTP/2: "GOAWAY" frame received');
}

/** errno or library code only: messages of libraries may carry addresses and headers. */
function reasonOf(error: unknown): string {
  const code = (error as {code?: unknown} | undefined)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'Error';
}

// What an answer of the API server means to the engine: HTTP status and Status object to the closed union of ports.ts.

import {failed, type PortError, type PortErrorCode, type Result} from '@etcd-encryption/rotation';
import {maxMessageLength} from './limits.ts';
import type {ApiAnswer} from './transport.ts';

/** `read`: nothing can have happened. `list`: a read whose 410 carries a token. `write`: it may have happened. */
export type Access = 'read' | 'list' | 'write';

/** The fields of a Kubernetes `Status` that we look at. */
interface Status {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly metadata?: {readonly continue?: string};
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {readonly field?: string; readonly reason?: string}[];
  };
}

/** The error of an answer that is no success. */
export function portFailure(answer: ApiAnswer, access: Access): Result<never> {
  if (answer.outcome === 'failed') {
    const code = answer.sent && access === 'write' ? 'ambiguous' : 'unavailable';
    return failed(code, clip(answer.message), {reason: answer.reason});
  }
  const status = readStatus(answer.text);
  const reason = status?.reason;
  const token = access === 'list' && answer.status === 410 ? status?.metadata?.continue : undefined;
  const retryAfterMs = answer.retryAfterMs ?? secondsToMs(status?.details?.retryAfterSeconds);
  const more: Omit<PortError, 'code' | 'message'> = {
    ...(reason === undefined || reason === '' ? {} : {reason}),
    ...(retryAfterMs === undefined ? {} : {retryAfterMs}),
    ...(token === undefined || token === '' ? {} : {continue: token}),
  };
  const message = status?.message ?? `HTTP ${answer.status} without a Status (${answer.contentType || 'no type'})`;
  return failed(codeOf(answer.status, status, access), clip(message), more);
}

function codeOf(http: number, status: Status | undefined, access: Access): PortErrorCode {
  switch (http) {
    case 401:
    case 403:
      return 'denied';
    case 404:
    case 410:
      return 'gone';
    case 409:
    case 412:
      return 'conflict';
    case 422:
      return isForeignUid(status) ? 'conflict' : 'invalid';
    // 429 and 503 are given before a request is let in.
    case 429:
    case 503:
      return 'unavailable';
    // 408 and 3xx come from something between us and the server.
    case 408:
      return access === 'write' ? 'ambiguous' : 'unavailable';
    default:
      if (http >= 400 && http < 500) return 'invalid';
      return access === 'write' ? 'ambiguous' : 'unavailable';
  }
}

/** A patch with another object's uid is answered as an attempt to change the uid: the object is not the one meant. */
function isForeignUid(status: Status | undefined): boolean {
  const causes = status?.details?.causes ?? [];
  return causes.length > 0 && causes.every(({field}) => field === 'metadata.uid');
}

function readStatus(text: string): Status | undefined {
  try {
    const status = JSON.parse(text) as Status | null;
    return status?.kind === 'Status' ? status : undefined;
  } catch {
    return undefined;
  }
}

const secondsToMs = (seconds: number | undefined): number | undefined =>
  typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined;

/** One line of bounded length. */
function clip(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length <= maxMessageLength ? line : `${line.slice(0, maxMessageLength - 1)}…`;
}

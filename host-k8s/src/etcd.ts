// Raw values of one etcd cluster, read over gRPC with the node's client certificate: pages of keys with the first bytes
// of each value, and whether history up to a revision is gone. Every read is linearizable. Nothing is written.

import {type Answer, type EtcdPage, failed, ok, type Ports, type Result} from '@etcd-encryption/rotation';
import {
  keyBytes,
  keyText,
  prefixEnd,
  type RangeResponse,
  readRangeResponse,
  readStatusResponse,
  type StatusResponse,
  writeRangeRequest,
} from './etcd-messages.ts';
import {createGrpcClient, type GrpcAnswer, type GrpcClient, type GrpcTls} from './grpc.ts';
import {maxEtcdAnswerBytes, maxEtcdPage, maxEtcdValueBytes} from './limits.ts';
import {isTlsReason} from './tls-reason.ts';

export type EtcdPorts = Pick<Ports, Extract<keyof Ports, `etcd.${string}`>>;

export interface EtcdOptions {
  /** One endpoint or several members of the same cluster, `http://` or `https://`. */
  readonly url: string | readonly string[];
  /** PEM texts, or what reads them for each new connection. */
  readonly tls?: GrpcTls | (() => Promise<GrpcTls>);
  /** Largest answer taken before a page is asked for with fewer keys, bytes; a test makes it small. */
  readonly maxAnswerBytes?: number;
}

export interface EtcdClient {
  readonly ports: EtcdPorts;
  /** Version, revision and size of the member that answers. */
  readonly status: () => Promise<Result<StatusResponse>>;
  readonly close: () => Promise<void>;
}

/** Opens nothing before the first question. @throws TypeError without an endpoint */
export function createEtcdPorts({url, tls, maxAnswerBytes}: EtcdOptions): EtcdClient {
  const readTls = typeof tls === 'function' || tls === undefined ? tls : async () => tls;
  const client = createGrpcClient({
    endpoints: typeof url === 'string' ? [url] : url,
    ...(readTls === undefined ? {} : {tls: readTls}),
  });
  const pages = createPages(client, maxAnswerBytes ?? maxEtcdAnswerBytes);
  return {
    ports: {
      'etcd.scan': pages,
      'etcd.isCompacted': ({revision}) => isCompacted(client, revision),
      'etcd.status': () => readStatus(client),
    },
    status: () => readStatus(client),
    close: client.close,
  };
}

const rangePath = '/etcdserverpb.KV/Range';
const statusPath = '/etcdserverpb.Maintenance/Status';
const afterKey = '\0';

/** Reads pages; when values are so large that a page does not fit, the next ones are asked for smaller too. */
function createPages(client: GrpcClient, maxBytes: number): EtcdPorts['etcd.scan'] {
  let fitting = maxEtcdPage;
  return async ({prefix, startKey, limit, headBytes}) => {
    if (!Number.isInteger(limit) || limit < 1) return failed('invalid', `limit: expected 1 or more, got ${limit}`);
    const range = rangeOf(prefix, startKey);
    let size = Math.min(limit, fitting);
    for (;;) {
      const message = writeRangeRequest({...range, limit: size});
      const answer = await client.call({
        path: rangePath,
        message,
        maxAnswerBytes: size === 1 ? Math.max(maxBytes, maxEtcdValueBytes) : maxBytes,
      });
      if (isTooLarge(answer) && size > 1) {
        size = Math.ceil(size / 2);
        fitting = size;
        continue;
      }
      if (answer.outcome !== 'answered') return refusal(answer);
      fitting = Math.min(maxEtcdPage, Math.max(fitting, size * 2));
      return readAnswer(answer.message, (bytes) => pageOf(readRangeResponse(bytes), headBytes));
    }
  };
}

function rangeOf(prefix: string, startKey: string | undefined): {key: Uint8Array; rangeEnd: Uint8Array} {
  const first = keyBytes(prefix);
  const start = startKey === undefined ? first : keyBytes(startKey);
  const from = Buffer.compare(start, first) < 0 ? first : start;
  // etcd takes no empty key: the smallest one is a zero byte.
  return {key: from.length === 0 ? Uint8Array.of(0) : from, rangeEnd: prefixEnd(first)};
}

/** Copies what is kept, so that a page does not hold the whole answer in memory. */
function pageOf(response: RangeResponse, headBytes: number | 'all'): EtcdPage {
  const entries = response.entries.map(({key, value, modRevision}) => ({
    key: keyText(key),
    head: Uint8Array.from(headBytes === 'all' ? value : value.subarray(0, Math.max(headBytes, 0))),
    size: value.length,
    modRevision,
  }));
  const last = entries.at(-1);
  const more = response.more && last !== undefined;
  return {entries, revision: response.revision, ...(more ? {nextKey: last.key + afterKey} : {})};
}

/**
 * Reads at the revision a key that need not exist. etcd still reads at exactly the revision it was compacted at, so that
 * `true` means: compacted at a later one.
 */
async function isCompacted(client: GrpcClient, revision: number): Promise<Answer<'etcd.isCompacted'>> {
  if (!Number.isSafeInteger(revision) || revision < 1) {
    return failed('invalid', `revision: expected a whole number from 1, got ${revision}`);
  }
  const message = writeRangeRequest({key: Uint8Array.of(0), limit: 1, revision});
  const answer = await client.call({path: rangePath, message, maxAnswerBytes: maxEtcdValueBytes});
  if (answer.outcome === 'answered') return ok(false);
  if (answer.outcome !== 'refused' || answer.status !== outOfRange) return refusal(answer);
  if (answer.message.includes('has been compacted')) return ok(true);
  // A revision that is still to come is not compacted; after a restore there may be such.
  return answer.message.includes('future revision') ? ok(false) : refusal(answer);
}

async function readStatus(client: GrpcClient): Promise<Result<StatusResponse>> {
  const message = new Uint8Array(0);
  const answer = await client.call({path: statusPath, message, maxAnswerBytes: maxEtcdAnswerBytes});
  return answer.outcome === 'answered' ? readAnswer(answer.message, readStatusResponse) : refusal(answer);
}

function readAnswer<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T): Result<T> {
  try {
    return ok(read(bytes));
  } catch {
    return failed('unavailable', 'etcd: the answer could not be read', {reason: 'MALFORMED'});
  }
}

// gRPC status codes (google.rpc.Code).
const permissionDenied = 7;
const resourceExhausted = 8;
const outOfRange = 11;
const unauthenticated = 16;

const isTooLarge = (answer: GrpcAnswer): boolean =>
  answer.outcome === 'too-large' || (answer.outcome === 'refused' && answer.status === resourceExhausted);

/** The port error of a call without an answer. Calls only read, so that none is ambiguous. */
function refusal(answer: Exclude<GrpcAnswer, {outcome: 'answered'}>): Result<never> {
  switch (answer.outcome) {
    case 'refused': {
      const denied = answer.status === permissionDenied || answer.status === unauthenticated;
      const reason = `GRPC${answer.status}`;
      return failed(denied ? 'denied' : 'unavailable', `etcd: ${answer.message.slice(0, 200)}`, {reason});
    }
    case 'too-large':
      return failed('invalid', `etcd: one value makes an answer of ${answer.bytes} bytes`, {reason: 'TooLarge'});
    case 'failed':
      return failed(isTlsReason(answer.reason) ? 'denied' : 'unavailable', `etcd: ${answer.reason}`, {
        reason: answer.reason,
      });
    default: {
      const none: never = answer;
      return none;
    }
  }
}

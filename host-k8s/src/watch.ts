// Watches as a doorbell: any event rings, nothing is read from it. Correctness never rests on a ring; the loops read
// everything on their own timers, so a watch that is deaf costs time only.

import type {ResourceType} from '@etcd-encryption/rotation';
import {maxWatchPauseMs, watchPauseMs, watchTimeoutMs} from './limits.ts';
import {metadataAccept, metadataListAccept, resourcePath} from './store.ts';
import type {ApiStream, ApiTransport} from './transport.ts';

export interface WatchTarget {
  readonly resource: ResourceType;
  /** Absent: all namespaces. */
  readonly namespace?: string;
}

export interface WatchOptions {
  readonly transport: ApiTransport;
  readonly targets: readonly WatchTarget[];
  /** May ring for nothing, and at every start of a watch, since what came before it was not seen. */
  readonly onHint: (resource: ResourceType) => void;
  /** Jitter, 0 to 1. */
  readonly random?: () => number;
}

export interface Watch {
  readonly close: () => Promise<void>;
}

/** Watches until closed. A watch that ends early is begun again after 1 s, doubling to 30 s, with jitter. */
export function watchHints(options: WatchOptions): Watch {
  const random = options.random ?? Math.random;
  const closing = new AbortController();
  const loops = options.targets.map((target) => watchOne(target, options, random, closing.signal));
  return {
    close: async () => {
      closing.abort();
      await Promise.all(loops);
    },
  };
}

async function watchOne(
  target: WatchTarget,
  options: WatchOptions,
  random: () => number,
  closing: AbortSignal,
): Promise<void> {
  let pauseMs = watchPauseMs;
  while (!closing.aborted) {
    const begunAtMs = performance.now();
    await watchOnce(target, options, closing);
    if (closing.aborted) return;
    const lasted = performance.now() - begunAtMs >= watchTimeoutMs / 2;
    pauseMs = lasted ? watchPauseMs : Math.min(pauseMs * 2, maxWatchPauseMs);
    await pause(pauseMs * (0.5 + random() / 2), closing);
  }
}

/** From the collection's present revision until the server, the connection or we end it. */
async function watchOnce(
  {resource, namespace}: WatchTarget,
  {transport, onHint}: WatchOptions,
  closing: AbortSignal,
): Promise<void> {
  const path = resourcePath(resource, namespace);
  if (path === undefined) throw new RangeError(`namespace: not a name: ${namespace}`);
  const present = await transport.request({method: 'GET', path: `${path}?limit=1`, accept: metadataListAccept});
  if (closing.aborted) return;
  const revision = present.outcome === 'answered' && present.status === 200 ? revisionIn(present.text) : undefined;
  if (revision === undefined) return;
  onHint(resource);
  const query = new URLSearchParams({
    watch: '1',
    resourceVersion: revision,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(watchTimeoutMs / 1_000),
  });
  let stream: ApiStream | undefined;
  const onEvent = (type: string): void => {
    if (type === 'ERROR') stream?.stop();
    else if (type !== 'BOOKMARK') onHint(resource);
  };
  stream = transport.stream(`${path}?${query}`, metadataAccept, readEventTypes(onEvent));
  const stop = stream.stop;
  closing.addEventListener('abort', stop, {once: true});
  await stream.ended;
  closing.removeEventListener('abort', stop);
}

function revisionIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as {metadata?: {resourceVersion?: string}} | null)?.metadata?.resourceVersion;
  } catch {
    return undefined;
  }
}

/** Characters that hold an event's type: `{"type":"MODIFIED",`. */
const headLength = 24;

/** Finds the type at the head of each line and keeps nothing else, however long the objects are. */
function readEventTypes(onEvent: (type: string) => void): (text: string) => void {
  let head = '';
  return (text) => {
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) head = '';
      const known = head.length >= headLength;
      if (known) continue;
      head += line.slice(0, headLength - head.length);
      const type = head.length < headLength ? undefined : /^\{"type":"([A-Z]+)"/.exec(head)?.[1];
      if (type !== undefined) onEvent(type);
    }
  };
}

function pause(ms: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      closing.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    closing.addEventListener('abort', done, {once: true});
  });
}

// Worker threads over the seeds of a campaign. Each takes the next few seeds when it is done with the last ones; what
// they find is handed on in the order of the seeds, and nobody runs far ahead, so memory stays flat.

import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import {chunksOf, type SeedDigest, type SeedRange} from '@etcd-encryption/host-sim';

export interface PoolOptions {
  readonly range: SeedRange;
  readonly workers: number;
  /** The module that a worker runs: `serveSeeds` with the run of a seed. */
  readonly module: URL;
  readonly signal: AbortSignal;
  /** Called for each seed, in order. */
  readonly take: (digest: SeedDigest) => void;
}

/** Chunks that may wait for the slowest one before them, for each worker. */
const maxAhead = 8;

interface Line {
  /** The next chunk, with its place; `undefined` when all are given out. */
  readonly next: () => {readonly at: number; readonly chunk: SeedRange} | undefined;
  readonly done: (at: number, digests: readonly SeedDigest[]) => void;
  /** Resolves once a chunk is not too far ahead of the slowest. */
  readonly turn: (at: number) => Promise<void>;
  readonly stop: () => void;
}

/**
 * Runs all seeds, or ends early at the signal with what it has.
 * @throws Error if a worker itself fails; a failing seed is a digest like any other
 */
export async function runInWorkers({range, workers, module, signal, take}: PoolOptions): Promise<void> {
  const line = createLine(range, workers, take);
  const threads = Array.from({length: Math.max(1, Math.min(workers, range.count))}, () => new Worker(module));
  const ended = new AbortController();
  const end = (): void => ended.abort();
  let failure: unknown;
  // One may fail while nobody waits for it: that ends the others, and is the error of the whole.
  for (const thread of threads)
    thread.on('error', (error) => {
      failure ??= error;
      end();
    });
  signal.addEventListener('abort', end, {once: true});
  if (signal.aborted) end();
  try {
    await Promise.all(threads.map((thread) => work(thread, line, ended.signal)));
  } catch (error) {
    if (failure !== undefined) throw failure;
    // At the signal every wait ends with an error of its own; that is no failure.
    if (!signal.aborted) throw error;
  } finally {
    line.stop();
    end();
    signal.removeEventListener('abort', end);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

async function work(thread: Worker, line: Line, signal: AbortSignal): Promise<void> {
  for (let task = line.next(); task !== undefined; task = line.next()) {
    await line.turn(task.at);
    signal.throwIfAborted();
    thread.postMessage(task.chunk);
    // A worker that fails emits `error`, which `once` turns into a rejection.
    const [digests] = (await once(thread, 'message', {signal})) as [readonly SeedDigest[]];
    line.done(task.at, digests);
  }
}

function createLine(range: SeedRange, workers: number, take: (digest: SeedDigest) => void): Line {
  const chunks = chunksOf(range);
  const finished = new Map<number, readonly SeedDigest[]>();
  const waiting: {readonly at: number; readonly go: () => void}[] = [];
  let given = 0;
  let taken = 0;
  const mayGo = (at: number): boolean => at < taken + workers * maxAhead;
  const release = (all: boolean): void => {
    for (const {go} of waiting.filter(({at}) => all || mayGo(at))) go();
  };
  return {
    next: () => {
      const {value: chunk} = chunks.next();
      return chunk === undefined ? undefined : {at: given++, chunk};
    },
    done: (at, digests) => {
      finished.set(at, digests);
      for (let next = finished.get(taken); next !== undefined; next = finished.get(taken)) {
        finished.delete(taken);
        taken++;
        for (const digest of next) take(digest);
      }
      release(false);
    },
    turn: async (at) => {
      if (!mayGo(at)) await new Promise<void>((go) => waiting.push({at, go}));
    },
    stop: () => release(true),
  };
}

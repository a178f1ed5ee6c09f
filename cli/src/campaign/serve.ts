// A worker thread of a campaign: it is sent ranges of seeds, runs them and sends back their digests.

import {parentPort} from 'node:worker_threads';
import {digestSeed, type RunSeed, type SeedDigest, type SeedRange} from '@etcd-encryption/host-sim';

/** Answers each range with the digests of its seeds, until the thread is ended from outside. */
export function serveSeeds(run: RunSeed): void {
  const port = parentPort;
  if (port === null) throw new TypeError('parentPort: expected that this runs in a worker thread, got none');
  port.on('message', ({from, count}: SeedRange) => {
    const digests: readonly SeedDigest[] = Array.from({length: count}, (_, index) => digestSeed(from + index, run));
    port.postMessage(digests);
  });
}

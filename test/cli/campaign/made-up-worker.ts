// A worker of a campaign whose runs are made up: later seeds of a chunk are done sooner, some fail, some are vacuous.

import {aimOf} from '@etcd-encryption/host-sim';
import {serveSeeds} from '../../../cli/src/campaign/serve.ts';

serveSeeds((_, seed) => {
  const untilMs = performance.now() + (seed % 24 === 0 ? 20 : 0);
  while (performance.now() < untilMs);
  const aim = aimOf(seed);
  return {
    seed,
    violation:
      seed % 77 === 0
        ? {name: 'S1 readable', cluster: 'east', node: 'e1', key: 'k', explanation: `seed ${seed}`, atMs: 5}
        : undefined,
    strikes: aim === undefined ? [] : [{...aim, cluster: 'east', atMs: 1}],
    missed: seed % 90 === 1 ? [0] : [],
    moments: [],
    rotations: 1,
    unreadable: 0,
    events: 10,
    virtualMs: 100,
    traceHash: (seed * 7_919).toString(16).padStart(16, '0'),
  };
});

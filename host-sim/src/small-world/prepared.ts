// Where the ways of a small world begin: r1 writes everywhere, and in a pair r2 is published and loaded. It is made once
// for each kind of world, by the same programs, one step after another.

import type {Ring} from '@etcd-encryption/rotation';
import {contentOf, type PreparedCluster} from '../rehearsal/prepared.ts';
import type {Cluster} from '../world/cluster.ts';
import type {Actor} from './actor.ts';

/** A world at rest. */
export interface Beginning {
  /** Wall time at which it came to rest, Unix ms. */
  readonly wallMs: number;
  readonly clusters: ReadonlyMap<string, PreparedCluster>;
}

interface Running {
  readonly clusters: readonly Cluster[];
  readonly actors: readonly Actor[];
  readonly ringOf: (cluster: Cluster) => Ring | undefined;
  readonly pass: () => void;
}

/** Most steps of time until a world is at rest, and rounds of all programs in each. */
const maxTicks = 200;
const rounds = 8;

/** @throws RangeError where the world does not come to rest */
export function runToRest({clusters, actors, ringOf, pass}: Running): Beginning {
  for (let tick = 0; tick < maxTicks; tick++) {
    for (let round = 0; round < rounds; round++) for (const actor of actors) actor.go();
    const isOver = actors.every(({pending}) => pending === undefined);
    if (isOver && clusters.every((cluster) => isAtRest(cluster, ringOf(cluster)))) {
      const [first] = clusters;
      return {wallMs: first?.wallMs() ?? 0, clusters: new Map(clusters.map((each) => [each.name, contentOf(each)]))};
    }
    pass();
  }
  throw new RangeError(`small world: expected that it comes to rest in ${maxTicks} steps of time, it did not`);
}

function isAtRest({nodes}: Cluster, ring: Ring | undefined): boolean {
  if (ring === undefined || ring.history.length === 0) return false;
  if (ring.rotation !== undefined || ring.publishing !== undefined || ring.trial !== undefined) return false;
  if (ring.settings.derivation !== undefined && (ring.following?.entries.length ?? 0) < 2) return false;
  const hashes = new Set(
    nodes.map(({file, server}) => (file.state === 'loadable' && file.hash === server?.loadedHash ? file.hash : '')),
  );
  const [only] = hashes;
  const newest = ring.keys[0];
  return hashes.size === 1 && only !== '' && newest !== undefined && nodes.every(({file}) => holds(file, newest.check));
}

const holds = (file: Cluster['nodes'][number]['file'], check: string): boolean =>
  file.state === 'loadable' && [...file.transformers.tags].some((tag) => tag.endsWith(check));

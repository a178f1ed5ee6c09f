// All oracles of one cluster. They watch every event and keep counters, so that nothing is sampled.

import type {Cluster} from '../world/cluster.ts';
import type {Observer} from '../world/observer.ts';
import {watchContent} from './content.ts';
import {watchDropAfterNeed} from './drop-after-need.ts';
import {watchFile} from './file.ts';
import {type NameRegistry, watchNames} from './name.ts';
import {type Finding, watchReadable} from './readable.ts';
import type {InvariantName} from './violation.ts';
import {watchWriteAfterRead} from './write-after-read.ts';

export interface Oracles {
  /** Named exceptions that occurred. */
  readonly findings: readonly Finding[];
}

export const allInvariants: readonly InvariantName[] = [
  'S1 readable',
  'S2 write after read',
  'S3 drop after need',
  'S5 one name, one key',
  'S9 content',
  'S11 file',
];

/** Puts oracles on a cluster; from now on a broken invariant throws `InvariantViolation`. */
export function watchInvariants(
  cluster: Cluster,
  registry: NameRegistry,
  invariants: readonly InvariantName[] = allInvariants,
): Oracles {
  const findings: Finding[] = [];
  for (const invariant of invariants) cluster.observe(oracleOf(invariant, cluster, {registry, findings}));
  return {findings};
}

interface Shared {
  readonly registry: NameRegistry;
  readonly findings: Finding[];
}

function oracleOf(invariant: InvariantName, cluster: Cluster, {registry, findings}: Shared): Observer {
  switch (invariant) {
    case 'S1 readable':
      return watchReadable(cluster, findings);
    case 'S2 write after read':
      return watchWriteAfterRead(cluster);
    case 'S3 drop after need':
      return watchDropAfterNeed(cluster);
    case 'S5 one name, one key':
      return watchNames(cluster, registry);
    case 'S9 content':
      return watchContent(cluster);
    case 'S11 file':
      return watchFile(cluster);
    default:
      return invariant satisfies never;
  }
}

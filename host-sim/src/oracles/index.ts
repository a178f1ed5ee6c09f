// All oracles of one cluster. They watch every event and keep counters, so that nothing is sampled.

import type {Cluster} from '../world/cluster.ts';
import {watchContent} from './content.ts';
import {watchDropAfterNeed} from './drop-after-need.ts';
import {watchFile} from './file.ts';
import {type NameRegistry, watchNames} from './name.ts';
import {type Finding, watchReadable} from './readable.ts';
import {watchWriteAfterRead} from './write-after-read.ts';

export interface Oracles {
  /** Named exceptions that occurred. */
  readonly findings: readonly Finding[];
}

/** Puts every oracle on a cluster; from now on a broken invariant throws `InvariantViolation`. */
export function watchInvariants(cluster: Cluster, registry: NameRegistry): Oracles {
  const findings: Finding[] = [];
  for (const observer of [
    watchReadable(cluster, findings),
    watchWriteAfterRead(cluster),
    watchDropAfterNeed(cluster),
    watchNames(cluster, registry),
    watchContent(cluster),
    watchFile(cluster),
  ]) {
    cluster.observe(observer);
  }
  return {findings};
}

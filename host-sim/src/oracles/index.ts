// All oracles of one cluster. They watch every event and keep counters, so that nothing is sampled.

import type {Cluster} from '../world/cluster.ts';
import type {Observer} from '../world/observer.ts';
import {watchBudget} from './budget.ts';
import {watchContent} from './content.ts';
import {watchDropAfterNeed} from './drop-after-need.ts';
import {watchFile} from './file.ts';
import {watchKnown} from './known.ts';
import {watchLineage} from './lineage.ts';
import {type NameRegistry, watchNames} from './name.ts';
import {watchOneHand} from './one-hand.ts';
import {type OracleOptions, strict} from './options.ts';
import {watchQuietStandby} from './quiet-standby.ts';
import {type Finding, watchReadable} from './readable.ts';
import {watchSecrecy} from './secrecy.ts';
import {watchTrueStatus} from './true-status.ts';
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
  'S4 known',
  'S5 one name, one key',
  'S6 lineage',
  'S7 one hand',
  'S8 true status',
  'S9 content',
  'S10 quiet Standby',
  'S11 file',
  'S12 secrecy',
  'S13 budget',
];

/** Puts oracles on a cluster; from now on a broken invariant throws `InvariantViolation`. */
export function watchInvariants(
  cluster: Cluster,
  registry: NameRegistry,
  {invariants = allInvariants, ...options}: OracleOptions & {readonly invariants?: readonly InvariantName[]} = {},
): Oracles {
  const findings: Finding[] = [];
  const shared = {registry, findings, options: {...strict, ...options}};
  for (const invariant of invariants) cluster.observe(oracleOf(invariant, cluster, shared));
  return {findings};
}

interface Shared {
  readonly registry: NameRegistry;
  readonly findings: Finding[];
  readonly options: Required<OracleOptions>;
}

function oracleOf(invariant: InvariantName, cluster: Cluster, {registry, findings, options}: Shared): Observer {
  switch (invariant) {
    case 'S1 readable':
      return watchReadable(cluster, findings, options);
    case 'S2 write after read':
      return watchWriteAfterRead(cluster);
    case 'S3 drop after need':
      return watchDropAfterNeed(cluster, options);
    case 'S4 known':
      return watchKnown(cluster, options);
    case 'S5 one name, one key':
      return watchNames(cluster, registry);
    case 'S6 lineage':
      return watchLineage(cluster, options);
    case 'S7 one hand':
      return watchOneHand(cluster);
    case 'S8 true status':
      return watchTrueStatus(cluster);
    case 'S9 content':
      return watchContent(cluster);
    case 'S10 quiet Standby':
      return watchQuietStandby(cluster, options);
    case 'S11 file':
      return watchFile(cluster);
    case 'S12 secrecy':
      return watchSecrecy(cluster);
    case 'S13 budget':
      return watchBudget(cluster, options);
    default:
      return invariant satisfies never;
  }
}

// Cuts of a run at its deeds, counted over all programs of both clusters from the moment at which the sieve begins. The
// n-th deed of a run with a cut is the n-th of the reference run as long as nothing was cut before it.

import {failed, type Result} from '@etcd-encryption/rotation';
import type {Decorator} from '../program.ts';
import {isDeed} from '../rehearsal/deeds/programs.ts';
import {staleReader} from '../rehearsal/deeds/stale.ts';
import {agentOf, type ManagedCluster} from '../rehearsal/managed.ts';
import type {Run} from '../rehearsal/run.ts';

export const cutKinds = ['crash before', 'crash after', 'unknown answer', 'stale view', 'missed event'] as const;
export type CutKind = (typeof cutKinds)[number];

export interface SieveCut {
  /** Which deed, from 0. */
  readonly deed: number;
  readonly kind: CutKind;
}

/** A program that was killed begins again after this, and views are stale and ears deaf for so long, ms. */
const restartMs = 3_000;
const blindMs = 20_000;

/** Counts deeds from now on; at each one, `happens` may do something to it. */
export interface DeedCounter {
  readonly count: () => number;
}

export function countDeeds(run: Run, cuts: readonly SieveCut[] = []): DeedCounter {
  let count = 0;
  for (const managed of run.clusters.values()) {
    for (const program of programsOf(managed)) {
      run.simulation.decorate(program, (op, args, next) => {
        if (!isDeed(op, args)) return next();
        const now = cuts.filter(({deed}) => deed === count);
        count++;
        return now.reduce<() => Result<unknown>>(
          (inner, {kind}) =>
            () =>
              cut(run, {managed, program, kind}, inner),
          next,
        )();
      });
    }
  }
  return {count: () => count};
}

function programsOf({cluster, controller}: ManagedCluster): readonly string[] {
  return [...cluster.nodes.map(({name}) => agentOf(cluster.name, name)), controller];
}

interface Struck {
  readonly managed: ManagedCluster;
  readonly program: string;
  readonly kind: CutKind;
}

function cut({simulation}: Run, {managed, program, kind}: Struck, next: () => Result<unknown>): Result<unknown> {
  const {scheduler} = simulation.world;
  switch (kind) {
    case 'crash before':
      simulation.restartProgram(program, restartMs);
      return failed('unavailable', 'the program ended before it asked');
    case 'crash after': {
      const answer = next();
      simulation.restartProgram(program, restartMs);
      return answer;
    }
    case 'unknown answer':
      next();
      return failed('ambiguous', 'the connection was lost', {reason: 'ECONNRESET'});
    case 'stale view': {
      // What it reads from now on is as it was before this deed.
      const read = staleReader(managed.cluster);
      const stale: Decorator = (op, args, inner) => read(op, args) ?? inner();
      scheduler.after(blindMs, program, simulation.decorate(program, stale));
      return next();
    }
    case 'missed event':
      for (const each of programsOf(managed)) scheduler.after(blindMs, each, simulation.deafen(each));
      return next();
    default:
      return kind satisfies never;
  }
}

// A mutant's rehearsal of a seed, what comes of it, and how small it gets. It is an ordinary rehearsal: the shipped engine
// passes it, and `rehearse` runs it.

import {allInvariants} from '../../oracles/index.ts';
import type {InvariantName} from '../../oracles/violation.ts';
import {createRandom} from '../../prng.ts';
import type {Rehearsal} from '../../rehearsal/model.ts';
import type {Violation} from '../../rehearsal/result.ts';
import {createRun, runRehearsal} from '../../rehearsal/run.ts';
import {shrinkRehearsal} from '../../shrink/shrink.ts';
import type {Death} from '../deaths.ts';
import type {Mutant} from '../mutant.ts';
import {pairAims} from './pair.ts';
import {singleAims} from './single.ts';
import type {Aim} from './worlds.ts';

const aims: ReadonlyMap<string, Aim> = new Map(Object.entries({...singleAims, ...pairAims}));

/** Names of the mutants that are hunted in rehearsals. */
export const rehearsedMutants: readonly string[] = [...aims.keys()];

/** The rehearsal of a seed that is aimed at a mutant; `undefined` for those that no rehearsal can show. */
export function aimedRehearsal({name, diesBy}: Pick<Mutant, 'name' | 'diesBy'>, seed: number): Rehearsal | undefined {
  const plan = aims.get(name)?.(createRandom(seed).stream('aim', name));
  if (plan === undefined) return undefined;
  const explanation = `Aimed at a deliberate bug: ${name}. It breaks ${diesBy.join(' or ')}; the shipped engine passes.`;
  return {
    metadata: {name: `mutant-${slugOf(name)}`, explanation},
    seeds: {from: seed, count: 1},
    ...plan,
    chaos: {profile: 'none'},
    expect: [{kind: 'always', invariant: 'readable'}],
  };
}

/** `only-ready-nodes-counted`. */
export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

export interface Hunted {
  readonly rehearsal: Rehearsal;
  readonly seed: number;
  /** No time passes after this, ms; the run goes to its end, unless given. */
  readonly untilMs?: number;
}

/**
 * How a mutant dies in a rehearsal; `undefined` where nothing of its row breaks. Another invariant may break earlier and
 * end the run: then the same seed runs on under those of the row alone.
 */
export function deathIn({parts, diesBy}: Mutant, {rehearsal, seed, untilMs}: Hunted): Death | undefined {
  const run = (oracles: readonly InvariantName[]): Death | undefined => {
    const running = createRun(rehearsal, {seed, parts, oracles});
    running.runUntil(() => running.over, untilMs);
    return deathOf(running.violation);
  };
  const isOfRow = (died: Death): boolean => diesBy.some((name) => name === died.invariant);
  const died = run(allInvariants);
  if (died === undefined || isOfRow(died)) return died;
  const again = run(allInvariants.filter((each) => diesBy.includes(each)));
  return again !== undefined && isOfRow(again) ? again : undefined;
}

/** The shipped engine in the same rehearsal. */
export function cleanIn({rehearsal, seed}: Hunted): {readonly died: Death | undefined; readonly readable: boolean} {
  const {violation, unreadable} = runRehearsal(rehearsal, {seed});
  return {died: deathOf(violation), readable: unreadable === 0};
}

function deathOf(violation: Violation | undefined): Death | undefined {
  if (violation === undefined) return undefined;
  const {name: invariant, ...rest} = violation;
  return {...rest, invariant};
}

/** A candidate may take so much longer to its death than the rehearsal that is made smaller. */
const patience = 1.5;

/**
 * The smallest rehearsal that was found in which a mutant dies by the same invariant, and not much later, and which the
 * shipped engine passes.
 * @param death of the mutant in this rehearsal
 * @param maxRuns most candidates that are run
 */
export function shrinkAimed(mutant: Mutant, {rehearsal, seed}: Hunted, death: Death, maxRuns?: number): Rehearsal {
  const untilMs = patience * death.atMs;
  const fails = (candidate: Rehearsal): boolean => {
    try {
      const died = deathIn(mutant, {rehearsal: candidate, seed, untilMs});
      return died?.invariant === death.invariant && cleanIn({rehearsal: candidate, seed}).died === undefined;
    } catch {
      // A candidate may be no world at all, such as a pair's Active alone, which waits for its Standby for ever.
      return false;
    }
  };
  return shrinkRehearsal(rehearsal, seed, fails, maxRuns === undefined ? {} : {maxRuns});
}

// One seed of a pair's world: its script, the faults of the seed, all oracles on, to the end or the first broken
// invariant.

import type {EngineParts} from '@etcd-encryption/rotation';
import type {InvariantName} from '../oracles/violation.ts';
import type {SideName} from '../pair.ts';
import {createRandom} from '../prng.ts';
import {type Death, runToDeath} from './deaths.ts';
import {type FaultName, strike} from './faults.ts';
import {agentOn, controllerOf, type PairRun, type PairWorld, startPair, usualPairMs} from './pair-world.ts';
import {completedOn} from './stage.ts';

export interface PairHuntOptions {
  readonly seed: number;
  readonly world: PairWorld;
  readonly parts?: (side: SideName) => EngineParts;
  /** Invariants whose breaking ends the run; all, unless given. */
  readonly oracles?: readonly InvariantName[];
}

export interface PairHuntResult {
  readonly died: Death | undefined;
  /** `west kill`: what the seed drew beside the script. */
  readonly faults: readonly string[];
  /** Whether users could read everything at the end. */
  readonly readable: boolean;
  /** Rotations that completed, of both sides. */
  readonly completed: number;
  readonly traceHash: string;
}

const sides = ['east', 'west'] as const;
/** What is drawn for each side. Where a server does not poll, or stands still, the script's moments do not come. */
const drawnOnSides = ['kill', 'restart', 'lostAnswers'] as const satisfies readonly FaultName[];
/** Share of the seeds in which a kind strikes. */
const share = 0.2;

/** Runs one seed. @throws ProgramFailed if the engine itself threw */
export function runPairSeed({seed, world, parts = () => ({}), oracles}: PairHuntOptions): PairHuntResult {
  const {lengthMs = usualPairMs} = world;
  const run = startPair({seed, world, parts, ...(oracles === undefined ? {} : {oracles})});
  const faults = drawFaults(run, seed, world);
  const died = runToDeath(run.pair.simulation, lengthMs, world.promises);
  const {pair} = run;
  return {
    died,
    faults,
    readable: died === undefined && pair.users.verifyAll(),
    completed: completedIn(run),
    traceHash: pair.simulation.traceHash,
  };
}

function drawFaults({pair, stage}: PairRun, seed: number, {controllers = 1}: PairWorld): readonly string[] {
  const {stream} = createRandom(seed);
  const struck: string[] = [];
  for (const side of sides) {
    for (const kind of drawnOnSides) {
      if (!stream(`faults/${side}`, `draws ${kind}`).chance(share)) continue;
      struck.push(`${side} ${kind}`);
      strike(kind, {
        simulation: pair.simulation,
        cluster: pair.cluster(side),
        leaders: Array.from({length: controllers}, (_, which) => controllerOf(side, which)),
        agentOf: (node) => agentOn(side, node),
        entity: `faults/${side}`,
        untilMs: stage.untilMs,
      });
    }
  }
  return struck;
}

const completedIn = ({pair}: PairRun): number =>
  sides.reduce((sum, side) => sum + completedOn(pair.cluster(side)).length, 0);

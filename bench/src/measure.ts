// Measures a case: every answer is verified, every side is warm, then we are paired with each other side in turn.

import type {Side, TimedCase} from './case.ts';
import {maxRetakes, sampleMs, undisturbedPart, warmUpMs} from './limits.ts';
import {type Round, type RoundEffort, takeRound, type WarmSide, warmUp} from './round.ts';
import {median, type Ratio, ratioOf} from './statistics.ts';
import {verifyAnswers} from './verify.ts';

export type Effort = RoundEffort & {
  readonly rounds: number;
  /** Milliseconds that each side works before anything counts. */
  readonly warmUpMs: number;
};

/** Effort of a full measurement with this many rounds. */
export function fullEffort(rounds: number): Effort {
  return {rounds, sampleMs, warmUpMs, retakes: maxRetakes};
}

/** What one side took for one unit, in nanoseconds. */
export type SideTime = {readonly name: string; readonly medianNs: number; readonly bestNs: number};

/** One side beside ours, or the fastest of a family of sides. */
export type Comparison = Ratio & {readonly against: string};

export interface Measured {
  readonly ours: SideTime;
  readonly rivals: readonly SideTime[];
  readonly comparisons: readonly Comparison[];
  /** Part of the rounds, 0 to 1, in which other programs took the processor away as often as a slice was taken. */
  readonly disturbed: number;
}

/** @throws Error if any answer differs, before anything is measured */
export async function measureCase(timed: TimedCase, effort: Effort): Promise<Measured> {
  await verifyAnswers(timed);
  const ours = await warmUp(timed.ours, timed.units, effort.warmUpMs);
  const others: WarmSide[] = [];
  for (const rival of timed.rivals) others.push(await warmUp(rival, timed.units, effort.warmUpMs));
  const taken = await alternate(ours, others, effort);
  const pairs = taken.map(countedRounds);
  const comparisons = timed.rivals.map(({name}, i) => ({against: name, ...ratioOf(pairs[i] ?? [])}));
  return {
    ours: timeOf(
      timed.ours,
      pairs.flatMap((each) => each.map((pair) => pair.ours)),
    ),
    rivals: timed.rivals.map((rival, i) => timeOf(rival, pairs[i]?.map((pair) => pair.rival) ?? [])),
    comparisons: [...comparisons, ...familyComparisons(timed, comparisons)],
    disturbed: disturbedPart(taken.flat()),
  };
}

/** The rounds that count: the undisturbed ones, or all where these are too few to speak for the others. */
export function countedRounds(rounds: readonly Round[]): readonly Round[] {
  const undisturbed = rounds.filter(({disturbed}) => !disturbed);
  return undisturbed.length >= rounds.length * undisturbedPart ? undisturbed : rounds;
}

/** The name under which the fastest side of a family is stated. */
function fastestOf(family: string): string {
  return `fastest of ${family}`;
}

/** For each family of several sides, the comparison with the one that is hardest to beat. */
export function familyComparisons(timed: TimedCase, comparisons: readonly Comparison[]): Comparison[] {
  const families = Map.groupBy(timed.rivals, ({family}) => family);
  return [...families].flatMap(([family, sides]) => {
    if (sides.length < 2) return [];
    const names = new Set(sides.map(({name}) => name));
    const [hardest] = comparisons.filter(({against}) => names.has(against)).toSorted((a, b) => a.ratio - b.ratio);
    return hardest === undefined ? [] : [{...hardest, against: fastestOf(family)}];
  });
}

/** Every round pairs us with each other side; who goes first changes from round to round. */
async function alternate(ours: WarmSide, others: readonly WarmSide[], effort: Effort): Promise<Round[][]> {
  const pairs: Round[][] = others.map(() => []);
  for (let round = 0; round < effort.rounds; round++) {
    const first = round % 2 === 0 ? 'ours' : 'rival';
    for (const [i, other] of others.entries()) pairs[i]?.push(await takeRound(ours, other, {...effort, first}));
  }
  return pairs;
}

function timeOf({name}: Side, samples: readonly number[]): SideTime {
  return {name, medianNs: median(samples), bestNs: Math.min(...samples)};
}

function disturbedPart(rounds: readonly Round[]): number {
  return rounds.filter(({disturbed}) => disturbed).length / rounds.length;
}

// Makes the rehearsal of a seed. Every second seed aims: 1 – 3 faults within two polls of the moment at which its cell is
// there. In the others each fault class is on or off, and faults strike at any time. All choices are keyed by what they
// are about, so that removing one leaves the others as they are.

import {createRandom, type Random} from '../prng.ts';
import {
  type ClusterPlan,
  type FaultClass,
  faultClasses,
  type Rehearsal,
  type TimelineEntry,
} from '../rehearsal/model.ts';
import {cellOf} from '../rehearsal/result.ts';
import {type Cell, possibleCells} from './cells.ts';
import {drawFault, type FaultPlace, type Happening} from './faults.ts';
import {campaignPollMs} from './limits.ts';
import {type CampaignWorld, drawWorld} from './worlds.ts';

/** The cell that a seed aims at; `undefined` for every second seed. */
export const aimOf = (seed: number): Cell | undefined =>
  seed % 2 === 0 ? possibleCells[Math.floor(seed / 2) % possibleCells.length] : undefined;

/** An ordinary rehearsal, that runs one seed: itself. */
export function generateRehearsal(seed: number): Rehearsal {
  const random = createRandom(seed);
  const aim = aimOf(seed);
  const world = drawWorld(random, aim);
  return {
    metadata: {name: `campaign-${seed}`, explanation: explanationOf(seed, aim)},
    seeds: {from: seed, count: 1},
    ...world,
    timeline: aim === undefined ? drawSwarm(random, world) : drawAimed(random, world, aim),
    chaos: {profile: 'none'},
    expect: [{kind: 'eventually', goal: 'converged'}],
  };
}

const explanationOf = (seed: number, aim: Cell | undefined): string =>
  aim === undefined ? `Seed ${seed} of a campaign.` : `Seed ${seed} of a campaign, aimed at ${cellOf(aim)}.`;

/** The aimed fault strikes as soon as the phase is there; what goes with it, within two polls. */
function drawAimed(random: Random, world: CampaignWorld, {fault, phase, role}: Cell): readonly TimelineEntry[] {
  const [cluster, other] = role === 'Standby' ? world.clusters.toReversed() : world.clusters;
  if (cluster === undefined) throw new RangeError('clusters: expected at least one, got none');
  const first = drawFault(fault, {cluster, other, now: true}, random.stream('aim', fault));
  const draws = random.stream('aim', 'companions');
  const companions = Array.from({length: draws.pick([0, 0, 1, 2])}, (_, index) => {
    const stream = random.stream('aim', `companion ${index}`);
    const place = draws.chance(0.7) || other === undefined ? {cluster, other} : {cluster: other, other: cluster};
    const offsetMs = stream.integer(0, 2 * campaignPollMs);
    const companion = draws.pick(allowedIn(world).filter((each) => each !== fault));
    return shifted(drawFault(companion, {...place, now: false}, stream), offsetMs);
  });
  const [start, ...rest] = entriesOf([...first, ...companions.flat()]);
  const when: TimelineEntry = {kind: 'when', fact: {cluster: cluster.name, phase}, deeds: start?.deeds ?? []};
  return [when, ...rest];
}

/** Each class is on or off; each that is on strikes one to three times. */
function drawSwarm(random: Random, world: CampaignWorld): readonly TimelineEntry[] {
  const lengthMs = 2 * (world.settings.rotationIntervalMs ?? 0);
  const happenings = allowedIn(world).flatMap((fault) => {
    const draws = random.stream('swarm', fault);
    if (!draws.chance(0.2)) return [];
    return Array.from({length: strikesOf(fault, draws.integer(1, 3))}, (_, index) => {
      const stream = random.stream('swarm', `${fault} ${index}`);
      return shifted(
        drawFault(fault, placeOf(world, stream.pick(world.clusters)), stream),
        stream.integer(0, lengthMs),
      );
    }).flat();
  });
  return entriesOf(happenings);
}

/** What changes who is who, or the root, is done once in a seed. */
const strikesOf = (fault: FaultClass, drawn: number): number =>
  fault === 'failover' || fault === 'rootSwap' || fault === 'restore' ? 1 : drawn;

const placeOf = ({clusters}: CampaignWorld, cluster: ClusterPlan): FaultPlace => ({
  cluster,
  other: clusters.find(({name}) => name !== cluster.name),
  now: false,
});

const pairOnly: readonly FaultClass[] = ['stall', 'resync', 'lostDelete', 'surplusKey', 'failover'];

function allowedIn({clusters, settings}: CampaignWorld): readonly FaultClass[] {
  return faultClasses.filter((fault) => {
    if (pairOnly.includes(fault)) return clusters.length > 1;
    if (fault === 'rootSwap') return settings.keyStrategy === 'deterministic';
    return fault !== 'forgetNode' || clusters.every(({nodes}) => nodes.length > 1);
  });
}

const shifted = (happenings: readonly Happening[], byMs: number): readonly Happening[] =>
  happenings.map(({offsetMs, deeds}) => ({offsetMs: offsetMs + byMs, deeds}));

/** In the order of time, each counted from the one before. */
function entriesOf(happenings: readonly Happening[]): readonly TimelineEntry[] {
  const sorted = happenings.toSorted((a, b) => a.offsetMs - b.offsetMs);
  return sorted.map(({offsetMs, deeds}, index) => ({
    kind: 'after',
    delayMs: offsetMs - (sorted[index - 1]?.offsetMs ?? 0),
    deeds,
  }));
}

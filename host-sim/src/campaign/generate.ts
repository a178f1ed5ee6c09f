// Makes the rehearsal of a seed. Every second seed aims: 1 – 3 faults within two polls of the moment at which its cell is
// there. In the others each fault class is on or off, and faults strike at any time. All choices are keyed by what they
// are about, so that removing one leaves the others as they are.

import {createRandom, type Random, type Stream} from '../prng.ts';
import {
  type ClusterPlan,
  type Deed,
  type FaultClass,
  faultClasses,
  type Phase,
  type Rehearsal,
  type Settings,
  type TimelineEntry,
} from '../rehearsal/model.ts';
import {cellOf} from '../rehearsal/result.ts';
import {createBookings} from './bookings.ts';
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
  const world = drawWorld(random.stream('world', 'shape'), aim);
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
  const draws = random.stream('aim', 'companions');
  const elapsedMs = draws.integer(40, 140) * 1_000;
  const common = {elapsedMs, bookings: createBookings()};
  const first = drawFault(fault, {...common, cluster, other, atMs: 0, now: true}, random.stream('aim', fault));
  const companions = Array.from({length: draws.pick([0, 0, 1, 2])}, (_, index) => {
    const stream = random.stream('aim', `companion ${index}`);
    const place = placeOf(world, stream.chance(0.7) ? cluster : stream.pick(world.clusters));
    const companion = draws.pick(allowedIn(world).filter((each) => each !== fault));
    const atMs = stream.integer(0, 2 * campaignPollMs);
    return drawFault(companion, {...common, ...place, atMs}, stream);
  }).flat();
  const [start, ...rest] = entriesOf([...first, ...companions]);
  const when: TimelineEntry = {kind: 'when', fact: {cluster: cluster.name, phase}, deeds: start?.deeds ?? []};
  const isOld = [when, ...rest].some(({deeds}) => deeds.some(({kind}) => kind === 'restore'));
  return [...(isOld ? [waiting(elapsedMs)] : []), when, ...rest, ...untilDone([when, ...rest], world, phase)];
}

/**
 * What waits for a program's next deed must have struck before everything is put right: the run goes on until its cluster
 * has come to a phase that only deeds lead to.
 */
function untilDone(
  timeline: readonly TimelineEntry[],
  {clusters, settings}: CampaignWorld,
  phase: Phase | undefined,
): readonly TimelineEntry[] {
  const armed = timeline.flatMap(({deeds}) => deeds.filter(waitsForDeed).map((deed) => JSON.stringify(deed)));
  return clusters
    .filter(({name}) => armed.some((text) => text.includes(`"${name}"`)))
    .map(({name}) => ({
      kind: 'when',
      fact: {cluster: name, phase: laterPhase(phase, settings.keyStrategy)},
      deeds: [{kind: 'advance', byMs: 1_000}],
    }));
}

/** One that comes in every rotation, and soon after the given one. */
function laterPhase(phase: Phase | undefined, keyStrategy: Settings['keyStrategy']): Phase {
  if (phase === 'Migrate') return 'Verify';
  const isPublishedNext = keyStrategy === 'deterministic' && (phase === 'Verify' || phase === 'Publish');
  return isPublishedNext ? 'Distribute' : 'Migrate';
}

const waitsForDeed = (deed: Deed): boolean =>
  deed.kind === 'unknownAnswer' || (deed.kind === 'crash' && (deed.before ?? deed.after) !== undefined);

/** Only time passes, and whatever is to be restored later grows old. */
const waiting = (ms: number): TimelineEntry => ({kind: 'after', delayMs: 0, deeds: [{kind: 'advance', byMs: ms}]});

/** Each class is on or off; each that is on strikes one to three times. */
function drawSwarm(random: Random, world: CampaignWorld): readonly TimelineEntry[] {
  const lengthMs = 1.5 * (world.settings.rotationIntervalMs ?? 0);
  const bookings = createBookings();
  const allowed = allowedIn(world);
  const always = random.stream('swarm', 'always').pick(allowed);
  const happenings = allowed.flatMap((fault) => {
    const draws = random.stream('swarm', fault);
    if (!draws.chance(0.2) && fault !== always) return [];
    return Array.from({length: draws.integer(1, 3)}, (_, index) => {
      const stream = random.stream('swarm', `${fault} ${index}`);
      return drawOne(fault, placeOf(world, stream.pick(world.clusters)), {stream, lengthMs, bookings});
    }).flat();
  });
  const timeline = entriesOf(happenings);
  return [...timeline, ...untilDone(timeline, world, undefined)];
}

function drawOne(
  fault: FaultClass,
  place: Pick<FaultPlace, 'cluster' | 'other' | 'now'>,
  {stream, lengthMs, bookings}: {stream: Stream; lengthMs: number} & Pick<FaultPlace, 'bookings'>,
): readonly Happening[] {
  const atMs = stream.integer(0, lengthMs);
  return drawFault(fault, {...place, atMs, elapsedMs: atMs, bookings}, stream);
}

const placeOf = ({clusters}: CampaignWorld, cluster: ClusterPlan): Pick<FaultPlace, 'cluster' | 'other' | 'now'> => ({
  cluster,
  other: clusters.find(({name}) => name !== cluster.name),
  now: false,
});

/** Drawn first, since they leave least room for others. */
const first: readonly FaultClass[] = ['failover', 'forgetNode', 'rootSwap', 'restore'];
const pairOnly: readonly FaultClass[] = ['stall', 'resync', 'lostDelete', 'surplusKey', 'failover'];

function allowedIn({clusters, settings}: CampaignWorld): readonly FaultClass[] {
  const allowed = faultClasses.filter((fault) => {
    if (pairOnly.includes(fault)) return clusters.length > 1;
    if (fault === 'rootSwap') return settings.keyStrategy === 'deterministic';
    return fault !== 'forgetNode' || clusters.some(({nodes}) => nodes.length > 1);
  });
  return [...first.filter((fault) => allowed.includes(fault)), ...allowed.filter((fault) => !first.includes(fault))];
}

/** In the order of time, each counted from the one before; what happens at one moment is one entry. */
function entriesOf(happenings: readonly Happening[]): readonly TimelineEntry[] {
  const moments = new Map<number, Deed[]>();
  for (const {atMs, deeds} of happenings.toSorted((a, b) => a.atMs - b.atMs)) {
    moments.set(atMs, [...(moments.get(atMs) ?? []), ...deeds]);
  }
  let beforeMs = 0;
  return [...moments].map(([atMs, deeds]) => {
    const delayMs = atMs - beforeMs;
    beforeMs = atMs;
    return {kind: 'after', delayMs, deeds};
  });
}

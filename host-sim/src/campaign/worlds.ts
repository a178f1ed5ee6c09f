// The clusters of one seed of a campaign: mostly small ones, so that much happens in little time. There are only so many
// shapes of worlds, since each is brought to its beginning once and remembered; what happens in them is each seed's own.

import {createRandom, type Stream} from '../prng.ts';
import type {ClusterPlan, Replication, Settings, WorldPlan} from '../rehearsal/model.ts';
import type {Cell} from './cells.ts';
import {campaignPollMs} from './limits.ts';

export interface CampaignWorld {
  readonly settings: Settings;
  readonly clusters: readonly ClusterPlan[];
  readonly replication?: Replication;
  readonly world: WorldPlan;
}

const minuteMs = 60_000;

interface Shape {
  readonly keyStrategy: Settings['keyStrategy'];
  /** Nodes of the Active, and of the Standby if there is one. */
  readonly nodes: readonly [number] | readonly [number, number];
  /** How often it is drawn, beside the others. */
  readonly weight: number;
}

const single = (keyStrategy: Settings['keyStrategy'], nodes: number, weight: number): Shape => ({
  keyStrategy,
  nodes: [nodes],
  weight,
});
const pair = (east: number, west: number, weight: number): Shape => ({
  keyStrategy: 'deterministic',
  nodes: [east, west],
  weight,
});

const shapes: readonly Shape[] = [
  ...[single('random', 1, 6), single('random', 2, 4), single('random', 3, 2)],
  ...[single('deterministic', 1, 4), single('deterministic', 2, 3), single('deterministic', 3, 1)],
  ...[pair(1, 1, 18), pair(1, 1, 18), pair(1, 2, 8), pair(2, 1, 8), pair(2, 2, 6)],
  ...[pair(1, 3, 1), pair(3, 1, 1), pair(2, 3, 1), pair(3, 2, 1), pair(3, 3, 1)],
];

const worlds: readonly CampaignWorld[] = shapes.map(worldOf);

/** A world in which the cell that a seed aims at can be hit; any will do for a seed without an aim. */
export function drawWorld(draws: Stream, aim: Cell | undefined): CampaignWorld {
  const fitting = shapes.flatMap((shape, index) => (fits(shape, aim) ? Array<number>(shape.weight).fill(index) : []));
  const drawn = worlds[draws.pick(fitting)];
  if (drawn === undefined) throw new RangeError('shapes: expected one that fits, got none');
  const prepared = aim === undefined ? !draws.chance(freshShare) : !isBeforeFirst(aim);
  return {...drawn, world: {...drawn.world, prepared}};
}

/** Part of the seeds that begin where nothing is encrypted yet. */
const freshShare = 1 / 16;

/** A Standby looks through its values before its first rotation only. */
const isBeforeFirst = ({phase, role}: Cell): boolean => phase === 'Preflight' && role === 'Standby';

function fits({keyStrategy, nodes}: Shape, aim: Cell | undefined): boolean {
  if (aim === undefined) return true;
  if ((nodes.length === 1) !== (aim.role === 'single')) return false;
  if (aim.phase === 'Mint' && keyStrategy !== 'random') return false;
  if ((aim.phase === 'Publish' || aim.fault === 'rootSwap') && keyStrategy !== 'deterministic') return false;
  return aim.fault !== 'forgetNode' || nodes.every((count) => count > 1);
}

function worldOf({keyStrategy, nodes: [east, west]}: Shape, index: number): CampaignWorld {
  const {stream} = createRandom(index);
  const common = {
    settings: drawSettings(stream('world', 'settings'), keyStrategy, west === undefined),
    world: {pollMs: campaignPollMs, compactionMs: minuteMs, drainMs: minuteMs, minAgeMs: 0, prepared: true},
  };
  const active = drawCluster(stream('world', 'east'), {name: 'east', role: 'active'}, east);
  if (west === undefined) return {...common, clusters: [active]};
  const lag = stream('world', 'lag');
  const meanMs = lag.integer(1, 50) * 100;
  return {
    ...common,
    clusters: [active, drawCluster(stream('world', 'west'), {name: 'west', role: 'standby'}, west)],
    replication: {from: 'east', to: 'west', lag: {meanMs, maxMs: meanMs * lag.integer(2, 6)}},
  };
}

function drawSettings(draws: Stream, keyStrategy: Settings['keyStrategy'], alone: boolean): Settings {
  const settings: Settings = {
    keyStrategy,
    rotationIntervalMs: draws.integer(5, 12) * minuteMs,
    revisions: draws.integer(1, 3),
    resources: ['secrets', 'configmaps'],
  };
  // Shorter than any interval, as in real pairs: a new Active rotates long before its Standby may drop what it writes with.
  const promotionGraceMs = draws.integer(60, 150) * 1_000;
  if (keyStrategy === 'random') return {...settings, promotionGraceMs};
  const approvalDelayMs = draws.integer(1, 3) * minuteMs;
  return {...settings, approvalDelayMs, promotionGraceMs, standby: alone ? 'none' : 'expected'};
}

function drawCluster(draws: Stream, {name, role}: Pick<ClusterPlan, 'name' | 'role'>, count: number): ClusterPlan {
  const nodes = Array.from({length: count}, (_, index) => `${name[0]}${index + 1}`);
  const skewed = draws.chance(0.25) ? {clockSkewMs: draws.integer(-60, 60) * 1_000} : {};
  const localObjects = [{resource: 'secrets', count: draws.integer(1, 3)}];
  if (role === 'standby') return {name, role, nodes, localObjects, ...skewed};
  const objects = [
    {resource: 'secrets', count: draws.integer(2, 6)},
    {resource: 'configmaps', count: draws.integer(0, 3)},
  ];
  return {name, role, nodes, objects, localObjects, writes: {count: draws.integer(1, 30), per: 'm'}, ...skewed};
}

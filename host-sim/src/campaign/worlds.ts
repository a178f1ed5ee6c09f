// The clusters of one seed of a campaign: mostly small ones, so that much happens in little time.

import type {Random, Stream} from '../prng.ts';
import type {ClusterPlan, Replication, Settings} from '../rehearsal/model.ts';
import type {Cell} from './cells.ts';

export interface CampaignWorld {
  readonly settings: Settings;
  readonly clusters: readonly ClusterPlan[];
  readonly replication?: Replication;
}

const minuteMs = 60_000;

/** What the cell that a seed aims at asks of its world; any world will do for a seed without an aim. */
export function drawWorld(random: Random, aim: Cell | undefined): CampaignWorld {
  const draws = random.stream('world', 'kind');
  const single = aim === undefined ? draws.chance(0.3) : aim.role === 'single';
  const keyStrategy = strategyOf(aim, single, draws);
  const settings = drawSettings(random.stream('world', 'settings'), keyStrategy, single);
  const leastNodes = aim?.fault === 'forgetNode' ? 2 : 1;
  const east = drawCluster(random, {name: 'east', role: 'active'}, leastNodes);
  if (single) return {settings, clusters: [east]};
  const lag = random.stream('world', 'lag');
  const meanMs = lag.integer(1, 50) * 100;
  return {
    settings,
    clusters: [east, drawCluster(random, {name: 'west', role: 'standby'}, leastNodes)],
    replication: {from: 'east', to: 'west', lag: {meanMs, maxMs: meanMs * lag.integer(2, 6)}},
  };
}

function strategyOf(aim: Cell | undefined, single: boolean, draws: Stream): Settings['keyStrategy'] {
  const random = draws.chance(0.6);
  if (!single || aim?.phase === 'Publish' || aim?.fault === 'rootSwap') return 'deterministic';
  return aim?.phase === 'Mint' || random ? 'random' : 'deterministic';
}

function drawSettings(draws: Stream, keyStrategy: Settings['keyStrategy'], single: boolean): Settings {
  const settings: Settings = {
    keyStrategy,
    rotationIntervalMs: draws.integer(10, 30) * minuteMs,
    revisions: draws.integer(1, 3),
    resources: ['secrets', 'configmaps'],
  };
  if (keyStrategy === 'random') return settings;
  const approvalDelayMs = draws.integer(1, 4) * minuteMs;
  const promotionGraceMs = draws.integer(5, 60) * minuteMs;
  return {...settings, approvalDelayMs, promotionGraceMs, standby: single ? 'none' : 'expected'};
}

function drawCluster(
  random: Random,
  {name, role}: Pick<ClusterPlan, 'name' | 'role'>,
  leastNodes: number,
): ClusterPlan {
  const draws = random.stream(`world/${name}`, 'plan');
  const count = Math.max(leastNodes, draws.pick([1, 1, 1, 2, 2, 3]));
  const nodes = Array.from({length: count}, (_, index) => `${name[0]}${index + 1}`);
  const skewed = draws.chance(0.2) ? {clockSkewMs: draws.integer(-60, 60) * 1_000} : {};
  const localObjects = [{resource: 'secrets', count: draws.integer(1, 3)}];
  if (role === 'standby') return {name, role, nodes, localObjects, ...skewed};
  const objects = [
    {resource: 'secrets', count: draws.integer(1, 6)},
    {resource: 'configmaps', count: draws.integer(0, 3)},
  ];
  return {name, role, nodes, objects, localObjects, writes: {count: draws.integer(1, 30), per: 'm'}, ...skewed};
}

// The worlds that aimed rehearsals take place in: one or two nodes a side, few objects, minutes for days. There are only
// so many shapes, since each is brought to its beginning once and remembered; what differs between seeds is the timeline.

import type {Stream} from '../../prng.ts';
import type {
  ClusterPlan,
  Deed,
  Fact,
  LateWrites,
  Phase,
  Rate,
  Rehearsal,
  Settings,
  TimelineEntry,
  WorldPlan,
} from '../../rehearsal/model.ts';

/** What an aim says of its rehearsal; name, seeds, chaos and expectations are the same in all of them. */
export type AimedPlan = Pick<Rehearsal, 'settings' | 'clusters' | 'replication' | 'world' | 'timeline'>;

/** The rehearsal of a seed: its times are drawn, its deeds are always the same. */
export type Aim = (draws: Stream) => AimedPlan;

export const secondMs = 1_000;
export const minuteMs = 60_000;

/** Servers look at their files every ten seconds, keys may be dropped as soon as they are proven unneeded. */
const hurry: WorldPlan = {
  pollMs: 10 * secondMs,
  compactionMs: minuteMs,
  drainMs: minuteMs,
  minAgeMs: 0,
  prepared: true,
};

/** What differs between the worlds. */
export interface AimedWorld {
  /** Control-plane nodes of `east`, and of `west` if there is one; two, unless given. */
  readonly nodes?: number;
  readonly settings?: Partial<Settings>;
  readonly world?: WorldPlan;
  readonly secrets?: number;
  readonly configMaps?: number;
  /** Writes of users; thirty a minute, unless given. */
  readonly writes?: Rate;
  readonly lateWrites?: LateWrites;
  readonly refusesAesGcm?: boolean;
}

const nodesOf = (prefix: string, count: number): readonly string[] =>
  Array.from({length: count}, (_, index) => `${prefix}${index + 1}`);

const usualWrites: Rate = {count: 30, per: 'm'};

function activeOf({nodes = 2, secrets = 3, configMaps = 2, ...world}: AimedWorld): ClusterPlan {
  const {writes = usualWrites, lateWrites, refusesAesGcm} = world;
  const objects = [
    {resource: 'secrets', count: secrets},
    {resource: 'configmaps', count: configMaps},
  ];
  return {
    ...{name: 'east', role: 'active', nodes: nodesOf('e', nodes), objects, writes},
    ...(lateWrites === undefined ? {} : {lateWrites}),
    ...(refusesAesGcm === undefined ? {} : {refusesAesGcm}),
  };
}

/** One cluster, `east` with e1 and e2, whose keys are minted. */
export const single = (timeline: readonly TimelineEntry[], world: AimedWorld = {}): AimedPlan => ({
  settings: {
    keyStrategy: 'random',
    rotationIntervalMs: 5 * minuteMs,
    promotionGraceMs: 2 * minuteMs,
    revisions: 1,
    ...world.settings,
  },
  clusters: [activeOf(world)],
  world: {...hurry, ...world.world},
  timeline,
});

/** An Active `east` with e1 and a Standby `west` with w1. */
export const pair = (timeline: readonly TimelineEntry[], world: AimedWorld = {}): AimedPlan => {
  const {nodes = 1} = world;
  return {
    settings: {
      keyStrategy: 'deterministic',
      rotationIntervalMs: 6 * minuteMs,
      approvalDelayMs: minuteMs,
      promotionGraceMs: 2 * minuteMs,
      revisions: 1,
      standby: 'expected',
      ...world.settings,
    },
    clusters: [
      activeOf({...world, nodes}),
      {name: 'west', role: 'standby', nodes: nodesOf('w', nodes), localObjects: [{resource: 'secrets', count: 2}]},
    ],
    replication: {from: 'east', to: 'west', lag: {meanMs: secondMs, maxMs: 5 * secondMs}},
    world: {...hurry, ...world.world},
    timeline,
  };
};

export const after = (delayMs: number, ...deeds: readonly Deed[]): TimelineEntry => ({kind: 'after', delayMs, deeds});
export const at = (atMs: number, ...deeds: readonly Deed[]): TimelineEntry => ({kind: 'at', atMs, deeds});
/** Once a cluster is in a phase. */
export const when = (cluster: string, phase: Phase, ...deeds: readonly Deed[]): TimelineEntry => {
  const fact: Fact = {cluster, phase};
  return {kind: 'when', fact, deeds};
};

/** An operator asks for a rotation; it begins within seconds. */
export const rotate: Deed = {kind: 'rotate', cluster: 'east'};
export const passing = (byMs: number): Deed => ({kind: 'advance', byMs});

// Reference runs: a world of a given shape, without users and faults, from its beginning until it is at rest.

import type {Rehearsal} from './model.ts';
import {contentOf, isAtRest, type Prepared} from './prepared.ts';
import {keepProof} from './proof.ts';
import type {Spec, WorldTimes} from './settings.ts';
import {createRehearsalWorld} from './world.ts';

/** Of the random choices of a reference run; objects made later must not get the same uids. */
const referenceSeed = 0x5eed_0000_0001;
/** Longest that a world may take until it is at rest, beside the approval delay, ms. */
const restLimitMs = 4 * 3_600_000;
/** How often it is looked whether it is, and how much longer it goes on for what is said of it last, ms. */
const lookMs = 5_000;
const lastWordsMs = 120_000;
/** Worlds that are remembered. */
const maxRemembered = 64;

/** A pure function is remembered here: equal shapes have equal worlds. */
const remembered = new Map<string, Prepared>();

export interface Shape {
  readonly times?: WorldTimes;
  readonly spec?: Spec;
}

/** The world of a rehearsal at rest. @throws Error where it does not come to rest */
export function prepare(rehearsal: Rehearsal, {times, spec}: Shape): Prepared {
  const {settings, clusters, replication, world} = rehearsal;
  const id = JSON.stringify({settings, clusters, replication, world, times, spec});
  const known = remembered.get(id);
  if (known !== undefined) return known;
  const made = runReference(rehearsal, {
    ...(times === undefined ? {} : {times}),
    ...(spec === undefined ? {} : {spec}),
  });
  const [oldest] = remembered.keys();
  if (remembered.size >= maxRemembered && oldest !== undefined) remembered.delete(oldest);
  remembered.set(id, made);
  return made;
}

function runReference(rehearsal: Rehearsal, shape: Shape): Prepared {
  const quiet = rehearsal.clusters.map(({writes: _, ...plan}) => plan);
  const world = createRehearsalWorld({...rehearsal, clusters: quiet}, {...shape, seed: referenceSeed, oracles: []});
  const {simulation, clusters} = world;
  keepProof(world);
  const {settings} = rehearsal;
  const delayMs = ('fromConfig' in settings ? undefined : settings.approvalDelayMs) ?? 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const isThere = (): boolean => {
    if (simulation.nowMs - lookedAtMs < lookMs) return false;
    lookedAtMs = simulation.nowMs;
    return clusters.every(isAtRest);
  };
  if (!simulation.runUntil(isThere, delayMs + restLimitMs)) {
    const said = clusters.map(({name, status}) => `${name}: ${status()?.phase ?? 'nothing'}`).join(', ');
    throw new Error(`${rehearsal.metadata.name}: expected a world that comes to rest, got ${said}`);
  }
  simulation.runFor(lastWordsMs);
  return {
    atMs: simulation.nowMs,
    clusters: new Map(clusters.map(({name, cluster}) => [name, contentOf(cluster)])),
  };
}

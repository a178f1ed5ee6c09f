// Live values by the key that wrote them, and what a Synchronizer has still to bring, counted at each write.

import {backlogShare, maxBacklogSteps, maxValueSteps, shownBacklogChange, valueShare} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import {compareKeys, type KeyNames} from './key-names.ts';
import type {CountStep, ValueSeries} from './model.ts';
import {createSteps, type Steps} from './steps.ts';

export interface ValueWatch {
  /** Resources that are counted now. */
  readonly resources: () => readonly string[];
  readonly close: () => ValueSeries;
  /** What was left out, in sentences. */
  readonly cuts: () => readonly string[];
}

/** @param first resources that are counted from the beginning; those that get an encrypted value later join them */
export function watchValues(cluster: Cluster, names: KeyNames, first: readonly string[]): ValueWatch {
  const {scheduler} = cluster.world;
  const counted = [...first];
  const places: string[] = [];
  const steps = createSteps({most: maxValueSteps, share: valueShare, least: 0, zeroes: true});
  const look = (): void => steps.record(scheduler.nowMs, countLive(cluster, counted, {names, places}));
  look();
  cluster.observe({
    onCommit({previous, current}, kind) {
      if (kind === undefined || previous?.value.tag === current?.value.tag) return;
      const tag = current?.value.tag;
      if (!counted.includes(kind.id)) {
        if (tag === undefined || !tag.includes('/')) return;
        counted.push(kind.id);
      }
      look();
    },
  });
  return {
    resources: () => counted,
    close: () => sortSeries(places, steps),
    cuts: () => cutOf(`${cluster.name}: values`, steps, valueShare),
  };
}

interface Places {
  readonly names: KeyNames;
  /** Names of keys in the order in which they came. */
  readonly places: string[];
}

/** Live values by the place of their key; a key that was not there before gets the next place. */
function countLive({need}: Cluster, resources: readonly string[], {names, places}: Places): readonly number[] {
  const counts = places.map(() => 0);
  for (const resource of resources) {
    for (const [tag, {live}] of need.of(resource)) {
      if (live === 0) continue;
      const name = names.of(tag);
      const at = places.includes(name) ? places.indexOf(name) : places.push(name) - 1;
      counts[at] = (counts[at] ?? 0) + live;
    }
  }
  return counts;
}

function sortSeries(places: readonly string[], steps: Steps): ValueSeries {
  const keys = [...places].sort(compareKeys);
  const from = keys.map((key) => places.indexOf(key));
  return {keys, steps: steps.all().map(({atMs, counts}) => ({atMs, counts: from.map((at) => counts[at] ?? 0)}))};
}

export interface BacklogWatch {
  readonly close: () => readonly CountStep[];
  readonly cuts: () => readonly string[];
}

/** It changes with commits on either side, and those of the other side show here at the latest when they are copied. */
export function watchBacklog(cluster: Cluster): BacklogWatch {
  const {scheduler} = cluster.world;
  const steps = createSteps({most: maxBacklogSteps, share: backlogShare, least: shownBacklogChange, zeroes: false});
  const look = (): void => {
    let total = 0;
    for (const resource of cluster.need.resources()) {
      for (const {backlog} of cluster.need.of(resource).values()) total += backlog;
    }
    steps.record(scheduler.nowMs, [total]);
  };
  look();
  cluster.observe({onCommit: look, onBacklog: look, onRole: look});
  return {
    close: () => steps.all().map(({atMs, counts: [count = 0]}) => ({atMs, count})),
    cuts: () => cutOf(`${cluster.name}: the backlog`, steps, backlogShare),
  };
}

const cutOf = (what: string, steps: Steps, usual: number): readonly string[] =>
  steps.share() === usual ? [] : [`${what}: changes of less than ${Math.round(steps.share() * 100)} % of all`];

// The lane of one server: what its process had loaded, from moment to moment.

import {maxLaneIntervals} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import type {SimNode} from '../world/node.ts';
import type {Server} from '../world/server.ts';
import {compareKeys, type KeyNames} from './key-names.ts';
import type {Lane, LaneInterval} from './model.ts';
import {createSpans, type Spans} from './spans.ts';

type Loaded = Omit<LaneInterval, 'fromMs' | 'toMs'>;

export interface Lanes {
  readonly close: (atMs: number) => readonly Lane[];
  /** What was left out, in sentences. */
  readonly cuts: () => readonly string[];
}

/** @param resources those whose keys are shown; the first one's write key is the lane's */
export function watchLanes(cluster: Cluster, names: KeyNames, resources: () => readonly string[]): Lanes {
  const {scheduler} = cluster.world;
  const lanes = new Map<string, Spans<Loaded>>();
  const look = (node: SimNode): void => {
    const spans = lanes.get(node.name) ?? createSpans<Loaded>(maxLaneIntervals);
    lanes.set(node.name, spans);
    spans.set(scheduler.nowMs, loadedOf(node, names, resources()));
  };
  const lookAtAll = (): void => cluster.nodes.forEach(look);
  lookAtAll();
  cluster.observe({onServer: look, onMembers: lookAtAll});
  return {
    close: (atMs) => [...lanes].map(([node, spans]) => ({node, intervals: spans.close(atMs).map(flatten)})),
    cuts: () =>
      [...lanes].flatMap(([node, {dropped}]) =>
        dropped() === 0 ? [] : [`${cluster.name}: the ${dropped()} oldest intervals of ${node}`],
      ),
  };
}

const flatten = ({fromMs, toMs, value}: {fromMs: number; toMs: number; value: Loaded}): LaneInterval => ({
  fromMs,
  toMs,
  ...value,
});

function loadedOf(node: SimNode, names: KeyNames, resources: readonly string[]): Loaded {
  const server = node.processes.findLast(({mayWrite}) => mayWrite);
  if (server === undefined) return {state: 'down', writeKey: '', readKeys: []};
  const writeKey = writeKeyOf(server, names, resources);
  const tags = new Set(resources.flatMap((resource) => server.loaded.of(resource).map(({tag}) => tag)));
  const others = [...tags].map(names.of).filter((name) => name !== writeKey);
  return {state: server.serves ? 'serving' : 'draining', writeKey, readKeys: others.sort(compareKeys)};
}

function writeKeyOf({loaded}: Server, names: KeyNames, [first = '']: readonly string[]): string {
  const [transformer] = loaded.of(first);
  return transformer === undefined ? '' : names.of(transformer.tag);
}

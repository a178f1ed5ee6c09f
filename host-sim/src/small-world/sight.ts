// All parts of a world as they are now, in the order of its slots.

import type {Actor} from './actor.ts';
import type {Plan} from './choices.ts';
import {pollMs, type SmallCluster, tickMs} from './cluster.ts';
import {type Intent, newIntent} from './intent.ts';
import type {Part, Shapes} from './names.ts';
import {agentText, controllerText, diskText, mirrorText, type Slot, serverText, storeText} from './parts.ts';
import {type Clock, reportText} from './told.ts';
import type {SmallWorldScene} from './world.ts';

/** All parts of a world as it is now. */
export function partsOf(scene: SmallWorldScene, {slots}: Plan, shapes: Shapes, rotations: number): readonly Part[] {
  const byName = new Map(scene.clusters.map((each) => [each.cluster.name, each]));
  return slots.map((slot) =>
    shapes.part(textOf(slot, scene, {cluster: byName.get(slot.cluster), rotations}), slot.cluster),
  );
}

interface Around {
  readonly cluster: SmallCluster | undefined;
  readonly rotations: number;
}

function textOf({of, name}: Slot, scene: SmallWorldScene, {cluster: small, rotations}: Around): string {
  const {simulation} = scene;
  if (of === 'clock') return `compacts in ${(pollMs - (simulation.nowMs % pollMs)) / tickMs}`;
  if (of === 'mirror') return mirrorText(scene.clusters.map(({cluster}) => cluster));
  if (small === undefined) throw new RangeError(`${of} ${name}: expected a cluster of this world, got none`);
  const {cluster} = small;
  const clock: Clock = {nowMs: cluster.wallMs(), tickMs};
  if (of === 'store')
    return storeText({
      cluster,
      past: small.past,
      clock,
      said: saidIn(small),
      ring: small.ring(),
      flags: flagsOf(small, scene, rotations),
    });
  if (of === 'controller')
    return controllerText(
      small.controller,
      {intent: intentOf(small, small.controller), memory: small.memory()},
      {...clock, monotonicMs: simulation.nowMs},
    );
  const index = cluster.nodes.findIndex((node) => node.name === name);
  const [node, agent] = [cluster.node(name), agentAt(small.agents[index])];
  if (of === 'server') return serverText(node, clock, pollMs);
  if (of === 'disk') return diskText(node, clock, cluster.world.readBytes);
  if (of === 'agent') return agentText(agent, intentOf(small, agent), clock);
  return reportText(clock, statusOf(small, name));
}

const intentOf = ({intents}: SmallCluster, {setup: {name}}: Actor): Intent => intents.get(name) ?? newIntent();

const saidIn = (small: SmallCluster): readonly unknown[] => [
  ...small.cluster.nodes.map(({name}) => statusOf(small, name)),
  ...[...small.agents, small.controller].map(({pending}) => pending),
];

function statusOf({cluster}: SmallCluster, node: string): unknown {
  const suffix = `/etcdencryptionnodes/kube-system/${node}`;
  const {items} = cluster.etcd.range({prefix: '/registry/', limit: Number.MAX_SAFE_INTEGER});
  return items.find(({key}) => key.endsWith(suffix))?.value.object?.status;
}

/**
 * `over`: as many rotations as a way has are complete, and in a single cluster every older key is gone everywhere;
 * `done`: those that were asked for are, and another one may be asked for.
 */
function flagsOf(small: SmallCluster, {pair}: SmallWorldScene, rotations: number): readonly string[] {
  const ring = small.ring();
  if (ring === undefined || ring.rotation !== undefined) return [];
  const completed = ring.history.length - 1;
  if (pair !== undefined) return completed >= rotations ? ['over'] : [];
  const isDropped =
    ring.keys.length === 1 &&
    small.cluster.nodes.every(({file, server}) => isAlone(file) && server !== undefined && isAlone(server.loaded));
  if (completed >= rotations) return isDropped ? ['over'] : [];
  return completed === small.asked() ? ['done'] : [];
}

function isAlone(
  file: SmallCluster['cluster']['nodes'][number]['file'] | {readonly tags: ReadonlySet<string>},
): boolean {
  if ('tags' in file) return file.tags.size <= 2;
  return file.state === 'loadable' && file.transformers.tags.size <= 2;
}

function agentAt(agent: Actor | undefined): Actor {
  if (agent === undefined) throw new RangeError('agent: expected one of this world, got none');
  return agent;
}

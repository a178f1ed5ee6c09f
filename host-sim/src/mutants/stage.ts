// What a script of aimed events has in hand: the run, what people see and say on each cluster, and moments to wait for.

import {ourNamespace, ringResource} from '@etcd-encryption/rotation';
import {ringOf} from '../oracles/own-objects.ts';
import {createSimPorts} from '../ports/index.ts';
import type {Stream} from '../prng.ts';
import type {Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';

/** Faults and operators of one run; what they draw is theirs alone. */
export interface Stage {
  readonly simulation: Simulation;
  readonly draws: Stream;
  /** Looks once a second from now on, and does it once. */
  readonly when: (holds: () => boolean, then: () => void) => void;
  readonly after: (delayMs: number, then: () => void) => void;
  /** Starts the agent of a node that joined. */
  readonly startAgent: (node: string) => void;
}

export function createStage(simulation: Simulation, startAgent: Stage['startAgent']): Stage {
  const {scheduler, random} = simulation.world;
  const after = (delayMs: number, then: () => void): void => {
    scheduler.after(delayMs, 'faults/script', then);
  };
  const when = (holds: () => boolean, then: () => void): void => {
    const look = (): void => (holds() ? then() : after(lookEveryMs, look));
    look();
  };
  return {simulation, startAgent, draws: random.stream('faults', 'script'), when, after};
}

const lookEveryMs = 1_000;

/** Whether nothing is under way and this was the last that completed. */
export function isAtRevision(cluster: Cluster, revision: number): boolean {
  const ring = ringOf(cluster);
  return ring?.rotation === undefined && ring?.history[0]?.revision === revision;
}

const address = {resource: ringResource, namespace: ourNamespace, name: 'default'};

/** What an operator puts on the ring; it is tried again for as long as no server answers or somebody else was faster. */
export function annotateRing(stage: Stage, cluster: Cluster, [name, text]: readonly [string, string]): void {
  const ports = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const attempt = (): boolean => {
    const read = ports['store.get'](address);
    if (!read.ok || read.value === undefined) return false;
    const {metadata} = read.value;
    const annotations = {...metadata.annotations, [name]: text};
    const object = {...read.value, metadata: {...metadata, annotations}};
    return ports['store.replace']({resource: address.resource, object}).ok;
  };
  stage.when(attempt, () => undefined);
}

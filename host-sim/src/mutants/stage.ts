// What a script of aimed events has in hand: the run, what people see and say on each cluster, and moments to wait for.

import {configResource, ourNamespace, type Result, ringResource, type StoredObject} from '@etcd-encryption/rotation';
import {configKey, ringOf} from '../oracles/own-objects.ts';
import type {Pair, SideName} from '../pair.ts';
import {createSimPorts} from '../ports/index.ts';
import type {Stream} from '../prng.ts';
import type {Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';
import {restoreSnapshot, type Snapshot} from '../world/snapshot.ts';

/** Faults and operators of one run; what they draw is theirs alone. */
export interface Stage {
  readonly simulation: Simulation;
  /** Absent where the run has one cluster. */
  readonly pair?: Pair;
  readonly draws: Stream;
  /** Before this nothing that lasts may end, ms: what strikes later cannot show any more. */
  readonly untilMs: number;
  /** Looks once a second from now on, and does it once. */
  readonly when: (holds: () => boolean, then: () => void) => void;
  readonly after: (delayMs: number, then: () => void) => void;
  /** Starts the agent of a node that joined. */
  readonly startAgent: (node: string) => void;
}

export function createStage(simulation: Simulation, rest: Pick<Stage, 'pair' | 'untilMs' | 'startAgent'>): Stage {
  const {scheduler, random} = simulation.world;
  const after = (delayMs: number, then: () => void): void => {
    scheduler.after(delayMs, 'faults/script', then);
  };
  const when = (holds: () => boolean, then: () => void): void => {
    const look = (): void => (holds() ? then() : after(lookEveryMs, look));
    look();
  };
  return {simulation, ...rest, draws: random.stream('faults', 'script'), when, after};
}

const lookEveryMs = 1_000;

export const configIn = ({etcd}: Cluster): StoredObject | undefined => etcd.get(configKey)?.value.object;

/** Revisions of rotations that completed on a cluster, newest first. */
export const completedOn = (cluster: Cluster): readonly number[] =>
  ringOf(cluster)?.history.map(({revision}) => revision) ?? [];

/** Whether nothing is under way and this was the last that completed. */
export function isAtRevision(cluster: Cluster, revision: number): boolean {
  const ring = ringOf(cluster);
  return ring?.rotation === undefined && ring?.history[0]?.revision === revision;
}

/** Whether every server of a cluster reads values under a key. */
export const hasLoadedEverywhere = ({nodes}: Cluster, tag: string): boolean =>
  nodes.every(({server}) => server?.canRead('secrets', tag) === true);

/** What an operator puts on the ring; it is tried again for as long as no server answers or somebody else was faster. */
export const annotateRing = (stage: Stage, cluster: Cluster, note: Note): void =>
  edit(stage, cluster, 'ring', (object) => annotated(object, note));

/** What an operator puts on the configuration. */
export const annotateConfig = (stage: Stage, cluster: Cluster, note: Note): void =>
  edit(stage, cluster, 'config', (object) => annotated(object, note));

/** Changes settings of the configuration. */
export const changeSpec = (stage: Stage, cluster: Cluster, changes: Readonly<Record<string, unknown>>): void =>
  edit(stage, cluster, 'config', (object) => ({...object, spec: {...(object.spec as object), ...changes}}));

/** An annotation; without text it is taken away. */
export interface Note {
  readonly name: string;
  readonly text: string | undefined;
}

function annotated(object: StoredObject, {name, text}: Note): StoredObject {
  const {[name]: _, ...others} = object.metadata.annotations ?? {};
  const annotations = text === undefined ? others : {...others, [name]: text};
  return {...object, metadata: {...object.metadata, annotations}};
}

const addresses = {
  ring: {resource: ringResource, namespace: ourNamespace, name: 'default'},
  config: {resource: configResource, name: 'default'},
} as const;

function edit(stage: Stage, cluster: Cluster, what: 'ring' | 'config', change: (object: StoredObject) => StoredObject) {
  const ports = createSimPorts(cluster, {program: 'operator', as: 'user'});
  const address = addresses[what];
  const attempt = (): boolean => {
    const read: Result<StoredObject | undefined> = ports['store.get'](address);
    if (!read.ok || read.value === undefined) return false;
    return ports['store.replace']({resource: address.resource, object: change(read.value)}).ok;
  };
  stage.when(attempt, () => undefined);
}

/** One side's etcd is put back; users go on from what is there, as people do who know of it. */
export function restoreSide({pair, simulation}: Stage, side: SideName, past: Snapshot): void {
  if (pair === undefined) restoreSnapshot(simulation.cluster, past);
  else pair.restore(side, past);
  const {cluster} = simulation.side(side);
  (pair?.users ?? simulation.users).moveTo(cluster);
}

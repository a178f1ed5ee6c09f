// What a controller would decide now: the engine's own observation and plan, through ports that cannot write, as if
// leading with the ring's epoch.

import {checkInstalledSchema} from '@etcd-encryption/host-k8s';
import {
  type ClusterObservation,
  drive,
  type Fact,
  newControllerMemory,
  newLeaseMemory,
  observeCluster,
  type Plan,
  planController,
  type StoredObject,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import type {ClusterClient} from './cluster-client.ts';
import {readRingState} from './cluster-state.ts';
import {readOnlyPorts} from './read-only.ts';

export interface Foresight {
  readonly observation: ClusterObservation;
  readonly plan: Plan;
  readonly config: StoredObject | undefined;
}

/** @throws UnreachableError when the ring cannot be read; everything else unread is a reason in the plan */
export async function foresee(client: ClusterClient): Promise<Foresight> {
  const {ring} = await readRingState(client.store);
  const pruned = await readPruned(client);
  // biome-ignore lint/correctness/useYield: a fact that was read before, in the engine's form
  const memory = newControllerMemory(newLeaseMemory('onlooker'), function* () {
    return pruned;
  });
  memory.ownEpoch = ring?.epoch;
  const observation = await drive(observeCluster(memory, true), readOnlyPorts(client));
  return {observation, plan: planController(observation), config: memory.configObject};
}

async function readPruned({store}: ClusterClient): Promise<Fact<readonly string[]>> {
  const schema = await checkInstalledSchema(store);
  switch (schema.outcome) {
    case 'complete':
      return seen([]);
    case 'incomplete':
      return seen(schema.missing);
    case 'unknown':
      return unknown(schema.why);
    default:
      return schema satisfies never;
  }
}

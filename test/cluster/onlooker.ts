// Somebody who looks at a real cluster as its controller does, several times a second, writes nothing, and remembers
// every reason that the plan gave and every one that a condition showed.

import {setTimeout as pause} from 'node:timers/promises';
import {createClock, createEntropyPorts, type StoreClient} from '@etcd-encryption/host-k8s';
import {
  type ControllerWaits,
  drive,
  type Fact,
  newControllerMemory,
  newLeaseMemory,
  observeCluster,
  type Ports,
  planController,
  type Step,
  seen,
} from '@etcd-encryption/rotation';
import type {RotationCluster} from './rotation-cluster.ts';

/** Ports that read; what would write has none, and is answered `denied`. */
function reading(store: StoreClient): Partial<Ports> {
  const {'store.get': get, 'store.list': list, 'store.resolve': resolve} = store;
  return {
    'store.get': get,
    'store.list': list,
    'store.resolve': resolve,
    ...createClock().ports,
    ...createEntropyPorts(),
  };
}

// biome-ignore lint/correctness/useYield: this onlooker takes the definitions for complete
function* complete(): Step<Fact<readonly string[]>> {
  return seen([]);
}

export class Onlooker {
  readonly reasons = new Set<string>();
  readonly #cluster: RotationCluster;
  readonly #waits: ControllerWaits;
  #running = true;
  #loop: Promise<void> | undefined;

  constructor(cluster: RotationCluster, waits: ControllerWaits = {}) {
    this.#cluster = cluster;
    this.#waits = waits;
  }

  start(): void {
    this.#loop = this.#look();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
  }

  /** Waits until a reason was given. @throws Error naming what was given instead */
  async until(reason: string, timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.reasons.has(reason)) {
      if (performance.now() > end)
        throw new Error(`${reason}: not given within ${timeoutMs} ms; given: ${[...this.reasons].sort().join(', ')}`);
      await pause(50);
    }
  }

  async #look(): Promise<void> {
    const memory = newControllerMemory(newLeaseMemory('onlooker'), complete, this.#waits);
    while (this.#running) {
      const ports = reading(this.#cluster.store());
      const ring = await this.#cluster.ring().catch(() => undefined);
      memory.ownEpoch = ring?.epoch;
      const plan = planController(await drive(observeCluster(memory, true), ports));
      for (const {reason} of [...plan.reasons, ...plan.notes]) this.reasons.add(reason);
      const status = await this.#cluster.status().catch(() => undefined);
      for (const {reason} of status?.conditions ?? []) this.reasons.add(reason);
      // What the controller itself acted upon may be over within a moment.
      for (const [, reason] of (await this.#cluster.controller.log()).matchAll(/"reason":"(\w+)"/g)) {
        if (reason !== undefined) this.reasons.add(reason);
      }
      await pause(60);
    }
  }
}

// Somebody who reads every stored Secret and ConfigMap of a cluster through every server of it: each by its name, past
// every cache, and all of them in lists. The names come from etcd itself, so nothing is left out that a list would hide.

import type {StorePorts} from '@etcd-encryption/host-k8s';
import type {RotationCluster} from './rotation-cluster.ts';
import {pause} from './rotation-steps.ts';
import {configMaps, secrets} from './workload.ts';

const atOnce = 8;

interface Place {
  readonly resource: typeof secrets;
  readonly namespace: string;
  readonly name: string;
}

/** What is stored now, by where it is. */
async function storedPlaces(cluster: RotationCluster): Promise<readonly Place[]> {
  const places = await Promise.all(
    [secrets, configMaps].map(async (resource) =>
      [...(await cluster.rawValues(resource.plural)).keys()].map((key) => {
        const [namespace = '', name = ''] = key.split('/').slice(-2);
        return {resource, namespace, name};
      }),
    ),
  );
  return places.flat();
}

/** One line for each value or list that some server of `nodes`, all of them unless given, does not read. */
export async function unreadValues(
  cluster: RotationCluster,
  nodes: readonly string[] = cluster.plane.nodes.map(({name}) => name),
): Promise<readonly string[]> {
  const places = await storedPlaces(cluster);
  const found = await Promise.all(
    nodes.map(async (node) => {
      const store = cluster.store(node);
      const lines = [...(await unlisted(store)), ...(await unread(store, places))];
      return lines.map((line) => `${node}: ${line}`);
    }),
  );
  return found.flat();
}

async function unlisted(store: StorePorts): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const resource of [secrets, configMaps]) {
    const page = await store['store.list']({resource, limit: 10_000});
    if (!page.ok) lines.push(`list ${resource.plural}: ${page.error.message}`);
  }
  return lines;
}

async function unread(store: StorePorts, places: readonly Place[]): Promise<readonly string[]> {
  const lines: string[] = [];
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let place = places[next++]; place !== undefined; place = places[next++]) {
      const {resource, namespace, name} = place;
      const answer = await store['store.get']({resource, namespace, name});
      if (!answer.ok) lines.push(`${resource.plural}/${namespace}/${name}: ${answer.error.message}`);
    }
  };
  await Promise.all(Array.from({length: atOnce}, reader));
  return lines;
}

/** Reads everything again and again until it is ended, through the servers that run. */
export class EveryValueWatch {
  readonly #cluster: RotationCluster;
  readonly #failures: string[] = [];
  #rounds = 0;
  #watching = true;
  readonly #loop: Promise<void>;

  constructor(cluster: RotationCluster) {
    this.#cluster = cluster;
    this.#loop = this.#read();
  }

  async #read(): Promise<void> {
    while (this.#watching) {
      const before = this.#processes();
      const lines = await unreadValues(this.#cluster, [...before.keys()]);
      // A server that was stopped meanwhile, and perhaps started again, is no witness.
      const after = this.#processes();
      const told = lines.filter((line) => {
        const node = line.slice(0, line.indexOf(':'));
        return before.get(node) === after.get(node);
      });
      this.#failures.push(...told.map((line) => `${new Date().toISOString()} ${line}`));
      this.#rounds++;
      await pause(200);
    }
  }

  /** Servers that run, by node. */
  #processes(): ReadonlyMap<string, number> {
    const {nodes} = this.#cluster.plane;
    return new Map(nodes.flatMap(({name, pid}) => (pid === undefined ? [] : [[name, pid] as const])));
  }

  async end(): Promise<{readonly rounds: number; readonly failures: readonly string[]}> {
    this.#watching = false;
    await this.#loop;
    return {rounds: this.#rounds, failures: this.#failures.slice(0, 20)};
  }
}

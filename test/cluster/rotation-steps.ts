// What a test sees of files and conditions on the way.

import {readFileSync} from 'node:fs';
import type {RotationCluster} from './rotation-cluster.ts';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Entries of every node's file in order, by node and block. */
export const ordersOf = async (cluster: RotationCluster): Promise<readonly (readonly string[])[]> =>
  await Promise.all(
    cluster.plane.nodes.map(async ({name}) => (await cluster.file(name)).map(({order}) => order.join(' '))),
  );

export const bytesOf = (cluster: RotationCluster): readonly string[] =>
  cluster.plane.nodes.map(({configPath}) => readFileSync(configPath, 'utf8'));

/** Every reason and message of the conditions. */
export const messagesOf = async (cluster: RotationCluster): Promise<string> =>
  ((await cluster.status()).conditions ?? []).map(({reason, message}) => `${reason}: ${message}`).join('\n');

/** The order of one resource's block in a node's file; `none` without one. */
export async function orderOn(cluster: RotationCluster, node: string, resource: string): Promise<readonly string[]> {
  return (await cluster.file(node)).find(({resources}) => resources.includes(resource))?.order ?? ['none'];
}

/** Notes each order that a resource's block has on any node, in the order of appearance, until it is ended. */
export class BlockWatch {
  readonly #seen = new Map<string, string[]>();
  readonly #loop: Promise<void>;
  #watching = true;

  constructor(cluster: RotationCluster, resource: string) {
    this.#loop = this.#look(cluster, resource);
  }

  async #look(cluster: RotationCluster, resource: string): Promise<void> {
    while (this.#watching) {
      for (const {name} of cluster.plane.nodes) {
        const order = (await orderOn(cluster, name, resource)).join(' ');
        const seen = this.#seen.get(name) ?? [];
        if (seen.at(-1) !== order) this.#seen.set(name, [...seen, order]);
      }
      await pause(40);
    }
  }

  /** Orders in turn, by node. */
  async end(): Promise<Readonly<Record<string, readonly string[]>>> {
    this.#watching = false;
    await this.#loop;
    return Object.fromEntries(this.#seen);
  }
}

// Objects whose content a test knows, read through every server: one by one and in a list. What cannot be read, or
// reads as something else, is a failure in words.

import type {StorePorts} from '@etcd-encryption/host-k8s';
import {eventResource, type ResourceType} from '@etcd-encryption/rotation';
import type {RotationCluster} from './rotation-cluster.ts';

const namespace = 'default';
const label = 'known';
const annotation = 'known/value';

export class KnownValues {
  readonly resource: ResourceType;
  readonly #apiVersion: string;
  readonly #values = new Map<string, string>();
  #watching = false;
  #watch: Promise<void> = Promise.resolve();
  #rounds = 0;
  readonly #failures: string[] = [];

  constructor(resource: ResourceType) {
    this.resource = resource;
    this.#apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  }

  /** Objects that somebody took away. */
  forget(...names: readonly string[]): void {
    for (const name of names) this.#values.delete(name);
  }

  pathOf(name: string): string {
    const {group, plural} = this.resource;
    return `/registry/${group === '' ? '' : `${group}/`}${plural}/${namespace}/${name}`;
  }

  /** Creates or rewrites an object through a server. @throws Error when the server refuses */
  async put(store: StorePorts, name: string): Promise<void> {
    const value = `${name} ${Math.random()}`;
    const present = await store['store.get']({resource: this.resource, namespace, name});
    if (!present.ok) throw new Error(`get ${name}: ${present.error.message}`);
    const version = present.value?.metadata.resourceVersion;
    const object = {
      apiVersion: this.#apiVersion,
      kind: this.resource.kind,
      metadata: {
        name,
        namespace,
        labels: {[label]: 'yes'},
        annotations: {[annotation]: value},
        ...(version === undefined ? {} : {resourceVersion: version}),
      },
    };
    const request = {resource: this.resource, object};
    const written =
      version === undefined ? await store['store.create'](request) : await store['store.replace'](request);
    if (!written.ok) throw new Error(`put ${name}: ${written.error.message}`);
    this.#values.set(name, value);
  }

  /** What is wrong with a server's answers. */
  async readThrough(store: StorePorts): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const [name, value] of this.#values) {
      const one = await store['store.get']({resource: this.resource, namespace, name});
      if (!one.ok) failures.push(`get ${name}: ${one.error.message}`);
      else if (one.value?.metadata.annotations?.[annotation] !== value) failures.push(`get ${name}: another value`);
    }
    const request = {resource: this.resource, namespace, labelSelector: `${label}=yes`, limit: 1_000};
    const all = await store['store.list'](request);
    if (!all.ok) failures.push(`list: ${all.error.message}`);
    else {
      const listed = new Map(all.value.items.map(({metadata}) => [metadata.name, metadata.annotations?.[annotation]]));
      for (const [name, value] of this.#values)
        if (listed.get(name) !== value) failures.push(`list: ${name} is another or not there`);
    }
    return failures;
  }

  /** As {@link readThrough}, through every server that runs. */
  async readEverywhere(cluster: RotationCluster): Promise<readonly string[]> {
    const answers = await Promise.all(
      cluster.plane.nodes.map(async ({name}) =>
        (await this.readThrough(cluster.store(name))).map((failure) => `${name}: ${failure}`),
      ),
    );
    return answers.flat();
  }

  /** Reads everything everywhere again and again until {@link endWatch}. */
  watch(cluster: RotationCluster): void {
    this.#watching = true;
    this.#watch = this.#readOn(cluster);
  }

  async #readOn(cluster: RotationCluster): Promise<void> {
    while (this.#watching) {
      this.#failures.push(...(await this.readEverywhere(cluster)).map((each) => `${new Date().toISOString()} ${each}`));
      this.#rounds++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async endWatch(): Promise<{readonly rounds: number; readonly failures: readonly string[]}> {
    this.#watching = false;
    await this.#watch;
    return {rounds: this.#rounds, failures: this.#failures.slice(0, 20)};
  }
}

/** Whether history up to a revision is gone, by the API's answer for `events`, which no cache gives. */
export async function isHistoryGone(store: StorePorts, revision: string): Promise<boolean> {
  const answer = await store['store.list']({resource: eventResource, limit: 1, atRevision: revision});
  if (answer.ok) return false;
  if (answer.error.code === 'gone') return true;
  throw new Error(`events at ${revision}: ${answer.error.message}`);
}

// What stands for the etcd Synchronizer of a pair: `etcdctl make-mirror` processes from one etcd to the other, and the
// signs by which a Standby knows that it is there. It runs on the Standby, and goes by the book: missed and surplus keys
// are what stops a failover.

import {join} from 'node:path';
import {deploymentResource, leaseResource, type StoredObject, synchronizer} from '@etcd-encryption/rotation';
import {Mirror} from '../control-plane/index.ts';
import type {RotationCluster} from './rotation-cluster.ts';
import {pause} from './rotation-steps.ts';

/** Namespaces of users that are copied; whatever else a cluster has stays there. */
export const replicatedNamespaces = ['team-a', 'team-b'] as const;

/** The one key that the Synchronizer copies by its exact name although its namespace is left alone. */
const bundleKey = '/registry/cluster.alauda.io/seedbundles/kube-system/default';

/** One process copies each of these. */
const replicatedPrefixes: readonly string[] = [
  ...replicatedNamespaces.map((name) => `/registry/namespaces/${name}`),
  ...replicatedNamespaces.flatMap((name) => [`/registry/secrets/${name}/`, `/registry/configmaps/${name}/`]),
  bundleKey,
];

const renewEveryMs = 1_000;

export class RealSynchronizer {
  readonly #from: RotationCluster;
  readonly #to: RotationCluster;
  #mirrors: readonly Mirror[] = [];
  #renewing = false;
  #renewal: Promise<void> = Promise.resolve();

  /** `to` is the Standby, where it is installed. */
  constructor(from: RotationCluster, to: RotationCluster) {
    this.#from = from;
    this.#to = to;
  }

  async install(): Promise<void> {
    await this.#to.plane.apply('node-1', JSON.stringify(deployment));
    this.start();
    this.#renewing = true;
    this.#renewal = this.#renew();
  }

  /**
   * Takes it away, with what it had still to copy; its Lease stays and is renewed no more. Answers the prefixes whose
   * processes had ended by themselves, as they do when an etcd is lost.
   */
  async uninstall(): Promise<readonly string[]> {
    const ended = await this.halt();
    this.#renewing = false;
    await this.#renewal;
    const {namespace, deployment: name} = synchronizer;
    await this.#to.plane.kubectl('node-1', '-n', namespace, 'delete', 'deployment', name);
    return ended;
  }

  /** Ends the processes, and answers as {@link uninstall}; the signs stay. */
  async halt(): Promise<readonly string[]> {
    const ended = this.#mirrors.filter(({running}) => !running).map(({prefix}) => prefix);
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
    this.#mirrors = [];
    return ended;
  }

  /** Copies everything, and then what changes. */
  start(): void {
    const [from, to] = [this.#from.plane.etcd, this.#to.plane.etcd];
    const logPath = join(this.#to.dir, 'mirror.log');
    this.#mirrors = replicatedPrefixes.map((prefix) => new Mirror({from, to, prefix, logPath}));
  }

  /** Keys that only one side has, and those with other bytes there. */
  async differences(): Promise<readonly string[]> {
    const sides = [this.#from, this.#to] as const;
    const found: string[] = [];
    for (const prefix of replicatedPrefixes) {
      const [from, to] = await Promise.all(sides.map((side) => side.rawUnder(prefix)));
      if (from === undefined || to === undefined) throw new Error('expected two sides');
      for (const key of from.keys()) if (!to.has(key)) found.push(`missed: ${key}`);
      for (const key of to.keys()) if (!from.has(key)) found.push(`surplus: ${key}`);
      for (const [key, value] of from) {
        const copy = to.get(key);
        if (copy !== undefined && Buffer.compare(copy, value) !== 0) found.push(`other bytes: ${key}`);
      }
    }
    return found;
  }

  /** Waits until nothing is missed, surplus or other. @throws Error naming the first such keys when it does not end */
  async drained(timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const left = await this.differences();
      if (left.length === 0) return;
      if (performance.now() > end) throw new Error(`not drained: ${left.slice(0, 5).join('; ')}`);
      await pause(200);
    }
  }

  async #renew(): Promise<void> {
    const {namespace, lease: name} = synchronizer;
    while (this.#renewing) {
      const store = this.#to.store();
      const present = await store['store.get']({resource: leaseResource, namespace, name});
      const resourceVersion = present.ok ? present.value?.metadata.resourceVersion : undefined;
      const object = leaseObject(resourceVersion);
      const request = {resource: leaseResource, object};
      // A server that is down for a while costs a renewal, as it costs the real one.
      await (resourceVersion === undefined ? store['store.create'](request) : store['store.replace'](request));
      await pause(renewEveryMs);
    }
  }
}

function leaseObject(resourceVersion: string | undefined): StoredObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: synchronizer.lease,
      namespace: synchronizer.namespace,
      ...(resourceVersion === undefined ? {} : {resourceVersion}),
    },
    spec: {
      holderIdentity: 'etcd-sync-0',
      leaseDurationSeconds: 15,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  };
}

const labels = {app: synchronizer.deployment};

const deployment = {
  apiVersion: `${deploymentResource.group}/${deploymentResource.version}`,
  kind: deploymentResource.kind,
  metadata: {name: synchronizer.deployment, namespace: synchronizer.namespace},
  spec: {
    replicas: 1,
    selector: {matchLabels: labels},
    template: {metadata: {labels}, spec: {containers: [{name: 'etcd-sync', image: 'etcd-sync'}]}},
  },
};

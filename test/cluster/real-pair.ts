// A disaster-recovery pair of real control planes: each with its own etcd, servers and programs, one of them fed by what
// stands for the etcd Synchronizer, and users who write where the platform's domain points.

import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {annotation, type KeyId, type Ring, synchronizer} from '@etcd-encryption/rotation';
import {conditionOf} from './conditions.ts';
import {command, createRootSecret, groupId, makeRootKey} from './derived-keys.ts';
import {RealSynchronizer, replicatedNamespaces} from './real-synchronizer.ts';
import {type ConfigStatusView, type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

export const patienceMs = 240_000;
const week = '168h0m0s';

export interface RealPairOptions {
  readonly nodes: {readonly east: number; readonly west: number};
  /** Objects in each of the two replicated namespaces, and in `default` of each side. */
  readonly objects: {readonly secrets: number; readonly configMaps: number};
}

export class RealPair {
  readonly east: RotationCluster;
  readonly west: RotationCluster;
  /** The right root key, as the operators have it. */
  readonly rootKeyFile: string;
  readonly users: readonly Workload[];
  #domain: RotationCluster;
  #synchronizer: RealSynchronizer | undefined;

  constructor(east: RotationCluster, west: RotationCluster, rootKeyFile: string) {
    this.east = east;
    this.west = west;
    this.rootKeyFile = rootKeyFile;
    this.#domain = east;
    this.users = replicatedNamespaces.map(
      (namespace) =>
        new Workload({
          stores: () => this.#domain.stores,
          readsPerSecond: 15,
          writesPerSecond: 3,
          listEveryMs: 1_000,
          namespace,
        }),
    );
  }

  /** Which side users are led to. */
  get active(): RotationCluster {
    return this.#domain;
  }

  get standby(): RotationCluster {
    return this.other(this.#domain);
  }

  /** @throws Error while no Synchronizer is installed */
  get synchronizer(): RealSynchronizer {
    if (this.#synchronizer === undefined) throw new Error('no Synchronizer is installed');
    return this.#synchronizer;
  }

  other(side: RotationCluster): RotationCluster {
    return side === this.east ? this.west : this.east;
  }

  startUsers(): void {
    for (const users of this.users) users.start();
  }

  async stopUsers(): Promise<readonly string[]> {
    return (await Promise.all(this.users.map((users) => users.stop()))).flatMap(({failures}) => failures);
  }

  /** The platform's domain points there from now on. */
  pointTo(side: RotationCluster): void {
    this.#domain = side;
  }

  /** Installs the Synchronizer on a side, which follows the other one from then on. */
  async follow(standby: RotationCluster): Promise<void> {
    this.#synchronizer = new RealSynchronizer(this.other(standby), standby);
    await this.#synchronizer.install();
  }

  /** Answers the prefixes that were not copied any more. */
  async uninstallSynchronizer(): Promise<readonly string[]> {
    const ended = await this.synchronizer.uninstall();
    this.#synchronizer = undefined;
    return ended;
  }

  /** The Standby leads from now on, by the book: nothing is missed or surplus, and nobody writes meanwhile. */
  async failOver(): Promise<readonly string[]> {
    const next = this.standby;
    const failures = await this.stopUsers();
    await this.synchronizer.drained();
    const ended = await this.uninstallSynchronizer();
    this.pointTo(next);
    return [...failures, ...ended.map((prefix) => `not copied any more: ${prefix}`)];
  }

  /** What each side shows of its keys, put into two files, Active first. */
  async fingerprints(): Promise<readonly [string, string]> {
    const paths: string[] = [];
    for (const side of [this.active, this.standby]) {
      const {code, out, err} = await command(side, 'fingerprint', '--kubeconfig', side.plane.node('node-1').kubeconfig);
      if (code !== 0) throw new Error(`fingerprint: exit code ${code}: ${err}`);
      const path = join(side.dir, 'fingerprint.json');
      await writeFile(path, out);
      paths.push(path);
    }
    const [active = '', standby = ''] = paths;
    return [active, standby];
  }

  /** `verify` on what both show; with `--record` the Standby's proof goes to the Active's ring. */
  async verify(...more: readonly string[]): Promise<{readonly code: number; readonly out: string}> {
    const [active, standby] = await this.fingerprints();
    const record = more.includes('--record') ? ['--kubeconfig', this.active.plane.node('node-1').kubeconfig] : [];
    return await command(this.active, 'verify', active, standby, ...more, ...record);
  }

  /** Both sides completed a revision and rest, and the Standby has loaded the next one. */
  async settled(revision: number): Promise<void> {
    for (const side of [this.active, this.standby]) await side.complete(revision, patienceMs);
    await this.standby.until(
      `r${revision + 1} waits on the Standby, which is ready`,
      async (status) => {
        const {following} = await ringOf(this.standby);
        return following?.entries.at(-1)?.revision === revision + 1 && isReady(status);
      },
      patienceMs,
    );
  }

  /** Lets the interval pass on the Active, for one rotation and no more. */
  async makeDue(revision: number): Promise<void> {
    const side = this.active;
    await setInterval(side, '1s');
    await side.until(
      `r${revision} is due`,
      async () => {
        const {rotation, history} = await ringOf(side);
        return rotation?.revision === revision || history[0]?.revision === revision;
      },
      patienceMs,
    );
    await setInterval(side, week);
  }

  async stop(): Promise<void> {
    await this.stopUsers();
    await this.#synchronizer?.halt();
    await Promise.all([this.east.stop(), this.west.stop()]);
  }
}

const setInterval = async (side: RotationCluster, rotationInterval: string): Promise<void> =>
  await side.edit((object) => ({...object, spec: {...(object.spec as object), rotationInterval}}));

/** Changes `spec.deterministic`. */
export const setDeterministic = async (side: RotationCluster, more: Readonly<Record<string, unknown>>): Promise<void> =>
  await side.edit((object) => {
    const spec = object.spec as {readonly deterministic: object};
    return {...object, spec: {...spec, deterministic: {...spec.deterministic, ...more}}};
  });

/** Reads the ring, which must be there. */
export async function ringOf(side: RotationCluster): Promise<Ring> {
  const ring = await side.ring();
  if (ring === undefined) throw new Error('there is no ring');
  return ring;
}

export const isReady = (status: ConfigStatusView): boolean => conditionOf(status, 'FailoverReady')?.status === 'True';

/** Keys of the bundle that a side follows, oldest first. */
export const bundleKeys = async (side: RotationCluster): Promise<readonly KeyId[]> =>
  ((await ringOf(side)).following?.entries ?? []).map(({key}) => key);

/** An operator states the role, where a failover leaves it unknown. */
export const stateRole = async (side: RotationCluster, role: string): Promise<void> =>
  await side.annotateRing(annotation.role, role);

/**
 * Two control planes with our programs and definitions, objects of users on the first, objects of its own on each. The
 * root Secret is right on the first and still to be made on the second; nothing runs yet but the servers.
 */
export async function startRealPair({nodes, objects}: RealPairOptions): Promise<RealPair> {
  const controllerArgs = ['--count-every', '2s'];
  const [east, west] = await Promise.all([
    startRotationCluster({nodes: nodes.east, controllerArgs, agentsThroughFirst: true}),
    startRotationCluster({nodes: nodes.west, controllerArgs, agentsThroughFirst: true}),
  ]);
  const pair = new RealPair(east, west, await makeRootKey(east.dir));
  try {
    for (const side of [east, west]) await side.plane.kubectl('node-1', 'create', 'namespace', synchronizer.namespace);
    for (const name of replicatedNamespaces) await east.plane.kubectl('node-1', 'create', 'namespace', name);
    await createRootSecret(east, pair.rootKeyFile);
    for (const users of pair.users) await users.populate(objects);
    for (const side of [east, west]) await ownObjects(side).populate(objects);
  } catch (error) {
    await pair.stop();
    throw error;
  }
  return pair;
}

/** Objects in a namespace that the Synchronizer leaves alone. */
const ownObjects = (side: RotationCluster): Workload =>
  new Workload({stores: () => side.stores, readsPerSecond: 1, writesPerSecond: 1, listEveryMs: 1_000});

export const pairSpec = (replicationGroupId = groupId): Readonly<Record<string, unknown>> => ({
  keyStrategy: 'deterministic',
  deterministic: {replicationGroupId, approvalDelay: '5s', standby: 'expected'},
  rotationInterval: week,
});

// A real control plane with our programs on it: what the proofs start from.

import {mkdir, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {readStoredPrefix} from '@etcd-encryption/crypto/stored-value';
import {
  createEtcdPorts,
  createStorePorts,
  type EtcdClient,
  renderCrds,
  type StoreClient,
} from '@etcd-encryption/host-k8s';
import {
  configResource,
  type NodeReport,
  nodeReportResource,
  ourNamespace,
  parseHistory,
  type Ring,
  ringResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {type ControlPlane, type ControlPlaneOptions, startControlPlane} from '../control-plane/index.ts';
import {ProgramProcess} from './programs.ts';

export interface ClusterOptions {
  readonly nodes?: number;
  /** `undefined` = the released minute. */
  readonly poll?: string | undefined;
  readonly plane?: Partial<ControlPlaneOptions>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** `off`: agents without etcd, as where nobody may read it. */
  readonly etcd?: 'auto' | 'off';
  readonly agentArgs?: readonly string[];
  /** Agents write through the first server, as they would through a load balancer, and not through their own. */
  readonly agentsThroughFirst?: boolean;
  readonly controllerArgs?: readonly string[];
}

export interface ConfigStatusView {
  readonly clusterId?: string;
  readonly revision?: number;
  readonly phase?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly deployStatus?: Readonly<
    Record<string, {readonly revision: number; readonly state: string; readonly message?: string}>
  >;
  readonly migration?: {
    readonly revision: number;
    readonly state: string;
    readonly resources?: readonly string[];
    readonly completeTimestamp?: string;
    readonly message?: string;
  };
  readonly history?: readonly {
    readonly revision: number;
    readonly outcome: string;
    readonly values: number;
    readonly seconds: number;
    readonly reason: string;
  }[];
  readonly keys?: readonly {readonly name: string; readonly state: string}[];
}

export class RotationCluster {
  readonly plane: ControlPlane;
  readonly dir: string;
  readonly controller: ProgramProcess;
  readonly agents: ReadonlyMap<string, ProgramProcess>;
  readonly #stores = new Map<string, StoreClient>();
  readonly #etcd: EtcdClient;

  constructor(plane: ControlPlane, dir: string, options: ClusterOptions) {
    this.plane = plane;
    this.dir = dir;
    const first = plane.nodes[0];
    if (first === undefined) throw new RangeError('nodes: expected at least one');
    const controllerArgs = ['controller', '--kubeconfig', first.kubeconfig, ...(options.controllerArgs ?? [])];
    this.controller = new ProgramProcess('controller', controllerArgs, dir);
    this.agents = new Map(
      plane.nodes.map(({name, kubeconfig, root}) => {
        const args = [
          'agent',
          '--kubeconfig',
          options.agentsThroughFirst === true ? first.kubeconfig : kubeconfig,
          '--node-name',
          name,
          '--node-root',
          root,
          '--etcd',
          options.etcd ?? 'auto',
          ...(options.agentArgs ?? []),
        ];
        return [name, new ProgramProcess(`agent-${name}`, args, dir)];
      }),
    );
    for (const {name, kubeconfig} of plane.nodes)
      this.#stores.set(name, createStorePorts({kubeconfig, userAgent: 'test'}));
    this.#etcd = createEtcdPorts({url: plane.etcd.url});
  }

  store(node = this.plane.nodes[0]?.name ?? ''): StoreClient {
    const store = this.#stores.get(node);
    if (store === undefined) throw new RangeError(`node: expected one of the control plane's, got ${node}`);
    return store;
  }

  /** Ports of every server that runs. */
  get stores(): readonly StoreClient[] {
    return this.plane.nodes.filter(({pid}) => pid !== undefined).map(({name}) => this.store(name));
  }

  startPrograms(): void {
    for (const agent of this.agents.values()) agent.start();
    this.controller.start();
  }

  async createConfig(
    spec: Readonly<Record<string, unknown>> = {},
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const object: StoredObject = {
      apiVersion: 'cluster.alauda.io/v1alpha1',
      kind: 'EtcdEncryptionConfig',
      metadata: {name: 'default', annotations},
      spec: {resources: ['secrets', 'configmaps'], rotationInterval: '168h0m0s', type: 'aesgcm', ...spec},
    };
    const made = await this.store()['store.create']({resource: configResource, object});
    if (!made.ok) throw new Error(`EtcdEncryptionConfig: ${made.error.message}`);
  }

  async config(): Promise<StoredObject> {
    const answer = await this.#any((store) => store['store.get']({resource: configResource, name: 'default'}));
    if (answer === undefined) throw new Error('there is no EtcdEncryptionConfig');
    return answer;
  }

  async status(): Promise<ConfigStatusView> {
    return ((await this.config()).status ?? {}) as ConfigStatusView;
  }

  /** Changes the config object until no one else did so in between. */
  async edit(change: (object: StoredObject) => StoredObject): Promise<void> {
    for (;;) {
      const answer = await this.store()['store.replace']({
        resource: configResource,
        object: change(await this.config()),
      });
      if (answer.ok) return;
      if (answer.error.code !== 'conflict') throw new Error(answer.error.message);
    }
  }

  async annotate(name: string, value: string | undefined): Promise<void> {
    await this.edit((object) => withAnnotation(object, name, value));
  }

  async annotateRing(name: string, value: string): Promise<void> {
    for (;;) {
      const object = await this.#any((store) =>
        store['store.get']({resource: ringResource, namespace: ourNamespace, name: 'default'}),
      );
      if (object === undefined) throw new Error('there is no ring');
      const answer = await this.store()['store.replace']({
        resource: ringResource,
        object: withAnnotation(object, name, value),
      });
      if (answer.ok) return;
      if (answer.error.code !== 'conflict') throw new Error(answer.error.message);
    }
  }

  async ring(): Promise<Ring | undefined> {
    const object = await this.#any((store) =>
      store['store.get']({resource: ringResource, namespace: ourNamespace, name: 'default'}),
    );
    return object?.spec as Ring | undefined;
  }

  async reports(): Promise<readonly NodeReport[]> {
    const page = await this.store()['store.list']({resource: nodeReportResource, namespace: ourNamespace, limit: 100});
    if (!page.ok) throw new Error(page.error.message);
    return page.value.items.map((item) => item.status as NodeReport);
  }

  async #any<T>(
    read: (
      store: StoreClient,
    ) => Promise<
      {readonly ok: true; readonly value: T} | {readonly ok: false; readonly error: {readonly message: string}}
    >,
  ): Promise<T> {
    let message = 'no server runs';
    for (const store of this.stores) {
      const answer = await read(store);
      if (answer.ok) return answer.value;
      message = answer.error.message;
    }
    throw new Error(message);
  }

  /** Waits until the status says so. @throws Error with the last status and the programs' last words */
  async until(
    what: string,
    test: (status: ConfigStatusView) => boolean | Promise<boolean>,
    timeoutMs = 120_000,
  ): Promise<ConfigStatusView> {
    const end = performance.now() + timeoutMs;
    let last: ConfigStatusView = {};
    while (performance.now() < end) {
      last = await this.status().catch(() => last);
      if (await test(last)) return last;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const log = (await this.controller.log()).split('\n').slice(-12).join('\n');
    throw new Error(`not within ${timeoutMs / 1_000} s: ${what}\n${JSON.stringify(last.conditions, null, 1)}\n${log}`);
  }

  /** Waits until revision `n` is complete and the cluster rests. */
  async complete(n: number, timeoutMs = 120_000): Promise<ConfigStatusView> {
    return await this.until(
      `revision ${n} complete`,
      ({history, phase, migration}) =>
        history?.[0]?.revision === n && phase === 'Idle' && migration?.state === 'Success',
      timeoutMs,
    );
  }

  async rotate(reason: string): Promise<void> {
    await this.annotate('etcd-encryption.alauda.io/rotate', reason);
  }

  /** Stored values per resource and key name (`clear` for plain ones), read from etcd itself. */
  async census(
    resources: readonly string[] = ['secrets', 'configmaps'],
  ): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> {
    const result: Record<string, Record<string, number>> = {};
    for (const resource of resources) {
      const counts: Record<string, number> = {};
      let startKey: string | undefined;
      do {
        const page = await this.#etcd.ports['etcd.scan']({
          prefix: `/registry/${resource}/`,
          limit: 1_000,
          headBytes: 256,
          ...(startKey === undefined ? {} : {startKey}),
        });
        if (!page.ok) throw new Error(page.error.message);
        for (const {head} of page.value.entries) {
          const read = readStoredPrefix(head);
          const label = read.outcome === 'named' ? read.keyName : read.outcome === 'plain' ? 'clear' : read.outcome;
          counts[label] = (counts[label] ?? 0) + 1;
        }
        startKey = page.value.nextKey;
      } while (startKey !== undefined);
      result[resource] = counts;
    }
    return result;
  }

  /** Every stored value of a resource, whole. */
  async rawValues(resource: string): Promise<ReadonlyMap<string, Uint8Array>> {
    return await this.rawUnder(`/registry/${resource}/`);
  }

  /** Every stored value whose etcd key begins with the prefix, whole. */
  async rawUnder(prefix: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const values = new Map<string, Uint8Array>();
    let startKey: string | undefined;
    do {
      const page = await this.#etcd.ports['etcd.scan']({
        prefix,
        limit: 500,
        headBytes: 'all',
        ...(startKey === undefined ? {} : {startKey}),
      });
      if (!page.ok) throw new Error(page.error.message);
      for (const {key, head} of page.value.entries) values.set(key, head);
      startKey = page.value.nextKey;
    } while (startKey !== undefined);
    return values;
  }

  /** The node's file as key names in order, per block. */
  async file(
    node: string,
  ): Promise<readonly {readonly resources: readonly string[]; readonly order: readonly string[]}[]> {
    const parsed = parseEncryptionConfiguration(await readFile(this.plane.node(node).configPath));
    if (parsed.outcome === 'refused') throw new Error(`${node}: ${parsed.problems[0]?.message}`);
    return parsed.configuration.blocks.map(({resources, providers}) => ({
      resources,
      order: providers.flatMap((provider) =>
        provider.kind === 'identity' || provider.kind === 'kms' ? [provider.kind] : provider.keys.map(({name}) => name),
      ),
    }));
  }

  async history(node: string) {
    return parseHistory(
      await readFile(join(this.plane.node(node).root, 'etc/kubernetes/encryption-provider-history.bak')),
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.controller, ...this.agents.values()].map((program) => program.end('SIGKILL')));
    await Promise.all([...this.#stores.values()].map((store) => store.close()));
    await this.#etcd.close();
    await this.plane.stop();
    await rm(this.dir, {recursive: true, force: true});
  }
}

export function withAnnotation(object: StoredObject, name: string, value: string | undefined): StoredObject {
  const annotations: Record<string, string> = {...object.metadata.annotations};
  if (value === undefined) delete annotations[name];
  else annotations[name] = value;
  return {...object, metadata: {...object.metadata, annotations}};
}

/** Starts a control plane with CRDs, Node objects and the programs' definitions; the programs are not started yet. */
export async function startRotationCluster(options: ClusterOptions = {}): Promise<RotationCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'rotation-'));
  await mkdir(dir, {recursive: true});
  const poll = 'poll' in options ? options.poll : '1s';
  const plane = await startControlPlane({
    dir,
    nodes: options.nodes ?? 3,
    ...(poll === undefined ? {} : {pollPeriod: poll}),
    maxRequestsInFlight: 2_000,
    ...options.plane,
  });
  const cluster = new RotationCluster(plane, dir, options);
  try {
    await plane.createNodes();
    await plane.apply(plane.nodes[0]?.name ?? '', renderCrds());
    await served(cluster);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** Every server serves our kinds; it takes a second after the CRDs are accepted. */
async function served(cluster: RotationCluster): Promise<void> {
  for (const {name} of cluster.plane.nodes) {
    for (let attempt = 0; ; attempt++) {
      const answer = await cluster.store(name)['store.list']({resource: configResource, limit: 1});
      if (answer.ok) break;
      if (attempt > 50) throw new Error(`${name}: ${answer.error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

// The demonstration on the real control plane of this repository: kube-apiserver and etcd as processes, controller and
// agents as processes of this very command, users on every server.

import {setTimeout as sleep} from 'node:timers/promises';
import type {StoreClient} from '@etcd-encryption/host-k8s';
import type {ResourceType} from '@etcd-encryption/rotation';
import {sortCensus} from './census.ts';
import type {Narrator} from './narrator.ts';
import type {RealCluster, RealModules} from './real-modules.ts';
import {watchCluster} from './real-watch.ts';
import type {Census, Stage} from './stage.ts';
import {watchWaits} from './waiting.ts';

export interface RealOptions {
  readonly modules: RealModules;
  readonly dir: string;
  readonly nodes: number;
  /** Secrets at the beginning; there are half as many configmaps. */
  readonly objects: number;
  readonly signal: AbortSignal;
}

/** How often status, reports and logs are looked at, ms. */
const lookMs = 200;
/** A node stays down this long once the plan waits for it, ms. */
const outageMs = 5_000;
const patienceMs = 240_000;
/** Requests under way at a server get this long before it is stopped, ms. */
const drainMs = 1_000;
const rates = {readsPerSecond: 100, writesPerSecond: 10, listEveryMs: 500};

export async function createRealStage(narrator: Narrator, nowMs: () => number, options: RealOptions): Promise<Stage> {
  narrator.line('demo', `starts etcd and ${options.nodes} kube-apiservers that look at their file once a second`);
  const report = (text: string): void => narrator.line('demo', text);
  const cluster = await options.modules.startRotationCluster({nodes: options.nodes, plane: {dir: options.dir, report}});
  const nodes = cluster.plane.nodes.map(({name}) => name);
  const down = new Set<string>();
  const stores = (): readonly StoreClient[] =>
    nodes.filter((node) => !down.has(node)).map((node) => cluster.store(node));
  const users = new options.modules.Workload({stores, ...rates});
  try {
    await users.populate({secrets: options.objects, configMaps: Math.ceil(options.objects / 2)});
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  const last = {reads: 0, failed: 0};
  const watch = watchCluster(cluster, users, narrator);
  const waits = watchWaits(narrator);
  const until: Stage['until'] = async (holds, limitMs) => {
    for (const endMs = nowMs() + limitMs; nowMs() < endMs; ) {
      options.signal.throwIfAborted();
      await watch.look();
      if (holds(watch.status)) return true;
      waits.look(watch.status, nowMs());
      await sleep(lookMs);
    }
    return false;
  };
  return {
    dir: options.dir,
    nodes,
    scheduled: false,
    outageMs,
    patienceMs,
    until,
    async begin() {
      users.start();
      await cluster.createConfig();
      cluster.startPrograms();
    },
    async pass(ms) {
      await until(() => false, ms);
    },
    status: () => watch.status,
    yaml: () => cluster.plane.kubectl(nodes[0] ?? '', 'get', 'EtcdEncryptionConfig', 'default', '-o', 'yaml'),
    request: (reason) => cluster.rotate(reason),
    async powerOff(node) {
      down.add(node);
      await sleep(drainMs);
      await cluster.agents.get(node)?.end('SIGKILL');
      await cluster.plane.stopServer(node);
    },
    async powerOn(node) {
      await cluster.plane.startServer(node);
      cluster.agents.get(node)?.start();
      down.delete(node);
    },
    census: async () => readCensus(cluster),
    tally() {
      const {gets, lists, writes, failedReads, wrongContent, failedWrites} = users.counts;
      return {
        reads: gets + lists + last.reads,
        writes,
        failedReads: failedReads + wrongContent + last.failed,
        failedWrites,
      };
    },
    async finish() {
      await users.stop();
      for (const store of stores()) {
        for (const resource of [secretResource, configMapResource]) {
          const listed = await store['store.list']({resource, limit: listLimit});
          last.reads++;
          if (!listed.ok) last.failed++;
        }
      }
    },
    async close() {
      await users.stop();
      await cluster.stop();
    },
  };
}

const listLimit = 100_000;
const core = (plural: string, kind: string): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
const secretResource = core('secrets', 'Secret');
const configMapResource = core('configmaps', 'ConfigMap');

async function readCensus(cluster: RealCluster): Promise<Census> {
  const counts = new Map<string, number>();
  for (const resource of Object.values(await cluster.census())) {
    for (const [name, count] of Object.entries(resource)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return sortCensus(counts);
}

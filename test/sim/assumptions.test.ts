// The assumptions on the simulated world. None of its oracles watches: what is tried here would break every invariant.

import {
  createSimPorts,
  createSimulation,
  type SimNode,
  type Simulation,
  secretResource,
} from '@etcd-encryption/host-sim';
import {configurationPath} from '@etcd-encryption/rotation';
import {usualFile} from '../assumptions/configuration.ts';
import type {AssumedServer, AssumptionHost} from '../assumptions/host.ts';
import {assumptions} from '../assumptions/suite.ts';
import {expectValue} from '../ports/answers.ts';
import {promised} from './promised.ts';

const pollMs = 60_000;
const startMs = 120_000;

function isReady({cluster}: Simulation, {server}: SimNode): boolean {
  return server !== undefined && cluster.isReady(server);
}

/** Starts a server and waits until it answers. */
async function begin(simulation: Simulation, node: SimNode, whileStarting: () => Promise<void>): Promise<void> {
  node.start();
  await whileStarting();
  if (!simulation.runUntil(() => node.server?.serves === true, simulation.nowMs + startMs))
    throw new Error('no answer');
}

function openServer(simulation: Simulation, name: string): AssumedServer {
  const {cluster} = simulation;
  const node = cluster.node(name);
  const {disk} = node;
  return {
    ports: promised(createSimPorts(cluster, {program: 'assumptions', node: name, via: name})),
    writeFile: async (bytes) => disk.place(configurationPath, bytes),
    writeInPlace: async (bytes) => {
      disk.write(configurationPath, bytes, false, 'test');
    },
    removeFile: async () => {
      disk.remove(configurationPath, 'test');
    },
    isReady: async () => isReady(simulation, node),
    stop: async () => node.stop(),
    start: async () => {
      await begin(simulation, node, async () => undefined);
      if (!isReady(simulation, node)) throw new Error('not ready');
    },
    startUnready: () => begin(simulation, node, async () => undefined),
    startWith: (whileStarting) => begin(simulation, node, whileStarting),
  };
}

assumptions('simulated servers', async (): Promise<AssumptionHost> => {
  const nodes = [
    {name: 'n1', address: '10.0.0.1'},
    {name: 'n2', address: '10.0.0.2', mount: 'single-file' as const},
    {name: 'n3', address: '10.0.0.3'},
  ];
  const simulation = createSimulation({seed: 3, nodes, oracles: [], file: usualFile});
  const {cluster} = simulation;
  const {etcd} = cluster;
  return {
    plain: openServer(simulation, 'n1'),
    pinned: openServer(simulation, 'n2'),
    rare: openServer(simulation, 'n3'),
    moment: async () => simulation.runFor(pollMs / 10),
    waitForPoll: async () => simulation.runFor(pollMs),
    put: async (key, value) => cluster.plantAt(key, value),
    remove: async (key) => {
      etcd.delete(key, etcd.get(key)?.modRevision ?? 0, 'world');
    },
    compact: async (revision) => etcd.compact(revision),
    encryptNow: async (name) => {
      const {server} = cluster.node('n1');
      if (server === undefined) throw new Error('n1: expected a server');
      const object = {apiVersion: 'v1', kind: 'Secret', metadata: {name, namespace: 'default'}, data: {a: 'YQ=='}};
      const caller = {server, writer: 'user/assumptions'};
      const prepared = expectValue(cluster.api.prepareCreate(caller, {resource: secretResource, object}));
      return async () => {
        expectValue(prepared.commit());
      };
    },
    close: async () => undefined,
  };
});

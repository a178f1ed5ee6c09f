// The port contracts on the simulated host: what the real ports do, these do too.

import {createSimPorts, createSimulation, secretResource} from '@etcd-encryption/host-sim';
import {configurationPath} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';
import {calendarContract} from '../ports/calendar-contract.ts';
import {etcdContract} from '../ports/etcd-contract.ts';
import {filesContract} from '../ports/files-contract.ts';
import {sealContract} from '../ports/seal-contract.ts';
import {contractFile, serverContract} from '../ports/server-contract.ts';
import {storeContract} from '../ports/store-contract.ts';
import {promised} from './promised.ts';

const quiet = {seed: 1, nodes: 1, oracles: []} as const;
const onNode = {program: 'contract', node: 'n1'};

storeContract('simulated', () => {
  const {cluster} = createSimulation({...quiet, nodes: 3});
  return {
    store: createSimPorts(cluster, {program: 'contract'}),
    stranger: createSimPorts(cluster, {program: 'stranger', access: () => false}),
    compact: () => cluster.etcd.compact(cluster.etcd.revision),
    close: () => undefined,
  };
});

filesContract('simulated', async () => {
  const {cluster} = createSimulation(quiet);
  const directory = '/var/contract';
  cluster.node('n1').disk.placeDirectory(directory);
  return {ports: promised(createSimPorts(cluster, onNode)), directory};
});

calendarContract('simulated', () => promised(createSimPorts(createSimulation(quiet).cluster, onNode)));

sealContract('simulated', () => promised(createSimPorts(createSimulation(quiet).cluster, onNode)));

etcdContract('simulated', async () => {
  const {cluster} = createSimulation(quiet);
  const {etcd} = cluster;
  return {
    ports: promised(createSimPorts(cluster, onNode)),
    put: async (key, value) => cluster.plantAt(key, value),
    remove: async (key) => {
      etcd.delete(key, etcd.get(key)?.modRevision ?? 0, 'world');
    },
    compact: async (revision) => etcd.compact(revision),
  };
});

serverContract('simulated', async () => {
  const simulation = createSimulation({...quiet, file: contractFile()});
  const {cluster} = simulation;
  const node = cluster.node('n1');
  const ports = createSimPorts(cluster, onNode);
  const address = (name: string) => ({resource: secretResource, namespace: 'default', name});
  return {
    ports: promised(ports),
    hostName: node.hostName,
    configPath: configurationPath,
    readFile: async () => expectValue(ports['files.read']({path: configurationPath}))?.bytes ?? new Uint8Array(),
    writeFile: async (bytes) => node.disk.place(configurationPath, bytes),
    waitForPoll: async () => simulation.runFor(60_000),
    createSecret: async (name) => {
      const object = {metadata: {name, namespace: 'default'}, data: {a: 'YQ=='}};
      expectValue(ports['store.create']({resource: secretResource, object}));
    },
    readSecret: async (name) => {
      expectValue(ports['store.get'](address(name)));
    },
    stop: async () => node.stop(),
    start: async () => {
      node.start();
      simulation.runUntil(() => node.server?.serves === true, simulation.nowMs + 60_000);
    },
    removeManifest: async () => {
      node.settings.manifest = false;
    },
  };
});

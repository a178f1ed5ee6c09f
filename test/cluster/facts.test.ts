// Assumptions of the rotation on a real control plane. What is true of the metrics is in the server contract.

import {renameSync, writeFileSync} from 'node:fs';
import {createEtcdPorts, createStorePorts} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';
import {probe} from '../control-plane/index.ts';
import {factsContract, factsContractCases} from '../ports/facts-contract.ts';
import {openEtcdWriter} from './etcd-writer.ts';
import {makeServerFixture} from './server-fixture.ts';

factsContract('real control plane', async () => {
  const server = await makeServerFixture();
  const {controlPlane} = server;
  const {configPath, kubeconfig, url} = controlPlane.node('node-1');
  const {transport: _, close: closeStore, ...store} = createStorePorts({kubeconfig, userAgent: 'facts'});
  const etcd = createEtcdPorts({url: controlPlane.etcd.url});
  const writer = openEtcdWriter(controlPlane.etcd.url);
  return {
    ports: {...store, ...server.ports, ...etcd.ports},
    writeFile: async (bytes) => {
      writeFileSync(`${configPath}.new`, bytes);
      renameSync(`${configPath}.new`, configPath);
    },
    waitForPoll: server.waitForPoll,
    compact: writer.compact,
    put: writer.put,
    remove: writer.remove,
    isReady: async () => (await probe(`${url}/readyz`, controlPlane.admin))?.status === 200,
    stop: server.stop,
    start: server.start,
    close: async () => {
      await Promise.all([closeStore(), etcd.close(), writer.close()]);
      await server.close?.();
    },
  };
});

test('the facts ⇒ at least 10', () => {
  expect(factsContractCases).toBeGreaterThanOrEqual(10);
});

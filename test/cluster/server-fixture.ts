// One real kube-apiserver as a fixture of the server contract.

import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {createServerPorts, kubeconfigCredentials} from '@etcd-encryption/host-k8s';
import type {ControlPlane} from '../control-plane/index.ts';
import {contractFile, type ServerFixture} from '../ports/server-contract.ts';
import {startInTemporaryFolder} from './folder.ts';

const pollSeconds = 1;

export async function makeServerFixture(): Promise<ServerFixture & {readonly controlPlane: ControlPlane}> {
  const name = 'node-1';
  const {controlPlane, close} = await startInTemporaryFolder({
    nodes: 1,
    pollPeriod: `${pollSeconds}s`,
    encryption: () => contractFile(),
  });
  const {configPath, hostName, kubeconfig, manifestPath, root} = controlPlane.node(name);
  const credentials = kubeconfigCredentials({path: kubeconfig});
  const server = createServerPorts({credentials, hostName, root, userAgent: 'contract'});
  return {
    controlPlane,
    ports: server.ports,
    hostName,
    configPath: configPath.slice(root.length),
    readFile: async () => Uint8Array.from(readFileSync(configPath)),
    writeFile: async (bytes) => writeFileSync(configPath, bytes),
    waitForPoll: () => sleep(pollSeconds * 3_000),
    createSecret: async (secret) => {
      await controlPlane.kubectl(name, 'create', 'secret', 'generic', secret, '--from-literal=a=b');
    },
    readSecret: async (secret) => {
      await controlPlane.kubectl(name, 'get', '--raw', `/api/v1/namespaces/default/secrets/${secret}`);
    },
    stop: () => controlPlane.stopServer(name),
    start: () => controlPlane.startServer(name),
    removeManifest: async () => rmSync(manifestPath),
    close: async () => {
      await server.close();
      await close();
    },
  };
}

// The assumptions on three real kube-apiservers and one etcd.

import {renameSync, rmSync, writeFileSync} from 'node:fs';
import {createEtcdPorts, createServerPorts, createStorePorts, kubeconfigCredentials} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';
import {usualFile} from '../assumptions/configuration.ts';
import {type AssumedServer, type AssumptionHost, create} from '../assumptions/host.ts';
import {assumptions, assumptionsCases} from '../assumptions/suite.ts';
import {type ControlPlane, probe} from '../control-plane/index.ts';
import {expectValue} from '../ports/answers.ts';
import {openEtcdWriter} from './etcd-writer.ts';
import {startInTemporaryFolder} from './folder.ts';
import {pause} from './rotation-steps.ts';

const pollMs = 500;

function openServer(controlPlane: ControlPlane, name: string): AssumedServer & {readonly close: () => Promise<void>} {
  const {configPath, hostName, kubeconfig, root, url} = controlPlane.node(name);
  const {transport: _, close: closeStore, ...store} = createStorePorts({kubeconfig, userAgent: 'assumptions'});
  const credentials = kubeconfigCredentials({path: kubeconfig});
  const server = createServerPorts({credentials, hostName, root, userAgent: 'assumptions'});
  const etcd = createEtcdPorts({url: controlPlane.etcd.url});
  return {
    ports: {...store, ...server.ports, ...etcd.ports},
    writeFile: async (bytes) => {
      writeFileSync(`${configPath}.new`, bytes);
      renameSync(`${configPath}.new`, configPath);
    },
    writeInPlace: async (bytes) => writeFileSync(configPath, bytes),
    removeFile: async () => rmSync(configPath),
    isReady: async () => (await probe(`${url}/readyz`, controlPlane.admin))?.status === 200,
    stop: () => controlPlane.stopServer(name),
    start: () => controlPlane.startServer(name),
    startUnready: async () => {
      await controlPlane.startServer(name, {readyTimeoutMs: 1}).catch(() => undefined);
      const answers = async () => (await probe(`${url}/version`, controlPlane.admin))?.status;
      await expect.poll(answers, {timeout: 60_000}).toBe(200);
    },
    startWith: async (whileStarting) => {
      let isStarting = true;
      const started = controlPlane.startServer(name).finally(() => {
        isStarting = false;
      });
      while (isStarting) {
        await whileStarting();
        await pause(100);
      }
      await started;
    },
    close: async () => {
      await Promise.all([closeStore(), server.close(), etcd.close()]);
    },
  };
}

/** Stands etcd still while a server encrypts: what it encrypted is committed when etcd goes on. */
async function encryptNow(
  controlPlane: ControlPlane,
  plain: AssumedServer,
  name: string,
): Promise<() => Promise<void>> {
  const {pid} = controlPlane.etcd;
  if (pid === undefined) throw new Error('etcd: expected it to run');
  const encryptions = async (): Promise<number> => {
    const {encryptions: counts} = expectValue(await plain.ports['server.evidence']({}));
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  };
  const before = await encryptions();
  process.kill(pid, 'SIGSTOP');
  const written = create(plain, name).catch((error: unknown) => error);
  await expect.poll(encryptions, {timeout: 20_000}).toBeGreaterThan(before);
  return async () => {
    process.kill(pid, 'SIGCONT');
    const answer = await written;
    if (answer instanceof Error) throw answer;
  };
}

assumptions('real servers', async (): Promise<AssumptionHost> => {
  const {controlPlane, close} = await startInTemporaryFolder({
    nodes: 3,
    pollPeriod: `${pollMs}ms`,
    encryption: () => usualFile,
    singleFileMount: (node) => node === 'node-2',
    env: (node): Readonly<Record<string, string>> => (node === 'node-3' ? {ENCRYPTION_CONFIG_POLL: '1h'} : {}),
  });
  const [plain, pinned, rare] = ['node-1', 'node-2', 'node-3'].map((name) => openServer(controlPlane, name));
  if (plain === undefined || pinned === undefined || rare === undefined) throw new Error('expected three servers');
  const writer = openEtcdWriter(controlPlane.etcd.url);
  return {
    plain,
    pinned,
    rare,
    moment: () => pause(3_000),
    waitForPoll: () => pause(3 * pollMs),
    put: writer.put,
    remove: writer.remove,
    compact: writer.compact,
    encryptNow: (name) => encryptNow(controlPlane, plain, name),
    close: async () => {
      await Promise.all([plain.close(), pinned.close(), rare.close(), writer.close()]);
      await close();
    },
  };
});

test('the assumptions ⇒ at least 30', () => {
  expect(assumptionsCases).toBeGreaterThanOrEqual(30);
});

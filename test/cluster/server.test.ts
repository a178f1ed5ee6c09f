// The server ports on a real kube-apiserver, and what it says to those whom it does not know.

import {join} from 'node:path';
import {type Credentials, createServerPorts, kubeconfigCredentials} from '@etcd-encryption/host-k8s';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';
import {serverContract, serverContractCases} from '../ports/server-contract.ts';
import {type RunningControlPlane, readPem, startInTemporaryFolder} from './folder.ts';
import {makeServerFixture} from './server-fixture.ts';

serverContract('real kube-apiserver', makeServerFixture);

test('the contract ⇒ at least 14 cases', () => {
  expect(serverContractCases).toBeGreaterThanOrEqual(14);
});

let running: RunningControlPlane;

beforeAll(async () => {
  running = await startInTemporaryFolder({nodes: 2});
});
afterAll(() => running?.close());

async function ask(change: Partial<Credentials>, keep: readonly ('cert' | 'key')[] = ['cert', 'key'], name = 'node-1') {
  const {hostName, root, url} = running.controlPlane.node(name);
  const {ca, ...client} = readPem(running.controlPlane.admin);
  const kept = Object.fromEntries(keep.map((field) => [field, client[field]]));
  const credentials: Credentials = {server: url, ca, insecure: false, ...kept, ...change};
  const read = async () => ({credentials, files: []});
  const server = createServerPorts({credentials: {read}, hostName, root, userAgent: 'test'});
  const answer = await server.ports['server.evidence']({});
  await server.close();
  return answer;
}

test('a client certificate ⇒ evidence', async () => {
  expect(expectValue(await ask({})).form).toBe('hash');
});

test('no credentials ⇒ denied Forbidden, since nobody may read metrics', async () => {
  expectError(await ask({}, []), 'denied', 'Forbidden');
});

test('a token that is none ⇒ denied Unauthorized', async () => {
  expectError(await ask({token: 'nobody'}, []), 'denied', 'Unauthorized');
});

test('an account without the right ⇒ denied Forbidden', async () => {
  const account = await running.controlPlane.createAccount('node-1', {user: 'somebody', groups: []});
  const {cert, key} = readPem(account);
  expectError(await ask({cert, key}), 'denied', 'Forbidden');
});

test('the server’s certificate is of another authority ⇒ denied with the reason of TLS', async () => {
  const {ca: other} = readPem({...running.controlPlane.admin, ca: join(running.controlPlane.dir, 'pki/etcd-ca.crt')});
  const error = expectError(await ask({ca: other}), 'denied');
  expect(error.reason).toMatch(/CERT|SIGNATURE|ISSUER/);
});

test('the server’s certificate is for another name ⇒ denied with the reason of TLS', async () => {
  expectError(await ask({serverName: 'elsewhere.example'}), 'denied', 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('another node’s server answers ⇒ its identity is not the expected one, and no hash is taken from it', async () => {
  const {url} = running.controlPlane.node('node-2');
  const evidence = expectValue(await ask({server: url}));
  expect(evidence.identityHashes).toHaveLength(1);
  expect(evidence.identityHashes).not.toContain(evidence.expectedIdentityHash);
  expect(evidence.loadedHash).toBeUndefined();
});

test('twenty pages over one connection ⇒ each well under a second', async () => {
  const {hostName, kubeconfig, root} = running.controlPlane.node('node-1');
  const credentials = kubeconfigCredentials({path: kubeconfig});
  const server = createServerPorts({credentials, hostName, root, userAgent: 'test'});
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    const start = performance.now();
    expectValue(await server.ports['server.evidence']({}));
    times.push(performance.now() - start);
  }
  await server.close();
  times.sort((a, b) => a - b);
  console.log(`evidence: median ${times[10]?.toFixed(1)} ms, slowest ${times[19]?.toFixed(1)} ms`);
  expect(times[10]).toBeLessThan(1_000);
});

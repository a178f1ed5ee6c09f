// Two real kube-apiservers on one etcd: what the other tests on a real cluster rest on.
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {type ControlPlane, identifyProcess, probe, startControlPlane} from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'control-plane-'));
let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane({dir, nodes: 2, pollPeriod: '1s', env: () => ({GODEBUG: 'madvdontneed=1'})});
});

afterAll(async () => {
  await controlPlane.stop();
  rmSync(dir, {recursive: true, force: true});
});

function sha256(data: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** RFC 4648 §6, lower case, without padding. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

function identityOf(hostName: string): string {
  const prefixed = [hostName, 'kube-apiserver'].flatMap((text) => [Buffer.from([0, text.length]), Buffer.from(text)]);
  return `apiserver-${base32(createHash('sha256').update(Buffer.concat(prefixed)).digest().subarray(0, 16))}`;
}

interface LoadedConfiguration {
  readonly server: string;
  readonly configuration: string;
}

async function loadedConfiguration(name: string): Promise<LoadedConfiguration> {
  const answer = await probe(`${controlPlane.node(name).url}/metrics`, controlPlane.admin);
  const line = /last_config_info\{apiserver_id_hash="(.*)",hash="(.*)"\} 1/.exec(answer?.body ?? '');
  return {server: line?.[1] ?? 'none', configuration: line?.[2] ?? 'none'};
}

function encryptionWith(key: string): string {
  const secret = Buffer.alloc(32, key).toString('base64');
  const aesgcm = {keys: [{name: key, secret}]};
  return JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{resources: ['secrets'], providers: [{aesgcm}, {identity: {}}]}],
  });
}

function replaceConfiguration(name: string, text: string): void {
  const path = controlPlane.node(name).configPath;
  writeFileSync(`${path}.new`, text, {mode: 0o600});
  renameSync(`${path}.new`, path);
}

function commandLine(name: string): readonly string[] {
  return readFileSync(`/proc/${controlPlane.node(name).pid}/cmdline`, 'utf8').split('\0');
}

function canConnect({address, port}: {readonly address: string; readonly port: number}): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

test('kubectl asks any server ⇒ both sides are v1.37.2', async () => {
  for (const {name} of controlPlane.nodes) {
    const answer = JSON.parse(await controlPlane.kubectl(name, 'version', '--output=json'));
    const version = {gitVersion: 'v1.37.2', major: '1', minor: '37'};
    expect(answer).toMatchObject({clientVersion: version, serverVersion: version});
  }
});

test('two servers on one machine ⇒ each has the identity of its own host name', async () => {
  for (const {name, hostName} of controlPlane.nodes) {
    expect((await loadedConfiguration(name)).server).toBe(sha256(identityOf(hostName)));
  }
  const leases = await controlPlane.kubectl('node-1', 'get', 'leases', '--namespace=kube-system', '--output=name');
  const expected = ['node-1', 'node-2'].map((name) => `lease.coordination.k8s.io/${identityOf(name)}`);
  expect(leases.trim().split('\n').sort()).toEqual(expected.sort());
});

test('no file was given ⇒ secrets are stored in clear', async () => {
  await controlPlane.kubectl('node-1', 'create', 'secret', 'generic', 'clear', '--from-literal=a=b');
  const raw = await controlPlane.etcdctl('get', '--print-value-only', '/registry/secrets/default/clear');
  expect(raw.subarray(0, 4).toString()).toBe('k8s\0');
});

test('one node gets a new file by rename ⇒ within seconds its server alone has loaded those bytes', async () => {
  const before = await loadedConfiguration('node-2');
  const text = encryptionWith('r1');
  replaceConfiguration('node-1', text);
  const startedMs = Date.now();
  await expect
    .poll(async () => (await loadedConfiguration('node-1')).configuration, {timeout: 10_000})
    .toBe(sha256(text));
  expect(Date.now() - startedMs).toBeLessThan(5_000);
  expect(await loadedConfiguration('node-2')).toEqual(before);
  await controlPlane.kubectl('node-1', 'create', 'secret', 'generic', 'sealed', '--from-literal=a=b');
  const raw = await controlPlane.etcdctl('get', '--print-value-only', '/registry/secrets/default/sealed');
  expect(raw.subarray(0, 21).toString()).toBe('k8s:enc:aesgcm:v1:r1:');
  // A server that cannot read one value is never ready again, so the other one follows.
  replaceConfiguration('node-2', text);
  await expect
    .poll(async () => (await loadedConfiguration('node-2')).configuration, {timeout: 10_000})
    .toBe(sha256(text));
});

test('a server restarts ⇒ same address, other process', async () => {
  const before = controlPlane.node('node-2');
  await controlPlane.killServer('node-2');
  expect(controlPlane.node('node-2').pid).toBeUndefined();
  expect(await canConnect(before)).toBe(false);
  await controlPlane.startServer('node-2');
  const after = controlPlane.node('node-2');
  expect({...after, pid: 0}).toEqual({...before, pid: 0});
  expect(after.pid).not.toBe(before.pid);
});

test('a server starts on a bad file ⇒ the start fails with what its log says, and the next good one works', async () => {
  const good = readFileSync(controlPlane.node('node-2').configPath, 'utf8');
  await controlPlane.stopServer('node-2');
  replaceConfiguration('node-2', good.replace('"identity"', '"nonsense"'));
  await expect(controlPlane.startServer('node-2')).rejects.toThrow(/unknown field.*nonsense|strict decoding error/);
  replaceConfiguration('node-2', good);
  await controlPlane.startServer('node-2');
});

test('the manifest is edited and followed ⇒ the server runs with it', async () => {
  const {manifestPath} = controlPlane.node('node-2');
  const text = readFileSync(manifestPath, 'utf8');
  expect(text).toContain('- --encryption-provider-config=/etc/kubernetes/encryption-provider.conf');
  expect(text).toContain('value: madvdontneed=1');
  writeFileSync(manifestPath, text.replace('automatic-reload=true', 'automatic-reload=false'));
  await controlPlane.restartServer('node-2', {fromManifest: true});
  expect(commandLine('node-2')).toContain('--encryption-provider-config-automatic-reload=false');
  await controlPlane.restartServer('node-2');
  expect(commandLine('node-2')).toContain('--encryption-provider-config-automatic-reload=true');
});

test('nodes are created ⇒ control-plane Nodes with the address of their server', async () => {
  await controlPlane.createNodes();
  const text = await controlPlane.kubectl(
    ...['node-1', 'get', 'nodes', '--selector=node-role.kubernetes.io/control-plane'],
    '--output=jsonpath={range .items[*]}{.metadata.name}={.status.addresses[?(@.type=="InternalIP")].address} {end}',
  );
  expect(text.trim().split(' ')).toEqual(controlPlane.nodes.map(({name, address}) => `${name}=${address}`));
});

test('an account without rights ⇒ is known by user and group, and refused', async () => {
  const account = await controlPlane.createAccount('node-1', {user: 'agent', groups: ['agents', 'nodes']});
  const who = await controlPlane.kubectl('node-1', `--kubeconfig=${account.kubeconfig}`, 'auth', 'whoami', '-ojson');
  const {username, groups} = JSON.parse(who).status.userInfo;
  expect(username).toBe('agent');
  expect([...groups].sort()).toEqual(['agents', 'nodes', 'system:authenticated']);
  const secrets = await probe(`${controlPlane.node('node-1').url}/api/v1/secrets`, account);
  expect(secrets?.status).toBe(403);
});

test('stopped ⇒ no process is left, the ports are closed, and the folder can be started again', async () => {
  const {nodes, etcd} = controlPlane;
  const pids = [...nodes.map(({pid}) => pid), etcd.pid];
  await controlPlane.stop();
  for (const pid of pids) expect(identifyProcess(pid ?? process.pid)).toBeUndefined();
  for (const node of nodes) expect(await canConnect(node)).toBe(false);
  const {hostname, port} = new URL(etcd.url);
  expect(await canConnect({address: hostname, port: Number(port)})).toBe(false);
  controlPlane = await startControlPlane({dir, nodes: 2, pollPeriod: '1s'});
  expect(controlPlane.nodes.map(({url}) => url)).toEqual(nodes.map(({url}) => url));
  expect((await controlPlane.kubectl('node-1', 'get', 'secret', 'sealed', '--output=name')).trim()).toBe(
    'secret/sealed',
  );
});

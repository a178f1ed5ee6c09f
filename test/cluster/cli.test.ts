// The verbs for people on two real servers, as processes: from preflight on a bare cluster to a node that is refused.

import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {parse} from 'yaml';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';

const bin = fileURLToPath(new URL('../../cli/bin/etcd-encryption-manager.js', import.meta.url));
let cluster: RotationCluster;
let kubeconfig: string;

beforeAll(async () => {
  cluster = await startRotationCluster({nodes: 2, plane: {etcdTls: true}});
  ({kubeconfig} = cluster.plane.node('node-1'));
  await cluster.plane.kubectl('node-1', 'create', 'secret', 'generic', 'a', '--from-literal=a=b');
});
afterAll(() => cluster?.stop());

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: readonly string[]): {readonly child: ChildProcess; readonly ended: Promise<Ran>} {
  // Nobody's own kubeconfig may lead a test to another cluster.
  const env = {...process.env, KUBECONFIG: '', HOME: cluster.dir, KUBERNETES_SERVICE_HOST: undefined};
  const child = spawn(process.execPath, [bin, ...args], {env, stdio: ['ignore', 'pipe', 'pipe']});
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({code, out, err})));
  return {child, ended};
}

const run = (verb: string, ...args: readonly string[]): Promise<Ran> =>
  start(verb, '--kubeconfig', kubeconfig, ...args).ended;
const nodeArgs = (): readonly string[] => ['--node-root', cluster.plane.node('node-1').root, '--node-name', 'node-1'];

test('preflight before anything runs ⇒ values by name, what is loaded, every right; exit code 0 and nothing written', async () => {
  const {configPath} = cluster.plane.node('node-1');
  const before = readFileSync(configPath);
  const {code, out} = await run('preflight', ...nodeArgs());
  expect(code, out).toBe(0);
  expect(out).toMatch(/^fine +version +Kubernetes v1\.37/m);
  expect(out).toMatch(/^fine +permissions +this account may do all 32 things/m);
  expect(out).toMatch(/^fine +node-1 +its server has loaded exactly the file on its disk$/m);
  expect(out).toMatch(/^fine +etcd +secrets: 1 in clear$/m);
  expect(out).toMatch(/^The first rotation would$/m);
  expect(out).toMatch(/^3\. make r1 the write key when all 2 servers have loaded it/m);
  expect(readFileSync(configPath)).toEqual(before);
});

test('a server’s mirror Pod without automatic reload ⇒ red by its node’s name', async () => {
  const pod = parse(readFileSync(cluster.plane.node('node-2').manifestPath, 'utf8'));
  const [container] = pod.spec.containers;
  const flags = (list: readonly string[] | undefined) => list?.filter((flag) => !flag.includes('automatic-reload'));
  container.command = flags(container.command);
  if (container.args !== undefined) container.args = flags(container.args);
  const metadata = {name: 'kube-apiserver-node-2', namespace: 'kube-system', labels: {component: 'kube-apiserver'}};
  const account = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace: 'kube-system'}};
  await cluster.plane.apply('node-1', JSON.stringify(account));
  await cluster.plane.apply('node-1', JSON.stringify({...pod, metadata, spec: {...pod.spec, nodeName: 'node-2'}}));
  const {code, out} = await run('preflight');
  expect(code).toBe(1);
  expect(out).toMatch(/^red +node-2 +kube-apiserver has no --encryption-provider-config-automatic-reload=true$/m);
  await cluster.plane.kubectl('node-1', 'delete', 'pod', '-n', 'kube-system', metadata.name, '--force');
});

test('no config yet ⇒ status says so, rotate has nothing to write on', async () => {
  expect((await run('status')).out).toContain('there is no EtcdEncryptionConfig named default');
  const ran = await run('rotate', '--reason', 'early');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('EtcdEncryptionConfig/default: there is none in this cluster');
});

test('rotate --wait ⇒ a line a second, and exit code 0 when that rotation is complete', async () => {
  await cluster.createConfig();
  cluster.startPrograms();
  await cluster.complete(1);
  const ran = await run('rotate', '--reason', 'quarterly', '--wait', '--timeout', '2m');
  expect(ran.code, ran.err).toBe(0);
  expect(ran.out).toMatch(
    /^requested: quarterly \S+Z\ncomplete: r2 is the write key everywhere; \d+ values rewritten in /,
  );
  expect(ran.err).toMatch(/^ +\ds {2}\w+ing \(nodes \d\/2/m);
  const stored = await cluster.plane.etcdctl('get', '--print-value-only', '/registry/secrets/default/a');
  expect(stored.subarray(0, 24).toString('latin1')).toMatch(/^k8s:enc:aesgcm:v1:r2-/);
});

test('status ⇒ each server’s loaded keys as it shows them; --check ⇒ exit code 0', async () => {
  await cluster.complete(2);
  const {code, out} = await run('status', '--check', '-o', 'wide');
  expect(code, out).toBe(0);
  expect(out).toMatch(/^revision 2, Idle, ready, next rotation \S+Z \(in 6d 23h\)$/m);
  expect(out).toMatch(/^NODE +ADDRESS +STATE +SERVER +r2-[0-9a-f]{8} +r1-[0-9a-f]{8} +REPORT$/m);
  expect(out.match(/^node-[12] +[\d.]+ +Success +up +write +read +\d+s ago$/gm)).toHaveLength(2);
});

test('status --watch ⇒ a change is told while it runs; SIGINT ends it with exit code 0', async () => {
  const {child, ended} = start('status', '--kubeconfig', kubeconfig, '--watch', '-o', 'json');
  await sleep(4_000);
  expect((await run('pause', '--reason', 'audit')).out).toContain('paused: audit');
  await sleep(4_000);
  child.kill('SIGINT');
  const {code, out} = await ended;
  expect(code).toBe(0);
  const phases = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).phase);
  expect(phases[0]).toBe('Idle');
  expect(phases.at(-1)).toBe('Blocked');
});

test('paused ⇒ plan says by what and since when; resume ⇒ it rests', async () => {
  const {out} = await run('plan');
  expect(out).toMatch(/^waits +audit \(Paused: .*\), since \S+Z \(\d+s\)$/m);
  expect((await run('resume')).out).toBe('resumed (paused before: audit)\n');
  await cluster.until('rest', ({phase}) => phase === 'Idle', 60_000);
  expect((await run('plan')).out).toMatch(/^waits +next rotation at \S+Z/m);
});

test('forget-node for a server that lives ⇒ refused with the reason; without --yes ⇒ exit code 2', async () => {
  expect((await run('forget-node', 'node-2')).code).toBe(2);
  const ran = await run('forget-node', 'node-2', '--yes');
  expect(ran.code).toBe(1);
  expect(ran.out).toBe('refused: node-2: its server renews its lease; the request is taken back\n');
});

test('preflight on the encrypted cluster ⇒ every value opens with the keys of the node', async () => {
  const {code, out} = await run('preflight', ...nodeArgs());
  expect(code, out).toBe(0);
  expect(out).toMatch(/^fine +etcd +secrets: \d+ under aesgcm:r2-/m);
  expect(out).toMatch(/^fine +etcd +\d+ values open with the 2 keys of its file and history \(r2-\w+, r1-\w+\)$/m);
  expect(out).toMatch(/^The next rotation would$/m);
});

test('inspect of the node’s own files and of the sealed keys ⇒ the same two keys, no secret', async () => {
  const {root, configPath} = cluster.plane.node('node-1');
  const keys = join(cluster.dir, 'keys.yaml');
  writeFileSync(
    keys,
    await cluster.plane.kubectl('node-1', 'get', '-n', 'kube-system', 'etcdencryptionkeys', '-o', 'yaml'),
  );
  const history = join(root, 'etc/kubernetes/encryption-provider-history.bak');
  for (const path of [configPath, history, keys]) {
    const {code, out} = await start('inspect', path).ended;
    expect(code, out).toBe(0);
    for (const name of ['r1', 'r2'])
      expect(out).toMatch(new RegExp(`${name}-[0-9a-f]{8} \\(aesgcm, 32 bytes, .*check [0-9a-f]{16}\\)`));
    expect(out).not.toMatch(/[A-Za-z0-9+/]{43}=/);
  }
});

test('an account without rights, a server that is not there, no kubeconfig ⇒ exit code 4', async () => {
  const stranger = await cluster.plane.createAccount('node-1', {user: 'stranger', groups: []});
  const denied = await start('status', '--kubeconfig', stranger.kubeconfig).ended;
  expect(denied.code).toBe(4);
  expect(denied.err).toContain('forbidden');
  const path = join(cluster.dir, 'nowhere.kubeconfig');
  writeFileSync(path, readFileSync(kubeconfig, 'utf8').replace(/server: \S+/, 'server: https://127.0.0.1:9'));
  expect((await start('pause', '--kubeconfig', path, '--reason', 'x').ended).code).toBe(4);
  const none = await start('status').ended;
  expect(none.code).toBe(4);
  expect(none.err).toContain('no cluster: there is no --kubeconfig');
});

// How a control plane ends, on the command line and when its parent dies, and etcd's other forms.
import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {afterAll, expect, test} from 'vitest';
import {identifyProcess, isRunning, type ProcessIdentity, startControlPlane} from './index.ts';
import {waitUntilGone} from './processes.ts';
import type {ControlPlaneSummary} from './summary.ts';

const folders: string[] = [];
const main = fileURLToPath(new URL('main.ts', import.meta.url));

afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true});
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  folders.push(folder);
  return folder;
}

async function command(...args: readonly string[]): Promise<unknown> {
  const {stdout} = await promisify(execFile)(process.execPath, [main, ...args]);
  return JSON.parse(stdout);
}

async function startByCommand(dir: string): Promise<ControlPlaneSummary> {
  return (await command('start', '--dir', dir, '--nodes', '1', '--poll', '1s')) as ControlPlaneSummary;
}

function identitiesOf({supervisorPid, etcd, nodes}: ControlPlaneSummary): readonly ProcessIdentity[] {
  return [supervisorPid, etcd.pid, ...nodes.map(({pid}) => pid)].map((pid) => {
    const identity = identifyProcess(pid ?? 0);
    if (identity === undefined) throw new Error(`${pid}: does not run`);
    return identity;
  });
}

test('started by command ⇒ servers outlive the command, and stop ends all of them', async () => {
  const dir = makeFolder();
  const processes = identitiesOf(await startByCommand(dir));
  expect(processes).toHaveLength(3);
  await expect(startByCommand(dir)).rejects.toThrow('runs already');
  expect(processes.every(isRunning)).toBe(true);
  expect(await command('stop', '--dir', dir)).toEqual({ended: 3});
  expect(processes.some(isRunning)).toBe(false);
  expect(await command('stop', '--dir', dir)).toEqual({ended: 0});
});

test('the parent gets SIGKILL ⇒ its servers and etcd are gone within a second', async () => {
  const summary = await startByCommand(makeFolder());
  const processes = identitiesOf(summary);
  process.kill(summary.supervisorPid, 'SIGKILL');
  expect(await waitUntilGone(processes, 1_000)).toEqual([]);
});

test('etcd demands certificates ⇒ servers and etcdctl have them, others are refused', async () => {
  const controlPlane = await startControlPlane({dir: makeFolder(), nodes: 1, etcdTls: true});
  try {
    const {url, certificates} = controlPlane.etcd;
    expect(url).toMatch(/^https:/);
    expect(certificates).toBeDefined();
    const keys = await controlPlane.etcdctl('get', '--keys-only', '/registry/namespaces/default');
    expect(keys.toString().trim()).toBe('/registry/namespaces/default');
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  } finally {
    await controlPlane.stop();
  }
});

test('a snapshot is restored ⇒ what came after it is gone', async () => {
  const dir = makeFolder();
  const controlPlane = await startControlPlane({dir, nodes: 1});
  try {
    const create = (name: string) => controlPlane.kubectl('node-1', 'create', 'configmap', name);
    await create('before');
    await controlPlane.etcdctl('snapshot', 'save', join(dir, 'snapshot.db'));
    await create('after');
    await controlPlane.restoreEtcd(join(dir, 'snapshot.db'));
    await controlPlane.restartServer('node-1');
    const names = await controlPlane.kubectl('node-1', 'get', 'configmaps', '--output=name');
    expect(names.trim().split('\n')).toEqual(['configmap/before']);
  } finally {
    await controlPlane.stop();
  }
});

test('two control planes at once ⇒ neither takes what is the other’s', async () => {
  const both = await Promise.all([1, 2].map(() => startControlPlane({dir: makeFolder(), nodes: 1})));
  try {
    for (const controlPlane of both) {
      await controlPlane.kubectl('node-1', 'create', 'configmap', 'mine');
    }
    expect(new Set(both.map(({etcd}) => etcd.url)).size).toBe(2);
  } finally {
    await Promise.all(both.map((controlPlane) => controlPlane.stop()));
  }
});

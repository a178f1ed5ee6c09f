// Servers that refuse a new file. One whose manifest says that it cannot load aesgcm is named before anything is made;
// one that only refuses the file itself is the only one that ever gets it, and gets its old one back at once. Files
// that somebody broke at rest come back too. In the end every server starts again at any moment.

import {createHash, randomBytes} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {keyResource, ourNamespace} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse, stringify} from 'yaml';
import {openProofRun} from '../../scripts/proof-run.ts';
import {conditionOf, isDegraded, stays} from './conditions.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 1_000, configMaps: 500} : {secrets: 40, configMaps: 20};

/** Go's FIPS-only mode: kube-apiserver loads aescbc and refuses aesgcm, at a reload as at its start. */
const fipsOnly = {GODEBUG: 'fips140=only'};

function cbcFile(): Uint8Array {
  const secret = randomBytes(32).toString('base64');
  const resources = ['secrets', 'configmaps'];
  const providers = [{aescbc: {keys: [{name: 'key1', secret}]}}, {identity: {}}];
  const file = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{resources, providers}],
  };
  return Buffer.from(stringify(file));
}

/** The manifest of a server that has its environment from elsewhere. */
function withoutEnvironment(text: string): string {
  const manifest = parse(text) as {spec: {containers: {env?: unknown}[]}};
  for (const container of manifest.spec.containers) delete container.env;
  return stringify(manifest);
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every content that files had, in order, looked at every 20 ms. */
class FileWatch {
  readonly #paths: readonly string[];
  readonly #seen: {hash: string; atMs: number}[][];
  readonly #timer: NodeJS.Timeout;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#seen = paths.map((path) => [{hash: hashOf(path), atMs: performance.now()}]);
    this.#timer = setInterval(() => this.#look(), 20);
  }

  #look(): void {
    for (const [index, path] of this.#paths.entries()) {
      const hash = existsSync(path) ? hashOf(path) : '';
      const seen = this.#seen[index];
      if (seen?.at(-1)?.hash !== hash) seen?.push({hash, atMs: performance.now()});
    }
  }

  of(index: number): readonly {readonly hash: string; readonly atMs: number}[] {
    return this.#seen[index] ?? [];
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

describe('three servers on aescbc, of which one cannot load aesgcm', () => {
  const fips = new Set(['node-2']);
  const hidden = new Set<string>();
  const original = cbcFile();
  let cluster: RotationCluster;
  let workload: Workload;
  let watch: FileWatch;

  beforeAll(async () => {
    cluster = await startRotationCluster({
      plane: {
        encryption: () => original,
        env: (node) => (fips.has(node) ? fipsOnly : {}),
        manifest: (node, text) => (hidden.has(node) ? withoutEnvironment(text) : text),
      },
    });
    watch = new FileWatch(cluster.plane.nodes.map(({configPath}) => configPath));
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 30, writesPerSecond: 3, listEveryMs: 1_000});
    await workload.populate(size);
    await cluster.createConfig();
    cluster.startPrograms();
  });
  afterAll(async () => {
    watch?.end();
    await workload?.stop();
    await cluster?.stop();
  });

  const before = createHash('sha256').update(original).digest('hex');
  const contents = (index: number): readonly string[] => watch.of(index).map(({hash}) => hash);

  async function mintedKeys(): Promise<readonly string[]> {
    const page = await cluster.store()['store.list']({resource: keyResource, namespace: ourNamespace, limit: 100});
    if (!page.ok) throw new Error(page.error.message);
    return page.value.items.map(({metadata}) => metadata.name).filter((name) => /^r\d+$/.test(name));
  }

  async function restart(node: string): Promise<void> {
    await cluster.plane.killServer(node);
    await cluster.plane.startServer(node);
  }

  async function reconfigure(node: string): Promise<void> {
    await cluster.plane.killServer(node);
    await cluster.plane.reconfigureServer(node);
  }

  test('its manifest asks for FIPS-only cryptography ⇒ it is named, no file is touched and no key is made', async () => {
    await cluster.until('FipsRefusesAesgcm', (now) => isDegraded(now, 'FipsRefusesAesgcm', 'node-2'));
    await stays(async () => (await cluster.ring())?.rotation, undefined);
    expect([0, 1, 2].map(contents)).toEqual([[before], [before], [before]]);
    expect(await mintedKeys()).toEqual([]);
    expect(conditionOf(await cluster.status(), 'Degraded')?.message).not.toMatch(/node-1|node-3/);
  });

  test('a server refuses the file without a word before ⇒ it alone gets it, is named and has its old file back', async () => {
    fips.delete('node-2');
    await reconfigure('node-2');
    fips.add('node-1');
    hidden.add('node-1');
    await reconfigure('node-1');
    workload.start();
    await cluster.until('FileRefused', (now) => isDegraded(now, 'FileRefused', 'node-1: ', 'failed reload'));
    expect((await workload.stop()).failures).toEqual([]);
    const [, tried, back] = watch.of(0);
    expect(contents(0)).toEqual([before, tried?.hash, before]);
    const heldMs = (back?.atMs ?? 0) - (tried?.atMs ?? 0);
    console.log(`refused file: ${Math.round(heldMs)} ms on the disk`);
    expect(heldMs).toBeLessThan(6_000);
    expect([1, 2].map(contents)).toEqual([[before], [before]]);
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual(['key1']);
  });

  test('it is restarted afterwards, then killed with its agent while the refused file is on its disk ⇒ it starts once the old file is back', async () => {
    const ring = await cluster.ring();
    expect(ring?.refusals).toHaveLength(1);
    // A restarted server may have learnt better, so the file is tried once more.
    await restart('node-1');
    await cluster.until('the file is tried again', () => contents(0).length >= 4, 60_000);
    await cluster.plane.killServer('node-1');
    const agent = cluster.agents.get('node-1');
    await agent?.end('SIGKILL');
    agent?.start();
    const starts: string[] = [];
    const end = performance.now() + 60_000;
    while (starts.at(-1) !== 'started' && performance.now() < end) {
      if (starts.length > 0) await new Promise((resolve) => setTimeout(resolve, 2_000));
      const start = cluster.plane.startServer('node-1', {readyTimeoutMs: 30_000});
      starts.push(
        await start.then(
          () => 'started',
          (error: Error) => (/FIPS 140-only/.test(error.message) ? 'refused' : error.message),
        ),
      );
    }
    console.log(`starts: ${starts.join(', ')}`);
    expect(new Set(starts.slice(0, -1))).toEqual(new Set(starts.length > 1 ? ['refused'] : []));
    expect(starts.at(-1)).toBe('started');
    expect([1, 2].map(contents)).toEqual([[before], [before]]);
  });

  test('the server can load it now ⇒ the rotation goes on by itself', async () => {
    fips.delete('node-1');
    hidden.delete('node-1');
    await reconfigure('node-1');
    const status = await cluster.complete(1);
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual([status.keys?.[0]?.name]);
  });

  test('a key of 33 bytes in one file and nothing in another ⇒ named, written again, and their servers start', async () => {
    const good = cluster.plane.nodes.map(({configPath}) => hashOf(configPath));
    const [, second, third] = cluster.plane.nodes.map(({configPath}) => configPath);
    const text = readFileSync(second ?? '', 'utf8');
    const long = text.replace(/"secret":\s*"[^"]+"/, `"secret":"${randomBytes(33).toString('base64')}"`);
    expect(long).not.toBe(text);
    writeFileSync(second ?? '', long);
    writeFileSync(third ?? '', '');
    const whole = () => cluster.plane.nodes.every(({configPath}, index) => hashOf(configPath) === good[index]);
    await cluster.until('the files are whole again', whole);
    const told = (message: string) =>
      /node-2: the file did not load/.test(message) && /node-3: the file did not load/.test(message);
    const status = await cluster.until('told', (now) => told(conditionOf(now, 'Ready')?.message ?? ''));
    expect(conditionOf(status, 'Ready')).toMatchObject({status: 'True', reason: 'Scheduled'});
    await Promise.all(['node-2', 'node-3'].map(restart));
    await cluster.until('ready', (now) => conditionOf(now, 'NodesConverged')?.status === 'True');
    expect(whole()).toBe(true);
  });
});

// Files of a node that are emptied, torn, replaced, edited, made unreadable or find no room, under running servers:
// nothing is lost, the cause is named, and what can be repaired is.

import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {chmodSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {AdoptedKey} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {secrets, Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 1_000, configMaps: 500} : {secrets: 30, configMaps: 15};
const patienceMs = 240_000;
/** Two looks of an agent at rest and a busy machine. */
const repairMs = 100_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let cluster: RotationCluster;
const mounted: string[] = [];

const nodes = (): readonly string[] => cluster.plane.nodes.map(({name}) => name);
const pathOf = (node: string): string => cluster.plane.node(node).configPath;
const folderOf = (node: string): string => join(cluster.plane.node(node).root, 'etc/kubernetes');
const bytesOf = (node: string): Buffer => readFileSync(pathOf(node));

function isWhole(node: string, good: Buffer): boolean {
  try {
    return bytesOf(node).equals(good);
  } catch {
    return false;
  }
}

beforeAll(async () => {
  cluster = await startRotationCluster({plane: {boundByPermissions: (node) => node === 'node-3'}});
  const users = new Workload({stores: () => cluster.stores, readsPerSecond: 1, writesPerSecond: 1, listEveryMs: 1_000});
  await users.populate(size);
  await cluster.createConfig();
  cluster.startPrograms();
  await cluster.complete(1, patienceMs);
  await cluster.rotate('second');
  await cluster.complete(2, patienceMs);
});
afterAll(async () => {
  for (const path of mounted.reverse()) execFileSync('umount', ['--lazy', path]);
  await cluster.stop();
});

/** Agents at rest look every 30 s or when the ring changes; this is what a change would do. */
const wake = async (): Promise<void> => await cluster.annotateRing('test.example/wake', randomBytes(8).toString('hex'));

async function expectServes(node: string): Promise<void> {
  const page = await cluster.store(node)['store.list']({resource: secrets, namespace: 'default', limit: 10_000});
  expect(page.ok, node).toBe(true);
  if (page.ok) expect(page.value.items).toHaveLength(size.secrets);
}

/** Key names in each node's file, sorted. */
async function fileKeys(): Promise<readonly (readonly string[])[]> {
  const files = await Promise.all(nodes().map((node) => cluster.file(node)));
  return files.map((blocks) => [...new Set(blocks.flatMap(({order}) => order))].sort());
}

async function untilSaid(pattern: RegExp, timeoutMs = repairMs): Promise<void> {
  await cluster.until(
    String(pattern),
    ({conditions = []}) => conditions.some(({reason, message}) => pattern.test(`${reason}: ${message}`)),
    timeoutMs,
  );
}

async function untilWhole(good: ReadonlyMap<string, Buffer>): Promise<void> {
  await cluster.until(
    'the files are what they were',
    () => [...good].every(([node, bytes]) => isWhole(node, bytes)),
    repairMs,
  );
}

const goodFiles = (): ReadonlyMap<string, Buffer> => new Map(nodes().map((node) => [node, bytesOf(node)]));

/** Stops an agent where it is, so that a server meets a file before its agent does. */
const freeze = (node: string): void => void process.kill(cluster.agents.get(node)?.pid ?? 0, 'SIGSTOP');
const thaw = (node: string): void => void process.kill(cluster.agents.get(node)?.pid ?? 0, 'SIGCONT');

describe('damaged at rest', () => {
  test('an empty file ⇒ its server serves on, the agent writes it again by itself and says so', async () => {
    const good = goodFiles();
    writeFileSync(pathOf('node-1'), '');
    await expectServes('node-1');
    await untilWhole(good);
    await untilSaid(/node-1: the file did not load .* and was written again/);
    await expectServes('node-1');
  });

  test('twelve torn lengths ⇒ each is written again as it was, and its server serves all the time', async () => {
    const good = goodFiles();
    const length = good.get('node-1')?.length ?? 0;
    for (let round = 0; round < 4; round++) {
      for (const [index, node] of nodes().entries()) {
        const cut = 1 + Math.floor(((length - 2) * (3 * round + index)) / 11);
        writeFileSync(pathOf(node), good.get(node)?.subarray(0, cut) ?? '');
      }
      await sleep(1_500);
      for (const node of nodes()) await expectServes(node);
      await wake();
      await untilWhole(good);
    }
    for (const node of nodes()) {
      const {keys, damaged} = await cluster.history(node);
      expect({keys: keys.length, damaged}).toEqual({keys: 2, damaged: 0});
    }
  });

  test('a directory in its place ⇒ named, nothing moved; taken away ⇒ the file comes back', async () => {
    const good = goodFiles();
    rmSync(pathOf('node-2'));
    mkdirSync(pathOf('node-2'));
    await wake();
    await untilSaid(/FileInvalid: .*node-2: the file does not load: .*EISDIR/);
    await untilSaid(/node-2: writeFile: .*EISDIR/);
    await expectServes('node-2');
    expect(readdirSync(pathOf('node-2'))).toEqual([]);
    expect(readdirSync(folderOf('node-2')).filter((name) => name.includes('.tmp-'))).toEqual([]);
    rmdirSync(pathOf('node-2'));
    await untilWhole(good);
    await cluster.until('no longer named', ({conditions = []}) =>
      conditions.some(({type, status}) => type === 'Degraded' && status === 'False'),
    );
  });

  test('a server that is started on a torn file ⇒ refuses, and starts once its agent has seen it', async () => {
    const good = goodFiles();
    freeze('node-2');
    try {
      await cluster.plane.killServer('node-2');
      writeFileSync(pathOf('node-2'), good.get('node-2')?.subarray(0, 300) ?? '');
      await expect(cluster.plane.startServer('node-2')).rejects.toThrow(/ended with/);
    } finally {
      thaw('node-2');
    }
    await untilWhole(good);
    await cluster.plane.startServer('node-2');
    await expectServes('node-2');
  });

  test('mode 0000 and a server without dac_override ⇒ reloads fail, the agent writes it again and says so', async () => {
    const good = goodFiles();
    freeze('node-3');
    const failures = async () => (await cluster.reports()).find(({node}) => node === 'node-3')?.reloadFailures ?? 0;
    const before = await failures();
    chmodSync(pathOf('node-3'), 0o000);
    await sleep(2_500);
    await expectServes('node-3');
    thaw('node-3');
    await wake();
    await cluster.until('readable again', () => (statSync(pathOf('node-3')).mode & 0o777) === 0o600, repairMs);
    await untilWhole(good);
    await untilSaid(/node-3: the file had mode 0000 and was written again/);
    await cluster.until('counted', async () => (await failures()) > before, repairMs);
    await cluster.plane.restartServer('node-3');
    await expectServes('node-3');
  });
});

describe('edited by hand', () => {
  test('an unknown key added on one node ⇒ kept, taken over into every file, the write key stays', async () => {
    const before = await fileKeys();
    const parsed = parseEncryptionConfiguration(bytesOf('node-2'));
    if (parsed.outcome === 'refused') throw new Error('refused');
    const extra = new AdoptedKey({provider: 'aesgcm', name: 'by-hand', key: randomBytes(32)});
    const blocks = parsed.configuration.blocks.map((block) => ({
      ...block,
      providers: block.providers.map((provider) =>
        provider.kind === 'aesgcm' ? {...provider, keys: [...provider.keys, extra]} : provider,
      ),
    }));
    writeFileSync(pathOf('node-2'), formatEncryptionConfiguration({blocks}));
    await wake();
    await cluster.until(
      'the key is everywhere',
      async () => (await fileKeys()).every((keys) => keys.some((key) => key.includes('by-hand'))),
      repairMs,
    );
    await untilSaid(/AdoptedKeysKept|by-hand.* stay/);
    await cluster.until('at rest', ({phase}) => phase === 'Idle', patienceMs);
    const after = await fileKeys();
    for (const [index, keys] of before.entries()) expect(after[index]).toEqual(expect.arrayContaining([...keys]));
    const ring = await cluster.ring();
    expect(ring?.keys.map(({name}) => name.split('-')[0])).toEqual(['r2', 'r1', 'by']);
    for (const node of nodes()) {
      expect((await cluster.file(node))[0]?.order[0]).toBe(ring?.keys[0]?.name);
      expect((await cluster.history(node)).keys.map(({name}) => name)).toContain('by-hand');
      await expectServes(node);
    }
  });
});

describe('a full disk', () => {
  const image = (): string => join(cluster.dir, 'small-disk');

  /** Puts a node's folder on a disk of its own with little room; whoever has files open there keeps them. */
  function giveSmallDisk(node: string): void {
    mkdirSync(image());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', image()]);
    mounted.push(image());
    execFileSync('cp', ['--archive', `${folderOf(node)}/.`, image()]);
    execFileSync('mount', ['--bind', image(), folderOf(node)]);
    mounted.push(folderOf(node));
  }

  /** Leaves so many bytes at most; a small disk gives whole pages only. */
  async function fill(path: string): Promise<void> {
    for (const chunk of [65_536, 4_096, 1]) {
      for (;;) {
        const done = await writeFile(path, Buffer.alloc(chunk), {flag: 'a'}).then(
          () => true,
          () => false,
        );
        if (!done) break;
      }
    }
  }

  test('no room on the node that makes the key ⇒ named, nothing half-written, the write key stays; room ⇒ it goes on', async () => {
    giveSmallDisk('node-1');
    const ballast = join(image(), 'ballast');
    await fill(ballast);
    const before = bytesOf('node-1');
    const beforeKeys = await fileKeys();
    await cluster.rotate('on a full disk');
    await untilSaid(/^(HistoryNotWritable|CannotWriteFile): .*node-1: .*ENOSPC/);
    await sleep(5_000);
    expect((await cluster.ring())?.rotation).toMatchObject({revision: 3});
    expect((await cluster.ring())?.rotation?.activatedAtMs).toBeUndefined();
    expect(bytesOf('node-1').equals(before)).toBe(true);
    expect(readdirSync(folderOf('node-1')).filter((name) => name.includes('.tmp-'))).toEqual([]);
    // What is left of the history's last page may still take the new key's record.
    const kept = await cluster.history('node-1');
    expect(kept).toMatchObject({damaged: 0, torn: false});
    expect(kept.keys.length).toBeGreaterThanOrEqual(3);
    for (const node of nodes()) await expectServes(node);

    rmSync(ballast);
    await cluster.complete(3, patienceMs);
    expect((await cluster.history('node-1')).damaged).toBe(0);
    const after = await fileKeys();
    for (const [index, keys] of beforeKeys.entries()) expect(after[index]).toEqual(expect.arrayContaining([...keys]));
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual([(await cluster.ring())?.keys[0]?.name]);
  });

  test('no room on a node that only takes the key ⇒ the same', async () => {
    const ballast = join(image(), 'ballast');
    const {minting} = (await cluster.ring()) ?? {};
    expect(minting).toBeUndefined();
    await cluster.rotate('full in the middle');
    await cluster.until('made', async () => (await cluster.ring())?.rotation?.revision === 4, patienceMs);
    await fill(ballast);
    await sleep(3_000);
    const {keys, damaged, torn} = await cluster.history('node-1');
    expect({damaged, torn}).toEqual({damaged: 0, torn: false});
    expect(keys.length).toBeGreaterThanOrEqual(4);
    for (const node of nodes()) await expectServes(node);
    rmSync(ballast);
    await cluster.complete(4, patienceMs);
    expect(await cluster.history('node-1')).toMatchObject({damaged: 0, torn: false, keys: {length: 5}});
  });
});

// Servers that do not come to know of a new file: reload switched off, the file pinned by a mount of that one file,
// or a mount in the agent's own way. Nothing is activated, the cause is named, and the repair is enough to go on.

import {existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse, stringify} from 'yaml';
import {openProofRun} from '../../scripts/proof-run.ts';
import {conditionOf, isHeldBack, stays, writeKeys} from './conditions.ts';
import {type ConfigStatusView, type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 1_000, configMaps: 500} : {secrets: 40, configMaps: 20};
const deadline = run.long ? '180s' : '5s';

/** The manifest of a server whose configuration comes from a volume that says nothing of the node. */
function withoutHostPath(text: string): string {
  const manifest = parse(text) as {spec: {volumes: {name: string; hostPath?: {type?: string}}[]}};
  for (const volume of manifest.spec.volumes) if (volume.hostPath?.type === 'File') delete volume.hostPath;
  return stringify(manifest);
}

describe('three servers, of which some do not see a new file', () => {
  const flagOff = new Set(['node-2']);
  const pinned = new Set<string>();
  const silent = new Set<string>();
  let cluster: RotationCluster;
  let workload: Workload;

  beforeAll(async () => {
    cluster = await startRotationCluster({
      controllerArgs: ['--reload-deadline', deadline],
      plane: {
        reload: (node) => !flagOff.has(node),
        singleFileMount: (node) => pinned.has(node),
        manifest: (node, text) => (silent.has(node) ? withoutHostPath(text) : text),
      },
    });
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 30, writesPerSecond: 3, listEveryMs: 1_000});
    await workload.populate(size);
    await cluster.createConfig();
    cluster.startPrograms();
  });
  afterAll(async () => {
    await workload?.stop();
    await cluster?.stop();
  });

  const activated = async (): Promise<boolean> => (await cluster.ring())?.rotation?.activatedAtMs !== undefined;
  const stateOf = (status: ConfigStatusView, node: string) => status.deployStatus?.[cluster.plane.node(node).address];

  /** A server that waits for its watches to end takes seconds longer. */
  async function reconfigure(node: string): Promise<void> {
    await cluster.plane.killServer(node);
    await cluster.plane.reconfigureServer(node);
  }

  /** Readers and writers are asked while nothing restarts. */
  async function underLoad(work: () => Promise<void>): Promise<void> {
    workload.start();
    await work();
    expect((await workload.stop()).failures).toEqual([]);
  }

  test('reload switched off on one ⇒ it is named, nothing is written with the key; switched on ⇒ it completes', async () => {
    const status = await cluster.until('ReloadDisabled', (now) => isHeldBack(now, 'ReloadDisabled', 'node-2'));
    expect(stateOf(status, 'node-2')).toMatchObject({state: 'RestartFailed', message: /^ReloadDisabled: node-2: /});
    await underLoad(async () => {
      await stays(activated, false);
      expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual(['clear']);
    });
    flagOff.delete('node-2');
    await reconfigure('node-2');
    await cluster.complete(1);
  });

  test('the file mounted singly into one ⇒ SingleFileMount is named; mounted by its folder ⇒ it completes', async () => {
    pinned.add('node-3');
    await reconfigure('node-3');
    const before = await writeKeys(cluster);
    await cluster.rotate('pinned');
    await cluster.until('SingleFileMount', (now) => isHeldBack(now, 'SingleFileMount', 'node-3'));
    const filed = async (): Promise<boolean> =>
      (await cluster.file('node-3'))[0]?.order.some((key) => /^r2-/.test(key)) === true;
    await cluster.until('the file of node-3 has the key', filed);
    await underLoad(async () => {
      await stays(activated, false);
      expect(await writeKeys(cluster)).toBe(before);
    });
    pinned.delete('node-3');
    await reconfigure('node-3');
    await cluster.complete(2);
  });

  test('its manifest does not tell ⇒ NotLoaded with the likeliest cause after the deadline; repaired ⇒ it completes', async () => {
    pinned.add('node-3');
    silent.add('node-3');
    await reconfigure('node-3');
    await cluster.rotate('pinned in silence');
    const status = await cluster.until(
      'NotLoaded',
      (now) => isHeldBack(now, 'NotLoaded', 'node-3', 'perhaps the file is mounted singly'),
      run.long ? 400_000 : 60_000,
    );
    expect(stateOf(status, 'node-3')).toMatchObject({state: 'RestartFailed', message: /^NotLoaded: node-3: /});
    await underLoad(() => stays(activated, false));
    pinned.delete('node-3');
    silent.delete('node-3');
    await reconfigure('node-3');
    await cluster.complete(3);
  });

  test('the file is a mount in its agent’s way ⇒ SingleFileMount; written in place ⇒ both kinds complete, FileNotAtomic is shown', async () => {
    const {configPath, root} = cluster.plane.node('node-2');
    const agent = cluster.agents.get('node-2');
    await agent?.end('SIGTERM');
    agent?.start(['unshare', '--mount', 'sh', '-c', 'mount --bind "$1" "$1" && shift && exec "$@"', 'sh', configPath]);
    pinned.add('node-3');
    await reconfigure('node-3');
    const inodes = () => cluster.plane.nodes.map((node) => statSync(node.configPath).ino);
    const before = inodes();
    await cluster.rotate('in the way');
    await cluster.until('SingleFileMount', (now) => isHeldBack(now, 'SingleFileMount', 'node-2: writeFile: ', 'EBUSY'));
    await stays(activated, false);
    expect(inodes()[1]).toBe(before[1]);
    const third = inodes()[2];
    // What a rename put there already reaches node-3's server with its next start only.
    await reconfigure('node-3');
    await cluster.edit((object) => ({...object, spec: {...(object.spec as object), nodes: {writeMode: 'inPlace'}}}));
    const status = await cluster.complete(4);
    expect(conditionOf(status, 'Degraded')).toMatchObject({status: 'True', reason: 'FileNotAtomic'});
    expect(conditionOf(status, 'Degraded')?.message).toMatch(/node-2: .*node-3: /s);
    expect(inodes().slice(1)).toEqual([before[1], third]);
    const copy = join(root, 'etc/kubernetes/encryption-provider.complete');
    expect(readFileSync(copy).equals(readFileSync(configPath))).toBe(true);
    expect(existsSync(join(cluster.plane.node('node-1').root, 'etc/kubernetes/encryption-provider.complete'))).toBe(
      false,
    );
  });

  test('the mounts are gone and files are renamed again ⇒ the next rotation ends the condition', async () => {
    pinned.delete('node-3');
    await reconfigure('node-3');
    await cluster.edit((object) => ({...object, spec: {...(object.spec as object), nodes: {writeMode: 'rename'}}}));
    const agent = cluster.agents.get('node-2');
    await agent?.end('SIGTERM');
    agent?.start();
    await cluster.rotate('free again');
    await cluster.complete(5);
    await cluster.until('not degraded', (now) => conditionOf(now, 'Degraded')?.status === 'False');
  });
});

// One seed has one trace: run again, in a worker thread, in a process of its own, on other versions of Node, and while
// the machine is busy with the others.

import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {Worker} from 'node:worker_threads';
import {generateRehearsal, runRehearsal} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {nodeProgram} from '../../bench/src/nodes.ts';

const script = fileURLToPath(new URL('trace-hashes.ts', import.meta.url));
/** An aimed one and one of the swarm. */
const seeds = [2, 7];

async function inProcess(program: string): Promise<readonly string[]> {
  const {stdout} = await promisify(execFile)(program, [script, ...seeds.map(String)]);
  return JSON.parse(stdout);
}

async function inThread(): Promise<readonly string[]> {
  const worker = new Worker(script, {workerData: seeds});
  const [hashes] = await once(worker, 'message');
  await worker.terminate();
  return hashes;
}

test('a seed here, again, in a thread and on Node 22, 24 and 26, all at once ⇒ one trace hash', async () => {
  const programs = [process.execPath, await nodeProgram('22'), await nodeProgram('26')];
  const others = Promise.all([inThread(), ...programs.map(inProcess)]);
  const here = seeds.map((seed) => runRehearsal(generateRehearsal(seed), {seed}).traceHash);
  expect(new Set(here).size).toBe(seeds.length);
  expect(seeds.map((seed) => runRehearsal(generateRehearsal(seed), {seed}).traceHash)).toEqual(here);
  for (const hashes of await others) expect(hashes).toEqual(here);
}, 300_000);

// SIGKILL to the controller, to agents and to a kube-apiserver in every phase of a rotation, under load: what is left
// in the end is what a run without kills leaves, and no reader notices.

import {afterEach, expect, test} from 'vitest';
import {openProofRun, type SliceCounts} from '../../scripts/proof-run.ts';
import {randomOf} from '../loader/random.ts';
import {type KillPhase, Kills, killPhases, killTargets} from './kills.ts';
import {rotationPhases} from './ring-phase.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {readSettled, settledForm} from './settled.ts';
import {Workload} from './workload.ts';

const run = openProofRun();
const size = run.long ? {secrets: 2_000, configMaps: 1_000} : {secrets: 60, configMaps: 30};
const share = run.long
  ? {wanted: 2, together: 1, deadMs: 2_000, migrationMs: 1_500}
  : {wanted: 1, together: 3, deadMs: 600, migrationMs: 100};
const passes = run.long ? ['first', 'second'] : ['only'];
const mostRevisions = run.long ? 20 : 8;
/** For one rotation with kills. */
const timeoutMs = 240_000;

let cluster: RotationCluster | undefined;
let workload: Workload | undefined;

afterEach(async () => {
  await workload?.stop();
  await cluster?.stop();
  workload = cluster = undefined;
});

async function killEverywhere(seed: number): Promise<SliceCounts> {
  const on = await startRotationCluster({
    // As a container that is started again: the same host name and process id, so that it need not wait for its lease.
    controllerArgs: ['--identity', 'controller_1', '--drain', '1s'],
    plane: {etcdCompactionInterval: '5s'},
  });
  cluster = on;
  const kills = new Kills({cluster: on, random: randomOf(seed), ...share});
  const nodes = on.plane.nodes.map(({name}) => name);
  workload = new Workload({
    stores: () => nodes.filter((name) => !kills.isAway(name)).map((name) => on.store(name)),
    readsPerSecond: 40,
    writesPerSecond: 4,
    listEveryMs: 1_000,
    retryLost: true,
  });
  await workload.populate(size);
  const before = {secrets: await keysOf(on, 'secrets'), configmaps: await keysOf(on, 'configmaps')};
  const values = {secrets: before.secrets.length, configmaps: before.configmaps.length};
  workload.start();
  await on.createConfig();
  on.startPrograms();

  await on.complete(1);
  let revision = 1;
  const expectForm = async (kept: number, request?: string): Promise<void> =>
    expect(await readSettled(on, kept)).toEqual(settledForm({revisions: revision, kept, request, nodes, values}));
  await expectForm(1);

  while (kills.open(rotationPhases).length > 0 && revision < mostRevisions) {
    await kills.duringRotation(`rotation ${++revision}`, timeoutMs);
    await on.complete(revision);
    await expectForm(revision, `rotation ${revision}`);
  }
  // From now on one key is enough: all others leave the files.
  await on.edit((object) => ({...object, spec: {...(object.spec as object), retention: {revisions: 1, minAge: '1s'}}}));
  for (;;) {
    await kills.duringDrop(async () => (await on.ring())?.keys.length === 1, timeoutMs);
    await on.until('one key is left, loaded everywhere', ({phase}) => phase === 'Idle');
    await expectForm(1, `rotation ${revision}`);
    if (kills.open(['Dropping']).length === 0 || revision >= mostRevisions) break;
    await on.rotate(`rotation ${++revision}`);
    await on.until(`revision ${revision}`, ({history}) => history?.[0]?.revision === revision);
  }

  const counts = await workload.stop();
  console.log(`seed ${seed}: ${revision} revisions; ${kills.missed} kills came after their phase and are not counted`);
  console.log(kills.table(killPhases));
  console.log(`workload: ${JSON.stringify({...counts, failures: counts.failures.length})}`);
  expect(counts.failures).toEqual([]);
  expect(counts).toMatchObject({failedReads: 0, failedWrites: 0, wrongContent: 0});
  expect(kills.open(killPhases)).toEqual([]);
  expect({secrets: await keysOf(on, 'secrets'), configmaps: await keysOf(on, 'configmaps')}).toEqual(before);
  return sliceCounts(kills, killPhases);
}

async function keysOf(on: RotationCluster, resource: string): Promise<readonly string[]> {
  return [...(await on.rawValues(resource)).keys()].sort();
}

function sliceCounts(kills: Kills, phases: readonly KillPhase[]): SliceCounts {
  const entries = killTargets.flatMap((target) =>
    phases.map((phase) => [`kills of ${target} in ${phase}`, kills.count(target, phase)] as const),
  );
  return Object.fromEntries(entries);
}

test.each(passes)(
  'every process is killed in every phase (%s cluster) ⇒ the end is that of a run without kills',
  async (pass) => {
    await run.slice(pass, () => killEverywhere(run.seed + passes.indexOf(pass)));
  },
);

// The schedule on real servers: a short interval makes one rotation after the other, whatever old requests still stand
// there; a pause stops in front of the next dangerous deed and owes at most one rotation; and with the true minute
// between two looks at the file a rotation takes no longer than it must.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

const run = openProofRun();
const patienceMs = 240_000;
const rotate = 'etcd-encryption.alauda.io/rotate';
const pause = 'etcd-encryption.alauda.io/pause';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const every = async (cluster: RotationCluster, rotationInterval: string): Promise<void> =>
  await cluster.edit((object) => ({...object, spec: {...(object.spec as object), rotationInterval}}));

describe('a short interval', () => {
  const scheduled = run.long ? 10 : 4;
  let cluster: RotationCluster;

  beforeAll(async () => {
    cluster = await startRotationCluster({nodes: run.long ? 3 : 1});
    const populating = new Workload({
      stores: () => cluster.stores,
      readsPerSecond: 1,
      writesPerSecond: 1,
      listEveryMs: 1_000,
    });
    await populating.populate({secrets: 40, configMaps: 20});
    await cluster.createConfig({}, {[rotate]: 'an old request'});
    cluster.startPrograms();
    await cluster.complete(1, patienceMs);
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test(`${scheduled} scheduled rotations beside an old request ⇒ ${scheduled} rotations, none for the request`, async () => {
    expect((await cluster.ring())?.handledRequest).toBe('an old request');
    await every(cluster, '1s');
    const seen = new Map<number, string>();
    await cluster.until(
      `r${1 + scheduled} complete`,
      ({history = []}) => {
        for (const {revision, reason} of history) seen.set(revision, reason);
        return seen.has(1 + scheduled);
      },
      scheduled * 60_000,
    );
    await every(cluster, '168h0m0s');
    await cluster.until('at rest', ({phase}) => phase === 'Idle', patienceMs);
    const ring = await cluster.ring();
    for (const {revision, reason} of ring?.history ?? []) seen.set(revision, reason);
    const last = ring?.history[0]?.revision ?? 0;
    expect([...seen].sort(([a], [b]) => a - b)).toEqual([
      [1, 'first'],
      ...Array.from({length: last - 1}, (_, n) => [n + 2, 'schedule']),
    ]);
    expect(last).toBeGreaterThanOrEqual(1 + scheduled);
    expect(ring?.handledRequest).toBe('an old request');
    // Nothing is a day old, so no key has left however many there are.
    expect(ring?.keys).toHaveLength(last);
    expect(ring?.certificates).toEqual([]);
    await sleep(3_000);
    expect((await cluster.ring())?.history[0]?.revision).toBe(last);
  });

  test('paused before activation ⇒ the key still goes to every node, the write key stays; resumed ⇒ one rotation', async () => {
    const last = (await cluster.ring())?.history[0]?.revision ?? 0;
    const [before] = (await cluster.ring())?.keys ?? [];
    await cluster.rotate('with a pause');
    await cluster.until(
      'the next key is made',
      async () => (await cluster.ring())?.rotation?.key !== undefined,
      patienceMs,
    );
    await cluster.annotate(pause, 'a test');
    const paused = await cluster.ring();
    expect(paused?.rotation?.activatedAtMs, 'the pause came too late').toBeUndefined();
    await cluster.until(
      'the next key is read everywhere',
      async () => {
        const files = await Promise.all(cluster.plane.nodes.map(({name}) => cluster.file(name)));
        return files.every(([block]) => block?.order.length === last + 2);
      },
      patienceMs,
    );
    await cluster.until('named', ({conditions = []}) =>
      conditions.some(
        ({type, reason, message}) => type === 'Progressing' && reason === 'Paused' && message.includes('a test'),
      ),
    );
    await sleep(5_000);
    const still = await cluster.ring();
    expect(still?.rotation?.activatedAtMs).toBeUndefined();
    expect(new Set(still?.layout.resources.map(({write}) => write))).toEqual(new Set([before?.id]));
    // Due twice over when it is resumed: by the request that began it and by an interval that has long passed.
    await every(cluster, '30s');
    await cluster.annotate(pause, undefined);
    await cluster.complete(last + 1, patienceMs);
    await every(cluster, '168h0m0s');
    await sleep(5_000);
    const after = await cluster.ring();
    expect(after?.history[0]?.revision).toBe(last + 1);
    expect(after?.rotation).toBeUndefined();
  });

  test('paused at rest while due ⇒ nothing begins; resumed ⇒ at most one rotation', async () => {
    const last = (await cluster.ring())?.history[0]?.revision ?? 0;
    await cluster.annotate(pause, 'nothing may begin');
    await cluster.rotate('while paused');
    await sleep(4_000);
    expect((await cluster.ring())?.keys[0]?.revision).toBe(last);
    await cluster.rotate('said again while paused');
    await sleep(1_000);
    await cluster.annotate(pause, undefined);
    await cluster.complete(last + 1, patienceMs);
    await sleep(4_000);
    expect((await cluster.ring())?.history[0]?.revision).toBe(last + 1);
  });
});

const describeLong = run.long ? describe : () => {};

describeLong('the true minute between two looks at the file, three servers', () => {
  let cluster: RotationCluster;

  beforeAll(async () => {
    cluster = await startRotationCluster({poll: undefined});
    const populating = new Workload({
      stores: () => cluster.stores,
      readsPerSecond: 1,
      writesPerSecond: 1,
      listEveryMs: 1_000,
    });
    await populating.populate({secrets: 200, configMaps: 100});
    await cluster.createConfig();
    cluster.startPrograms();
    await cluster.complete(1, 600_000);
  });
  afterAll(async () => {
    await cluster.stop();
  });

  test('one rotation ⇒ at most two polls, the migration and 15 s', async () => {
    await cluster.rotate('timed');
    await cluster.complete(2, 600_000);
    const ring = await cluster.ring();
    const done = ring?.history[0];
    const marks = ring?.lastMigration?.marks ?? [];
    const migrationMs =
      Math.max(...marks.map(({completedAtMs = 0}) => completedAtMs)) -
      Math.min(...marks.map(({startedAtMs}) => startedAtMs));
    const tookMs = (done?.completedAtMs ?? 0) - (done?.startedAtMs ?? 0);
    expect(marks).toHaveLength(2);
    expect(tookMs).toBeLessThanOrEqual(2 * 60_000 + migrationMs + 15_000);
    await run.slice('one rotation at the true minute', () => ({rotationMs: tookMs, migrationMs}));
  });
});

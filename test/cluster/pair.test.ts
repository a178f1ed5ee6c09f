// A pair of real control planes, whole life: a Standby that was set up wrongly, the first key, rotations, a failover by
// the book and a rotation on the new Active. Somebody reads every value through every server of both sides all the while.

import {randomBytes} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {Mirror} from '../control-plane/index.ts';
import {conditionOf, stays} from './conditions.ts';
import {createRootSecret, deleteRootSecret, groupId} from './derived-keys.ts';
import {openEtcdWriter} from './etcd-writer.ts';
import {EveryValueWatch, unreadValues} from './every-value.ts';
import {
  bundleKeys,
  isReady,
  pairSpec,
  patienceMs,
  type RealPair,
  ringOf,
  setDeterministic,
  startRealPair,
  stateRole,
} from './real-pair.ts';
import type {ConfigStatusView, RotationCluster} from './rotation-cluster.ts';
import {bytesOf} from './rotation-steps.ts';

const run = openProofRun();
const nodes = run.long ? {east: 2, west: 2} : {east: 1, west: 2};
/** Completed before the first failover. */
const rotations = run.long ? 6 : 3;
const objects = run.long ? {secrets: 40, configMaps: 20} : {secrets: 8, configMaps: 4};

const said =
  (type: string, reason: string, ...words: readonly string[]) =>
  (status: ConfigStatusView): boolean => {
    const found = conditionOf(status, type);
    return found?.reason === reason && words.every((word) => found.message.includes(word));
  };

/** Key names that stored Secrets and ConfigMaps bear, each once. */
async function storedNames(side: RotationCluster): Promise<readonly string[]> {
  const counts = Object.values(await side.census()).flatMap((each) => Object.keys(each));
  return [...new Set(counts)].sort();
}

describe('two control planes, one mirrored into the other, users busy', () => {
  let pair: RealPair;
  let east: RotationCluster;
  let west: RotationCluster;
  let watches: readonly EveryValueWatch[] = [];
  let before: readonly string[] = [];

  beforeAll(async () => {
    pair = await startRealPair({nodes, objects});
    ({east, west} = pair);
    watches = [east, west].map((side) => new EveryValueWatch(side));
    await east.createConfig(pairSpec());
    await west.createConfig(pairSpec('another-group'));
    before = bytesOf(west);
    await pair.follow(west);
    pair.startUsers();
    for (const side of [east, west]) side.startPrograms();
  });
  afterAll(async () => {
    await Promise.all(watches.map((watch) => watch.end()));
    await pair?.stop();
  });

  /** Nothing of ours is in a file of the Standby, and no value is under a key on either side. */
  async function expectNothingWritten(): Promise<void> {
    await stays(async () => bytesOf(west).join('\n'), before.join('\n'));
    for (const {root} of west.plane.nodes)
      expect(existsSync(join(root, 'etc/kubernetes/encryption-provider-history.bak'))).toBe(false);
    expect((await ringOf(west)).keys).toEqual([]);
    expect([await storedNames(east), await storedNames(west)]).toEqual([['clear'], ['clear']]);
  }

  /** Both sides have the same keys under the same names, and all values are under the one of the revision. */
  async function expectSame(revision: number): Promise<void> {
    const [active, standby] = [await bundleKeys(pair.active), await bundleKeys(pair.standby)];
    expect(standby).toEqual(active);
    await pair.synchronizer.drained();
    const name = active.find((key) => key.startsWith(`r${revision}-`));
    expect([await storedNames(east), await storedNames(west)]).toEqual([[name], [name]]);
    expect(await pair.verify()).toMatchObject({code: 0, out: expect.stringMatching(/^same: r\d+-/)});
    expect(isReady(await pair.standby.status())).toBe(true);
    expect(await unreadValues(pair.standby)).toEqual([]);
  }

  test('the Standby’s root Secret ends in a newline ⇒ named with the likely cause, nothing is written on either side', async () => {
    const file = join(west.dir, 'with-newline.bin');
    writeFileSync(file, Buffer.concat([readFileSync(pair.rootKeyFile), Buffer.from('\n')]));
    await createRootSecret(west, file);
    await west.until(
      'named',
      said('RootSecretReady', 'RootSecretNotReady', 'node-1: ', 'node-2: ', 'etcd-derivation-root', '33', 'newline'),
    );
    await east.until('the Active waits', said('Progressing', 'StandbyUnproven'));
    expect(conditionOf(await west.status(), 'FailoverReady')).toMatchObject({status: 'False'});
    await expectNothingWritten();
  });

  test('its group id differs ⇒ the SeedBundle is refused as group-mismatch, nothing is written on either side', async () => {
    await deleteRootSecret(west);
    await createRootSecret(west, pair.rootKeyFile);
    await west.until('named', said('SeedBundleReady', 'SeedBundleRefused', 'group-mismatch'));
    expect(await pair.verify()).toMatchObject({
      code: 1,
      out: expect.stringContaining('different: replication group id: '),
    });
    expect(conditionOf(await west.status(), 'FailoverReady')).toMatchObject({
      status: 'False',
      reason: 'SeedBundleRefused',
    });
    await expectNothingWritten();
  });

  test('it is mended and its proof is recorded ⇒ r1 writes on both sides under one name', async () => {
    await setDeterministic(west, {replicationGroupId: groupId});
    await west.until('r1 is loaded on the Standby', isReady, patienceMs);
    expect(await storedNames(east)).toEqual(['clear']);
    expect(await pair.verify('--record')).toMatchObject({code: 0});
    await pair.settled(1);
    await expectSame(1);
  });

  test('the resource itself is copied too ⇒ the Standby tells its own state again, under its own id', async () => {
    const prefix = '/registry/cluster.alauda.io/etcdencryptionconfigs/';
    const mirror = new Mirror({
      from: east.plane.etcd,
      to: west.plane.etcd,
      prefix,
      logPath: join(west.dir, 'mirror.log'),
    });
    try {
      await east.annotate('example.com/copied', 'yes');
      const {clusterId} = await ringOf(west);
      await west.until('the copy is there, and the status in it is its own', async () => {
        const {metadata, status = {}} = await west.config();
        const own = status as ConfigStatusView;
        return metadata.annotations?.['example.com/copied'] === 'yes' && own.clusterId === clusterId && isReady(own);
      });
    } finally {
      await mirror.stop();
    }
  });

  test('r2 by the schedule, the last by a request for a key that the Standby proved ⇒ each writes on both sides', async () => {
    for (let revision = 2; revision < rotations; revision++) {
      await pair.makeDue(revision);
      await pair.settled(revision);
      await expectSame(revision);
    }
    expect(await pair.verify('--record')).toMatchObject({code: 0});
    await east.rotate('a drill');
    await pair.settled(rotations);
    await expectSame(rotations);
    const reasonsOf = async (side: RotationCluster) => (await ringOf(side)).history.map(({reason}) => reason);
    const scheduled = Array.from({length: rotations - 2}, () => 'schedule');
    expect(await reasonsOf(east)).toEqual(['request', ...scheduled, 'first']);
    expect(await reasonsOf(west)).toEqual(Array.from({length: rotations}, () => 'follow'));
  });

  test('a copied value that no key here opens, or that was damaged ⇒ FailoverReady is False until it is gone, as every server says', async () => {
    await Promise.all(watches.map((watch) => watch.end()));
    // Nobody writes it, so the mirror does not mend it by chance.
    await east.plane.kubectl('node-1', '-n', 'team-a', 'create', 'secret', 'generic', 'quiet', '--from-literal=a=b');
    await pair.synchronizer.drained();
    const key = '/registry/secrets/team-a/quiet';
    const value = (await west.rawUnder(key)).get(key);
    if (value === undefined) throw new Error(`expected ${key}`);
    const writer = openEtcdWriter(west.plane.etcd.url);
    const foreign = Buffer.concat([Buffer.from('k8s:enc:aesgcm:v1:r9-01234567:'), randomBytes(60)]);
    const damaged = value.map((byte, index) => (index === value.length - 20 ? byte ^ 1 : byte));
    try {
      for (const bytes of [foreign, damaged]) {
        await writer.put(key, bytes);
        const read = await unreadValues(west);
        for (const {name} of west.plane.nodes) expect(read.join('\n')).toContain(`${name}: secrets/team-a/quiet`);
        await west.until('it is named', said('FailoverReady', 'UnreadableValues'));
        await writer.put(key, value);
        await west.until('ready again', isReady);
        expect(await unreadValues(west)).toEqual([]);
      }
    } finally {
      await writer.close();
    }
    watches = [...watches, ...[east, west].map((side) => new EveryValueWatch(side))];
  });

  test('one server of the Standby does not run ⇒ FailoverReady is not True until it does', async () => {
    await west.plane.stopServer('node-2');
    await west.until('not ready', (status) => !isReady(status));
    await west.plane.startServer('node-2');
    await west.until('ready again', isReady);
    expect(await unreadValues(west)).toEqual([]);
  });

  /** An operator’s word, and the word of before taken back. */
  async function expectLeads(side: RotationCluster): Promise<void> {
    await stateRole(pair.other(side), '');
    await stateRole(side, 'Active');
    await side.until('it leads', said('RoleKnown', 'Active'));
  }

  /** The other side follows, and the next key writes on both, the one after it waits on both. */
  async function expectGoesOn(revision: number): Promise<void> {
    await pair.follow(pair.standby);
    await pair.standby.until('it follows', said('RoleKnown', 'Standby'));
    await pair.makeDue(revision);
    await pair.settled(revision);
    await expectSame(revision);
    const numbers = (await bundleKeys(pair.standby)).map((key) => Number(/^r(\d+)-/.exec(key)?.[1]));
    expect(numbers.slice(-2)).toEqual([revision, revision + 1]);
    expect(new Set(numbers).size).toBe(numbers.length);
  }

  async function expectFailover(): Promise<void> {
    const next = pair.standby;
    // A server that was started a moment ago may be asked once more before it is.
    await next.until('it is ready to fail over', async (status) => isReady(status));
    expect(await pair.failOver()).toEqual([]);
    expect(await unreadValues(next)).toEqual([]);
    pair.startUsers();
    await expectLeads(next);
  }

  test('a failover by the book ⇒ everything is readable on the new Active at once, and users go on', async () => {
    await expectFailover();
  });

  test('the old Active follows, and a rotation is due ⇒ the next key writes on both sides, one lineage', async () => {
    await expectGoesOn(rotations + 1);
  });

  if (run.long) {
    test('the Active is lost while a new key becomes the write key ⇒ the other side reads everything at once and completes it', async () => {
      const [lost, next] = [pair.active, pair.standby];
      const revision = rotations + 2;
      expect(await pair.stopUsers()).toEqual([]);
      await Promise.all(watches.map((watch) => watch.end()));
      await pair.makeDue(revision);
      await lost.until(`r${revision} writes`, async () => (await ringOf(lost)).rotation?.activatedAtMs !== undefined);
      await Promise.all(lost.plane.nodes.map(({name}) => lost.plane.killServer(name)));
      await lost.plane.stopEtcd('SIGKILL');
      await pair.uninstallSynchronizer();
      expect(await unreadValues(next)).toEqual([]);
      watches = [...watches, new EveryValueWatch(next)];
      pair.pointTo(next);
      await stateRole(next, 'Active');
      await next.until('it leads', said('RoleKnown', 'Active'));
      // What was lost with the old Active may be all that stood under the new key: the schedule is what goes on here.
      await pair.makeDue(revision);
      await next.complete(revision, patienceMs);
    });

    test('the lost side comes back ⇒ it follows, and the next key writes on both', async () => {
      const back = pair.standby;
      await back.plane.startEtcd();
      await Promise.all(back.plane.nodes.map(({name}) => back.plane.startServer(name)));
      await stateRole(back, '');
      watches = [...watches, new EveryValueWatch(back)];
      await expectGoesOn(rotations + 3);
    });

    test('a failover back by the book ⇒ users go on, and the next key writes on both', async () => {
      await expectFailover();
      await expectGoesOn(rotations + 4);
    });
  }

  test('all of it ⇒ no read and no write of a user failed, and every value was readable on both sides all the time', async () => {
    expect(await pair.stopUsers()).toEqual([]);
    const seen = await Promise.all(watches.map((watch) => watch.end()));
    expect(seen.flatMap(({failures}) => failures)).toEqual([]);
    for (const {rounds} of seen) expect(rounds).toBeGreaterThan(3);
    for (const users of pair.users) expect(users.counts.writes).toBeGreaterThan(20);
  });
});

// The deterministic strategy on real servers. An Active whose operator said that there is no Standby rotates from the
// root Secret on, each key published and loaded an interval before it writes. A root Secret that holds no root key is
// named while no file is touched; where a Standby is expected, the first key waits for what `verify --record` brings.

import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {keyResource, ourNamespace, type Ring} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stays} from './conditions.ts';
import {
  command,
  createRootSecret,
  deleteRootSecret,
  deriveOffline,
  fromFiles,
  groupId,
  makeRootKey,
  storedBundle,
} from './derived-keys.ts';
import {type ConfigStatusView, type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

const patienceMs = 240_000;
const deterministic = {replicationGroupId: groupId, approvalDelay: '5s', standby: 'none'};

const timeOf = (text: string | undefined): number => Date.parse(text ?? '');

/** Reads the ring, which must be there. */
async function ringOf(cluster: RotationCluster): Promise<Ring> {
  const present = await cluster.ring();
  if (present === undefined) throw new Error('there is no ring');
  return present;
}

const edit = async (cluster: RotationCluster, spec: Readonly<Record<string, unknown>>): Promise<void> =>
  await cluster.edit((object) => ({...object, spec: {...(object.spec as object), ...spec}}));

describe('an Active without a Standby, three servers, readers and writers busy', () => {
  const revisions = 4;
  /** This revision’s delay is what its rotation waits for; the others’ pass while nothing is due. */
  const delayed = {revision: 4, approvalDelay: '20s'};
  const week = '168h0m0s';
  let cluster: RotationCluster;
  let workload: Workload;
  let rootKeyFile: string;

  beforeAll(async () => {
    cluster = await startRotationCluster();
    workload = new Workload({stores: () => cluster.stores, readsPerSecond: 60, writesPerSecond: 4, listEveryMs: 500});
    await workload.populate({secrets: 100, configMaps: 50});
    workload.start();
    rootKeyFile = await makeRootKey(cluster.dir);
    await createRootSecret(cluster, rootKeyFile);
    await cluster.createConfig({keyStrategy: 'deterministic', deterministic, rotationInterval: week});
    cluster.startPrograms();
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  /** While the next rotation is a week away, its key is in the bundle and loaded by every server. */
  async function expectPublishedAhead(n: number): Promise<void> {
    await cluster.until(
      `r${n} is published and loaded everywhere`,
      async () => {
        const key = (await ringOf(cluster)).following?.entries.find(({revision}) => revision === n)?.key;
        const reports = await cluster.reports();
        return reports.every(
          ({loaded}) =>
            key !== undefined && loaded.state === 'known' && loaded.blocks.every(({order}) => order.includes(key)),
        );
      },
      patienceMs,
    );
    const {rotation, history} = await ringOf(cluster);
    expect([rotation, history[0]?.revision]).toEqual([undefined, n - 1]);
  }

  /** Lets the interval pass for the rotation to `n`, and for that alone. */
  async function makeDue(n: number): Promise<void> {
    const approvalDelay = n + 1 === delayed.revision ? delayed.approvalDelay : deterministic.approvalDelay;
    await edit(cluster, {rotationInterval: '1s', deterministic: {...deterministic, approvalDelay}});
    await cluster.until(`r${n} is due`, async () => (await ringOf(cluster)).rotation?.revision === n, patienceMs);
    await edit(cluster, {rotationInterval: week});
    if (n !== delayed.revision) return;
    await cluster.until('the delay is named', ({conditions = []}) =>
      conditions.some(({reason, message}) => reason === 'WaitingForApproval' && message.includes(`r${n}-`)),
    );
  }

  /** What anybody can check from outside once a revision is complete. */
  async function expectRotated(n: number, status: ConfigStatusView): Promise<void> {
    const census = await cluster.census();
    const keys = await deriveOffline(cluster, rootKeyFile);
    const key = keys.find(({revision}) => revision === n);
    if (key === undefined) throw new Error(`r${n}: the bundle does not have it`);
    expect([census.secrets, census.configmaps].map((counts) => Object.keys(counts ?? {}))).toEqual([
      [key.name],
      [key.name],
    ]);
    expect(status.keys?.filter(({state}) => state === 'Write').map(({name}) => name)).toEqual([key.name]);
    const done = (await ringOf(cluster)).history[0];
    expect(done).toMatchObject({key: key.name, reason: n === 1 ? 'first' : 'schedule', outcome: 'Complete'});
    const [createdAtMs, activateAtMs] = [timeOf(key.createTime), timeOf(key.activateTime)];
    expect(activateAtMs - createdAtMs).toBe(n === delayed.revision ? 20_000 : 5_000);
    expect(done?.activatedAtMs).toBeGreaterThanOrEqual(activateAtMs);
    if (n > 1) expect(done?.startedAtMs).toBeGreaterThan(createdAtMs);
  }

  test('four revisions ⇒ each published and loaded an interval ahead, activated after its delay, then alone in etcd under the name that derive prints', async () => {
    for (let n = 1; n <= revisions; n++) {
      if (n > 1) {
        await expectPublishedAhead(n);
        await makeDue(n);
      }
      await expectRotated(n, await cluster.complete(n, patienceMs));
    }
  });

  test('the next revision ⇒ waits in every file; what the ring holds is what derive prints of the bundle', async () => {
    await expectPublishedAhead(revisions + 1);
    const offline = await deriveOffline(cluster, rootKeyFile);
    expect(offline.map(({revision}) => revision)).toEqual([1, 2, 3, 4, 5]);
    const {keys} = await ringOf(cluster);
    expect([...keys].sort((a, b) => a.revision - b.revision).map(({name, check}) => ({name, check}))).toEqual(
      offline.map(({name, check}) => ({name, check})),
    );
  });

  test('all of it ⇒ the role is Active, no key is an object, no read and no write failed', async () => {
    const {conditions = []} = await cluster.status();
    expect(conditions.find(({type}) => type === 'RoleKnown')).toMatchObject({status: 'True', reason: 'Active'});
    expect(conditions.find(({type}) => type === 'RootSecretReady')).toMatchObject({status: 'True'});
    const sealed = await cluster.store()['store.list']({resource: keyResource, namespace: ourNamespace, limit: 10});
    expect(sealed).toMatchObject({ok: true, value: {items: []}});
    const counts = await workload.stop();
    expect(counts.failures).toEqual([]);
    expect(counts.gets).toBeGreaterThan(200);
  });
});

describe('a root Secret that holds no root key, then one, one server', () => {
  let cluster: RotationCluster;
  let rootKeyFile: string;
  let before: string;

  const fileText = (): string => readFileSync(cluster.plane.node('node-1').configPath, 'utf8');
  const historyPath = (): string =>
    join(cluster.plane.node('node-1').root, 'etc/kubernetes/encryption-provider-history.bak');
  const named =
    (...words: readonly string[]) =>
    ({conditions = []}: ConfigStatusView): boolean =>
      conditions.some(
        ({reason, message}) => reason === 'RootSecretNotReady' && words.every((word) => message.includes(word)),
      );

  async function expectNothingWritten(): Promise<void> {
    await stays(async () => fileText(), before);
    expect(existsSync(historyPath())).toBe(false);
    expect(await storedBundle(cluster)).toBe('');
    expect((await ringOf(cluster)).keys).toEqual([]);
  }

  beforeAll(async () => {
    cluster = await startRotationCluster({nodes: 1});
    rootKeyFile = await makeRootKey(cluster.dir);
    before = fileText();
    await cluster.createConfig({
      keyStrategy: 'deterministic',
      deterministic: {...deterministic, standby: 'expected'},
    });
    cluster.startPrograms();
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  test('no Secret ⇒ it is named, and nothing is written', async () => {
    await cluster.until('named', named('node-1: missing', 'kube-system/etcd-derivation-root: there is none'));
    await expectNothingWritten();
  });

  test('a trailing newline, 33 bytes ⇒ named with the likely cause, and nothing is written', async () => {
    const file = join(cluster.dir, 'with-newline.bin');
    writeFileSync(file, Buffer.concat([readFileSync(rootKeyFile), Buffer.from('\n')]));
    await createRootSecret(cluster, file);
    await cluster.until('named', named('node-1: refused', 'etcd-derivation-root', '33', 'newline'));
    await expectNothingWritten();
  });

  test('the field root_key instead of root-key ⇒ both are named, and nothing is written', async () => {
    await deleteRootSecret(cluster);
    await createRootSecret(cluster, rootKeyFile, 'root_key');
    await cluster.until('named', named('node-1: missing', 'expected a field root-key, got root_key'));
    await expectNothingWritten();
  });

  test('the right Secret ⇒ r1 is loaded and waits for the Standby’s proof, which is named', async () => {
    await deleteRootSecret(cluster);
    await createRootSecret(cluster, rootKeyFile);
    const [r1] = await cluster
      .until('named', ({conditions = []}) =>
        conditions.some(({type, reason}) => type === 'Progressing' && reason === 'StandbyUnproven'),
      )
      .then(() => deriveOffline(cluster, rootKeyFile));
    const [block] = await cluster.file('node-1');
    expect(block?.order).toEqual(['identity', r1?.name]);
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual(['clear']);
  });

  test('fingerprints of this cluster and of the other side’s files ⇒ the same; recorded ⇒ r1 encrypts everything', async () => {
    const {kubeconfig} = cluster.plane.node('node-1');
    const [active, standby] = [join(cluster.dir, 'active.json'), join(cluster.dir, 'standby.json')];
    const own = await command(cluster, 'fingerprint', '--kubeconfig', kubeconfig);
    const other = await command(cluster, 'fingerprint', ...(await fromFiles(cluster, rootKeyFile)));
    writeFileSync(active, own.out);
    writeFileSync(standby, other.out);
    const {clusterId, ...shown} = JSON.parse(own.out);
    expect([clusterId, shown]).toEqual([(await ringOf(cluster)).clusterId, JSON.parse(other.out)]);
    const recorded = await command(cluster, 'verify', active, standby, '--record', '--kubeconfig', kubeconfig);
    expect(recorded).toMatchObject({code: 0, err: expect.stringContaining('the Standby can read r1-')});
    await cluster.complete(1, patienceMs);
    const [r1] = await deriveOffline(cluster, rootKeyFile);
    expect(Object.keys((await cluster.census()).secrets ?? {})).toEqual([r1?.name]);
    expect((await ringOf(cluster)).standbyProven).toEqual([shown.bundleId]);
    expect(await cluster.controller.log()).toContain('"reason":"StandbyProven"');
  });

  test('another root key there ⇒ verify names the root key alone, exit code 1', async () => {
    const other = join(cluster.dir, 'other.json');
    const active = join(cluster.dir, 'active.json');
    const differing = {
      ...JSON.parse(readFileSync(active, 'utf8')),
      rootCheck: '0123456789abcdef',
      clusterId: undefined,
    };
    writeFileSync(other, JSON.stringify(differing));
    const {code, out} = await command(cluster, 'verify', active, other);
    expect([code, out]).toEqual([1, expect.stringMatching(/^different: root key: [^\n]*\n$/)]);
  });
});

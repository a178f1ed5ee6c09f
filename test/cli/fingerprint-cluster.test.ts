// `fingerprint` of a simulated cluster with the shipped engine, and `verify --record`, for which that cluster's first
// activation waits.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  annotation,
  configResource,
  deploymentResource,
  namespaceResource,
  ourNamespace,
  ringResource,
  seedBundleResource,
  synchronizer,
} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {fingerprintVerb} from '../../cli/src/verbs/fingerprint.ts';
import {verifyVerb} from '../../cli/src/verbs/verify.ts';
import {expectNoTrace} from '../crypto/no-trace.ts';
import {expectValue} from '../ports/answers.ts';
import {runVerb} from './command.ts';
import {
  deriving,
  groupId,
  installed,
  derivationRoot as root,
  runRotations,
  type SimulatedCluster,
} from './simulated-cluster.ts';

const name = 'default';

let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

function file(content: string | Uint8Array): string {
  const path = join(folder, `${files++}`);
  writeFileSync(path, content);
  return path;
}

function bundleOf({person}: SimulatedCluster): string {
  const object = expectValue(person['store.get']({resource: seedBundleResource, namespace: ourNamespace, name}));
  return (object?.spec as {bundle?: string} | undefined)?.bundle ?? '';
}

const annotationsOf = ({person}: SimulatedCluster): Readonly<Record<string, string>> =>
  expectValue(person['store.get']({resource: ringResource, namespace: ourNamespace, name}))?.metadata.annotations ?? {};

function revisionOf({person}: SimulatedCluster): number {
  const object = expectValue(person['store.get']({resource: configResource, name}));
  return (object?.status as {readonly revision?: number} | undefined)?.revision ?? 0;
}

/** What the other side, which has the same root key and bundle, makes of them. */
async function fromFiles(cluster: SimulatedCluster, key = root, group = groupId): Promise<string> {
  const args = ['--root-key', file(key), '--group', group, '--bundle', file(bundleOf(cluster))];
  return (await runVerb(fingerprintVerb(cluster.open), ...args)).out;
}

const fromCluster = (cluster: SimulatedCluster) => runVerb(fingerprintVerb(cluster.open));

test('a cluster that rotated ⇒ the same as from its root key and bundle, with its id; the Secret is never read', async () => {
  const cluster = deriving('none');
  runRotations(cluster, 1);
  cluster.simulation.runFor(600_000);
  const {open} = cluster;
  const secretReads: string[] = [];
  const watched: typeof open = (input) => {
    const client = open(input);
    const {store} = client;
    const get: (typeof store)['store.get'] = (address) => {
      if (address.resource.plural === 'secrets') secretReads.push(address.name);
      return store['store.get'](address);
    };
    return {...client, store: {...store, 'store.get': get}};
  };
  const ran = await runVerb(fingerprintVerb(watched));
  expect([ran.code, ran.err, secretReads]).toEqual([0, '', []]);
  const {clusterId, ...shown} = JSON.parse(ran.out);
  expect(shown).toEqual(JSON.parse(await fromFiles(cluster)));
  expect(shown.revisions.map(({revision}: {revision: number}) => revision)).toEqual([1, 2]);
  expect(clusterId).toMatch(/\S/);
  expectNoTrace(ran.out, [root], [groupId]);
});

test('the first key waits for the Standby ⇒ its proof is recorded, and that key becomes the write key', async () => {
  const cluster = deriving('expected');
  cluster.simulation.runFor(900_000);
  expect(revisionOf(cluster)).toBe(0);
  const [active, standby] = [file((await fromCluster(cluster)).out), file(await fromFiles(cluster))];
  const ran = await runVerb(verifyVerb(cluster.open), active, standby, '--record');
  expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/^same: r1-\w+, generation 1 of the SeedBundle\n$/)]);
  expect(ran.err).toMatch(/^made from files: .*\nrecorded on the Active’s ring: the Standby can read r1-\w+\n$/);
  expect(JSON.parse(annotationsOf(cluster)[annotation.standbyProof] ?? '')).toMatchObject({revisions: [{revision: 1}]});
  runRotations(cluster, 1);
  expect(revisionOf(cluster)).toBe(1);
});

test('another root key at the Standby ⇒ that is named, nothing is recorded, the first key goes on waiting', async () => {
  const cluster = deriving('expected');
  cluster.simulation.runFor(900_000);
  const active = JSON.parse((await fromCluster(cluster)).out);
  const tags = {rootCheck: '0123456789abcdef', groupTag: 'a'.repeat(32), dimensionTag: 'b'.repeat(16)};
  const standby = file(JSON.stringify({...tags, clusterId: 'other', revisions: [], adopted: []}));
  const ran = await runVerb(verifyVerb(cluster.open), file(JSON.stringify(active)), standby, '--record');
  expect(ran.code).toBe(1);
  expect(ran.out).toBe(
    `different: root key: ${active.rootCheck} on the Active, 0123456789abcdef on the Standby: the root Secrets differ: no revision has the same key on both sides\n`,
  );
  expect(annotationsOf(cluster)).toEqual({});
});

test('one cluster told twice, a bundle that this ring does not follow ⇒ nothing is recorded', async () => {
  const cluster = deriving('expected');
  cluster.simulation.runFor(900_000);
  const own = (await fromCluster(cluster)).out;
  const record = async (active: string, standby: string) =>
    await runVerb(verifyVerb(cluster.open), file(active), file(standby), '--record');
  expect(String((await record(own, own)).error)).toContain('expected the two sides of a pair, got one cluster twice');
  const made = await fromFiles(cluster);
  expect(String((await record(made, own)).error)).toContain('the second file is of this very cluster');
  const other = JSON.stringify({...JSON.parse(made), bundleId: 'f'.repeat(32)});
  expect(String((await record(other, other)).error)).toMatch(/follows [0-9a-f]{32}, not f{32}$/);
  const random = installed();
  runRotations(random, 1);
  const keys = (await fromCluster(random)).out;
  const {clusterId: _, ...anonymous} = JSON.parse(keys);
  expect(String((await record(keys, JSON.stringify(anonymous))).error)).toContain('show no key of a SeedBundle');
  expect(annotationsOf(cluster)).toEqual({});
});

test('the kubeconfig of a Standby ⇒ nothing is recorded there', async () => {
  const cluster = deriving('expected');
  cluster.simulation.runFor(900_000);
  const made = await fromFiles(cluster);
  const {namespace, deployment} = synchronizer;
  const object = {metadata: {name: deployment, namespace}, spec: {}};
  const there = {resource: namespaceResource, object: {metadata: {name: namespace}}};
  expectValue(cluster.person['store.create'](there));
  expectValue(cluster.person['store.create']({resource: deploymentResource, object}));
  cluster.simulation.runFor(120_000);
  const ran = await runVerb(verifyVerb(cluster.open), file(made), file(made), '--record');
  expect(String(ran.error)).toContain('nothing was recorded: this cluster is a Standby');
  expect(annotationsOf(cluster)).toEqual({});
});

test('a published key that not every server has loaded ⇒ it is left out and named, then it is there', async () => {
  const cluster = deriving('none');
  runRotations(cluster, 1);
  let ran = await fromCluster(cluster);
  for (let tries = 0; tries < 60 && !ran.err.includes('left out'); tries++) {
    cluster.simulation.runFor(2_000);
    ran = await fromCluster(cluster);
  }
  expect(ran.err).toMatch(/^r2-[0-9a-f]{8} is left out: node-[\s\S]* has not loaded it\n$/);
  expect(JSON.parse(ran.out)).toMatchObject({generation: 2, revisions: [{revision: 1}]});
  cluster.simulation.runFor(120_000);
  const after = await fromCluster(cluster);
  expect([after.err, JSON.parse(after.out).revisions.length]).toEqual(['', 2]);
});

test('no root Secret ⇒ the node and what is missing', async () => {
  const cluster = deriving('none', {root: false});
  cluster.simulation.runFor(120_000);
  const ran = await fromCluster(cluster);
  expect(String(ran.error)).toContain('node-1: Secret kube-system/etcd-derivation-root: there is none');
});

test('an agent that is silent ⇒ no fingerprint, since what its server has loaded is not known', async () => {
  const cluster = deriving('none');
  runRotations(cluster, 1);
  cluster.simulation.killProgram('agent-node-3');
  cluster.simulation.runFor(180_000);
  expect(String((await fromCluster(cluster)).error)).toMatch(/node-3: its agent has not reported for \d+m/);
});

test('the random strategy ⇒ the ring’s keys by name and check value, no tags', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const shown = JSON.parse((await fromCluster(cluster)).out);
  expect(Object.keys(shown)).toEqual(['clusterId', 'revisions', 'adopted']);
  expect(shown.revisions).toEqual([
    {revision: 1, name: expect.stringMatching(/^r1-/), checkValue: expect.stringMatching(/^[0-9a-f]{16}$/)},
  ]);
});

test('no ring ⇒ an error that says so', async () => {
  const {open} = installed({}, {controller: false});
  expect(String((await runVerb(fingerprintVerb(open))).error)).toContain('there is no ring yet');
});

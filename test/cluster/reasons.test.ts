// Every reason is seen once on real servers: here, in the test that is named, or, with the cause, nowhere.

import {appendFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {adoptKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {annotation, reasons} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {pairReasons} from '../rotation/pair/pair-reasons.ts';
import {Onlooker} from './onlooker.ts';
import {type RotationCluster, startRotationCluster} from './rotation-cluster.ts';
import {Workload} from './workload.ts';

/** Shown by name in another test of this folder. */
const elsewhere: Readonly<Record<string, string>> = {
  AdoptedNamesCollide: 'adoption-differing.test.ts',
  CannotWriteFile: 'files.test.ts',
  EtcdSpaceLow: 'space.test.ts',
  FileInvalid: 'files.test.ts',
  FileNotAtomic: 'reload.test.ts',
  FileRefused: 'refusal.test.ts',
  FipsRefusesAesgcm: 'refusal.test.ts',
  HistoryNotWritable: 'files.test.ts',
  NotLoaded: 'reload.test.ts',
  ReloadDisabled: 'reload.test.ts',
  RootSecretNotReady: 'deterministic.test.ts',
  ServerDown: 'stopped-server.test.ts',
  SingleFileMount: 'reload.test.ts',
  StandbyProven: 'deterministic.test.ts',
  StandbyUnproven: 'deterministic.test.ts',
  UnreadableValues: 'unreadable.test.ts',
  WaitingForApproval: 'deterministic.test.ts',
};

/** Not shown on real servers, and why. */
const nowhere: Readonly<Record<string, string>> = {
  ConfigurationInvalid: 'the definition refuses whatever breaks a rule; store-real.test.ts and the model’s tests do',
  NotLeading: 'a controller that does not lead writes no status; two-leaders.test.ts shows what it does',
  ForeignRing: 'needs the ring of one cluster in another; the rules’ and the guard’s tests do',
  NewerRelease: 'needs a release that does not exist yet',
  SchemaPruned: 'needs older definitions; the comparison itself is tested on the real server',
  AgentSilent: 'takes 90 s of silence; the demo shows it in virtual time',
  ForeignServer: 'needs a server at another’s address; the server contract tells them apart on the real one',
  NodeForgotten: 'needs 40 s of a silent lease; stopped-server.test.ts forgets a node and sees the ring',
  UngatedStart: 'lasts from a returned server’s start to its agent’s first period, too short to be caught each time',
  RestoreSeen: 'lasts one change of the ring; restore.test.ts shows the epoch that it leads to',
  FileRepaired: 'is over within a period; files.test.ts shows the repaired file',
  ReloadFailing: 'needs a file that our reader takes and the server does not; the rules’ tests do',
  NoLoadEvidence: 'servers before 1.34 only; recorded pages of each release are tested',
  ForeignFileMoved: 'the move is over within a period; the losses’ tests show the file',
  KeyNotSealed: 'needs an API that refuses to create; the deeds’ tests do',
  KeyMismatch: 'needs an object made by somebody who broke it; the deeds’ tests do',
  ForeignKeyObject: 'needs a planted object; the deeds’ tests do',
  UnknownRecipient: 'needs a planted report; the rules’ tests do',
  GuardRefused: 'the plan asks for nothing that the guard refuses; the guard’s tests do',
  KMSWriteProvider: 'needs a KMS plugin; the rules’ tests do',
  UnlistedEncryptedResource: 'adoption-kinds.test.ts shows the block that stays',
  MigrationFailing: 'needs a list that fails while it migrates; the deeds’ tests do',
  ForeignValues: 'a value of an unknown provider fails the list before it could be counted; the rules’ tests do',
  HistoryNotCompacted: 'takes an hour without compaction; the rules’ tests do',
  ClockWentBack: 'needs a clock that is set back; the simulation does',
  CountingTime: 'lasts one change of the ring; the rules’ tests do',
  ...Object.fromEntries(
    pairReasons
      .filter((reason) => elsewhere[reason] === undefined)
      .map((reason) => [reason, 'needs a pair; the tests of the pair’s rules do']),
  ),
};

let cluster: RotationCluster;
let onlooker: Onlooker;

beforeAll(async () => {
  cluster = await startRotationCluster({
    nodes: 2,
    etcd: 'off',
    plane: {etcdCompactionInterval: '5s', encryption: adopted},
    controllerArgs: ['--drain', '20s'],
  });
  onlooker = new Onlooker(cluster, {drainMs: 20_000});
});
afterAll(async () => {
  await onlooker.stop();
  await cluster.stop();
});

/** Node 1 has an older secretbox key beside the one that both write with. */
function adopted(node: string): Uint8Array {
  const key = (name: string, fill: number) =>
    adoptKey({provider: 'secretbox', name, key: new Uint8Array(32).map((_, at) => at + fill)});
  const keys = node === 'node-1' ? [key('mine', 1), key('before', 40)] : [key('mine', 1)];
  const providers = [{kind: 'secretbox' as const, keys}, {kind: 'identity' as const}];
  return formatEncryptionConfiguration({blocks: [{resources: ['secrets', 'configmaps'], providers}]});
}

const edit = (spec: Readonly<Record<string, unknown>>): Promise<void> =>
  cluster.edit((object) => ({...object, spec: {...(object.spec as object), ...spec}}));

test('before anything is set up ⇒ what is missing is said', async () => {
  onlooker.start();
  await onlooker.until('ConfigurationMissing');
  await cluster.createConfig({mode: 'observe'});
  await onlooker.until('NoMembers');
  await onlooker.until('UnknownMember');
  await onlooker.until('AgentMissing');
  await edit({mode: 'rotate', retention: {revisions: 1, minAge: '0s', requireSnapshot: true}});
  await onlooker.until('EpochRaised');
}, 120_000);

test('adoption and the first rotations ⇒ each step is said', async () => {
  const workload = new Workload({
    stores: () => cluster.stores,
    readsPerSecond: 10,
    writesPerSecond: 1,
    listEveryMs: 1_000,
  });
  await workload.populate({secrets: 400, configMaps: 400});
  cluster.startPrograms();
  await cluster.complete(1);
  await edit({rotationInterval: '1s', writeBudget: 1});
  await cluster.until('a second key', ({history}) => (history?.[0]?.revision ?? 0) >= 2);
  for (const reason of ['IntervalStretched', 'WriteBudgetLow', 'AdoptedKeysKept']) await onlooker.until(reason);
  await edit({rotationInterval: '168h0m0s', writeBudget: 200_000});
  for (const reason of ['Draining', 'DropWaiting', 'SnapshotMissing']) await onlooker.until(reason, 90_000);
  await cluster.annotateRing(annotation.snapshot, new Date().toISOString());
  await onlooker.until('Dropping', 90_000);
}, 300_000);

test('an operator’s words and changes of the list ⇒ are said', async () => {
  const closed = [{action: 'deny', cron: '* * * * *', duration: '2m', timeZone: 'Europe/Berlin'}];
  await edit({rotationInterval: '1s', windows: closed});
  await onlooker.until('WaitingForWindow');
  await edit({rotationInterval: '168h0m0s', windows: undefined});
  await cluster.annotate('etcd-encryption.alauda.io/pause', 'a look');
  await onlooker.until('Paused');
  await edit({resources: ['secrets', 'configmaps', 'nothings.example.com']});
  await cluster.annotate('etcd-encryption.alauda.io/pause', undefined);
  await onlooker.until('ResourcesChanging');
  await cluster.annotateRing('etcd-encryption.alauda.io/forget-node', 'node-2');
  await onlooker.until('ForgetRefused', 90_000);
}, 240_000);

test('what is wrong on a node ⇒ is said', async () => {
  const {root, manifestPath} = cluster.plane.node('node-2');
  await appendFile(join(root, 'etc/kubernetes/encryption-provider-history.bak'), '{"v":1,"at":"broken"}\n{"v":1}\n');
  await onlooker.until('HistoryDamaged');
  const manifest = await readFile(manifestPath, 'utf8');
  await writeFile(
    manifestPath,
    manifest.replace('/etc/kubernetes/encryption-provider.conf', '/etc/kubernetes/other.conf'),
  );
  await onlooker.until('ConfigurationPathDiffers');
  await writeFile(manifestPath, manifest.replace(/^.*--encryption-provider-config=.*\n/m, ''));
  await onlooker.until('EncryptionFlagMissing');
  await writeFile(manifestPath, manifest);
  await cluster.plane.apply('node-1', deny);
  await cluster.rotate('blocked');
  await onlooker.until('MigrationBlocked', 90_000);
}, 300_000);

test('the server that is asked does not run ⇒ what could not be read is said', async () => {
  await cluster.plane.stopServer('node-1');
  await onlooker.until('ReadFailed');
}, 120_000);

test('every reason ⇒ was seen here, is seen in the named test, or has a cause why not', async () => {
  await mkdir(cluster.dir, {recursive: true});
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const missing: string[] = [];
  for (const reason of Object.keys(reasons)) {
    if (onlooker.reasons.has(reason)) continue;
    const file = elsewhere[reason];
    const shown = file !== undefined && (await readFile(join(folder, file), 'utf8')).includes(reason);
    if (!shown && nowhere[reason] === undefined) missing.push(reason);
  }
  console.log(`seen: ${[...onlooker.reasons].sort().join(', ')}`);
  expect(missing).toEqual([]);
  expect(Object.keys({...elsewhere, ...nowhere}).filter((reason) => !Object.hasOwn(reasons, reason))).toEqual([]);
});

/** One Secret that may not be written any more. */
const deny = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: frozen}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [secrets]}]
  validations: [{expression: "object.metadata.name != 's1'", message: s1 is frozen}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: frozen}
spec: {policyName: frozen, validationActions: [Deny]}
`;

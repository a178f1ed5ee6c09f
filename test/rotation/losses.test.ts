// Four places hold a node's keys: file, history, backups, sealed objects. Each is there, gone, cut short or says
// something else; in all 256 cases no key that was to be had before is lost, at no moment.

import {AdoptedKey, concat, DataKey, hex, type StoredKey, toBase64, utf8} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
  type Provider,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  backupDirectory,
  configurationPath,
  driveSync,
  formatRecord,
  historyPath,
  identityPath,
  type KeyObject,
  keyResource,
  newAgentMemory,
  nodeReportResource,
  ok,
  parseHistory,
  type Result,
  type Ring,
  readKeyObject,
  referTo,
  refOf,
  ringResource,
  type SyncPorts,
  statePath,
  voucherMac,
  writeEntries,
  writeKeyObject,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {agentPeriod} from '../../rotation/src/loop/agent.ts';
import {FakeDisk} from './fake-disk.ts';
import {FakeStore, openSealed, seal, sealPorts} from './fake-store.ts';
import {cluster, identityOf, layoutOf, now, restingRing} from './fixtures.ts';

const bytesOf = (start: number): Uint8Array => Uint8Array.from({length: 32}, (_, at) => (start * 31 + at * 7) % 256);
const k1 = new DataKey({revision: 1, key: bytesOf(1)});
const k2 = new DataKey({revision: 2, key: bytesOf(2)});
/** Keys that are in one place only, where it disagrees. */
const inFile = new AdoptedKey({provider: 'aescbc', name: 'by-hand', key: bytesOf(3)});
const inHistory = new DataKey({revision: 5, key: bytesOf(4)});
const inBackup = new AdoptedKey({provider: 'secretbox', name: 'older', key: bytesOf(5)});
const inObject = new DataKey({revision: 2, key: bytesOf(6)});
const all: readonly StoredKey[] = [k1, k2, inFile, inHistory, inBackup, inObject];

const configuration = (...keys: readonly StoredKey[]): Uint8Array => {
  const providers = keys.map((key): Provider => {
    const kind = key instanceof DataKey ? 'aesgcm' : key.provider;
    return {kind, keys: [key]};
  });
  const merged: Provider[] = [];
  for (const each of providers) {
    const last = merged.at(-1);
    if (last !== undefined && last.kind === each.kind && 'keys' in last && 'keys' in each)
      merged[merged.length - 1] = {kind: last.kind, keys: [...last.keys, ...each.keys]} as Provider;
    else merged.push(each);
  }
  return formatEncryptionConfiguration({
    blocks: [{resources: ['secrets', 'configmaps'], providers: [...merged, {kind: 'identity'}]}],
  });
};

const states = ['present', 'absent', 'truncated', 'disagreeing'] as const;
type State = (typeof states)[number];
interface Case {
  readonly file: State;
  readonly history: State;
  readonly backups: State;
  readonly objects: State;
}

const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length * 0.6));
const good = configuration(k2, k1);

function place(
  disk: FakeDisk,
  path: string,
  state: State,
  content: {present: Uint8Array; disagreeing: Uint8Array},
): void {
  if (state === 'present') disk.place(path, content.present);
  if (state === 'truncated') disk.place(path, cut(content.present));
  if (state === 'disagreeing') disk.place(path, content.disagreeing);
}

/** The sealed object of a key; r2's is vouched for by r1, as every key's is by the one before. */
function objectOf(key: StoredKey, sealed = seal(key.secret)): Omit<KeyObject, 'resourceVersion'> {
  const ref = refOf(key);
  const clear = {name: `r${ref.revision}`, key: ref, clusterId: cluster, createdAtMs: now, createdBy: 'n1'};
  const voucher = ref.revision === 1 ? {} : {voucher: {key: k1.name, mac: voucherMac(clear, k1)}};
  return {...clear, ...voucher, recipients: ['age1n1'], sealed};
}

function placeObjects(store: FakeStore, state: State): void {
  if (state === 'absent') return;
  store.put(keyResource, writeKeyObject(objectOf(k1)));
  if (state === 'disagreeing') store.put(keyResource, writeKeyObject(objectOf(inObject)));
  else
    store.put(
      keyResource,
      writeKeyObject(objectOf(k2, state === 'truncated' ? seal(k2.secret).slice(0, 20) : undefined)),
    );
}

const ringOfCase = (): Ring => {
  const keys = [k2, k1].map((key) => ({...refOf(key), createdAtMs: now, mintedBy: 'n1'}));
  return {...restingRing(keys), layout: layoutOf(keys, k2.name)};
};

/** A node and its API in one of the cases. */
function setUp({file, history, backups, objects}: Case): {disk: FakeDisk; store: FakeStore} {
  const disk = new FakeDisk();
  const store = new FakeStore();
  place(disk, configurationPath, file, {present: good, disagreeing: configuration(inFile, k1)});
  const records = concat(formatRecord(k1, now), formatRecord(k2, now));
  place(disk, historyPath, history, {
    present: records,
    disagreeing: concat(formatRecord(k1, now), formatRecord(inHistory, now)),
  });
  place(disk, `${backupDirectory}/2025-06-01T000000.000Z-0011aabb.json`, backups, {
    present: configuration(k1),
    disagreeing: configuration(inBackup),
  });
  disk.place(identityPath, utf8(`AGE-SECRET-KEY-1${'Q'.repeat(58)}\n`));
  disk.place(
    statePath,
    utf8(`${JSON.stringify({v: 1, clusterId: cluster, epoch: 4, generation: 0, bundle: '', revision: 2})}\n`),
  );
  placeObjects(store, objects);
  store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ringOfCase()});
  return {disk, store};
}

const parsed = new Map<string, readonly string[]>();
/** Every key that some bytes hold, whatever kind of file they are. */
function keysIn(bytes: Uint8Array): readonly string[] {
  const hash = sha256Hex(bytes);
  const known = parsed.get(hash);
  if (known !== undefined) return known;
  const configured = parseEncryptionConfiguration(bytes);
  const found = [
    ...parseHistory(bytes).keys,
    ...(configured.outcome === 'loadable' ? referTo(configured.configuration).keys : []),
  ];
  const ids = found.map((key) => refOf(key).id);
  parsed.set(hash, ids);
  return ids;
}

/** Every key that can be had from disk and API. */
function keySet(disk: FakeDisk, store: FakeStore): ReadonlySet<string> {
  const ids = new Set([...disk.files.values()].flatMap(({bytes}) => keysIn(bytes)));
  for (const [id, object] of store.objects) {
    if (!id.startsWith(`${keyResource.plural}/`)) continue;
    const read = readKeyObject(object);
    if (read.outcome === 'ok' && openSealed(read.object.sealed) !== undefined) ids.add(read.object.key.id);
  }
  return ids;
}

const mutations: ReadonlySet<string> = new Set([
  'files.write',
  'files.truncate',
  'files.rename',
  'files.remove',
  'store.create',
  'store.replace',
]);

interface Run {
  readonly disk: FakeDisk;
  readonly store: FakeStore;
  readonly traces: readonly unknown[];
}

/** Lets a freshly started agent look four times; after each change every key from before must still be there. */
function runAgent(given: Case): Run & {readonly before: ReadonlySet<string>} {
  const {disk, store} = setUp(given);
  const before = keySet(disk, store);
  const traces: unknown[] = [];
  const ports: Partial<SyncPorts> = {
    ...disk.ports,
    ...store.ports,
    ...sealPorts,
    'trace.event': ({event}) => {
      traces.push(event);
      return ok(undefined);
    },
    'server.platform': () =>
      ok({
        configPath: configurationPath,
        automaticReload: true,
        mount: 'directory',
        etcdPrefix: '/registry',
        fipsOnly: false,
        address: '10.0.0.1',
        hostName: 'n1',
      }),
    'server.evidence': () =>
      ok({
        identityHashes: ['h'],
        expectedIdentityHash: 'h',
        expectedIdentity: identityOf('n1'),
        processStartMs: now - 1e9,
        loadedHash: sha256Hex(good),
        reloadSuccesses: 1,
        reloadFailures: 0,
        form: 'hash',
        encryptions: {},
        decryptions: {},
      }),
  };
  const watched = Object.fromEntries(
    Object.entries(ports).map(([op, port]) => [
      op,
      (args: unknown): Result<unknown> => {
        const answer = (port as (args: unknown) => Result<unknown>)(args);
        if (mutations.has(op)) {
          const lost = [...before].filter((id) => !keySet(disk, store).has(id));
          if (lost.length > 0) throw new Error(`${op} ${JSON.stringify(args).slice(0, 100)} lost ${lost.join(', ')}`);
        }
        return answer;
      },
    ]),
  ) as Partial<SyncPorts>;
  const memory = newAgentMemory('n1', [], []);
  for (let period = 0; period < 4; period++) driveSync(agentPeriod(memory), watched);
  return {disk, store, traces, before};
}

const secretsOf = (key: StoredKey): readonly string[] =>
  key.secret.withBytes((bytes) => [toBase64(bytes), hex(bytes), JSON.stringify([...bytes]).slice(1, -1)]);

function expectNoSecret({store, traces}: Run): void {
  const objects = [...store.objects].map(([, object]) => {
    const {spec, ...rest} = object as {spec?: {sealed?: string}};
    const {sealed: _, ...shown} = spec ?? {};
    return {...rest, spec: shown};
  });
  const text = JSON.stringify([objects, traces]);
  for (const key of all) for (const form of secretsOf(key)) expect(text).not.toContain(form);
}

const cases: readonly Case[] = states.flatMap((file) =>
  states.flatMap((history) =>
    states.flatMap((backups) => states.map((objects) => ({file, history, backups, objects}))),
  ),
);

describe.each(states)('file %s', (file) => {
  test.each(cases.filter((each) => each.file === file))(
    'history $history, backups $backups, objects $objects ⇒ no key lost at any moment, none shown, the history holds what files held',
    (given) => {
      const run = runAgent(given);
      const {disk, store, before} = run;
      const after = keySet(disk, store);
      expect([...before].filter((id) => !after.has(id))).toEqual([]);
      const onDisk = [...setUp(given).disk.files.values()].flatMap(({bytes}) => keysIn(bytes));
      const kept = keysIn(disk.read(historyPath) ?? new Uint8Array());
      expect(onDisk.filter((id) => !kept.includes(id))).toEqual([]);
      expectNoSecret(run);
      const report = store.get(nodeReportResource, 'n1')?.status as
        | {held: readonly string[]; problems: unknown}
        | undefined;
      if (before.has(k1.name) && before.has(k2.name)) {
        const present = disk.read(configurationPath) ?? new Uint8Array();
        const read = parseEncryptionConfiguration(present);
        if (read.outcome !== 'loadable') throw new Error(`the file does not load: ${JSON.stringify(report?.problems)}`);
        const {blocks} = referTo(read.configuration);
        expect(keysIn(present)).toEqual(
          expect.arrayContaining([k1.name, k2.name, ...(file === 'disagreeing' ? [refOf(inFile).id] : [])]),
        );
        expect(writeEntries(blocks).get('secrets')).toBe(k2.name);
      }
    },
  );
});

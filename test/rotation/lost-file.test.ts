// A file that is damaged or lost while nobody can be asked, one that others place, and one whose state a newer release
// wrote: what the agent makes of the node's own disk.

import {AdoptedKey, concat, DataKey, type StoredKey, utf8} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
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
  newAgentMemory,
  nodeReportResource,
  ok,
  type RenderedBlock,
  type Ring,
  referTo,
  refOf,
  ringResource,
  type ServerEvidence,
  type SyncPorts,
  statePath,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {agentPeriod} from '../../rotation/src/loop/agent.ts';
import {completePath, exportPath} from '../../rotation/src/model/file-paths.ts';
import {FakeDisk} from './fake-disk.ts';
import {FakeStore, sealPorts} from './fake-store.ts';
import {cluster, identityOf, layoutOf, now, restingRing} from './fixtures.ts';

const keyOf = (revision: number): DataKey =>
  new DataKey({revision, key: Uint8Array.from({length: 32}, (_, at) => (revision * 31 + at * 7) % 256)});
const [k1, k2, k3] = [keyOf(1), keyOf(2), keyOf(3)];
const byHand = new AdoptedKey({provider: 'aescbc', name: 'key1', key: new Uint8Array(32).fill(9)});
const byHandId = refOf(byHand).id;

const configuration = (...keys: readonly StoredKey[]): Uint8Array =>
  formatEncryptionConfiguration({
    blocks: [{resources: ['secrets', 'configmaps'], providers: [{kind: 'aesgcm', keys}, {kind: 'identity'}]}],
  });
const backupPath = (day: number): string => `${backupDirectory}/2025-06-0${day}T000000.000Z-0011aabb.json`;

const evidence = (changes: Partial<ServerEvidence> = {}): Partial<SyncPorts> => ({
  'server.evidence': () =>
    ok({
      identityHashes: ['h'],
      expectedIdentityHash: 'h',
      expectedIdentity: identityOf('n1'),
      processStartMs: now - 1e9,
      reloadSuccesses: 1,
      reloadFailures: 0,
      form: 'hash',
      encryptions: {},
      decryptions: {},
      ...changes,
    }),
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
});

function node(keys: readonly StoredKey[] = [k1, k2]): FakeDisk {
  const disk = new FakeDisk();
  disk.place(identityPath, utf8(`AGE-SECRET-KEY-1${'Q'.repeat(58)}\n`));
  disk.place(historyPath, concat(...keys.map((key) => formatRecord(key, now))));
  return disk;
}

const stateOf = (changes: object = {}): Uint8Array =>
  utf8(`${JSON.stringify({v: 1, clusterId: cluster, epoch: 4, generation: 0, bundle: '', revision: 2, ...changes})}\n`);

/** Lets one agent look `periods` times. Without a store the API does not answer. */
function run(
  disk: FakeDisk,
  {store, periods = 1, ports = {}}: {store?: FakeStore; periods?: number; ports?: Partial<SyncPorts>} = {},
) {
  const memory = newAgentMemory('n1', [], []);
  const events: string[] = [];
  const trace: Partial<SyncPorts> = {
    'trace.event': ({event}) => {
      events.push(String(event.event));
      return ok(undefined);
    },
  };
  const all = {...disk.ports, ...store?.ports, ...sealPorts, ...trace, ...ports};
  for (let period = 0; period < periods; period++) driveSync(agentPeriod(memory), all);
  const problems = (store?.get(nodeReportResource, 'n1')?.status as {problems?: {reason: string}[]} | undefined)
    ?.problems;
  return {memory, events, problems: (problems ?? []).map(({reason}) => reason)};
}

function blocksAt(disk: FakeDisk, path = configurationPath): readonly RenderedBlock[] {
  const parsed = parseEncryptionConfiguration(disk.read(path) ?? new Uint8Array());
  if (parsed.outcome !== 'loadable') throw new Error(`${path} does not load`);
  return referTo(parsed.configuration).blocks;
}
const orderAt = (disk: FakeDisk, path = configurationPath): readonly string[] => blocksAt(disk, path)[0]?.order ?? [];

describe('no API, no server, no ring', () => {
  const good = configuration(k2, k1);
  test.each([
    ['is gone', (_: FakeDisk) => {}],
    ['is empty', (disk: FakeDisk) => disk.place(configurationPath, new Uint8Array())],
    ['is cut short', (disk: FakeDisk) => disk.place(configurationPath, good.subarray(0, 100))],
  ])('the file %s ⇒ the newest backup comes back, and reads with every key of the history', (_, damage) => {
    const disk = node([k1, k2, byHand, k3]);
    disk.place(backupPath(1), configuration(k1));
    disk.place(backupPath(2), good);
    damage(disk);
    run(disk);
    expect(blocksAt(disk)).toEqual([
      {resources: ['secrets', 'configmaps'], order: [k2.name, k1.name, k3.name, byHandId, 'identity']},
    ]);
  });

  test('a directory in its place ⇒ nothing is moved; taken away ⇒ the same', () => {
    const disk = node([k1, k2, k3]);
    disk.place(backupPath(1), good);
    disk.directories.add(configurationPath);
    run(disk);
    expect([...disk.directories]).toContain(configurationPath);
    expect([...disk.files.keys()].filter((path) => path.startsWith(configurationPath))).toEqual([]);
    disk.directories.delete(configurationPath);
    run(disk);
    expect(orderAt(disk)).toEqual([k2.name, k1.name, k3.name, 'identity']);
  });

  test('the history holds no more than the backup ⇒ its very bytes', () => {
    const disk = node();
    disk.place(backupPath(1), good);
    run(disk);
    expect(disk.read(configurationPath)).toEqual(good);
  });

  test('blocks that are not ours, or our own group’s ⇒ get no key', () => {
    const disk = node([k1, k3]);
    const kept = {resources: ['widgets.example.com'], providers: [{kind: 'aescbc', keys: [byHand]}]} as const;
    const own = {resources: ['*.cluster.alauda.io'], providers: [{kind: 'identity'}]} as const;
    const ours = {resources: ['*.*'], providers: [{kind: 'aesgcm', keys: [k1]}]} as const;
    disk.place(backupPath(1), formatEncryptionConfiguration({blocks: [own, kept, ours]}));
    run(disk);
    expect(blocksAt(disk).map(({order}) => order)).toEqual([['identity'], [byHandId], [k1.name, k3.name]]);
  });

  test('nothing but identity in the backup ⇒ the keys read, plain text goes on being written', () => {
    const disk = node([k1]);
    const blocks = ['*.cluster.alauda.io', '*.*'].map(
      (resource) => ({resources: [resource], providers: [{kind: 'identity'}]}) as const,
    );
    disk.place(backupPath(1), formatEncryptionConfiguration({blocks}));
    run(disk);
    expect(blocksAt(disk).map(({order}) => order)).toEqual([['identity'], ['identity', k1.name]]);
  });

  test('written in place and cut off ⇒ the copy beside it comes back, not the older backup', () => {
    const disk = node([k1, k2, k3]);
    const next = configuration(k3, k2, k1);
    disk.place(backupPath(1), good);
    disk.place(completePath, next);
    disk.place(configurationPath, next.subarray(0, 150));
    run(disk);
    expect(disk.read(configurationPath)).toEqual(next);
    expect(disk.read(completePath)).toBeUndefined();
  });
});

test('the server says what it has loaded, and no API ⇒ that comes back, with every key of the history', () => {
  const disk = node([k1, k2, k3]);
  const good = configuration(k2, k1);
  disk.place(backupPath(1), good);
  disk.place(backupPath(2), configuration(k1, k2));
  run(disk, {ports: evidence({loadedHash: sha256Hex(good)})});
  expect(orderAt(disk)).toEqual([k2.name, k1.name, k3.name, 'identity']);
});

const ringOf = (keys: readonly DataKey[], changes: Partial<Ring> = {}): Ring => {
  const refs = keys.map((key) => ({...refOf(key), createdAtMs: now, mintedBy: 'n1'}));
  return {...restingRing(refs), layout: layoutOf(refs, refs[0]?.id ?? ''), ...changes};
};
function storeWith(ring: Ring): FakeStore {
  const store = new FakeStore();
  store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ring});
  return store;
}
const touched = (disk: FakeDisk): readonly string[] =>
  disk.ops.filter((op) => op.endsWith(` ${configurationPath}`) && !op.startsWith('read '));

describe('others place the file', () => {
  const ring = ringOf([k2, k1], {settings: {writeMode: 'external'}});
  const before = configuration(k1);
  const refused = configuration(k1, k2);

  function refusing(): {disk: FakeDisk; store: FakeStore; ports: Partial<SyncPorts>} {
    const disk = node();
    disk.place(backupPath(1), before);
    disk.place(configurationPath, refused);
    disk.place(exportPath, refused);
    const failing = {loadedHash: sha256Hex(before), lastReloadFailureMs: now - 1_000, reloadFailures: 1};
    return {disk, store: storeWith(ring), ports: evidence(failing)};
  }

  test('their server refuses it ⇒ the one before is exported, once, and the path is not touched', () => {
    const {disk, store, ports} = refusing();
    const {events, problems} = run(disk, {store, ports, periods: 4});
    expect(disk.read(exportPath)).toEqual(before);
    expect(disk.read(configurationPath)).toEqual(refused);
    expect(touched(disk)).toEqual([]);
    expect(events.filter((event) => event === 'agent.restoreFile')).toHaveLength(1);
    expect(problems).toContain('FileRefused');
  });

  test('it is lost, with a ring or by what is written down alone ⇒ exported, and the path is not touched', () => {
    const disk = node();
    disk.place(backupPath(1), before);
    run(disk, {store: storeWith(ring), ports: evidence({loadedHash: sha256Hex(before)})});
    expect(JSON.parse(disk.text(statePath) ?? '{}')).toMatchObject({external: true});
    disk.files.delete(exportPath);
    const {memory} = run(disk);
    expect(orderAt(disk, exportPath)).toEqual([k1.name, k2.name, 'identity']);
    expect(touched(disk)).toEqual([]);
    expect([...memory.lasting.keys()]).not.toContain('FileRepaired');
  });

  test('its owner cannot read it ⇒ said, and the path is not touched', () => {
    const {disk, store} = refusing();
    disk.place(configurationPath, configuration(k2, k1), 0o000);
    const loaded = evidence({loadedHash: sha256Hex(configuration(k2, k1))});
    const {problems} = run(disk, {store, ports: loaded});
    expect(problems).toContain('CannotWriteFile');
    expect(touched(disk)).toEqual([]);
  });
});

describe.each([
  ['of a newer release', stateOf({v: 2}), 'NewerRelease'],
  ['of a newer release and another form', utf8('{"v":2,"floor":{"epoch":9}}'), 'NewerRelease'],
])('the state file is %s', (_, state, reason) => {
  test('the ring has a new key, writes with it and lets others go ⇒ it is added to read with, nothing else', () => {
    const certificate = {
      key: k1.name,
      check: '',
      stoppedWritingAtMs: 0,
      cleanBy: '',
      cleanRevision: '',
      compactedBy: '',
      atMs: 0,
    };
    const disk = node([k1, k2, k3]);
    const first = configuration(k2, k1);
    disk.place(configurationPath, first);
    disk.place(statePath, state);
    const store = storeWith(ringOf([k3, k2], {certificates: [certificate]}));
    const {problems} = run(disk, {
      store,
      periods: 3,
      ports: evidence({loadedHash: sha256Hex(configuration(k2, k1, k3))}),
    });
    expect(orderAt(disk)).toEqual([k2.name, k1.name, k3.name, 'identity']);
    expect(disk.read(statePath)).toEqual(state);
    expect(problems).toContain(reason);
  });

  test('the file is lost ⇒ repaired from the disk, not written in the ring’s order', () => {
    const disk = node([k1, k2, k3]);
    disk.place(backupPath(1), configuration(k2, k1));
    disk.place(statePath, state);
    run(disk, {store: storeWith(ringOf([k3, k2, k1]))});
    expect(orderAt(disk)).toEqual([k2.name, k1.name, k3.name, 'identity']);
  });
});

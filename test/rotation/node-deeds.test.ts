// The agent's deeds with keys: what is opened, made and sealed, and what somebody may have planted.

import {DataKey, hex, type StoredKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  backupDirectory,
  configurationPath,
  driveSync,
  historyPath,
  identityPath,
  type KeyObject,
  keyResource,
  type NodeAction,
  type NodePlatform,
  newAgentMemory,
  ok,
  parseHistory,
  type Result,
  type Ring,
  readKeyObject,
  observeNode as readNode,
  refOf,
  ringResource,
  type SyncPorts,
  voucherMac,
  writeKeyObject,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {doNodeAction} from '../../rotation/src/act/node-deeds.ts';
import {planNode} from '../../rotation/src/plan/node.ts';
import {FakeDisk} from './fake-disk.ts';
import {FakeStore, openSealed, seal, sealPorts} from './fake-store.ts';
import {blockOf, cluster, layoutOf, now, reportOf, restingRing} from './fixtures.ts';

const keyOf = (revision: number, start = revision): DataKey =>
  new DataKey({revision, key: Uint8Array.from({length: 32}, (_, at) => (start * 31 + at * 7) % 256)});
const [k1, k2, k3] = [keyOf(1), keyOf(2), keyOf(3)];
const planted = keyOf(2, 99);

const ringWith = (...keys: readonly DataKey[]): Ring => {
  const refs = keys.map((key) => ({...refOf(key), createdAtMs: now, mintedBy: 'n1'}));
  return {...restingRing(refs), layout: layoutOf(refs, refs[0]?.id ?? '')};
};

type Clear = Omit<KeyObject, 'resourceVersion'>;
/** A key's object, vouched for by another key. */
function objectOf(key: DataKey, by?: DataKey, changes: Partial<Clear> = {}): Clear {
  const clear = {
    name: `r${key.revision}`,
    key: refOf(key),
    clusterId: cluster,
    createdAtMs: now,
    createdBy: 'n1',
    ...changes,
  };
  const voucher = by === undefined ? {} : {voucher: {key: by.name, mac: voucherMac(clear, by)}};
  return {...voucher, recipients: ['age1n1'], sealed: seal(key.secret), ...clear, ...changes};
}

interface World {
  readonly store: FakeStore;
  readonly disk: FakeDisk;
  readonly held: () => readonly string[];
  readonly act: (action: NodeAction) => Result<unknown>;
  readonly minted: () => unknown;
  readonly memory: ReturnType<typeof newAgentMemory>;
}

function world(
  ring: Ring,
  objects: readonly Clear[],
  {keys = [], ports = {}}: {keys?: readonly StoredKey[]; ports?: Partial<SyncPorts>} = {},
): World {
  const store = new FakeStore();
  const disk = new FakeDisk();
  disk.place(identityPath, new TextEncoder().encode(`AGE-SECRET-KEY-1${'Q'.repeat(58)}\n`));
  store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ring});
  for (const object of objects) store.put(keyResource, writeKeyObject(object));
  const memory = newAgentMemory('n1', [], []);
  for (const key of keys) memory.keys.set(refOf(key).id, key);
  const all = {...disk.ports, ...store.ports, ...sealPorts, ...ports};
  const act = (action: NodeAction): Result<unknown> => {
    const observation = driveSync(readNode(memory), all);
    return driveSync(doNodeAction({memory, observation, plan: planNode(observation)}, action), all);
  };
  return {store, disk, held: () => [...memory.keys.keys()].sort(), act, minted: () => memory.minted, memory};
}

const open = (object: string): NodeAction => ({do: 'openKey', object});
const mint: NodeAction = {do: 'mint', id: 'mint-r2', revision: 2};

describe('openKey', () => {
  test('the first key of ours ⇒ needs no voucher', () => {
    const {act, held} = world(ringWith(k1), [objectOf(k1)]);
    expect(act(open('r1')).ok).toBe(true);
    expect(held()).toEqual([k1.name]);
  });

  test('a key vouched for by one that is held ⇒ opened', () => {
    const {act, held} = world(ringWith(k2, k1), [objectOf(k1), objectOf(k2, k1)], {keys: [k1]});
    expect(act(open('r2')).ok).toBe(true);
    expect(held()).toEqual([k1.name, k2.name].sort());
  });

  test('the key that vouches has left the ring, which lists the vouched one ⇒ opened by a new node', () => {
    const certificate = {
      key: k1.name,
      check: '',
      stoppedWritingAtMs: 0,
      cleanBy: '',
      cleanRevision: '',
      compactedBy: '',
      atMs: 0,
    };
    const {act, held} = world({...ringWith(k3, k2), certificates: [certificate]}, [objectOf(k2, k1)]);
    expect(act(open('r2')).ok).toBe(true);
    expect(held()).toEqual([k2.name]);
  });

  test('the key that vouches is not held and never left by a certificate ⇒ not opened, though the ring lists the vouched one', () => {
    const {act, held} = world(ringWith(k3, k2), [objectOf(k2, k1)]);
    expect(act(open('r2'))).toMatchObject({ok: false, error: {code: 'denied'}});
    expect(held()).toEqual([]);
  });

  test.each([
    ['no voucher', ringWith(k2, k1), objectOf(k2), 'denied', /no earlier key vouches/],
    [
      'a voucher under a key that is not held, for a key that the ring does not list',
      ringWith(k2, k1),
      objectOf(planted, k3),
      'denied',
      /not held/,
    ],
    ['a voucher for another name', ringWith(k2, k1), {...objectOf(k2, k1), createdBy: 'n2'}, 'denied', /was changed/],
    [
      'a voucher made under another key',
      ringWith(k2, k1),
      {...objectOf(k2, k3), voucher: {key: k1.name, mac: voucherMac(objectOf(k2), k3)}},
      'denied',
      /was changed/,
    ],
    ['another cluster', ringWith(k2, k1), objectOf(k2, k1, {clusterId: 'c2'}), 'denied', /belongs to cluster c2/],
    [
      'bytes of another key',
      ringWith(k2, k1),
      objectOf(k2, k1, {sealed: seal(planted.secret)}),
      'invalid',
      /do not give the check value/,
    ],
    [
      'a vouched key of that revision which the ring does not list',
      ringWith(k2, k1),
      objectOf(planted, k1),
      'invalid',
      /do not give the check value/,
    ],
    ['a damaged seal', ringWith(k2, k1), objectOf(k2, k1, {sealed: 'sealed:AAAA'}), 'invalid', /damaged/],
  ] as const)('planted: %s ⇒ refused, and the key is not held', (_, ring, object, code, message) => {
    const {act, held} = world(ring, [objectOf(k1), object], {keys: [k1]});
    const result = act(open('r2'));
    expect(result).toMatchObject({ok: false, error: {code}});
    if (!result.ok) expect(result.error.message).toMatch(message);
    expect(held()).toEqual([k1.name]);
  });
});

describe('mint', () => {
  test('nothing there ⇒ an object vouched for by the newest key, the history, and only then the word', () => {
    const {act, store, disk, minted, held} = world(ringWith(k1), [objectOf(k1)], {keys: [k1]});
    expect(act(mint)).toEqual({ok: true, value: undefined});
    const stored = store.get(keyResource, 'r2');
    const read = stored === undefined ? undefined : readKeyObject(stored);
    if (read?.outcome !== 'ok') throw new Error('expected an object');
    const {object} = read;
    expect(object).toMatchObject({mintId: 'mint-r2', createdBy: 'n1', recipients: ['age1n1'], clusterId: cluster});
    expect(object.voucher).toEqual({key: k1.name, mac: voucherMac(object, k1)});
    const kept = parseHistory(disk.read(historyPath) ?? new Uint8Array()).keys;
    expect(kept.map(({name}) => name)).toContain(object.key.name);
    expect(minted()).toEqual({id: 'mint-r2', revision: 2, name: object.key.name, check: object.key.check});
    expect(held()).toContain(object.key.name);
    const made = openSealed(object.sealed);
    expect(made?.withBytes((bytes) => new DataKey({revision: 2, key: bytes}).name)).toBe(object.key.name);
  });

  test('an earlier try’s object is there ⇒ taken, never replaced', () => {
    const mintId = mint.do === 'mint' ? mint.id : '';
    const clear = {...objectOf(k2), mintId};
    const made = {...clear, voucher: {key: k1.name, mac: voucherMac(clear, k1)}};
    const {act, store, minted} = world(ringWith(k1), [objectOf(k1), made], {keys: [k1]});
    expect(act(mint).ok).toBe(true);
    expect(minted()).toMatchObject({name: k2.name});
    expect(store.get(keyResource, 'r2')?.metadata.resourceVersion).toBe('105');
  });

  test('an object that answers another request is there ⇒ not taken, not replaced', () => {
    const {act, minted} = world(ringWith(k1), [objectOf(k1), objectOf(k2, k1)], {keys: [k1]});
    expect(act(mint)).toMatchObject({ok: false, error: {code: 'denied'}});
    expect(minted()).toBeUndefined();
  });

  test.each([
    ['without a voucher', objectOf(planted)],
    ['with a voucher under a key nobody has', objectOf(planted, keyOf(7))],
  ])('an object %s is there ⇒ not taken, not replaced, nothing is minted', (_, object) => {
    const {act, store, minted, held} = world(ringWith(k1), [objectOf(k1), object], {keys: [k1]});
    expect(act(mint)).toMatchObject({ok: false, error: {code: 'denied'}});
    expect(minted()).toBeUndefined();
    expect(held()).toEqual([k1.name]);
    expect(store.get(keyResource, 'r2')?.spec).toMatchObject({sealed: object.sealed});
  });

  test('the object cannot be stored ⇒ told, and the key is not held', () => {
    const ports: Partial<SyncPorts> = {
      'store.create': () => ({ok: false, error: {code: 'unavailable', message: 'no'}}),
    };
    const {act, minted, held} = world(ringWith(k1), [objectOf(k1)], {keys: [k1], ports});
    expect(act(mint)).toMatchObject({ok: false, error: {code: 'unavailable'}});
    expect(minted()).toBeUndefined();
    expect(held()).toEqual([k1.name]);
  });

  test('the history cannot be written ⇒ the node does not say that it has minted', () => {
    const {act, disk, minted} = world(ringWith(k1), [objectOf(k1)], {keys: [k1]});
    disk.failAt = (op, path) =>
      op === 'files.write' && path === historyPath ? {code: 'unavailable', message: 'ENOSPC'} : undefined;
    expect(act(mint)).toMatchObject({ok: false, error: {code: 'unavailable'}});
    expect(minted()).toBeUndefined();
    disk.failAt = () => undefined;
    expect(act(mint).ok).toBe(true);
    expect(minted()).toMatchObject({revision: 2});
  });

  test.each([
    ['zeros', () => new Uint8Array(32)],
    ['the bytes of a key that exists', () => k1.secret.withBytes((bytes) => Uint8Array.from(bytes))],
  ])('randomness gives %s ⇒ no key, told as a failure', (_, bytes) => {
    const ports: Partial<SyncPorts> = {'entropy.bytes': () => ok(bytes())};
    const {act, minted, store} = world(ringWith(k1), [objectOf(k1)], {keys: [k1], ports});
    expect(act(mint)).toMatchObject({ok: false, error: {code: 'unavailable'}});
    expect(minted()).toBeUndefined();
    expect(store.get(keyResource, 'r2')).toBeUndefined();
  });
});

const specOf = (store: FakeStore): unknown => store.get(keyResource, 'r2')?.spec;

describe('sealing', () => {
  test('somebody else was first ⇒ success, theirs stays', () => {
    const {act, store} = world(ringWith(k1), [objectOf(k1, undefined, {createdBy: 'n2'})], {keys: [k1]});
    expect(act({do: 'sealKey', key: k1.name}).ok).toBe(true);
    expect(store.get(keyResource, 'r1')?.spec).toMatchObject({createdBy: 'n2'});
  });

  test('sealed again ⇒ recipients change, voucher and clear fields do not', () => {
    const before = objectOf(k2, k1, {recipients: ['age1old']});
    const {act, store} = world(ringWith(k2, k1), [objectOf(k1), before], {keys: [k1, k2]});
    expect(act({do: 'reseal', object: 'r2'}).ok).toBe(true);
    const {recipients, sealed: _, ...rest} = specOf(store) as KeyObject;
    const {recipients: _r, sealed: _s, ...same} = writeKeyObject(before).spec as KeyObject;
    expect(recipients).toEqual(['age1n1']);
    expect(rest).toEqual(same);
  });

  test('another key than the object’s is held ⇒ not sealed over it', () => {
    const {act, store} = world(ringWith(k2, k1), [objectOf(k1), objectOf(k2, k1)], {keys: [k1, planted]});
    expect(act({do: 'reseal', object: 'r2'}).ok).toBe(false);
    expect(store.get(keyResource, 'r2')?.spec).toMatchObject({sealed: seal(k2.secret)});
  });
});

describe('placing the file', () => {
  const layout = ringWith(k1).layout;
  const settings = (writeMode: 'inPlace' | 'external' | 'rename'): Ring => ({
    ...ringWith(k1),
    layout,
    settings: {writeMode},
  });
  const before = formatEncryptionConfiguration({
    blocks: [{resources: ['secrets', 'configmaps'], providers: [{kind: 'aesgcm', keys: [k1]}]}],
  });
  const blocks = [blockOf([k1.name, 'identity'])];
  const platform = (mount: NodePlatform['mount']): Partial<SyncPorts> => ({
    'server.platform': () =>
      ok({
        configPath: configurationPath,
        automaticReload: true,
        mount,
        etcdPrefix: '/registry',
        fipsOnly: false,
        address: '',
        hostName: 'n1',
      }),
  });
  const writeFile: NodeAction = {do: 'writeFile', blocks};

  test('writeMode inPlace and a single-file mount ⇒ the inode stays, the complete copy is there first', () => {
    const {act, disk} = world(settings('inPlace'), [], {keys: [k1], ports: platform('single-file')});
    disk.place(configurationPath, before);
    const {inode} = disk.files.get(configurationPath) ?? {};
    expect(act(writeFile).ok).toBe(true);
    expect(disk.files.get(configurationPath)?.inode).toBe(inode);
    expect(disk.text(configurationPath)).toContain('identity');
    const copied = disk.ops.findIndex((op) => op.startsWith('rename') && op.endsWith('encryption-provider.complete'));
    const written = disk.ops.indexOf(`write ${configurationPath}`);
    expect(copied).toBeGreaterThanOrEqual(0);
    expect(written).toBeGreaterThan(copied);
  });

  test('writeMode rename and a mount point ⇒ refused with EBUSY, the file stays', () => {
    const {act, disk} = world(settings('rename'), [], {keys: [k1], ports: platform('single-file')});
    disk.place(configurationPath, before);
    disk.failAt = (op, path) =>
      op === 'files.rename' && path === configurationPath
        ? {code: 'conflict', message: 'EBUSY', reason: 'EBUSY'}
        : undefined;
    expect(act(writeFile)).toMatchObject({ok: false, error: {reason: 'EBUSY'}});
    expect(disk.read(configurationPath)).toEqual(before);
  });

  test('writeMode external ⇒ exported beside the file, which stays', () => {
    const {act, disk} = world(settings('external'), [], {keys: [k1], ports: platform('directory')});
    disk.place(configurationPath, before);
    expect(act(writeFile).ok).toBe(true);
    expect(disk.read(configurationPath)).toEqual(before);
    expect(disk.text(`${configurationPath}.next`)).toContain('identity');
    const written = disk.ops.filter((op) => op.startsWith('rename')).length;
    expect(act(writeFile).ok).toBe(true);
    expect(disk.ops.filter((op) => op.startsWith('rename')).length).toBe(written);
  });

  const evidence = (processStartMs: number): Partial<SyncPorts> => ({
    'server.evidence': () =>
      ok({
        identityHashes: [],
        expectedIdentityHash: '',
        expectedIdentity: '',
        processStartMs,
        reloadSuccesses: 1,
        reloadFailures: 1,
        form: 'hash',
        encryptions: {},
        decryptions: {},
      }),
  });

  test('others replace the file while its server is asked ⇒ the later file is read, which no earlier reload speaks of', () => {
    const {disk, store, memory} = world(settings('external'), []);
    disk.place(configurationPath, before);
    const placed = new TextEncoder().encode('placed by others');
    const answer = evidence(now - 7_000)['server.evidence'];
    const asked: Partial<SyncPorts> = {
      'server.evidence': (args) => {
        disk.place(configurationPath, placed);
        return answer?.(args) ?? ok(undefined as never);
      },
    };
    const ports = {...disk.ports, ...store.ports, ...sealPorts, ...platform('directory'), ...asked};
    expect(driveSync(readNode(memory), ports).file).toMatchObject({hash: sha256Hex(placed)});
  });

  test.each([
    ['it runs ⇒ its own start', evidence(now - 7_000), now - 7_000],
    ['it is down ⇒ the start that was seen last', {}, now - 90_000],
  ])('a file is taken back from a server, and %s is kept with the refusal', (_, ports, serverStartedAtMs) => {
    const all = {...platform('directory'), ...ports};
    const {act, disk, memory} = world(settings('rename'), [], {keys: [k1], ports: all});
    disk.place(configurationPath, before);
    expect(act(writeFile).ok).toBe(true);
    memory.lastReport = reportOf('n1', settings('rename'), {counters: {startedAtMs: now - 90_000, byName: {}}});
    const hash = sha256Hex(before);
    expect(act({do: 'restoreFile', hash, why: 'refused', refused: true}).ok).toBe(true);
    expect(disk.read(configurationPath)).toEqual(before);
    expect(memory.refusedFile).toMatchObject({why: 'refused', serverStartedAtMs});
  });

  test('a file is replaced ⇒ history, backup, then the file; every step synced', () => {
    const {act, disk, memory} = world(settings('rename'), [], {keys: [k1], ports: platform('directory')});
    disk.place(configurationPath, before);
    expect(act(writeFile).ok).toBe(true);
    const file = sha256Hex(disk.read(configurationPath) ?? new Uint8Array());
    expect(memory.replaced).toEqual({file, before: sha256Hex(before)});
    const at = (text: string): number => disk.ops.findIndex((op) => op.startsWith(text));
    expect(at(`sync ${historyPath}`)).toBeGreaterThan(at(`write ${historyPath}`));
    expect(at(`rename ${backupDirectory}`)).toBeGreaterThan(at(`sync ${historyPath}`));
    expect(at(`rename ${configurationPath}`)).toBeGreaterThan(at(`rename ${backupDirectory}`));
    const backup = [...disk.files.keys()].find((path) => path.startsWith(backupDirectory));
    expect(backup).toMatch(/\/2025-06-15T150640\.000Z-[0-9a-f]{8}\.json$/);
    expect(disk.read(backup ?? '')).toEqual(before);
  });

  test('the guard refuses at the last moment ⇒ the file stays', () => {
    const {act, disk} = world(settings('rename'), [], {keys: [k1, k2], ports: platform('directory')});
    disk.place(configurationPath, before);
    expect(act({do: 'writeFile', blocks: [blockOf([k2.name, k1.name, 'identity'])]})).toMatchObject({
      ok: false,
      error: {code: 'denied'},
    });
    expect(disk.read(configurationPath)).toEqual(before);
  });
});

test('objects, reports and errors ⇒ hold no key bytes but in the seal', () => {
  const {act, store} = world(ringWith(k1), [objectOf(k1)], {keys: [k1]});
  act(mint);
  const shown = [...store.objects.values()]
    .map(({spec, ...rest}) => JSON.stringify([rest, {...(spec as object), sealed: ''}]))
    .join('\n');
  for (const key of [k1]) expect(shown).not.toContain(key.secret.withBytes(hex));
});

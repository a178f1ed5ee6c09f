// What a controller reads of its pair: the SeedBundle's bytes, and the Synchronizer by its objects and its lease.

import {utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  configResource,
  countTimes,
  deploymentResource,
  driveSync,
  failed,
  leaseResource,
  moduleInfoResource,
  newControllerMemory,
  newLeaseMemory,
  observeCluster,
  ok,
  type PortErrorCode,
  type ResourceType,
  type StoredObject,
  type SyncPorts,
  seedBundleResource,
  seen,
} from '@etcd-encryption/rotation';
import {beforeEach, describe, expect, test} from 'vitest';
import {FakeStore} from '../fake-store.ts';
import {hour, now} from '../fixtures.ts';
import {bundleOf, d1, followedOf, freshRing} from './pair-fixtures.ts';

const namespace = 'cpaas-system';
const deployment: StoredObject = {metadata: {name: 'etcd-sync', namespace}, status: {replicas: 0}};
const moduleInfo = (module: string): StoredObject => ({
  metadata: {name: 'global-0a1b2c3d', labels: {'cpaas.io/module-name': module}},
});
const lease = (renewTime: string): StoredObject => ({
  metadata: {name: 'etcd-sync-mirror', namespace},
  spec: {renewTime},
});

let store: FakeStore;
let asked: string[];
let memory: ReturnType<typeof newControllerMemory>;

beforeEach(() => {
  store = new FakeStore();
  asked = [];
  memory = newControllerMemory(newLeaseMemory('me'), function* () {
    yield {op: 'clock.now', args: {}} as const;
    return seen([]);
  });
  configure('deterministic');
});

function configure(keyStrategy: string): void {
  const spec = {resources: ['secrets'], keyStrategy, deterministic: {replicationGroupId: 'g'}};
  store.put(configResource, {metadata: {name: 'default', uid: 'u'}, spec});
}

/** One look; `broken` answers an error for a kind. */
function look(atMs = 0, broken?: readonly [ResourceType, PortErrorCode]) {
  const base = store.ports;
  const ports: Partial<SyncPorts> = {
    ...base,
    'clock.now': () => ok({wallMs: now + atMs, monotonicMs: atMs}),
    'store.get': (address) => {
      asked.push(`${address.resource.plural}/${address.namespace ?? ''}/${address.name}`);
      if (
        broken?.[0].plural === address.resource.plural &&
        (broken[0] !== leaseResource || address.namespace === namespace)
      )
        return failed(broken[1], 'no');
      return base['store.get']?.(address) ?? ok(undefined);
    },
    'store.list': (request) => {
      const {resource, labelSelector = ''} = request;
      if (resource.plural !== moduleInfoResource.plural) return base['store.list']?.(request) ?? failed('denied', 'no');
      asked.push(`${resource.plural}?${labelSelector}`);
      if (broken?.[0].plural === resource.plural) return failed(broken[1], 'no');
      const [label = '', value] = labelSelector.split('=');
      const items = [...store.objects.values()].filter(({metadata}) => metadata.labels?.[label] === value);
      return ok({items, resourceVersion: '1'});
    },
  };
  return driveSync(observeCluster(memory, true), ports);
}

describe('the random strategy', () => {
  test('⇒ reads nothing of a pair', () => {
    configure('random');
    store.put(deploymentResource, deployment);
    const {seedBundle, synchronizer} = look();
    expect([seedBundle, synchronizer]).toEqual([{state: 'absent'}, {state: 'absent'}]);
    expect(asked.filter((each) => /seedbundles|deployments|moduleinfoes|etcd-sync/.test(each))).toEqual([]);
  });
});

describe('the SeedBundle', () => {
  const put = (spec: unknown) =>
    store.put(seedBundleResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec});

  test('is there ⇒ its text, the hash of its bytes and its version', () => {
    const {bytes, hash} = bundleOf(1, [d1]);
    const {metadata} = put({bundle: bytes});
    const {seedBundle} = look();
    expect(seedBundle).toEqual(
      seen({bytes, hash, resourceVersion: metadata.resourceVersion}, metadata.resourceVersion),
    );
    expect(asked).toContain('seedbundles/kube-system/default');
  });

  test('is no base64 ⇒ the hash of the text', () => {
    put({bundle: 'not base64!'});
    const {seedBundle} = look();
    expect(seedBundle.state === 'seen' ? seedBundle.value.hash : '').toBe(sha256Hex(utf8('not base64!')));
  });

  test('has no text ⇒ an empty one', () => {
    put({});
    const {seedBundle} = look();
    expect(seedBundle.state === 'seen' ? seedBundle.value : undefined).toMatchObject({
      bytes: '',
      hash: sha256Hex(utf8('')),
    });
  });

  test('is not there, or its kind is not served ⇒ absent', () => {
    expect(look().seedBundle).toEqual({state: 'absent'});
  });

  test('could not be read ⇒ unknown', () => {
    for (const code of ['unavailable', 'gone'] as const)
      expect(look(0, [seedBundleResource, code]).seedBundle).toEqual({state: 'unknown', why: `${code}: no`});
  });
});

describe('the Synchronizer', () => {
  const signals = (atMs = 0, broken?: readonly [ResourceType, PortErrorCode]) => look(atMs, broken).synchronizer;

  test('nothing of it is there ⇒ not installed, no lease', () => {
    expect(signals()).toEqual(seen({installed: false, lease: 'absent'}));
    expect(asked.filter((each) => each.includes('etcd-sync'))).toEqual([
      'deployments/cpaas-system/etcd-sync',
      'moduleinfoes?cpaas.io/module-name=etcd-sync',
      'leases/cpaas-system/etcd-sync-mirror',
    ]);
  });

  test.each([
    ['its Deployment', deploymentResource, deployment],
    ['its ModuleInfo, whose name is generated', moduleInfoResource, moduleInfo('etcd-sync')],
  ] as const)('%s alone, in any state ⇒ installed', (_what, resource, object) => {
    store.put(resource, object);
    expect(signals()).toEqual(seen({installed: true, lease: 'absent'}));
  });

  test('the ModuleInfo of another module ⇒ not installed', () => {
    store.put(moduleInfoResource, moduleInfo('logcenter'));
    expect(signals()).toEqual(seen({installed: false, lease: 'absent'}));
  });

  test('ModuleInfo is not served ⇒ as if it were not there', () => {
    expect(signals(0, [moduleInfoResource, 'gone'])).toEqual(seen({installed: false, lease: 'absent'}));
  });

  test('a part could not be read ⇒ unknown, unless another says that it is there', () => {
    for (const resource of [deploymentResource, moduleInfoResource, leaseResource])
      expect(signals(0, [resource, 'denied'])).toEqual({state: 'unknown', why: 'denied: no'});
    store.put(deploymentResource, deployment);
    expect(signals(0, [moduleInfoResource, 'denied'])).toEqual(seen({installed: true, lease: 'absent'}));
    expect(signals(0, [leaseResource, 'denied'])).toEqual(seen({installed: true, lease: 'unknown'}));
  });

  test('its lease ⇒ judged by our own clock: seen renewed, or seen standing still for 40 s', () => {
    const at = (atMs: number) => {
      const fact = signals(atMs);
      return fact.state === 'seen' ? fact.value.lease : fact.state;
    };
    store.put(leaseResource, lease('2020-01-01T00:00:00Z'));
    expect(at(0)).toBe('unknown');
    expect(at(39_999)).toBe('unknown');
    expect(at(40_000)).toBe('silent');
    store.put(leaseResource, lease('2020-01-01T00:00:10Z'));
    expect(at(41_000)).toBe('renewed');
    expect(at(80_999)).toBe('renewed');
    expect(at(81_000)).toBe('silent');
    store.objects.delete('leases/etcd-sync-mirror');
    expect(at(82_000)).toBe('absent');
    store.put(leaseResource, lease('2020-01-01T00:00:10Z'));
    expect(at(83_000)).toBe('unknown');
  });
});

describe('time that is counted for a pair', () => {
  const ring = freshRing({
    following: followedOf(bundleOf(1, [d1])),
    synchronizer: {lastSeenAtMs: 0, goneSinceMs: now - hour},
    leftWindow: {[d1.id]: now - 2 * hour},
  });
  const ids = [`bundle/${ring.following?.hash}`, 'synchronizer/gone', `window/${d1.id}`];

  test('each stamp ⇒ since it was first seen, carried on from what was saved', () => {
    const counts = new Map();
    const saved = {...ring, counted: {'synchronizer/gone': {stoppedAtMs: now - hour, ms: 900}}};
    expect(countTimes(counts, seen(saved), 1_000)).toEqual({
      [ids[0] ?? '']: 0,
      'synchronizer/gone': 900,
      [ids[2] ?? '']: 0,
    });
    const later = countTimes(counts, seen(saved), 1_700);
    expect(ids.map((id) => later[id])).toEqual([700, 1_600, 700]);
  });

  test('saved for another stamp ⇒ begins anew', () => {
    const saved = {...ring, counted: {'synchronizer/gone': {stoppedAtMs: now - 9 * hour, ms: 900}}};
    expect(countTimes(new Map(), seen(saved), 1_000)['synchronizer/gone']).toBe(0);
  });
});

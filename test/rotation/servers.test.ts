// What a controller reads of the servers: leases on its own clock, labelled Nodes, endpoints of their service.

import {
  driveSync,
  endpointSliceResource,
  failed,
  kubernetesNodeResource,
  leaseResource,
  newControllerMemory,
  newLeaseMemory,
  observeCluster,
  ok,
  planController,
  type StoredObject,
  type SyncPorts,
  seen,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {FakeStore} from './fake-store.ts';
import {identityOf, now} from './fixtures.ts';

/** A store, and a controller that looks at it now and then. */
class Onlooker {
  readonly store = new FakeStore();
  readonly #memory = newControllerMemory(newLeaseMemory('me'), function* () {
    yield {op: 'clock.now', args: {}} as const;
    return seen([]);
  });

  renew(node: string, renewTime: string): void {
    const labels = {'kubernetes.io/hostname': node};
    this.store.put(leaseResource, {metadata: {name: identityOf(node), labels}, spec: {renewTime}});
  }

  remove(resource: typeof leaseResource, name: string): void {
    this.store.objects.delete(`${resource.plural}/${name}`);
  }

  look(atMs: number, ports: Partial<SyncPorts> = {}) {
    const clock: Partial<SyncPorts> = {'clock.now': () => ok({wallMs: now + atMs, monotonicMs: atMs})};
    return driveSync(observeCluster(this.#memory, true), {...this.store.ports, ...clock, ...ports});
  }
}

describe('leases', () => {
  test('there is none, not even of the server that answers ⇒ unknown, the feature gate is named, no life is proven', () => {
    const onlooker = new Onlooker();
    onlooker.remove(leaseResource, identityOf('n1'));
    for (const atMs of [0, 30_000, 60_000]) {
      const {leases, leaseWatch} = onlooker.look(atMs);
      expect(leases).toEqual({
        state: 'unknown',
        why: 'none in kube-system, not even of the server that answers; is feature APIServerIdentity off?',
      });
      expect(leaseWatch).toEqual({watchedForMs: 0, gone: []});
    }
  });

  test('one is taken away ⇒ gone since the first look without it; it comes back ⇒ alive', () => {
    const onlooker = new Onlooker();
    onlooker.renew('n2', 'a');
    onlooker.look(0);
    onlooker.remove(leaseResource, identityOf('n2'));
    const gone = (goneForMs: number) => [{identity: identityOf('n2'), hostName: 'n2', goneForMs}];
    expect(onlooker.look(30_000).leaseWatch).toEqual({watchedForMs: 30_000, gone: gone(0)});
    expect(onlooker.look(69_999).leaseWatch).toEqual({watchedForMs: 69_999, gone: gone(39_999)});
    onlooker.renew('n2', 'b');
    const {leases, leaseWatch} = onlooker.look(70_000);
    expect(leaseWatch.gone).toEqual([]);
    expect(leases).toMatchObject({value: [{identity: identityOf('n1')}, {identity: identityOf('n2'), life: 'alive'}]});
  });

  test('no look for longer than a lease may stand still ⇒ all waiting begins anew', () => {
    const onlooker = new Onlooker();
    onlooker.renew('n2', 'a');
    onlooker.look(0);
    onlooker.remove(leaseResource, identityOf('n2'));
    onlooker.look(10_000);
    expect(onlooker.look(50_000).leaseWatch).toMatchObject({watchedForMs: 50_000, gone: [{goneForMs: 40_000}]});
    expect(onlooker.look(90_001).leaseWatch).toMatchObject({watchedForMs: 0, gone: [{goneForMs: 0}]});
  });

  test('lists that fail ⇒ count as no look', () => {
    const onlooker = new Onlooker();
    onlooker.look(0);
    const failing: Partial<SyncPorts> = {'store.list': () => failed('unavailable', 'no')};
    onlooker.look(20_000, failing);
    expect(onlooker.look(40_000, failing).leases).toEqual({state: 'unknown', why: 'unavailable: no'});
    expect(onlooker.look(40_001).leaseWatch.watchedForMs).toBe(0);
  });

  test('one that is not renewed ⇒ its life is unknown, and silent after 40 s', () => {
    const onlooker = new Onlooker();
    const lifeAt = (atMs: number) => {
      const {leases} = onlooker.look(atMs);
      return leases.state === 'seen' ? leases.value.map(({life}) => life) : leases;
    };
    expect([lifeAt(0), lifeAt(39_999), lifeAt(40_000)]).toEqual([['unknown'], ['unknown'], ['silent']]);
  });
});

describe('endpoints of the kubernetes service', () => {
  const slice = (endpoints: unknown): StoredObject => ({
    metadata: {name: 'kubernetes', namespace: 'default'},
    endpoints,
  });
  const read = (object: StoredObject | undefined) => {
    const onlooker = new Onlooker();
    if (object !== undefined) onlooker.store.put(endpointSliceResource, object);
    return onlooker.look(0).endpoints;
  };

  test('a slice ⇒ its addresses, each once', () => {
    const endpoints = [{addresses: ['10.0.0.2']}, {addresses: ['10.0.0.1', '10.0.0.2']}, {}];
    expect(read(slice(endpoints))).toEqual(seen(['10.0.0.1', '10.0.0.2']));
  });

  test('no slice ⇒ absent', () => {
    expect(read(undefined)).toEqual({state: 'absent'});
  });

  test.each([[[]], [null], [undefined], [[{addresses: []}]]])('a slice with endpoints %j ⇒ unknown', (endpoints) => {
    expect(read(slice(endpoints))).toEqual({
      state: 'unknown',
      why: 'EndpointSlice default/kubernetes holds no address, not even of the server that answers',
    });
  });

  test('refused ⇒ unknown', () => {
    const get: SyncPorts['store.get'] = ({resource}) =>
      resource.plural === 'endpointslices' ? failed('denied', 'forbidden') : ok(undefined);
    expect(new Onlooker().look(0, {'store.get': get}).endpoints).toEqual({state: 'unknown', why: 'denied: forbidden'});
  });
});

describe('labelled Nodes', () => {
  test('addresses of every type are a node’s ⇒ all are read', () => {
    const onlooker = new Onlooker();
    const addresses = [
      {type: 'InternalIP', address: '10.0.0.1'},
      {type: 'InternalIP', address: 'fd00::1'},
      {type: 'Hostname'},
    ];
    onlooker.store.put(kubernetesNodeResource, {metadata: {name: 'n1'}, status: {addresses}});
    expect(onlooker.look(0).controlPlaneNodes).toEqual(seen([{name: 'n1', addresses: ['10.0.0.1', 'fd00::1']}]));
  });

  test('none ⇒ an empty list, which is no failure to read', () => {
    const onlooker = new Onlooker();
    onlooker.remove(kubernetesNodeResource, 'n1');
    const observation = onlooker.look(0);
    expect(observation.controlPlaneNodes).toEqual(seen([]));
    expect(planController(observation).reasons[0]?.reason).toBe('ConfigurationMissing');
  });
});

// Who the servers are, as real ones show it: leases, endpoints of the `kubernetes` service, and what remains of a server
// that ends in order, of one that is killed, and of one without an identity.

import {createClock, createStorePorts, type StoreClient} from '@etcd-encryption/host-k8s';
import {
  type ClusterObservation,
  drive,
  newControllerMemory,
  newLeaseMemory,
  observeCluster,
  seen,
} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {type RunningControlPlane, startInTemporaryFolder} from './folder.ts';

/** What a controller reads of the servers through the first one, again and again with one memory. */
function onlooker({controlPlane}: RunningControlPlane): {look: () => Promise<ClusterObservation>; store: StoreClient} {
  const store = createStorePorts({kubeconfig: controlPlane.node('node-1').kubeconfig, userAgent: 'test'});
  const memory = newControllerMemory(newLeaseMemory('onlooker'), function* () {
    yield {op: 'clock.now', args: {}} as const;
    return seen([]);
  });
  const ports = {...store, ...createClock().ports};
  return {store, look: () => drive(observeCluster(memory, true), ports)};
}

const hostsOf = ({leases}: ClusterObservation): unknown =>
  leases.state === 'seen' ? leases.value.map(({hostName}) => hostName).sort() : leases;

/** Looks until it is so. */
const eventually = (assertion: () => Promise<void>): Promise<void> =>
  vi.waitFor(assertion, {timeout: 40_000, interval: 500});

describe('two servers that write endpoints', () => {
  // Loopback addresses are refused there; nobody has to reach these.
  const addressOf = (node: string): string => `192.0.2.1${node.slice(-1)}`;
  let plane: RunningControlPlane;
  let eye: ReturnType<typeof onlooker>;

  beforeAll(async () => {
    plane = await startInTemporaryFolder({
      nodes: 2,
      extraArgs: (node) => ['--endpoint-reconciler-type=lease', `--advertise-address=${addressOf(node)}`],
    });
    eye = onlooker(plane);
  });
  afterAll(async () => {
    await eye?.store.close();
    await plane?.close();
  });

  test('both run ⇒ a lease each, and both advertised addresses', async () => {
    await eventually(async () => {
      const observation = await eye.look();
      expect(hostsOf(observation)).toEqual(['node-1', 'node-2']);
      expect(observation.endpoints).toEqual(seen([addressOf('node-1'), addressOf('node-2')]));
    });
  });

  test('one ends in order ⇒ its lease and its address are gone at once, and nothing is proven by that', async () => {
    await plane.controlPlane.stopServer('node-2', 'SIGTERM');
    const observation = await eye.look();
    expect(hostsOf(observation)).toEqual(['node-1']);
    expect(observation.endpoints).toEqual(seen([addressOf('node-1')]));
    expect(observation.leaseWatch.gone).toMatchObject([{hostName: 'node-2', goneForMs: 0}]);
  });

  test('it returns and is killed ⇒ its lease stays, its address goes within its 15 s', async () => {
    await plane.controlPlane.startServer('node-2');
    await eventually(async () => {
      const observation = await eye.look();
      expect(observation.endpoints).toEqual(seen([addressOf('node-1'), addressOf('node-2')]));
      expect(hostsOf(observation)).toEqual(['node-1', 'node-2']);
      expect(observation.leaseWatch.gone).toEqual([]);
    });
    await plane.controlPlane.killServer('node-2');
    await eventually(async () => {
      const observation = await eye.look();
      expect(observation.endpoints).toEqual(seen([addressOf('node-1')]));
      expect(hostsOf(observation)).toEqual(['node-1', 'node-2']);
    });
  });
});

test('a server without the feature APIServerIdentity ⇒ leases are unknown, and there are no endpoints', async () => {
  const gates = 'APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false';
  const plane = await startInTemporaryFolder({nodes: 1, extraArgs: () => [`--feature-gates=${gates}`]});
  const eye = onlooker(plane);
  try {
    const {leases, endpoints} = await eye.look();
    expect(leases).toMatchObject({state: 'unknown', why: expect.stringContaining('APIServerIdentity')});
    expect(endpoints).toEqual({state: 'absent'});
  } finally {
    await eye.store.close();
    await plane.close();
  }
});

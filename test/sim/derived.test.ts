// The deterministic strategy on one simulated cluster whose operator said that there is no Standby: agents derive, the
// controller publishes, and no key is ever stored as an object.

import {fromBase64, readUnverifiedSeedBundle, toBase64} from '@etcd-encryption/crypto';
import {createSimPorts} from '@etcd-encryption/host-sim';
import {keyResource, secretResource, seedBundleResource} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {EngineCluster} from './engine-cluster.ts';

const namespace = 'kube-system';
const deterministic = {replicationGroupId: 'g', approvalDelay: '5m', standby: 'none'};

test('a root Secret is made ⇒ r1 and then r2 encrypt everything, r3 is published, nobody noticed', () => {
  const cluster = new EngineCluster({
    simulation: {},
    spec: {keyStrategy: 'deterministic', deterministic, rotationInterval: '1h0m0s'},
  });
  const operator = createSimPorts(cluster.simulation.cluster, {program: 'operator', as: 'user'});
  cluster.simulation.runFor(60_000);
  expect(cluster.ring.keys).toEqual([]);
  const root = Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11) % 256);
  const object = {metadata: {name: 'etcd-derivation-root', namespace}, data: {'root-key': toBase64(root)}};
  expectValue(operator['store.create']({resource: secretResource, object}));
  cluster.complete(1);
  cluster.simulation.runFor(3_000_000);
  cluster.complete(2);
  cluster.until('r3 is loaded everywhere', () => cluster.files().every((keys) => keys.length === 4));
  const stored = expectValue(operator['store.get']({resource: seedBundleResource, namespace, name: 'default'}));
  const {bundle = ''} = (stored?.spec ?? {}) as {bundle?: string};
  const bytes = fromBase64(bundle);
  const read = bytes.outcome === 'ok' ? readUnverifiedSeedBundle(bytes.bytes) : bytes;
  if (read.outcome !== 'ok') throw new Error('expected a bundle');
  expect([read.bundle.generation, ...read.bundle.entries.map(({revision}) => revision)]).toEqual([3, 1, 2, 3]);
  expect(cluster.ring.keys.map(({revision, derived}) => [revision, derived])).toEqual([
    [3, true],
    [2, true],
    [1, true],
  ]);
  expect(expectValue(operator['store.list']({resource: keyResource, namespace, limit: 10})).items).toEqual([]);
  expect(cluster.simulation.users.failures).toEqual([]);
  expect(cluster.simulation.users.verifyAll()).toBe(true);
});

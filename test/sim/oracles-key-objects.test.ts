// S5 for sealed keys: the object of a revision holds one key for ever, whoever makes it once more.

import {createSimPorts, createSimulation, type Simulation} from '@etcd-encryption/host-sim';
import {keyResource, ourNamespace, type StoredObject} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {violation} from './deeds.ts';

const address = {resource: keyResource, namespace: ourNamespace, name: 'r2'};
const objectOf = (name: string, check: string, recipients: readonly string[] = []): StoredObject => ({
  metadata: {name: 'r2', namespace: ourNamespace},
  spec: {name, check, recipients},
});

function replace({cluster}: Simulation, object: StoredObject, as: 'program' | 'user' = 'program'): void {
  const ports = createSimPorts(cluster, {program: 'agent-n1', as});
  const present = expectValue(ports['store.get'](address));
  if (present === undefined) expectValue(ports['store.create']({resource: keyResource, object}));
  else {
    const {resourceVersion = ''} = present.metadata;
    const metadata = {...object.metadata, resourceVersion};
    expectValue(ports['store.replace']({resource: keyResource, object: {...object, metadata}}));
  }
}

const made = (): Simulation => {
  const simulation = createSimulation({seed: 7, nodes: 1});
  replace(simulation, objectOf('r2-0a1b2c3d', '0a1b2c3d00000000'));
  return simulation;
};

test('S5: a program puts another key into the object of a revision ⇒ violated, also after it was deleted', () => {
  const other = objectOf('r2-ffffffff', 'ffffffff00000000');
  expect(violation(() => replace(made(), other))).toMatchObject({invariant: 'S5 one name, one key', cluster: 'east'});
  const simulation = made();
  const {etcd} = simulation.cluster;
  const path = '/registry/cluster.alauda.io/etcdencryptionkeys/kube-system/r2';
  etcd.delete(path, etcd.get(path)?.modRevision ?? 0, 'user');
  expect(violation(() => replace(simulation, other)).invariant).toBe('S5 one name, one key');
});

test('S5: the same key is sealed for one node more, or somebody plants an object ⇒ kept', () => {
  const simulation = made();
  replace(simulation, objectOf('r2-0a1b2c3d', '0a1b2c3d00000000', ['age1']));
  replace(simulation, objectOf('r2-ffffffff', 'ffffffff00000000'), 'user');
  expect(simulation.cluster.etcd.revision).toBeGreaterThan(0);
});

// S7 can fail: each sentence of it broken by a deed, and the nearest deeds that keep it.

import {createSimulation, type Simulation} from '@etcd-encryption/host-sim';
import {configurationPath, type DropCertificate, emptyLayout, type Layout, type Ring} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {distribute, replaceFile, violation} from './deeds.ts';
import {file, testKey} from './files.ts';
import {makeBundle, ProtocolObjects, ringKeyOf} from './protocol-objects.ts';

const [k1, k2, k3] = [testKey(1), testKey(2), testKey(3)];
const keys = [k3, k2, k1].map((key) => ringKeyOf(key));
const pollMs = 60_000;

const layout = (write: string, ids: readonly string[] = keys.map(({id}) => id)): Layout => ({
  ...emptyLayout,
  keys: ids,
  resources: [{resource: 'secrets', write}],
});

/** A rotation to a key, activated a while ago; converged or not. */
const rotation = (key: string, isConverged: boolean): NonNullable<Ring['rotation']> => ({
  revision: 2,
  key,
  reason: 'schedule',
  startedAtMs: 0,
  activatedAtMs: 1,
  ...(isConverged ? {convergedAtMs: 2} : {}),
  migration: [],
});

function watched(): {simulation: Simulation; objects: ProtocolObjects} {
  const simulation = createSimulation({
    seed: 5,
    nodes: 2,
    file: file([k2, k1, 'identity']),
    oracles: ['S7 one hand'],
  });
  const objects = new ProtocolObjects(simulation.cluster);
  objects.ring({keys, layout: layout(k1.name)});
  return {simulation, objects};
}

const broken = (run: () => unknown): string => {
  const {invariant, explanation} = violation(run);
  expect(invariant).toBe('S7 one hand');
  return explanation;
};

describe('epochs', () => {
  test('an agent accepts a higher epoch ⇒ kept; a lower one ⇒ violated; after its disk was lost ⇒ kept', () => {
    const {simulation, objects} = watched();
    objects.state('n1', {epoch: 3});
    objects.state('n1', {epoch: 4});
    expect(broken(() => objects.state('n1', {epoch: 3}))).toContain('epoch 3 is accepted, 4 was before');
    objects.state('n2', {epoch: 4});
    simulation.cluster.node('n2').disk.crash(simulation.world.random.stream('test', 'crash'), 1);
    objects.state('n2', {epoch: 1});
  });

  test('a ring with a lower epoch, or the same version again ⇒ violated', () => {
    const {objects} = watched();
    objects.ring({epoch: 4});
    expect(broken(() => objects.ring({epoch: 3}))).toContain('epoch 4 is in force');
    const again = watched().objects;
    again.ring({version: 7});
    expect(broken(() => again.ring({version: 7, handledRequest: 'x'}))).toContain('version 7 is in force');
  });

  test('an overtaken leader writes within the epoch of another ⇒ violated; it raises the epoch first ⇒ kept', () => {
    const {objects} = watched();
    objects.ring({epoch: 2}, 'controller-b');
    objects.ring({}, 'controller-b');
    objects.ring({epoch: 3}, 'controller');
    expect(broken(() => objects.ring({}, 'controller-b'))).toContain('controller began this epoch');
  });

  test('a person annotates the ring ⇒ the leader goes on; etcd is restored ⇒ whoever comes first may go on', () => {
    const {simulation, objects} = watched();
    const {etcd} = simulation.cluster;
    const [before] = etcd.range({prefix: '/registry/cluster.alauda.io/etcdencryptionrings', limit: 1}).items;
    if (before === undefined) throw new Error('no ring');
    objects.ring({epoch: 2}, 'controller-b');
    objects.ring({}, 'controller-b');
    etcd.put(before.key, before.value, etcd.get(before.key)?.modRevision ?? 0, 'world');
    objects.ring({}, 'controller-b');
    expect(broken(() => objects.ring({}, 'controller'))).toContain('overtaken');
  });
});

describe('the write revision', () => {
  test('it rises ⇒ kept; it falls ⇒ violated', () => {
    const {objects} = watched();
    objects.ring({layout: layout(k2.name), rotation: rotation(k2.name, true)});
    expect(broken(() => objects.ring({layout: layout(k1.name)}))).toContain(`written with ${k2.name} before`);
  });

  test('it falls to a key of another bundle id ⇒ kept; within the bundle that is followed ⇒ violated', () => {
    const made = makeBundle({generation: 1, revisions: 2});
    const [first, second] = made.keys;
    if (first === undefined || second === undefined) throw new Error('no keys');
    const {objects} = watched();
    const all = [...keys, ...made.keys];
    objects.ring({keys: all, layout: layout(k3.name), following: {...made.ref, sinceMs: 0}});
    objects.ring({layout: layout(second.id)});
    expect(broken(() => objects.ring({layout: layout(first.id)}))).toContain(`written with ${second.id} before`);
  });
});

describe('dangerous deeds', () => {
  const certificates: readonly DropCertificate[] = [
    {
      key: k1.name,
      check: k1.checkValue,
      stoppedWritingAtMs: 0,
      cleanBy: '',
      cleanRevision: '',
      compactedBy: '',
      atMs: 0,
    },
  ];
  const dropped: Partial<Ring> = {keys: keys.slice(0, 2), layout: layout(k2.name, [k3.name, k2.name]), certificates};
  const made = makeBundle({generation: 1, revisions: 1});
  const publishing = (hasBytes: boolean): NonNullable<Ring['publishing']> => ({
    id: 'p',
    node: 'n1',
    kind: 'first',
    revision: 1,
    approvalDelayMs: 0,
    ...(hasBytes ? {prepared: {...made.ref, id: 'p', bytes: made.text}} : {}),
  });

  test('activation, then a drop once it has converged ⇒ kept; before ⇒ violated; in one change ⇒ violated', () => {
    const {objects} = watched();
    objects.ring({layout: layout(k2.name), rotation: rotation(k2.name, false)});
    expect(broken(() => objects.ring(dropped))).toContain('another deed is in flight: activate');
    const second = watched().objects;
    second.ring({layout: layout(k2.name), rotation: rotation(k2.name, true)});
    second.ring(dropped);
    expect(broken(() => watched().objects.ring(dropped))).toContain('in flight: drop');
  });

  test('an activation while files still hold a dropped key ⇒ violated; once no member does ⇒ kept', () => {
    const start = (): ReturnType<typeof watched> => {
      const world = watched();
      world.objects.ring({layout: layout(k2.name), rotation: rotation(k2.name, true)});
      world.objects.ring(dropped);
      return world;
    };
    const activate = ({objects}: ReturnType<typeof watched>): void =>
      objects.ring({layout: layout(k3.name, [k3.name, k2.name])});
    expect(broken(() => activate(start()))).toContain('in flight: drop');
    const filed = start();
    distribute(filed.simulation.cluster, [k2, 'identity']);
    expect(broken(() => activate(filed))).toContain('in flight: drop');
    const loaded = start();
    distribute(loaded.simulation.cluster, [k2, 'identity']);
    loaded.simulation.runFor(pollMs);
    activate(loaded);
    const away = start();
    away.simulation.cluster.setMember('n1', false);
    away.simulation.cluster.setMember('n2', false);
    activate(away);
  });

  test('a publication whose bytes are recorded beside an activation ⇒ violated; one that is only asked for ⇒ kept', () => {
    const {objects} = watched();
    objects.ring({publishing: publishing(true)});
    expect(broken(() => objects.ring({layout: layout(k2.name)}))).toContain('in flight: publish');
    const second = watched().objects;
    second.ring({publishing: publishing(false)});
    second.ring({layout: layout(k2.name)});
  });

  test('a SeedBundle that the ring has no record of ⇒ violated, by whomever; recorded before ⇒ kept', () => {
    const {objects} = watched();
    expect(broken(() => objects.bundle(made.text))).toContain('before the ring had a record');
    objects.publish(made, 'first');
  });
});

describe('files', () => {
  const loaded = (): Simulation => {
    const {simulation} = watched();
    distribute(simulation.cluster, [k2, k1, k3, 'identity']);
    simulation.runFor(pollMs);
    return simulation;
  };

  test('a higher write key, and the old one leaves in another version ⇒ kept; in the same ⇒ violated', () => {
    const {cluster} = loaded();
    replaceFile(cluster, 'n1', file([k3, k2, k1, 'identity']));
    replaceFile(cluster, 'n1', file([k3, k2, 'identity']));
    expect(broken(() => replaceFile(cluster, 'n2', file([k3, k2, 'identity'])))).toContain('leaves the file');
  });

  test('an older write key ⇒ violated; where the file was a fault’s or never loaded, or no server runs ⇒ kept', () => {
    const simulation = loaded();
    const {cluster} = simulation;
    const back = (node: string): void => replaceFile(cluster, node, file([k1, k2, k3, 'identity']));
    expect(broken(() => back('n1'))).toContain(`written with ${k2.name} in this file before`);
    cluster.node('n2').disk.place(configurationPath, file([k2, k3, k1, 'identity']), {actor: 'fault'});
    back('n2');
    const away = loaded();
    away.cluster.node('n1').stop();
    replaceFile(away.cluster, 'n1', file([k1, k2, 'identity']));
    const refused = loaded();
    replaceFile(refused.cluster, 'n1', file([k3, k2, k1, 'identity']));
    replaceFile(refused.cluster, 'n1', file([k2, k1, k3, 'identity']));
  });

  test('an older key of another bundle id than the one that is followed ⇒ kept', () => {
    const made = makeBundle({generation: 1, revisions: 1});
    const [r1] = made.dataKeys;
    if (r1 === undefined) throw new Error('no key');
    const {simulation, objects} = watched();
    objects.ring({keys: [...keys, ...made.keys], following: {...made.ref, sinceMs: 0}});
    distribute(simulation.cluster, [k2, k1, r1, 'identity']);
    simulation.runFor(pollMs);
    distribute(simulation.cluster, [r1, k2, k1, 'identity']);
  });
});

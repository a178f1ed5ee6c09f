// S8 can fail: each sentence of it broken by a status that is not true, and the nearest ones that are.

import {createSimPorts, createSimulation, type Simulation, secretResource} from '@etcd-encryption/host-sim';
import {
  type CompletedRotation,
  emptyLayout,
  nodeReportResource,
  ourNamespace,
  type Ring,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {distribute, violation} from './deeds.ts';
import {file, testKey} from './files.ts';
import {minuteMs, pairOf} from './pairs.ts';
import {ProtocolObjects, ringKeyOf} from './protocol-objects.ts';

const [k1, k2] = [testKey(1), testKey(2)];

function watched(): {simulation: Simulation; objects: ProtocolObjects} {
  const simulation = createSimulation({
    seed: 6,
    nodes: 2,
    objects: {secrets: 3},
    file: file([k1, k2, 'identity']),
    oracles: ['S8 true status'],
  });
  return {simulation, objects: new ProtocolObjects(simulation.cluster)};
}

const broken = (run: () => unknown): string => {
  const {invariant, explanation} = violation(run);
  expect(invariant).toBe('S8 true status');
  return explanation;
};

function activate(simulation: Simulation): void {
  distribute(simulation.cluster, [k2, k1, 'identity']);
  simulation.runFor(minuteMs);
}

function rewriteAll({cluster}: Simulation, namespace = 'default'): void {
  const store = createSimPorts(cluster, {program: 'migrator'});
  const {items} = expectValue(store['store.list']({resource: secretResource, limit: 99, namespace}));
  for (const {metadata} of items) {
    const {name, uid = '', resourceVersion = ''} = metadata;
    expectValue(store['store.rewrite']({resource: secretResource, namespace, name, uid, resourceVersion}));
  }
}

describe('nodes', () => {
  const success = (revision: number) => ({deployStatus: {'10.0.0.1': {revision, state: 'Success'}}});

  test('Success of a revision that its server has not loaded ⇒ violated; other words of it ⇒ kept', () => {
    const {simulation, objects} = watched();
    objects.status(success(1));
    distribute(simulation.cluster, [k2, k1, 'identity']);
    objects.status({deployStatus: {'10.0.0.1': {revision: 2, state: 'Updated'}}});
    expect(broken(() => objects.status(success(2)))).toContain('no server of it ever loaded');
  });

  test('Success after its server loaded the file ⇒ kept, also when the server is gone or writes with another since', () => {
    const {simulation, objects} = watched();
    activate(simulation);
    simulation.cluster.node('n1').stop();
    objects.status(success(2));
    objects.status(success(1));
  });

  test('only the other node has loaded it ⇒ violated', () => {
    const {simulation, objects} = watched();
    simulation.runFor(minuteMs);
    simulation.cluster.node('n1').settings.automaticReload = false;
    activate(simulation);
    objects.status({deployStatus: {'10.0.0.2': {revision: 2, state: 'Success'}}});
    expect(broken(() => objects.status(success(2)))).toContain('ever loaded');
  });

  test('a report with a loaded hash that was never loaded there ⇒ violated; the hash that is loaded ⇒ kept', () => {
    const report = ({simulation}: ReturnType<typeof watched>, name: string, hash: string): void => {
      const store = createSimPorts(simulation.cluster, {program: `agent-${name}`});
      const status = {node: name, loaded: {state: 'known', hash, blocks: []}};
      const object = {metadata: {name, namespace: ourNamespace}, status};
      expectValue(store['store.create']({resource: nodeReportResource, object}));
    };
    const world = watched();
    const {file: view} = world.simulation.cluster.node('n1');
    report(world, 'n1', view.state === 'absent' ? '' : view.hash);
    expect(broken(() => report(world, 'n2', 'ab'.repeat(32)))).toContain('ever loaded');
  });
});

describe('the cluster that it speaks of', () => {
  test('its own id, or none yet ⇒ kept; another ⇒ violated, also of a node or address that is not here', () => {
    const {objects} = watched();
    objects.status({phase: 'Idle'});
    objects.status({clusterId: objects.clusterId});
    expect(broken(() => objects.status({clusterId: 'another'}))).toContain('another cluster');
    const second = watched().objects;
    expect(broken(() => second.status({deployStatus: {'10.9.9.9': {revision: 1, state: 'Processing'}}}))).toContain(
      'none of this cluster',
    );
  });

  test('the Active’s status is copied to a Standby ⇒ kept; a program there writes it again as its own ⇒ violated', () => {
    const quiet = {users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0}};
    const pair = pairOf({...quiet, oracles: ['S8 true status']});
    const [east, west] = [new ProtocolObjects(pair.cluster('east')), new ProtocolObjects(pair.cluster('west'))];
    east.status({clusterId: east.clusterId, phase: 'Idle'});
    pair.simulation.runFor(minuteMs);
    expect(broken(() => west.status({clusterId: east.clusterId, phase: 'Blocked'}))).toContain('another cluster');
  });
});

describe('migrations', () => {
  const done: CompletedRotation = {
    revision: 2,
    key: k2.name,
    reason: 'schedule',
    startedAtMs: 0,
    completedAtMs: 9,
    rewritten: 3,
    outcome: 'Complete',
  };
  const ring: Partial<Ring> = {
    keys: [k2, k1].map((key) => ringKeyOf(key)),
    layout: {...emptyLayout, keys: [k2.name, k1.name], resources: [{resource: 'secrets', write: k2.name}]},
    history: [done],
  };
  const success = {
    migration: {revision: 2, state: 'Success', resources: ['secrets'], completeTimestamp: '1970-01-01T00:00:00Z'},
  };
  const create = ({cluster}: Simulation, name: string, namespace = 'default'): void => {
    const user = createSimPorts(cluster, {program: 'someone', as: 'user'});
    expectValue(user['store.create']({resource: secretResource, object: {metadata: {name, namespace}, data: {}}}));
  };

  test('every value rewritten after every server had loaded the key ⇒ kept', () => {
    const {simulation, objects} = watched();
    objects.ring(ring);
    activate(simulation);
    rewriteAll(simulation);
    objects.status(success);
  });

  test('one value is left under the old key ⇒ violated; Failed with that value named ⇒ kept', () => {
    const {simulation, objects} = watched();
    objects.ring(ring);
    activate(simulation);
    rewriteAll(simulation);
    simulation.cluster.plant({resource: secretResource, namespace: 'default', name: 'secrets-0'}, Uint8Array.of(1));
    const left = watched();
    left.objects.ring(ring);
    activate(left.simulation);
    left.objects.status({migration: {...success.migration, state: 'Failed'}});
    expect(broken(() => left.objects.status(success))).toContain('always values under other keys');
  });

  test('a value under the old key that came after a clean moment ⇒ kept', () => {
    const {simulation, objects} = watched();
    objects.ring(ring);
    const server = simulation.cluster.node('n1').server;
    if (server === undefined) throw new Error('no server');
    const object = {metadata: {name: 'late', namespace: 'default'}, data: {}};
    const late = simulation.cluster.api.prepareCreate({server, writer: 'user'}, {resource: secretResource, object});
    activate(simulation);
    rewriteAll(simulation);
    expectValue(expectValue(late).commit());
    objects.status(success);
  });

  test('clean only before every server had loaded the key ⇒ violated', () => {
    const {simulation, objects} = watched();
    objects.ring(ring);
    simulation.runFor(minuteMs);
    simulation.cluster.node('n2').settings.automaticReload = false;
    activate(simulation);
    const [n1, n2] = simulation.cluster.nodes;
    if (n1?.server === undefined || n2?.server === undefined) throw new Error('no servers');
    const store = createSimPorts(simulation.cluster, {program: 'migrator', via: 'n1'});
    for (const {metadata} of expectValue(store['store.list']({resource: secretResource, limit: 99})).items) {
      const {name, uid = '', resourceVersion = ''} = metadata;
      expectValue(store['store.rewrite']({resource: secretResource, namespace: 'default', name, uid, resourceVersion}));
    }
    expect(broken(() => objects.status(success))).toContain('not every server');
    const object = {metadata: {name: 'old', namespace: 'default'}, data: {}};
    expectValue(simulation.cluster.api.create({server: n2.server, writer: 'user'}, {resource: secretResource, object}));
    n2.settings.automaticReload = true;
    n2.server.noticeFile();
    simulation.runFor(minuteMs);
    const later = {migration: {...success.migration, completeTimestamp: '1970-01-01T00:00:01Z'}};
    expect(broken(() => objects.status(later))).toContain('always values under other keys');
  });

  test('a resource that leaves ⇒ is clean when its values are in clear', () => {
    const leave = (isWritten: boolean): void => {
      const {simulation, objects} = watched();
      const resources = [{resource: 'secrets', write: 'identity', leaving: true as const}];
      objects.ring({...ring, layout: {...emptyLayout, keys: [k2.name, k1.name], resources}});
      distribute(simulation.cluster, ['identity', k2, k1]);
      simulation.runFor(minuteMs);
      if (isWritten) rewriteAll(simulation);
      objects.status(success);
    };
    leave(true);
    expect(broken(() => leave(false))).toContain('always values under other keys');
  });

  test('on a Standby only its own values count; on an Active the replicated ones too', () => {
    const quiet = {users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0}};
    const migrated = (side: 'east' | 'west'): void => {
      const pair = pairOf({...quiet, file: file([k1, k2, 'identity']), oracles: ['S8 true status']});
      const cluster = pair.cluster(side);
      const objects = new ProtocolObjects(cluster);
      objects.ring(ring);
      distribute(cluster, [k2, k1, 'identity']);
      pair.simulation.runFor(minuteMs);
      const store = createSimPorts(cluster, {program: `${side}/migrator`});
      for (const namespace of ['default', 'kube-system']) {
        for (const {metadata} of expectValue(store['store.list']({resource: secretResource, limit: 99, namespace}))
          .items) {
          const {name, uid = '', resourceVersion = ''} = metadata;
          expectValue(store['store.rewrite']({resource: secretResource, namespace, name, uid, resourceVersion}));
        }
      }
      objects.status({...success, clusterId: objects.clusterId}, `${side}/controller`);
    };
    migrated('west');
    expect(broken(() => migrated('east'))).toContain('always values under other keys');
  });

  test('it is said once more after users wrote on ⇒ judged once', () => {
    const {simulation, objects} = watched();
    objects.ring(ring);
    activate(simulation);
    rewriteAll(simulation);
    objects.status(success);
    create(simulation, 'new');
    objects.status({...success, phase: 'Idle'});
  });
});

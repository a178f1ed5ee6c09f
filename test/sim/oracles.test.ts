// Every oracle can fail: for each invariant, sequences of deeds that break it, and the nearest ones that do not.

import type {DataKey} from '@etcd-encryption/crypto';
import {
  createSimPorts,
  createSimulation,
  type Simulation,
  type SimulationOptions,
  secretResource,
} from '@etcd-encryption/host-sim';
import {configurationPath, historyPath} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {distribute, replaceFile, violation} from './deeds.ts';
import {type Entry, file, historyLine, shortKey, testKey} from './files.ts';

const [k1, k2, k3] = [testKey(1), testKey(2), testKey(3)];
const pollMs = 60_000;

function encrypted(options: Partial<SimulationOptions> = {}): Simulation {
  const simulation = createSimulation({
    seed: 3,
    nodes: 2,
    objects: {secrets: 4},
    file: file([k1, 'identity']),
    ...options,
  });
  for (const {disk} of simulation.cluster.nodes) disk.place(historyPath, join([k1, k2]));
  return simulation;
}

const join = (keys: readonly DataKey[]): Uint8Array => new Uint8Array(keys.flatMap((key) => [...historyLine(key)]));

const write = ({cluster}: Simulation, node: string, bytes: Uint8Array, skipSync = false): void =>
  replaceFile(cluster, node, bytes, skipSync);
const everywhere = ({cluster}: Simulation, entries: readonly Entry[]): void => distribute(cluster, entries);

describe('S1 readable', () => {
  test('a server loads a file without a needed key ⇒ violated, with node, key and time', () => {
    const simulation = encrypted({oracles: ['S1 readable']});
    // Nobody's program did it, so S3 says nothing; the server then loads it.
    simulation.cluster.node('n1').disk.place(configurationPath, file([k2, 'identity']));
    const detail = violation(() => simulation.runFor(pollMs));
    expect(detail).toMatchObject({invariant: 'S1 readable', node: 'n1'});
    expect(detail.atMs).toBeGreaterThan(0);
  });

  test('a value appears under a key that no server has loaded ⇒ violated', () => {
    const simulation = encrypted({nodes: 1, oracles: ['S1 readable']});
    const {cluster} = simulation;
    const object = {metadata: {name: 'x', namespace: 'default'}, data: {}};
    // Encrypted now, committed after the server lost the key.
    const server = cluster.node('n1').server;
    if (server === undefined) throw new Error('no server');
    const late = cluster.api.prepareCreate({server, writer: 'user'}, {resource: secretResource, object});
    expect(late.ok).toBe(true);
    for (const secret of cluster.etcd.range({prefix: '/registry/secrets/', limit: 99}).items) {
      cluster.etcd.delete(secret.key, secret.modRevision, 'user');
    }
    cluster.etcd.compact(cluster.etcd.revision);
    cluster.node('n1').disk.place(configurationPath, file([k2, 'identity']));
    simulation.runFor(pollMs);
    const detail = violation(() => expectValue(late).commit());
    expect(detail).toMatchObject({invariant: 'S1 readable', node: 'n1', key: `aesgcm/${k1.name}/${k1.checkValue}`});
  });

  test('a restarted server whose file is too old ⇒ a finding first, a violation when nothing repairs it', () => {
    const simulation = encrypted({nodes: 1});
    const node = simulation.cluster.node('n1');
    node.stop();
    node.disk.place(configurationPath, file([k2, 'identity']));
    node.start();
    simulation.runFor(10_000);
    expect(simulation.findings).toMatchObject([{name: 'UngatedStart', node: 'n1'}]);
    expect(violation(() => simulation.runFor(600_000)).invariant).toBe('S1 readable');
  });

  test('the same, repaired by the next poll ⇒ a finding only', () => {
    const simulation = encrypted({nodes: 1});
    const node = simulation.cluster.node('n1');
    node.stop();
    node.disk.place(configurationPath, file([k2, 'identity']));
    node.start();
    simulation.runFor(10_000);
    node.disk.place(configurationPath, file([k2, k1, 'identity']));
    simulation.runFor(600_000);
    expect(simulation.findings).toHaveLength(1);
  });
});

describe('S2 write after read', () => {
  test('a new key is the write key at once ⇒ violated', () => {
    const simulation = encrypted();
    const detail = violation(() => write(simulation, 'n1', file([k2, k1, 'identity'])));
    expect(detail).toMatchObject({invariant: 'S2 write after read', key: `aesgcm/${k2.name}/${k2.checkValue}`});
  });

  test('files hold it everywhere, one server has not loaded it ⇒ violated', () => {
    const simulation = encrypted();
    everywhere(simulation, [k1, k2, 'identity']);
    expect(violation(() => write(simulation, 'n2', file([k2, k1, 'identity']))).invariant).toBe('S2 write after read');
  });

  test('loaded everywhere, then reordered ⇒ kept', () => {
    const simulation = encrypted();
    everywhere(simulation, [k1, k2, 'identity']);
    simulation.runFor(pollMs);
    everywhere(simulation, [k2, k1, 'identity']);
    simulation.runFor(pollMs);
    expect(simulation.users.verifyAll()).toBe(true);
  });

  test('a member that is down and has not the key in its file ⇒ violated; forgotten first ⇒ kept', () => {
    const rotate = (forget: boolean): void => {
      const simulation = encrypted();
      simulation.cluster.node('n2').stop();
      if (forget) simulation.cluster.setMember('n2', false);
      write(simulation, 'n1', file([k1, k2, 'identity']));
      simulation.runFor(pollMs);
      write(simulation, 'n1', file([k2, k1, 'identity']));
    };
    expect(violation(() => rotate(false)).node).toBe('n2');
    rotate(true);
  });

  test('a member joins with nothing ⇒ violated', () => {
    const simulation = encrypted();
    const options = {name: 'n3', address: '10.0.0.3'};
    expect(violation(() => simulation.cluster.addNode(options, undefined)).invariant).toBe('S2 write after read');
  });
});

describe('S3 drop after need', () => {
  /** Loaded, written and migrated under r2; history still holds r1 until two compactions later. */
  function migrated(): Simulation {
    const simulation = encrypted();
    everywhere(simulation, [k1, k2, 'identity']);
    simulation.runFor(pollMs);
    everywhere(simulation, [k2, k1, 'identity']);
    simulation.runFor(pollMs);
    const ports = createSimPorts(simulation.cluster, {program: 'migrator'});
    const {items} = expectValue(ports['store.list']({resource: secretResource, limit: 99}));
    for (const {metadata} of items) {
      const {name, namespace = '', uid = '', resourceVersion = ''} = metadata;
      expectValue(ports['store.rewrite']({resource: secretResource, name, namespace, uid, resourceVersion}));
    }
    return simulation;
  }

  test('dropped while values need it ⇒ violated', () => {
    const simulation = encrypted();
    everywhere(simulation, [k1, k2, 'identity']);
    simulation.runFor(pollMs);
    everywhere(simulation, [k2, k1, 'identity']);
    simulation.runFor(pollMs);
    expect(violation(() => write(simulation, 'n1', file([k2, 'identity'])))).toMatchObject({
      invariant: 'S3 drop after need',
      key: `aesgcm/${k1.name}/${k1.checkValue}`,
    });
  });

  test('dropped while uncompacted history needs it ⇒ violated; after compaction ⇒ kept', () => {
    expect(violation(() => write(migrated(), 'n1', file([k2, 'identity']))).invariant).toBe('S3 drop after need');
    const simulation = migrated();
    simulation.runFor(11 * 60_000);
    everywhere(simulation, [k2, 'identity']);
    simulation.runFor(pollMs);
    expect(simulation.users.verifyAll()).toBe(true);
  });

  test('dropped while a write under it is not committed yet ⇒ violated', () => {
    const simulation = encrypted();
    everywhere(simulation, [k1, k2, 'identity']);
    simulation.runFor(pollMs);
    const server = simulation.cluster.node('n1').server;
    if (server === undefined) throw new Error('no server');
    const object = {metadata: {name: 'late', namespace: 'default'}, data: {}};
    simulation.cluster.api.prepareCreate({server, writer: 'user'}, {resource: secretResource, object});
    for (const secret of simulation.cluster.etcd.range({prefix: '/registry/secrets/', limit: 99}).items) {
      simulation.cluster.etcd.delete(secret.key, secret.modRevision, 'user');
    }
    everywhere(simulation, [k2, k1, 'identity']);
    simulation.runFor(12 * 60_000);
    expect(violation(() => write(simulation, 'n1', file([k2, 'identity']))).explanation).toContain('need it');
  });

  test('dropped while another server writes with it ⇒ violated', () => {
    const simulation = encrypted({objects: {}, oracles: ['S3 drop after need']});
    everywhere(simulation, [k1, k2, 'identity']);
    simulation.runFor(pollMs);
    write(simulation, 'n1', file([k2, k1, 'identity']));
    expect(violation(() => write(simulation, 'n1', file([k2, 'identity']))).explanation).toContain('n1 writes');
  });

  test('dropped while one history lacks it ⇒ violated', () => {
    const simulation = migrated();
    simulation.runFor(11 * 60_000);
    simulation.cluster.node('n2').disk.place(historyPath, join([k2]));
    expect(violation(() => write(simulation, 'n1', file([k2, 'identity']))).explanation).toContain('history of n2');
  });

  test('a key that no server ever loaded is taken back ⇒ kept', () => {
    const simulation = encrypted();
    write(simulation, 'n1', file([k1, k3, 'identity']));
    write(simulation, 'n1', file([k1, 'identity']));
    simulation.runFor(pollMs);
  });
});

test('S5: one name for two keys, on two nodes ⇒ violated', () => {
  const [one, other] = [testKey(5), testKey(5, 1)];
  const forged = {name: one.name, provider: 'aesgcm' as const};
  const simulation = encrypted();
  write(simulation, 'n1', file([k1, one, 'identity']));
  const bytes = new TextDecoder().decode(file([k1, other, 'identity'])).replace(other.name, forged.name);
  const detail = violation(() => write(simulation, 'n2', new TextEncoder().encode(bytes)));
  expect(detail).toMatchObject({invariant: 'S5 one name, one key', node: 'n2'});
});

describe('S9 content', () => {
  const ports = ({cluster}: Simulation) => createSimPorts(cluster, {program: 'engine'});
  const address = {resource: secretResource, namespace: 'default', name: 'secrets-0'};

  test('a program changes, creates or deletes an object of a user ⇒ violated', () => {
    const deeds: readonly ((store: ReturnType<typeof ports>) => unknown)[] = [
      (store) => {
        const object = expectValue(store['store.get'](address));
        if (object === undefined) throw new Error('no object');
        return store['store.replace']({resource: secretResource, object: {...object, data: {content: 'old'}}});
      },
      (store) => {
        const object = {metadata: {name: 'surplus', namespace: 'default'}, data: {}};
        return store['store.create']({resource: secretResource, object});
      },
      (store) => {
        const metadata = expectValue(store['store.get'](address))?.metadata;
        const {uid = '', resourceVersion = ''} = metadata ?? {};
        return store['store.delete']({...address, uid, resourceVersion});
      },
    ];
    for (const deed of deeds) {
      const simulation = encrypted();
      expect(violation(() => deed(ports(simulation))).invariant).toBe('S9 content');
    }
  });

  test('a rewrite under a new write key ⇒ kept', () => {
    const simulation = encrypted({nodes: 1});
    write(simulation, 'n1', file([k1, k2, 'identity']));
    simulation.runFor(pollMs);
    write(simulation, 'n1', file([k2, k1, 'identity']));
    simulation.runFor(pollMs);
    const store = ports(simulation);
    const {uid = '', resourceVersion = ''} = expectValue(store['store.get'](address))?.metadata ?? {};
    const written = expectValue(store['store.rewrite']({...address, uid, resourceVersion}));
    expect(written.resourceVersion).not.toBe(resourceVersion);
  });
});

describe('S11 file', () => {
  test('a file that does not parse ⇒ violated', () => {
    const simulation = encrypted();
    const broken = file([k1, 'identity']).slice(0, 200);
    expect(violation(() => write(simulation, 'n1', broken)).invariant).toBe('S11 file');
  });

  test('renamed before its content was synced ⇒ violated, without any crash', () => {
    const simulation = encrypted();
    const detail = violation(() => write(simulation, 'n1', file([k1, k2, 'identity']), true));
    expect(detail.invariant).toBe('S11 file');
  });

  test('written in place ⇒ violated', () => {
    const {cluster} = encrypted();
    const ports = createSimPorts(cluster, {program: 'writer', node: 'n1'});
    const bytes = file([k1, k2, 'identity']).slice(0, 100);
    expect(violation(() => ports['files.write']({path: configurationPath, bytes, append: false})).invariant).toBe(
      'S11 file',
    );
  });

  test('a whole file written in place ⇒ violated, since a power loss leaves a part of it', () => {
    const {cluster} = encrypted();
    const ports = createSimPorts(cluster, {program: 'writer', node: 'n1'});
    const bytes = file([k1, k2, 'identity']);
    expect(violation(() => ports['files.write']({path: configurationPath, bytes, append: false})).invariant).toBe(
      'S11 file',
    );
  });

  test('removed ⇒ violated', () => {
    const {cluster} = encrypted({oracles: ['S11 file']});
    const ports = createSimPorts(cluster, {program: 'writer', node: 'n1'});
    expect(violation(() => ports['files.remove']({path: configurationPath})).explanation).toContain('missing');
  });

  const refusing = (): Simulation => {
    const simulation = encrypted();
    for (const {settings} of simulation.cluster.nodes) settings.accepts = (kind) => kind !== 'aesgcm/16';
    return simulation;
  };

  test('a kind that the server refuses, on one node, taken back within a period ⇒ kept', () => {
    const simulation = refusing();
    write(simulation, 'n1', file([k1, shortKey('old'), 'identity']));
    simulation.runFor(pollMs + 30_000);
    expect(simulation.cluster.node('n1').server?.reloadFailures).toBeGreaterThan(0);
    write(simulation, 'n1', file([k1, 'identity']));
    simulation.runFor(600_000);
  });

  test('the same on two nodes, or never taken back ⇒ violated', () => {
    const twice = refusing();
    write(twice, 'n1', file([k1, shortKey('old'), 'identity']));
    expect(violation(() => write(twice, 'n2', file([k1, shortKey('old'), 'identity']))).node).toBe('n2');
    const left = refusing();
    write(left, 'n1', file([k1, shortKey('old'), 'identity']));
    expect(violation(() => left.runFor(600_000)).explanation).toContain('not taken back');
  });

  test('damage by a fault ⇒ excused until a program has repaired it, then judged again', () => {
    const simulation = encrypted();
    const {disk} = simulation.cluster.node('n1');
    disk.place(configurationPath, file([k1, 'identity']).slice(0, 50), {actor: 'fault'});
    simulation.runFor(pollMs);
    write(simulation, 'n1', file([k1, 'identity']));
    const broken = file([k1, 'identity']).slice(0, 60);
    expect(violation(() => write(simulation, 'n1', broken)).invariant).toBe('S11 file');
  });
});

test('no oracles are asked for ⇒ nobody throws', () => {
  const simulation = encrypted({oracles: []});
  write(simulation, 'n1', file([k2, 'identity']));
  simulation.runFor(pollMs);
  expect(simulation.users.verifyAll()).toBe(false);
});

test('a file that somebody edited by hand ⇒ findings, no violation, until a program writes it', () => {
  const simulation = encrypted();
  simulation.cluster.node('n1').disk.place(configurationPath, file([k2, 'identity']), {actor: 'fault'});
  simulation.runFor(pollMs);
  expect(simulation.findings.map(({name}) => name)).toContain('TamperedFile');
  write(simulation, 'n1', file([k1, k2, 'identity']));
  simulation.runFor(pollMs);
  expect(simulation.users.verifyAll()).toBe(true);
});

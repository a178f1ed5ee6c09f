// What the simulated world does, sentence by sentence: the assumptions about kube-apiserver, etcd and a disk that the
// engine is tried against.

import {utf8} from '@etcd-encryption/crypto';
import {serverIdentity} from '@etcd-encryption/host-k8s';
import {
  createSimPorts,
  createSimulation,
  type Simulation,
  type SimulationOptions,
  secretResource,
} from '@etcd-encryption/host-sim';
import {
  configurationPath,
  eventResource,
  leaseResource,
  type StoredObject,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {canonicalObject} from '../../host-sim/src/world/canonical.ts';
import {expectError, expectValue} from '../ports/answers.ts';
import {file, testKey} from './files.ts';

const [k1, k2] = [testKey(1), testKey(2)];
const pollMs = 60_000;

/** A world that nobody watches: what is tried here would break every invariant. */
const world = (options: Partial<SimulationOptions> = {}): Simulation =>
  createSimulation({seed: 5, nodes: 1, oracles: [], file: file([k1, 'identity']), ...options});

const portsOf = ({cluster}: Simulation, node = 'n1', more = {}): SyncPorts =>
  createSimPorts(cluster, {program: 'test', node, ...more});
const place = ({cluster}: Simulation, node: string, bytes: Uint8Array): void =>
  cluster.node(node).disk.place(configurationPath, bytes);
const secret = (name: string): StoredObject => ({metadata: {name, namespace: 'default'}, data: {a: name}});
const create = (ports: SyncPorts, name: string): StoredObject =>
  expectValue(ports['store.create']({resource: secretResource, object: secret(name)}));

function prefixes(ports: SyncPorts): readonly string[] {
  const {entries} = expectValue(ports['etcd.scan']({prefix: '/registry/secrets/', limit: 99, headBytes: 40}));
  return entries.map(({head}) => new TextDecoder().decode(head).split(':').slice(0, 5).join(':'));
}

describe('a server and its file', () => {
  test('a changed file ⇒ loaded at the next poll, at most a period later, each server at its own time', () => {
    const simulation = world({nodes: 3});
    const loadedAt = new Map<string, number>();
    simulation.cluster.observe({onServer: ({name}) => loadedAt.set(name, simulation.nowMs)});
    for (const node of ['n1', 'n2', 'n3']) place(simulation, node, file([k1, k2, 'identity']));
    simulation.runFor(pollMs);
    const times = [...loadedAt.values()];
    expect(times).toHaveLength(3);
    expect(new Set(times).size).toBe(3);
    expect(Math.max(...times)).toBeLessThanOrEqual(pollMs);
  });

  test('automatic reload is off ⇒ the old keys until a restart', () => {
    const simulation = world({nodes: [{name: 'n1', address: '10.0.0.1', automaticReload: false}]});
    place(simulation, 'n1', file([k2, k1, 'identity']));
    simulation.runFor(10 * pollMs);
    create(portsOf(simulation), 'a');
    expect(prefixes(portsOf(simulation))).toEqual([`k8s:enc:aesgcm:v1:${k1.name}`]);
  });

  test('FIPS only ⇒ aesgcm is refused', () => {
    const simulation = world({file: file(['identity']), nodes: [{name: 'n1', address: '10.0.0.1', fipsOnly: true}]});
    place(simulation, 'n1', file([k1, 'identity']));
    simulation.runFor(pollMs);
    expect(expectValue(portsOf(simulation)['server.evidence']({})).reloadFailures).toBe(1);
  });

  test('older metrics ⇒ no hash, no identity before 1.29, and with one nothing before the first reload', () => {
    const simulation = world({
      nodes: [
        {name: 'n1', address: '10.0.0.1', metrics: 'labelled'},
        {name: 'n2', address: '10.0.0.2', metrics: 'split'},
        {name: 'n3', address: '10.0.0.3', metrics: 'none'},
      ],
    });
    const names = ['n1', 'n2', 'n3'];
    const seenOf = () =>
      names.map((node) => {
        const {form, loadedHash, identityHashes, reloadSuccesses} = expectValue(
          portsOf(simulation, node)['server.evidence']({}),
        );
        return [form, loadedHash, identityHashes.length, reloadSuccesses];
      });
    expect(seenOf()).toEqual([
      ['none', undefined, 0, 0],
      ['split', undefined, 0, 0],
      ['none', undefined, 0, 0],
    ]);
    for (const name of names) place(simulation, name, file([k1, k2, 'identity']));
    simulation.runFor(pollMs);
    expect(seenOf()).toEqual([
      ['labelled', undefined, 1, 1],
      ['split', undefined, 0, 1],
      ['none', undefined, 0, 0],
    ]);
  });

  test('identity and its hash ⇒ what the real host computes from the same host name', () => {
    const evidence = expectValue(portsOf(world())['server.evidence']({}));
    const {identity, hash} = serverIdentity('n1');
    expect([evidence.expectedIdentity, evidence.expectedIdentityHash]).toEqual([identity, hash]);
  });

  test('a server that is draining ⇒ takes no request, may still commit for a while', () => {
    const simulation = world();
    const node = simulation.cluster.node('n1');
    const {server} = node;
    node.stop(130_000);
    simulation.runFor(100_000);
    expect([server?.serves, server?.mayWrite]).toEqual([false, true]);
    simulation.runFor(30_000);
    expect(server?.mayWrite).toBe(false);
  });
});

describe('values under keys', () => {
  test('encryptions and decryptions ⇒ counted under the name of the key, from nothing after a restart', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    for (const name of ['a', 'b', 'c']) create(ports, name);
    expect(expectValue(ports['server.evidence']({})).encryptions).toEqual({[k1.name]: 3});
    simulation.cluster.node('n1').restart();
    simulation.runFor(10_000);
    expect(expectValue(ports['server.evidence']({})).encryptions).toEqual({});
  });
});

describe('history and pages', () => {
  test('compaction every five minutes, one period behind ⇒ events at an old revision answer 410', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    const {resourceVersion} = expectValue(ports['store.list']({resource: secretResource, limit: 1}));
    const at = () => ports['store.list']({resource: eventResource, limit: 1, atRevision: resourceVersion});
    create(ports, 'a');
    expectValue(at());
    simulation.runFor(299_000);
    expectValue(at());
    simulation.runFor(700_000);
    expectError(at(), 'gone', 'Expired');
    expect(expectValue(ports['etcd.isCompacted']({revision: Number(resourceVersion)}))).toBe(true);
  });

  test('a token that compaction overtook ⇒ gone, with one that goes on at the same place', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    for (const name of ['a', 'b', 'c']) create(ports, name);
    const first = expectValue(ports['store.list']({resource: secretResource, limit: 1}));
    simulation.runFor(900_000);
    const next = ports['store.list']({resource: secretResource, limit: 5, continue: first.continue ?? ''});
    const error = expectError(next, 'gone', 'Expired');
    const page = expectValue(ports['store.list']({resource: secretResource, limit: 5, continue: error.continue ?? ''}));
    expect(page.items.map(({metadata}) => metadata.name)).toEqual(['b', 'c']);
  });

  test('a quiet hour ⇒ server leases renewed within ten seconds, those of a stopped server stay as they were', () => {
    const simulation = world({nodes: 2});
    const ports = portsOf(simulation);
    const ages = (): readonly number[] => {
      const labelSelector = 'apiserver.kubernetes.io/identity=kube-apiserver';
      const {items} = expectValue(ports['store.list']({resource: leaseResource, labelSelector, limit: 9}));
      const now = expectValue(ports['clock.now']({})).wallMs;
      return items.map(({spec}) => now - Date.parse((spec as {renewTime: string}).renewTime)).sort((a, b) => a - b);
    };
    simulation.runFor(3_600_000);
    expect(Math.max(...ages())).toBeLessThan(10_000);
    simulation.cluster.node('n2').stop();
    simulation.runFor(1_800_000);
    expect(ages()[1]).toBeGreaterThan(1_700_000);
    simulation.runFor(3_600_000);
    expect(ages()).toHaveLength(1);
  });
});

describe('a disk', () => {
  const path = '/etc/kubernetes/a';
  const content = (ports: SyncPorts) => {
    const read = expectValue(ports['files.read']({path}));
    return read === undefined ? undefined : new TextDecoder().decode(read.bytes);
  };
  const write = (ports: SyncPorts, text: string): void => {
    ports['files.create']({path, mode: 0o600});
    expectValue(ports['files.write']({path, bytes: utf8(text), append: false}));
  };

  test('power loss before any sync ⇒ no file; after the directory’s only ⇒ an empty one; after both ⇒ all', () => {
    const after = (...syncs: readonly ('file' | 'directory')[]) => {
      const simulation = world();
      const ports = portsOf(simulation);
      write(ports, 'new');
      if (syncs.includes('file')) expectValue(ports['files.sync']({path}));
      if (syncs.includes('directory')) expectValue(ports['files.syncDirectory']({path: '/etc/kubernetes'}));
      simulation.powerLoss('n1', 1);
      return content(ports);
    };
    expect([after(), after('file'), after('directory'), after('file', 'directory')]).toEqual([
      undefined,
      undefined,
      '',
      'new',
    ]);
  });

  test('power loss that loses nothing ⇒ everything is there', () => {
    const simulation = world();
    write(portsOf(simulation), 'new');
    simulation.powerLoss('n1', 0);
    expect(content(portsOf(simulation))).toBe('new');
  });

  test('no space ⇒ a torn write and ENOSPC, and what fits is there', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    write(ports, 'old');
    simulation.cluster.node('n1').disk.faults.freeBytes = 4;
    const bytes = utf8(' and new');
    expectError(ports['files.write']({path, bytes, append: true}), 'unavailable', 'ENOSPC');
    expect(content(ports)).toBe('old and');
  });

  test('the path is a mount point ⇒ renaming onto it is EBUSY and changes nothing', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    write(ports, 'new');
    simulation.cluster.node('n1').disk.faults.mountPoints = new Set([configurationPath]);
    expectError(ports['files.rename']({from: path, to: configurationPath}), 'conflict', 'EBUSY');
    expect(content(ports)).toBe('new');
  });

  test('a fault on one operation ⇒ its errno, and nothing happened', () => {
    const simulation = world();
    const ports = portsOf(simulation);
    write(ports, 'old');
    const {faults} = simulation.cluster.node('n1').disk;
    faults.refuse = (operation) => (operation === 'write' ? 'EIO' : undefined);
    expectError(ports['files.write']({path, bytes: utf8('x'), append: false}), 'unavailable', 'EIO');
    expect(content(ports)).toBe('old');
  });
});

describe('a node', () => {
  test('power loss and boot ⇒ the server starts first, the agent later, the monotonic clock anew', () => {
    const simulation = world();
    const seen: number[] = [];
    const ports = portsOf(simulation);
    simulation.startProgram(
      'agent',
      function* () {
        for (;;) {
          yield {op: 'clock.sleep', args: {ms: 1_000}};
          seen.push(simulation.nowMs);
        }
      },
      ports,
      {node: 'n1'},
    );
    simulation.runUntil(10_500);
    simulation.powerLoss('n1');
    expect(simulation.cluster.node('n1').server).toBeUndefined();
    simulation.runFor(100_000);
    const before = seen.length;
    simulation.boot('n1');
    simulation.runFor(9_000);
    expect(simulation.cluster.node('n1').server?.serves).toBe(true);
    expect(seen).toHaveLength(before);
    simulation.runFor(10_000);
    expect(seen.length).toBeGreaterThan(before);
    expect(expectValue(ports['clock.now']({})).monotonicMs).toBe(19_000);
  });

  test('a skewed clock ⇒ the wall clock of that node alone', () => {
    const simulation = world({nodes: 2});
    simulation.cluster.node('n2').settings.clockSkewMs = -5_000;
    const [one, two] = ['n1', 'n2'].map((node) => expectValue(portsOf(simulation, node)['clock.now']({})));
    expect((one?.wallMs ?? 0) - (two?.wallMs ?? 0)).toBe(5_000);
    expect(one?.monotonicMs).toBe(two?.monotonicMs);
  });
});

describe('a new version of an object', () => {
  const before = canonicalObject({b: {x: [1, {y: 2}]}, a: 'old', gone: 1});

  test('what equals the version before in its place ⇒ is the same object, and all of it where nothing changed', () => {
    const next = canonicalObject({gone: 1, a: 'new', b: {x: [1, {y: 2}]}}, before);
    expect(next).toEqual({a: 'new', b: {x: [1, {y: 2}]}, gone: 1});
    expect(next.b).toBe(before.b);
    expect(canonicalObject({gone: 1, b: {x: [1, {y: 2}]}, a: 'old'}, before)).toBe(before);
  });

  test('a member goes, comes, or becomes shorter ⇒ it is not taken from the version before', () => {
    expect(canonicalObject({b: {x: [1, {y: 2}]}, a: 'old'}, before)).toEqual({a: 'old', b: {x: [1, {y: 2}]}});
    expect(canonicalObject({...before, gone: undefined}, before)).toEqual({a: 'old', b: {x: [1, {y: 2}]}});
    expect(canonicalObject({...before, more: 1}, before)).toEqual({...before, more: 1});
    expect(canonicalObject({...before, b: {x: [1]}}, before)).toEqual({...before, b: {x: [1]}});
    expect(canonicalObject({...before, b: ['x']}, before)).toEqual({...before, b: ['x']});
  });
});

// A cluster whose servers show no hash of what they have loaded, as before Kubernetes 1.34.

import {createSimPorts} from '@etcd-encryption/host-sim';
import {nodeReportResource, ourNamespace} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {EngineCluster} from './engine-cluster.ts';

const nodes = ['n1', 'n2', 'n3'].map((name, at) => ({name, address: `10.0.0.${at + 1}`, metrics: 'labelled'}) as const);
const pollMs = 60_000;

test('a server refuses the next file ⇒ taken back within a poll and a period, named; it learns better ⇒ the rotation completes', () => {
  const cluster = new EngineCluster({simulation: {nodes}});
  const {simulation} = cluster;
  cluster.complete(1);
  const n2 = simulation.cluster.node('n2');
  const loaded = n2.file;
  const operator = createSimPorts(simulation.cluster, {program: 'operator', as: 'user'});
  n2.settings.accepts = () => n2.file === loaded;
  cluster.annotate('config', 'etcd-encryption.alauda.io/rotate', 'once');
  cluster.until('the file of n2 changes', () => n2.file !== loaded);
  expect(n2.refusalOf(n2.file)).toBeDefined();
  cluster.until('the file of n2 is back', () => n2.file === loaded, pollMs + 2_000);
  cluster.until('it is said', () => cluster.said.includes('FileRefused: '), 2 * pollMs);
  simulation.runFor(10 * pollMs);
  expect(n2.file).toBe(loaded);
  expect(n2.server?.reloadFailures).toBe(1);
  expect(cluster.ring.layout.resources.every(({write}) => write.startsWith('r1-'))).toBe(true);
  simulation.restartProgram('agent-n2', 1_000);
  simulation.runFor(pollMs);
  // What is there again is known to be loaded, though it is not loaded anew and its agent began anew.
  const report = expectValue(
    operator['store.get']({resource: nodeReportResource, namespace: ourNamespace, name: 'n2'}),
  );
  expect(report?.status).toMatchObject({
    loaded: {state: 'known'},
    refusedFile: {why: expect.stringContaining('failed reload')},
  });
  n2.settings.accepts = () => true;
  n2.restart();
  cluster.complete(2);
  expect(simulation.users.failures).toEqual([]);
  expect(simulation.users.verifyAll()).toBe(true);
});

test('every file is loaded ⇒ nothing is taken back, and two rotations complete', () => {
  const cluster = new EngineCluster({simulation: {nodes}});
  cluster.complete(1);
  for (const revision of [2, 3]) {
    cluster.annotate('config', 'etcd-encryption.alauda.io/rotate', `rotation ${revision}`);
    cluster.complete(revision);
  }
  expect(cluster.simulation.cluster.nodes.map(({server}) => server?.reloadFailures)).toEqual([0, 0, 0]);
  expect(cluster.simulation.users.failures).toEqual([]);
});

test('every poll comes within a second after the file ⇒ each file counts as loaded, and two rotations complete', () => {
  const cluster = new EngineCluster({simulation: {nodes, pollMs: 600}});
  // What is in force at first is known of servers that began after their files.
  cluster.simulation.runFor(1_100);
  for (const node of cluster.simulation.cluster.nodes) node.restart();
  cluster.simulation.runFor(pollMs);
  cluster.complete(1);
  cluster.annotate('config', 'etcd-encryption.alauda.io/rotate', 'once');
  cluster.complete(2);
  expect(cluster.simulation.users.failures).toEqual([]);
});

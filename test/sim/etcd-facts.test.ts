// What etcd itself says: whether history is gone, and whether there is room for rewriting. The engine on a simulated
// cluster, with answers changed on the way.

import type {Decorator} from '@etcd-encryption/host-sim';
import {annotation, type EtcdStatus, failed, type NodePlatform, ok} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';

const minute = 60_000;
const agents = ['agent-n1', 'agent-n2'];
const droppable = {retention: {revisions: 1, minAge: '0s'}};

function twoKeys(etcd: boolean): EngineCluster {
  const cluster = new EngineCluster({
    simulation: {nodes: 2, objects: {secrets: 6, configmaps: 4}},
    spec: droppable,
    etcd,
  });
  cluster.complete(1);
  return cluster;
}

/** Puts a fault in front of programs; the answer takes it away. */
function decorateAll(cluster: EngineCluster, programs: readonly string[], decorator: Decorator): () => void {
  const undo = programs.map((program) => cluster.simulation.decorate(program, decorator));
  return () => {
    for (const each of undo) each();
  };
}

const answers =
  (operation: string, value: unknown): Decorator =>
  (op, _, next) =>
    op === operation ? ok(value) : next();

describe('compaction past the clean proof', () => {
  test('etcd says that history is there while a list of events answers 410 ⇒ not dropped before etcd says otherwise', () => {
    const cluster = twoKeys(true);
    const undo = decorateAll(cluster, agents, answers('etcd.isCompacted', false));
    cluster.annotate('config', annotation.rotate, 'a second key');
    cluster.complete(2);
    cluster.until('a scan is clean of r1', () => cluster.ring.clean.length > 0);
    const revision = Number(cluster.ring.clean[0]?.revision);
    cluster.until('events would answer 410', () => cluster.simulation.cluster.etcd.compactedRevision > revision);
    cluster.simulation.runFor(20 * minute);
    expect(cluster.ring.certificates).toEqual([]);
    undo();
    cluster.until('r1 is dropped', () => cluster.ring.certificates.length > 0);
    expect(cluster.ring.certificates[0]?.compactedBy).toBe('etcd');
  });

  test('no node reads etcd, and servers keep events elsewhere ⇒ not dropped while they do, and named', () => {
    const cluster = twoKeys(false);
    const undo = decorateAll(cluster, agents, (op, _, next) => {
      const answer = next();
      if (op !== 'server.platform' || !answer.ok) return answer;
      return ok({...(answer.value as NodePlatform), etcdOverrides: ['/events']});
    });
    cluster.annotate('config', annotation.rotate, 'a second key');
    cluster.complete(2);
    cluster.until('said', () => cluster.said.includes('HistoryNotCompacted'));
    cluster.simulation.runFor(20 * minute);
    expect(cluster.ring.certificates).toEqual([]);
    undo();
    cluster.until('r1 is dropped', () => cluster.ring.certificates.length > 0);
    expect(cluster.ring.certificates[0]?.compactedBy).toBe('events-410');
  });
});

describe('room for rewriting', () => {
  const space = (dbSizeInUse: number): EtcdStatus => ({dbSize: 900, dbSizeInUse, dbSizeQuota: 1_000});

  test('80 % of the quota is in use ⇒ the migration waits with a named reason, and goes on after a compaction', () => {
    const cluster = twoKeys(true);
    const undo = decorateAll(cluster, agents, answers('etcd.status', space(800)));
    cluster.annotate('config', annotation.rotate, 'a second key');
    cluster.until('it waits', () => cluster.said.includes('EtcdSpaceLow'));
    let rewrites = 0;
    cluster.decorate('controller', (op, _, next) => {
      if (op === 'store.rewrite') rewrites++;
      return next();
    });
    cluster.simulation.runFor(10 * minute);
    expect(rewrites).toBe(0);
    expect(cluster.said).toContain('80 % of the quota is in use');
    undo();
    decorateAll(cluster, agents, answers('etcd.status', space(790)));
    cluster.complete(2);
    expect(rewrites).toBeGreaterThan(0);
    cluster.simulation.runFor(minute);
    expect(cluster.said).not.toContain('EtcdSpaceLow');
  });

  test('etcd is not read, and refuses rewrites for want of space ⇒ waits, tries now and then, and completes afterwards', () => {
    const cluster = twoKeys(false);
    let refused = 0;
    const undo = cluster.simulation.decorate('controller', (op, _, next) => {
      if (op !== 'store.rewrite') return next();
      refused++;
      return failed('ambiguous', 'etcdserver: mvcc: database space exceeded', {reason: 'InternalError'});
    });
    cluster.annotate('config', annotation.rotate, 'a second key');
    cluster.until('it waits', () => cluster.said.includes('EtcdSpaceLow'));
    const before = refused;
    cluster.simulation.runFor(10 * minute);
    expect(refused - before).toBeGreaterThan(0);
    expect(refused - before).toBeLessThanOrEqual(11 * 4);
    undo();
    cluster.complete(2);
    expect(cluster.simulation.users.verifyAll()).toBe(true);
  });
});

// Resources enter and leave the list: the same steps as on real servers, and the orders of events that are rare there.

import {annotation} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';

const both = ['secrets', 'configmaps'];

/** Tags under which a resource's live values stand. */
const tagsOf = ({simulation}: EngineCluster, resource: string): readonly string[] =>
  [...simulation.cluster.need.of(resource)]
    .filter(([, {live}]) => live > 0)
    .map(([tag]) => tag)
    .sort();

/** Kinds of entries of a resource's block in every node's file; a resource without a block is plain `identity`. */
const entriesOf = ({simulation}: EngineCluster, resource: string): readonly string[] =>
  simulation.cluster.nodes.map(({file}) =>
    file.state === 'loadable'
      ? file.transformers
          .of(resource)
          .map(({kind}) => kind)
          .join(' ')
      : file.state,
  );

function encrypted(resources: readonly string[], etcd = true): EngineCluster {
  const cluster = new EngineCluster({simulation: {nodes: 2}, spec: {resources}, etcd});
  cluster.complete(1);
  return cluster;
}

const isDone = (cluster: EngineCluster, count: number) => (): boolean =>
  cluster.ring.history.length === count && cluster.ring.rotation === undefined;

function expectUnnoticed({simulation: {users}}: EngineCluster): void {
  expect(users.failures).toEqual([]);
  expect(users.verifyAll()).toBe(true);
}

describe('a resource leaves the list', () => {
  for (const etcd of [true, false]) {
    test(`${etcd ? 'etcd readable' : 'etcd out of reach'} ⇒ in clear, then its block goes`, () => {
      const cluster = encrypted(both, etcd);
      cluster.setSpec({resources: ['secrets']});
      cluster.until('in clear', isDone(cluster, 2));
      expect(tagsOf(cluster, 'configmaps')).toEqual(['clear']);
      expect(entriesOf(cluster, 'configmaps')).toEqual(['identity aesgcm', 'identity aesgcm']);
      cluster.until('no block', () => entriesOf(cluster, 'configmaps').every((each) => each === 'identity'));
      expect(tagsOf(cluster, 'configmaps')).toEqual(['clear']);
      expectUnnoticed(cluster);
    });

    test(`keys rotate while its block is still there, ${etcd ? 'etcd readable' : 'etcd out of reach'} ⇒ it stays in clear, the block goes`, () => {
      const cluster = encrypted(both, etcd);
      cluster.setSpec({resources: ['secrets']});
      cluster.until('in clear', isDone(cluster, 2));
      cluster.annotate('config', annotation.rotate, 'a drill');
      cluster.complete(2);
      expect(tagsOf(cluster, 'configmaps')).toEqual(['clear']);
      cluster.until('no block', () => entriesOf(cluster, 'configmaps').every((each) => each === 'identity'));
      expectUnnoticed(cluster);
    });
  }

  test('it comes back at any moment of its removal ⇒ it ends encrypted, every value readable', () => {
    for (const afterMs of [1_000, 20_000, 70_000, 100_000, 160_000, 300_000, 600_000, 900_000]) {
      const cluster = encrypted(both);
      cluster.setSpec({resources: ['secrets']});
      cluster.simulation.runFor(afterMs);
      cluster.setSpec({resources: both});
      cluster.until(`encrypted again after ${afterMs}`, () => {
        const {rotation, layout, keys} = cluster.ring;
        const settled = layout.resources.every(({write}) => write === keys[0]?.id) && layout.resources.length === 2;
        return rotation === undefined && settled && tagsOf(cluster, 'configmaps').join() !== 'clear';
      });
      cluster.simulation.runFor(600_000);
      expect(tagsOf(cluster, 'configmaps')).toEqual(tagsOf(cluster, 'secrets'));
      expectUnnoticed(cluster);
    }
  });
});

describe('a wildcard and a name', () => {
  test('the core group leaves and secrets stay ⇒ secrets keep their key, all else ends in clear and the wildcard goes', () => {
    const cluster = encrypted(['*.']);
    const [tag] = tagsOf(cluster, 'secrets');
    cluster.setSpec({resources: ['secrets']});
    cluster.until(
      'the wildcard is gone',
      () => cluster.ring.layout.resources.map(({resource}) => resource).join() === 'secrets',
    );
    cluster.until('it is quiet', () => cluster.ring.rotation === undefined);
    expect(tagsOf(cluster, 'secrets')).toEqual([tag]);
    expect(tagsOf(cluster, 'configmaps')).toEqual(['clear']);
    expectUnnoticed(cluster);
  });

  test('secrets leave for the core group ⇒ they are never written in clear, and their block is merged into it', () => {
    const cluster = encrypted(['secrets']);
    const tags = tagsOf(cluster, 'secrets');
    cluster.setSpec({resources: ['*.']});
    cluster.until('one block', () => {
      expect(tagsOf(cluster, 'secrets')).toEqual(tags);
      return cluster.ring.layout.resources.map(({resource}) => resource).join() === '*.';
    });
    cluster.until('it is quiet', () => cluster.ring.rotation === undefined);
    expect(tagsOf(cluster, 'configmaps')).toEqual(tags);
    expectUnnoticed(cluster);
  });

  test('a resource enters ⇒ read both ways first, then written with the key', () => {
    const cluster = encrypted(['secrets']);
    const seen = new Set<string>();
    cluster.setSpec({resources: both});
    cluster.until('configmaps are in', () => {
      seen.add(entriesOf(cluster, 'configmaps')[0] ?? '');
      return isDone(cluster, 2)();
    });
    expect([...seen]).toEqual(['identity', 'identity aesgcm', 'aesgcm identity']);
    expect(tagsOf(cluster, 'configmaps')).toEqual(tagsOf(cluster, 'secrets'));
    expectUnnoticed(cluster);
  });
});

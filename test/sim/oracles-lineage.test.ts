// S6 can fail: each sentence of it broken by a deed, and the nearest deeds that keep it.

import type {Pair, PairOptions} from '@etcd-encryption/host-sim';
import {annotation, type DropCertificate} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {distribute, violation} from './deeds.ts';
import {file} from './files.ts';
import {hourMs, minuteMs, pairOf} from './pairs.ts';
import {following, makeBundle, ProtocolObjects} from './protocol-objects.ts';

const [g1, g2, g3] = [1, 2, 3].map((generation) => makeBundle({generation, revisions: generation + 1}));
if (g1 === undefined || g2 === undefined || g3 === undefined) throw new Error('no bundles');

function watched(options: Partial<PairOptions> = {}) {
  const quiet = {users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0}};
  const pair = pairOf({...quiet, oracles: ['S6 lineage'], ...options});
  const sides = (['east', 'west'] as const).map((name) => new ProtocolObjects(pair.cluster(name)));
  const [east, west] = sides;
  if (east === undefined || west === undefined) throw new Error('no sides');
  for (const side of sides) side.createRoot();
  return {pair, east, west};
}

const broken = (run: () => unknown): string => {
  const {invariant, explanation} = violation(run);
  expect(invariant).toBe('S6 lineage');
  return explanation;
};

const release = (key: string, check: string): DropCertificate => ({
  key,
  check,
  stoppedWritingAtMs: 0,
  cleanBy: '',
  cleanRevision: '',
  compactedBy: '',
  atMs: 0,
});

describe('what a node accepts', () => {
  test('a higher generation that goes on ⇒ kept; a lower one ⇒ violated, even if the ring follows it', () => {
    const {east} = watched();
    east.ring(following(g1));
    east.state('e1', {accepted: g1});
    east.state('e1', {accepted: g2});
    expect(broken(() => east.state('e1', {accepted: g1}))).toContain('generation 1 is accepted, 2 was before');
  });

  test('a fork, another id or other bytes of a generation ⇒ violated; once the ring follows it ⇒ kept', () => {
    const others = [
      makeBundle({generation: 3, revisions: 3, forkedFrom: 2}),
      makeBundle({id: 9, generation: 1, revisions: 1}),
      makeBundle({generation: 2, revisions: 3, atMs: 2_000}),
      makeBundle({generation: 3, revisions: 2}),
    ];
    for (const other of others) {
      const {east} = watched();
      east.ring(following(g2));
      east.state('e1', {accepted: g2});
      expect(broken(() => east.state('e1', {accepted: other}))).toContain('unasked');
    }
    for (const other of others) {
      const {west} = watched();
      west.ring(following(g2));
      west.state('w1', {accepted: g2});
      west.ring(following(other, {keys: [...g2.keys, ...other.keys]}));
      west.state('w1', {accepted: other});
    }
  });

  test('the accepted bundle is forgotten ⇒ violated; lost with the disk, or put back by a fault ⇒ kept', () => {
    const {pair, east} = watched();
    east.state('e1', {accepted: g2});
    expect(broken(() => east.state('e1', {}))).toContain('forgotten');
    const {disk} = pair.cluster('east').node('e2');
    east.state('e2', {accepted: g2});
    disk.crash(pair.simulation.world.random.stream('test', 'crash'), 1);
    east.state('e2', {accepted: g1});
  });
});

describe('what the ring follows', () => {
  test('a higher generation ⇒ kept; a lower one ⇒ violated; put back by a restore, and on from there ⇒ kept', () => {
    const {pair, east} = watched();
    east.ring(following(g2));
    east.ring(following(g3));
    expect(broken(() => east.ring(following(g2, {keys: g3.keys})))).toContain('generation 2 is followed');
    const again = watched();
    again.east.ring(following(g1));
    const {etcd} = again.pair.cluster('east');
    const snapshot = etcd.range({prefix: '/registry/cluster.alauda.io', limit: 9}).items;
    again.east.ring(following(g3));
    for (const {key, value} of snapshot) etcd.put(key, value, etcd.get(key)?.modRevision ?? 0, 'world');
    again.east.ring(following(g2));
    expect(pair.simulation.findings).toEqual([]);
  });

  test('another bundle id on an Active ⇒ violated; with the annotation root-check of its root ⇒ kept', () => {
    const other = makeBundle({id: 9, generation: 1, revisions: 1, under: 'another root'});
    const keys = [...g1.keys, ...other.keys];
    const {east} = watched();
    east.ring(following(g1));
    const follow = (announced: string): void =>
      east.ring(following(other, {keys}), 'controller', {[annotation.rootCheck]: announced});
    expect(broken(() => follow(g1.ref.rootCheck))).toContain('unasked');
    follow(other.ref.rootCheck);
  });

  test('a rival under our own root ⇒ kept on a Standby, violated on an Active and on a Standby under another root', () => {
    const rival = makeBundle({id: 9, generation: 1, revisions: 1});
    const foreign = makeBundle({id: 8, generation: 1, revisions: 1, under: 'another root'});
    const {pair, east, west} = watched();
    for (const side of [east, west]) side.ring(following(g1));
    west.ring(following(rival, {keys: [...g1.keys, ...rival.keys]}));
    expect(broken(() => east.ring(following(rival, {keys: [...g1.keys, ...rival.keys]})))).toContain('unasked');
    expect(broken(() => west.ring(following(foreign, {keys: [...g1.keys, ...rival.keys, ...foreign.keys]})))).toContain(
      'unasked',
    );
    expect(pair.active).toEqual(['east']);
  });

  test('a rival just after a failover ⇒ kept for the grace, violated after it', () => {
    const rival = makeBundle({id: 9, generation: 1, revisions: 1});
    for (const [waitMs, isKept] of [
      [minuteMs / 2, true],
      [2 * minuteMs, false],
    ] as const) {
      const {pair, west} = watched({oracleOptions: {demotionGraceMs: minuteMs}});
      west.ring(following(g1));
      pair.failover('west');
      pair.simulation.runFor(waitMs);
      const follow = (): void => west.ring(following(rival, {keys: [...g1.keys, ...rival.keys]}));
      if (isKept) follow();
      else expect(broken(follow)).toContain('unasked');
    }
  });

  test('a fork with the keys of both sides in the ring ⇒ kept; without those of the old side ⇒ violated, unless certified', () => {
    const fork = makeBundle({generation: 2, revisions: 2, forkedFrom: 2});
    const {west} = watched();
    west.ring(following(g1));
    expect(broken(() => west.ring(following(fork)))).toContain('lacks a key');
    west.ring(following(fork, {keys: [...g1.keys, ...fork.keys]}));
    const second = watched();
    second.west.ring(following(g1));
    const certificates = g1.keys.map(({id, check}) => release(id, check));
    second.west.ring(following(fork, {certificates}));
  });
});

describe('what is published', () => {
  test('the next generation by the chain ⇒ kept; the same again ⇒ kept; a seed out of the chain ⇒ violated', () => {
    const {east} = watched();
    east.publish(makeBundle({generation: 1, revisions: 1}), 'first');
    const second = makeBundle({generation: 2, revisions: 2});
    east.publish(second);
    east.publish(second);
    const random = makeBundle({generation: 3, revisions: 3, newest: 77});
    expect(broken(() => east.publish(random))).toContain('does not follow from the one before');
    east.publish(random, 'fresh');
  });

  test('the root key is another one by the time that a bundle is written ⇒ its seeds are not judged by it', () => {
    const {east} = watched();
    east.publish(makeBundle({generation: 1, revisions: 1}), 'first');
    east.deleteRoot();
    east.createRoot(new Uint8Array(32).map((_, at) => at * 3 + 1));
    east.publish(makeBundle({generation: 2, revisions: 2}));
    east.deleteRoot();
    east.publish(makeBundle({generation: 3, revisions: 3}));
  });

  test('a generation again with other bytes ⇒ violated; by the other side while both are Actives ⇒ kept', () => {
    const later = makeBundle({generation: 2, revisions: 2, atMs: 9_000});
    const {pair, east, west} = watched();
    east.publish(makeBundle({generation: 1, revisions: 1}), 'first');
    east.publish(makeBundle({generation: 2, revisions: 2}));
    expect(broken(() => east.publish(later))).toContain('was published before, by east');
    pair.failover('west');
    west.publish(later);
  });

  test('by a Standby, then by the Active with other bytes ⇒ violated: neither is an Active beside the other', () => {
    const {pair, east, west} = watched();
    pair.synchronizers.west.uninstall();
    west.publish(makeBundle({generation: 1, revisions: 1}), 'first');
    pair.simulation.runFor(hourMs);
    const other = makeBundle({generation: 1, revisions: 1, atMs: 9_000});
    expect(broken(() => east.publish(other, 'first'))).toContain('was published before, by west');
  });

  test('not above what a node accepted, with another seed, or with less ⇒ violated', () => {
    const publications = [
      makeBundle({generation: 2, revisions: 4}),
      makeBundle({generation: 3, revisions: 4, forkedFrom: 2}),
      makeBundle({generation: 3, revisions: 2}),
    ];
    const words = ['accepted 2', 'another seed', 'ends with revision 2'];
    for (const [index, made] of publications.entries()) {
      const {east} = watched();
      east.ring(following(g2));
      east.state('e2', {accepted: g2});
      expect(broken(() => east.publish(made, 'fresh'))).toContain(words[index]);
    }
    const {east} = watched();
    east.ring(following(g2));
    east.state('e2', {accepted: g2});
    east.publish(makeBundle({generation: 3, revisions: 4}));
  });

  test('another bundle id ⇒ violated, with the announced root ⇒ kept; bytes that are no bundle ⇒ violated', () => {
    const other = makeBundle({id: 9, generation: 1, revisions: 1, under: 'another root'});
    const {east} = watched();
    east.ring(following(g1));
    expect(broken(() => east.publish(other, 'first'))).toContain('published unasked');
    east.ring({}, 'user/operator', {[annotation.rootCheck]: other.ref.rootCheck});
    east.publish(other, 'first');
    expect(broken(() => east.bundle('AAAA'))).toContain('no bundle');
  });

  test('copied, or put back by a restore ⇒ nobody’s publication', () => {
    const {pair, east} = watched();
    east.publish(makeBundle({generation: 1, revisions: 1}), 'first');
    const {etcd} = pair.cluster('east');
    const [first] = etcd.range({prefix: '/registry/cluster.alauda.io/seedbundles', limit: 1}).items;
    if (first === undefined) throw new Error('no bundle');
    east.publish(makeBundle({generation: 2, revisions: 2}));
    etcd.put(first.key, first.value, etcd.get(first.key)?.modRevision ?? 0, 'world');
    pair.simulation.runFor(minuteMs);
    expect(pair.cluster('west').etcd.get(first.key)?.value).toBe(first.value);
  });
});

test('one side of a fork leaves a file ⇒ violated; with a certificate ⇒ kept', () => {
  const fork = makeBundle({generation: 2, revisions: 2, forkedFrom: 2});
  const [k1, mine] = g1.dataKeys;
  const theirs = fork.dataKeys[1];
  if (k1 === undefined || mine === undefined || theirs === undefined) throw new Error('no keys');
  const forked = (certificates: readonly DropCertificate[]): Pair => {
    const {pair, west} = watched({west: {file: file([k1, 'identity'])}});
    distribute(pair.cluster('west'), [k1, theirs, mine, 'identity']);
    pair.simulation.runFor(minuteMs);
    west.ring(following(g1));
    west.ring(following(fork, {keys: [...g1.keys, ...fork.keys], certificates}));
    return pair;
  };
  const drop = (pair: Pair): void => distribute(pair.cluster('west'), [k1, theirs, 'identity']);
  expect(broken(() => drop(forked([])))).toContain('one side of a fork');
  drop(forked([release(mine.name, mine.checkValue)]));
});

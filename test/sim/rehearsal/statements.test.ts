// Deeds of operators' hands: a file that is cut short, words on a ring or a config, a Synchronizer that stands still, and
// a world that encrypts before any key of ours is there.

import {type ClusterPlan, createRun, type Run} from '@etcd-encryption/host-sim';
import {annotation, ourNamespace} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {after, at, minuteMs, soloWith, times} from './small.ts';

const shortly = minuteMs + 1_000;
const paths = {
  ring: `/registry/cluster.alauda.io/etcdencryptionrings/${ourNamespace}/default`,
  config: '/registry/cluster.alauda.io/etcdencryptionconfigs/default',
} as const;

const wordOn = (run: Run, what: keyof typeof paths, name: string): string | undefined =>
  run.clusters.get('west')?.cluster.etcd.get(paths[what])?.value.object?.metadata.annotations?.[name];

test('a file is cut short ⇒ no server could load what is left; the agent writes it anew', () => {
  const stateOf = (run: Run): string | undefined => run.clusters.get('east')?.cluster.node('e1').file.state;
  const run = after(minuteMs + 100, {kind: 'cutFile', node: 'e1'});
  expect(stateOf(run)).toBe('refused');
  expect(run.result().strikes.map(({fault, cluster}) => `${fault} ${cluster}`)).toEqual(['operatorEdit east']);
  run.runUntil(4 * minuteMs);
  expect(stateOf(run)).toBe('loadable');
});

test('the root is stated ⇒ the check of the root Secret that is there stands on the ring', () => {
  const run = after(shortly, {kind: 'stateRoot', cluster: 'west'});
  expect(wordOn(run, 'ring', annotation.rootCheck)).toBe(run.clusters.get('west')?.ring()?.following?.rootCheck);
});

test('a role is stated ⇒ it stands where it was put and nowhere else', () => {
  const onRing = after(shortly, {kind: 'stateRole', cluster: 'west', role: 'Standby', on: 'ring'});
  expect(wordOn(onRing, 'ring', annotation.role)).toBe('Standby');
  expect(wordOn(onRing, 'config', annotation.role)).toBeUndefined();
  const onConfig = after(shortly, {kind: 'stateRole', cluster: 'west', role: 'Active', on: 'config'});
  expect(wordOn(onConfig, 'ring', annotation.role)).toBeUndefined();
  expect(onConfig.result().missed).toEqual([1]);
});

test('the Synchronizer stops for two minutes ⇒ it stays installed, copies nothing, and starts again', () => {
  const run = after(shortly, {kind: 'stopSynchronizer', cluster: 'west', forMs: 2 * minuteMs});
  const mirror = run.pair?.synchronizer('west');
  const before = mirror?.copied;
  run.runUntil(3 * minuteMs - 1_000);
  expect({installed: mirror?.installed, copied: mirror?.copied}).toEqual({installed: true, copied: before});
  run.runUntil(3 * minuteMs + 10_000);
  expect(mirror?.copied).toBeGreaterThan(before ?? 0);
});

test('it stops where it is not installed ⇒ that never comes to pass', () => {
  expect(after(shortly, {kind: 'stopSynchronizer', cluster: 'east', forMs: minuteMs}).result().missed).toContain(0);
});

test('servers that take no AES-GCM keys ⇒ no file of ours stays, and there are rotations once others take their place', () => {
  const [plan] = soloWith().clusters;
  if (plan === undefined) throw new RangeError('clusters: expected one, got none');
  const timeline = [at(0, {kind: 'advance', byMs: 5 * minuteMs})];
  const clusters = [{...plan, refusesAesGcm: true}];
  const run = createRun(soloWith({world: times, clusters, timeline}), {seed: 1});
  run.runUntil(5 * minuteMs - 1);
  const solo = run.clusters.get('solo');
  expect(solo?.completed).toEqual([]);
  expect(solo?.cluster.nodes.map(({file, server}) => [file.state, server?.serves])).toEqual(
    Array(2).fill(['loadable', true]),
  );
  run.runUntil(() => run.over);
  expect(run.violation).toBeUndefined();
  expect(solo?.completed).toContain(1);
});

test('most new objects are committed late ⇒ some are encrypted with the key before, after another one writes', () => {
  const lateWith = (lateWrites: Partial<ClusterPlan>): number => {
    const [plan] = soloWith().clusters;
    if (plan === undefined) throw new RangeError('clusters: expected one, got none');
    const busy = {...plan, nodes: ['s1'], writes: {count: 30, per: 's'}, ...lateWrites} as const;
    const timeline = [at(1_000, {kind: 'rotate', cluster: 'solo'}), at(0, {kind: 'advance', byMs: 5 * minuteMs})];
    const run = createRun(soloWith({world: times, clusters: [busy], timeline}), {seed: 1, prepared: true});
    let late = 0;
    const solo = run.clusters.get('solo');
    solo?.cluster.observe({
      onCommit({current, writer}) {
        const tag = current?.value.tag ?? '';
        const [server] = solo.cluster.serving();
        if (writer === 'user' && tag.startsWith('aesgcm/') && server?.loaded.of('secrets')[0]?.tag !== tag) late++;
      },
    });
    run.runUntil(5 * minuteMs);
    expect(run.violation).toBeUndefined();
    return late;
  };
  expect(lateWith({lateWrites: {percent: 90, maxMs: 55_000}})).toBeGreaterThan(0);
  expect(lateWith({})).toBe(0);
});

test('a world that encrypts already ⇒ values are under the key of others, which stays in every file until unneeded', () => {
  const run = createRun(soloWith({world: {...times, adopted: true}}), {seed: 1});
  const solo = run.clusters.get('solo')?.cluster;
  const tagged = (): number => [...(solo?.need.of('secrets') ?? [])].filter(([tag]) => tag.includes('/key1/')).length;
  run.runUntil(0);
  expect(tagged()).toBe(1);
  expect(solo?.nodes.every(({server}) => server?.loaded.of('secrets')[0]?.name === 'key1')).toBe(true);
  run.runUntil(() => run.over);
  expect(run.violation).toBeUndefined();
  expect(run.clusters.get('solo')?.completed).toContain(1);
});

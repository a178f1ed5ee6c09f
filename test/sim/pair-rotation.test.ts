// The shipped engine on a simulated pair, whole life: the first key, rotations that the Standby follows, failovers by
// the book and without warning, and what goes wrong on the way. Every oracle watches both sides.

import {bundleText} from '@etcd-encryption/host-sim';
import {annotation} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {EnginePair, loadedRevisions, specOf} from './engine-pair.ts';
import type {EngineSide} from './engine-side.ts';
import {hourMs, minuteMs} from './pairs.ts';

const clearOnly = new Set(['clear']);

/** Keys of a side by revision, as its ring names them. */
const names = (side: EngineSide): readonly string[] => side.ring.keys.map(({id}) => id).sort();

/** Nobody noticed, no server lagged, and everything that must be there is there. */
function expectUnnoticed({pair}: EnginePair): void {
  expect(pair.users.failures).toEqual([]);
  expect(pair.users.verifyAll()).toBe(true);
  expect(pair.simulation.findings).toEqual([]);
}

/** The Standby's files are the Active's, with the key that the next publication will bring. */
function expectFollowing(standby: EngineSide, active: EngineSide, chained: number): void {
  const [files = []] = active.files();
  const isChained = (tag: string): boolean => tag.startsWith(`aesgcm/r${chained}-`);
  for (const each of active.files()) expect(each).toEqual(files);
  for (const each of standby.files()) {
    expect(each.filter((tag) => !isChained(tag))).toEqual(files);
    expect(each.filter(isChained)).toHaveLength(1);
  }
}

test('the Standby proves r1 before anything is written with it ⇒ r1, r2 and r3 write, and it follows each by name', () => {
  const both = new EnginePair();
  const {east, west} = both;
  both.until('the Standby has loaded r1', () => loadedRevisions(west).includes(1));
  both.runFor(20 * minuteMs);
  expect(east.said).toContain('StandbyUnproven');
  expect([...east.storedTags(), ...west.storedTags()]).toEqual(['clear', 'clear']);
  both.begin();
  expect(east.ring.standbyProven).toEqual([west.ring.following?.bundleId]);
  for (const revision of [2, 3]) both.until(`r${revision} completes`, () => both.isAt(revision), 6 * hourMs);
  expect([east.completed, west.completed]).toEqual([
    [3, 2, 1],
    [3, 2, 1],
  ]);
  expect(west.writeKey).toBe(east.writeKey);
  expectFollowing(west, east, 5);
  expect(west.said).toContain('FailoverReady True');
  expectUnnoticed(both);
}, 120_000);

test('a failover by the book and a rotation on the new Active ⇒ the old one follows as Standby, one lineage', () => {
  const both = new EnginePair();
  const {pair, east, west} = both;
  both.begin();
  expect(pair.failover('west', 'planned')).toBe(true);
  west.annotateRing(annotation.role, 'Active');
  both.until('both Actives completed r2', () => both.isAt(2), 6 * hourMs);
  expect(names(west)).toEqual(names(east));
  pair.follow('east');
  both.until('the new Active completes r3, and the old one follows', () => both.isAt(3), 6 * hourMs);
  expectFollowing(east, west, 5);
  expect(east.said).toContain('FailoverReady True');
  expect(pair.users.counts.lost).toBe(0);
  expectUnnoticed(both);
}, 120_000);

test('the Active is lost while r2 is activated and nothing is copied ⇒ the new one reads all and rotates, the old one follows', () => {
  const both = new EnginePair();
  const {pair, east, west} = both;
  both.begin();
  both.until('r2 becomes the write key', () => east.ring.rotation?.activatedAtMs !== undefined, 6 * hourMs);
  pair.synchronizers.west.stall(20 * minuteMs);
  both.runFor(minuteMs / 2);
  expect(east.ring.rotation?.convergedAtMs).toBeUndefined();
  for (const {name} of east.cluster.nodes) pair.simulation.powerLoss(name);
  expect(pair.failover('west')).toBe(true);
  expect(pair.users.verifyAll()).toBe(true);
  west.annotateRing(annotation.role, 'Active');
  both.until('the new Active completes r2', () => both.isAt(2, [west]), 6 * hourMs);
  for (const {name} of east.cluster.nodes) pair.simulation.boot(name);
  both.runFor(5 * minuteMs);
  pair.follow('east');
  both.until('the new Active completes r3, and the one that was lost follows', () => both.isAt(3), 6 * hourMs);
  expectFollowing(east, west, 5);
  expectUnnoticed(both);
}, 120_000);

test('another group id on the Standby ⇒ named there, no file of it changes, and the Active waits for a proof', () => {
  const own = '/registry/cluster.alauda.io/etcdencryptionconfigs/';
  const both = new EnginePair({pair: {replication: {rule: {prefixes: ['/registry/minions/', own]}}}});
  const {east, west} = both;
  const before = west.cluster.nodes.map(({file}) => file.state === 'loadable' && file.hash);
  west.createConfig(specOf('group-2', '2h0m0s'));
  both.until('the bundle is refused', () => west.said.includes('SeedBundleRefused: group-mismatch'));
  both.recordProof();
  both.runFor(30 * minuteMs);
  expect(west.said).toContain('FailoverReady False SeedBundleRefused');
  expect(west.ring.keys).toEqual([]);
  expect(west.cluster.nodes.map(({file}) => file.state === 'loadable' && file.hash)).toEqual(before);
  expect(west.storedTags()).toEqual(clearOnly);
  expect(east.said).toContain('StandbyUnproven');
  expect(east.storedTags()).toEqual(clearOnly);
  expectUnnoticed(both);
}, 120_000);

test('the Synchronizer is away for an upgrade with a rotation due ⇒ the Standby publishes nothing, then follows', () => {
  const both = new EnginePair();
  const {pair, east, west} = both;
  both.begin();
  const stored = bundleText(west.cluster);
  pair.synchronizers.west.uninstall();
  both.until('the Active completes r2', () => both.isAt(2, [east]), 6 * hourMs);
  both.runFor(3 * hourMs);
  expect(west.said).toContain('RoleKnown False');
  expect(bundleText(west.cluster)).toBe(stored);
  expect(west.completed).toEqual([1]);
  pair.synchronizers.west.install();
  both.until('the Standby follows', () => both.isAt(east.completed[0] ?? 0), 6 * hourMs);
  expect(bundleText(west.cluster)).toBe(bundleText(east.cluster));
  expectFollowing(west, east, (east.completed[0] ?? 0) + 2);
  expectUnnoticed(both);
}, 120_000);

test('both sides are Actives for three intervals ⇒ each publishes by the chain, under the same names', () => {
  const both = new EnginePair({deterministic: {promotionGrace: '1h'}});
  const {pair, east, west} = both;
  both.begin();
  pair.failover('west');
  for (const revision of [2, 3, 4]) both.until(`both completed r${revision}`, () => both.isAt(revision), 9 * hourMs);
  expect(west.said).toContain('RoleKnown True Active: this cluster wrote the SeedBundle');
  expect(east.said).toContain('RoleKnown True Active: this cluster wrote the SeedBundle');
  expect(names(west)).toEqual(names(east));
  expect(west.files()).toEqual(east.files());
  pair.follow('east');
  both.until('the new Active completes r5, and the old one follows', () => both.isAt(5), 9 * hourMs);
  expectFollowing(east, west, 7);
  expect(bundleText(east.cluster)).toBe(bundleText(west.cluster));
  expectUnnoticed(both);
}, 180_000);

// What bundles bring is read in any role; which one is followed for writing needs a certain role.

import {
  annotation,
  type BundleReport,
  type KeyRef,
  type Ring,
  type RingKey,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {compareBundles} from '../../../rotation/src/plan/bundles.ts';
import {expectRing} from '../expect-plan.ts';
import {blockOf, fileOf, hour, keyObjectOf, minute, now} from '../fixtures.ts';
import {nextRingOf, notedBy, planOf, saidBy} from '../reached.ts';
import {
  bundleOf,
  d1,
  d2,
  d3,
  derivation,
  derivationOf,
  derivedKey,
  entryOf,
  followedOf,
  freshRing,
  type GivenPair,
  installed,
  observePair,
  otherId,
  publicationOf,
  readBy,
  refOf,
  restingPair,
  rootCheck,
  savedIn,
} from './pair-fixtures.ts';

const old = bundleOf(2, [d1, d2]);
const next = bundleOf(3, [d1, d2, d3]);
type Changes = Partial<Ring> & {readonly waiting?: readonly RingKey[]};
const seenNow = {synchronizer: {lastSeenAtMs: now - 1000}};
/** A Standby that follows `old`, with every key of both in its ring. */
const standby = (changes: Changes = {}): Ring =>
  savedIn(restingPair(old, {waiting: [d3, d2], ours: false, ...seenNow, ...changes}));
const active = (changes: Changes = {}): Ring => savedIn(restingPair(old, {waiting: [d3, d2], ...changes}));
const unknownRole = (changes: Partial<Ring> = {}): Ring =>
  savedIn(restingPair(old, {waiting: [d2], ours: false, ...changes}));

const bare = ({createdAtMs: _c, derived: _d, mintedBy: _m, ...ref}: RingKey): KeyRef => ref;
const following = (plan: ReturnType<typeof planOf>): unknown =>
  saidBy(plan)[0] === 'Following' ? nextRingOf(plan).following : undefined;

export function describeFollowing(): void {
  describe('reading', () => {
    const roles: readonly (readonly [string, Partial<GivenPair>, Ring])[] = [
      ['a Standby', {signals: installed}, standby({waiting: [d2]})],
      ['an Active', {}, active({waiting: [d2], publications: [publicationOf(next), publicationOf(old)]})],
      ['an unknown role', {}, unknownRole()],
    ];
    test.each(roles)('%s reads a new entry ⇒ its key is a ring key at once, marked as derived', (_who, given, ring) => {
      const plan = planOf(observePair({ring, stored: next, ...given}));
      expectRing(plan, ring, {changes: {keys: [d3, ...ring.keys]}, reason: 'Following'});
    });

    test('no ring key yet, first bundle ⇒ its keys, while the role is unknown', () => {
      const ring = freshRing();
      const plan = planOf(observePair({ring, stored: old}));
      expectRing(plan, ring, {changes: {keys: [d2, d1]}, reason: 'Following'});
    });

    test('the key after the newest, by the chain of seeds ⇒ taken unless we are Active', () => {
      const said = {next: bare(d3)};
      const wanted = {...d3, createdAtMs: now};
      const two = {waiting: [d2]};
      expectRing(planOf(observePair({ring: standby(two), stored: old, signals: installed, said})), standby(two), {
        changes: {keys: [wanted, d2, d1]},
        reason: 'Following',
      });
      expect(nextRingOf(planOf(observePair({ring: unknownRole(), stored: old, said}))).keys[0]).toEqual(wanted);
      expect(saidBy(planOf(observePair({ring: active(two), stored: old, said})))).toEqual(['Scheduled']);
    });

    test('a rollback, a fork, another bundle ⇒ their entries are read all the same', () => {
      const d2b = derivedKey(2, 7);
      const stored = bundleOf(1, [d1, d2b], otherId);
      const plan = planOf(observePair({ring: unknownRole(), stored}));
      expect(
        nextRingOf(plan)
          .keys.map(({id}) => id)
          .sort(),
      ).toEqual([d2.id, d2b.id, d1.id].sort());
    });

    test('only the accepted bundle is known ⇒ its keys, but none that was dropped for good', () => {
      const certificate = {
        key: d1.id,
        check: d1.check,
        stoppedWritingAtMs: 0,
        cleanBy: 's',
        cleanRevision: '9',
        compactedBy: 'etcd',
        atMs: 0,
      };
      const ring = freshRing({certificates: [certificate]});
      const said = {accepted: refOf(old)};
      expect(nextRingOf(planOf(observePair({ring, said}))).keys).toEqual([d2]);
      // What a bundle in the API shows is needed, whatever was dropped here.
      const back = nextRingOf(planOf(observePair({ring, stored: old})));
      expect(back.keys).toEqual([d2, d1]);
      expect(back.certificates).toEqual([]);
    });

    test('a report of other bytes than the stored ones ⇒ says nothing of these', () => {
      const said = {bundle: readBy(next), accepted: refOf(old)};
      expect(
        saidBy(planOf(observePair({ring: standby(), stored: bundleOf(9, [d1]), signals: installed, said}))),
      ).toEqual(['Scheduled']);
    });

    test('two nodes derive other keys from the same bytes ⇒ named, none is taken', () => {
      const forged = {...readBy(next), bundle: {...refOf(next), entries: [entryOf(derivedKey(3, 5))]}} as BundleReport;
      const ring = standby({waiting: [d2]});
      const nodes = {n2: {derivation: derivationOf(next, {bundle: forged, accepted: refOf(old)})}};
      const said = {accepted: refOf(old)};
      const plan = planOf(observePair({ring, stored: next, signals: installed, nodes, said}));
      expect(saidBy(plan)).toEqual(['DerivedKeysDiffer']);
      expect(plan.actions).toEqual([]);
    });

    test('a key of the same name with another check value ⇒ named, the ring keeps its own', () => {
      const ring = standby({waiting: [{...d3, check: 'f'.repeat(16)}, d2]});
      const plan = planOf(observePair({ring, stored: next, signals: installed}));
      expect(saidBy(plan)).toEqual(['DerivedKeysDiffer', 'DerivedKeysDiffer', 'DerivedKeysDiffer']);
      expect(plan.actions).toEqual([]);
    });

    test('a derived key is found in a file and no bundle shows it ⇒ taken over as derived', () => {
      const ring = standby();
      const d9 = derivedKey(9);
      const {createdAtMs: _c, derived: _d, mintedBy: _m, ...ref} = d9;
      const file = fileOf([blockOf([d1.id, d9.id, 'identity'])]);
      const nodes = {n2: {file, found: [ref], derivation: derivationOf(old, {derived: [d9.id]})}};
      const plan = planOf(observePair({ring, stored: old, signals: installed, nodes}));
      expect(saidBy(plan)).toEqual(['Adopting']);
      expect(nextRingOf(plan).keys[0]).toEqual({...d9, createdAtMs: now});
    });

    test('the stored bundle does not verify ⇒ named, with the outcome', () => {
      const refused: BundleReport = {state: 'refused', hash: old.hash, outcome: 'tampered', detail: 'mac'};
      const plan = planOf(observePair({ring: standby(), stored: old, signals: installed, said: {bundle: refused}}));
      expect(plan.notes.find(({reason}) => reason === 'SeedBundleRefused')?.message).toBe('tampered: mac');
    });
  });

  describe('what a bundle is to the one that is followed', () => {
    const followed = followedOf(bundleOf(2, [d1, d2]));
    const retimed = entryOf(d1, {activateAtMs: 1});
    test.each([
      ['the same bytes', bundleOf(2, [d1, d2]), 'unchanged'],
      ['one generation more', bundleOf(3, [d1, d2, d3]), 'accepted'],
      ['one that left at the old end', bundleOf(3, [d2, d3]), 'accepted'],
      ['a lower generation', bundleOf(1, [d1]), 'rollback'],
      ['another key, even in a lower generation', bundleOf(1, [derivedKey(1, 6)]), 'fork'],
      ['other times', bundleOf(3, [retimed, entryOf(d2)]), 'changed-entry'],
      ['other times in a lower generation', bundleOf(1, [retimed]), 'rollback'],
      ['more entries in the same generation', bundleOf(2, [d1, d2, d3]), 'changed-entry'],
      ['the newest missing in a higher generation', bundleOf(3, [d1]), 'changed-entry'],
      ['another id, whatever is in it', bundleOf(1, [derivedKey(1, 6)], otherId), 'other-bundle'],
    ] as const)('%s ⇒ %s', (_what, bundle, outcome) => {
      expect(compareBundles(followed, bundle)).toBe(outcome);
    });
  });

  describe('following', () => {
    test('a Standby, the first bundle ⇒ followed', () => {
      const ring = savedIn(freshRing({keys: [d2, d1], ...seenNow}));
      expectRing(planOf(observePair({ring, stored: old, signals: installed})), ring, {
        changes: {following: followedOf(old, {sinceMs: now}), leftWindow: {}},
        reason: 'Following',
      });
    });

    test('a Standby, one entry more ⇒ followed; what left the window is noted', () => {
      const trimmed = bundleOf(3, [d2, d3]);
      const ring = standby();
      expectRing(planOf(observePair({ring, stored: trimmed, signals: installed})), ring, {
        changes: {following: followedOf(trimmed, {sinceMs: now}), leftWindow: {[d1.id]: now}},
        reason: 'Following',
      });
      const noted = standby({leftWindow: {[d1.id]: now - 9 * hour, [d2.id]: now - 9 * hour}});
      expect(nextRingOf(planOf(observePair({ring: noted, stored: trimmed, signals: installed}))).leftWindow).toEqual({
        [d1.id]: now - 9 * hour,
      });
    });

    test('an unknown role ⇒ not followed', () => {
      const plan = planOf(observePair({ring: unknownRole({keys: [d3, d2, d1]}), stored: next}));
      expect(saidBy(plan)).toEqual(['RoleUnknown']);
    });

    test('no bundle for two intervals ⇒ an alarm, unless we are Active ourselves', () => {
      const week = 168 * hour;
      const since = (sinceMs: number) => ({following: followedOf(old, {sinceMs})});
      const notes = (ring: Ring, given: Partial<GivenPair>) =>
        notedBy(planOf(observePair({ring, stored: old, ...given})));
      const given = {signals: installed};
      expect(notes(standby(since(now - 2 * week)), given)).toContain('ActiveSilent');
      expect(notes(standby(since(now - 2 * week + 1)), given)).not.toContain('ActiveSilent');
      expect(notes(unknownRole(since(now - 3 * week)), {})).toContain('ActiveSilent');
      expect(notes(active(since(now - 3 * week)), {})).not.toContain('ActiveSilent');
    });

    test('the same bundle ⇒ nothing', () => {
      expect(saidBy(planOf(observePair({ring: standby(), stored: old, signals: installed})))).toEqual(['Scheduled']);
    });

    test('a lower generation ⇒ named, the higher one stays', () => {
      const plan = planOf(observePair({ring: standby(), stored: bundleOf(1, [d1]), signals: installed}));
      expect(notedBy(plan)).toContain('BundleRollback');
      expect(following(plan)).toBeUndefined();
    });

    test('another seed for a known revision ⇒ a Standby follows the mirrored one, both keys stay, the fork is named', () => {
      const d2b = derivedKey(2, 7);
      const fork = bundleOf(2, [d1, d2b]);
      const ring = standby({waiting: [d2b, d2]});
      const plan = planOf(observePair({ring, stored: fork, signals: installed}));
      expect(following(plan)).toEqual(followedOf(fork, {sinceMs: now}));
      expect(nextRingOf(plan).keys).toEqual(ring.keys);
      expect(nextRingOf(plan).leftWindow).toEqual({[d2.id]: now});
      const after = savedIn({...nextRingOf(plan), counted: {}});
      const later = planOf(observePair({ring: after, stored: fork, signals: installed}));
      expect(notedBy(later)).toContain('BundleFork');
    });

    test('other times ⇒ merged: all entries, later times, the higher generation', () => {
      const later = entryOf(d1, {activateAtMs: d1.createdAtMs + hour});
      const sooner = entryOf(d2, {activateAtMs: d2.createdAtMs + minute});
      const stored = bundleOf(2, [later, sooner]);
      const plan = planOf(observePair({ring: standby(), stored, signals: installed}));
      expect(following(plan)).toEqual(followedOf(stored, {sinceMs: now, entries: [later, entryOf(d2)]}));
    });

    test('another bundle id under our own root ⇒ a Standby follows it at once; its own revision says nothing of it', () => {
      const rival = bundleOf(1, [d1], otherId);
      const ring = standby({layout: {...standby().layout, resources: [{resource: 'secrets', write: d3.id}]}});
      const plan = planOf(observePair({ring, stored: rival, signals: installed}));
      expect(following(plan)).toEqual(followedOf(rival, {sinceMs: now, otherLineage: true}));
    });

    test('another bundle id under another root ⇒ followed only when that was announced', () => {
      const rival = bundleOf(1, [d1], otherId);
      const ring = standby({following: followedOf(old, {rootCheck: 'e'.repeat(16)})});
      const plan = planOf(observePair({ring, stored: rival, signals: installed}));
      expect(notedBy(plan)).toContain('RootChangeNotAnnounced');
      expect(following(plan)).toBeUndefined();
      const annotations = {[annotation.rootCheck]: rootCheck};
      const facts = {keyObjects: seen(ring.keys.map((key) => keyObjectOf(key)))};
      const told = planOf(observePair({ring, stored: rival, signals: installed, annotations, facts}));
      expect(following(told)).toMatchObject({bundleId: otherId, rootCheck});
    });

    test.each([
      [
        'an old key is not sealed',
        seen(
          standby()
            .keys.slice(1)
            .map((key) => keyObjectOf(key)),
        ),
        'KeyNotSealed',
      ],
      ['which are sealed is unknown', unknown('no answer'), 'ReadFailed'],
    ] as const)('the change of root is announced, and %s ⇒ not followed yet: %s', (_what, keyObjects, reason) => {
      const rival = bundleOf(1, [d1], otherId);
      const ring = standby({following: followedOf(old, {rootCheck: 'e'.repeat(16)})});
      const annotations = {[annotation.rootCheck]: rootCheck};
      const plan = planOf(observePair({ring, stored: rival, signals: installed, annotations, facts: {keyObjects}}));
      expect(notedBy(plan)).toContain(reason);
      expect(following(plan)).toBeUndefined();
    });

    test('an Active finds another cluster’s bundle id, whose keys every file and history holds ⇒ its own goes out above it', () => {
      const rival = bundleOf(1, [d1], otherId);
      const annotations = {[annotation.role]: 'Active'};
      const said = {accepted: refOf(old)};
      const plan = planOf(observePair({ring: active(), stored: rival, annotations, said}));
      expect(notedBy(plan)).toContain('BundleNotFollowed');
      expect(nextRingOf(plan).publishing).toMatchObject({kind: 'raise', revision: 2});
      expect(nextRingOf(plan).following).toEqual(active().following);
    });

    test('an Active finds one whose key a history lacks ⇒ named, and not replaced yet', () => {
      const d1b = derivedKey(1, 7);
      const rival = bundleOf(1, [d1b], otherId);
      const annotations = {[annotation.role]: 'Active'};
      const ring = active({waiting: [d3, d2, d1b]});
      const history = ring.keys.map(({id}) => id).filter((id) => id !== d1b.id);
      const said = {accepted: refOf(old)};
      const plan = planOf(observePair({ring, stored: rival, annotations, said, nodes: {n2: {history}}}));
      expect(notedBy(plan)).toContain('BundleNotFollowed');
      expect(saidBy(plan)).not.toContain('Publishing');
    });

    test('an Active reads its own publication back ⇒ followed, whatever it is to the last one', () => {
      const first = bundleOf(1, [d3], otherId);
      const ring = active({publications: [publicationOf(first), publicationOf(old)]});
      const plan = planOf(observePair({ring, stored: first}));
      expect(following(plan)).toMatchObject({bundleId: otherId, otherLineage: true});
    });
  });

  describe('settings', () => {
    const edited = (changes: Partial<typeof derivation>) => ({
      deterministic: {derivation: {...derivation, ...changes}},
    });

    test('a new ring ⇒ group, dimension and Secret are told to the agents', () => {
      const ring = freshRing({settings: {writeMode: 'rename'}});
      expectRing(planOf(observePair({ring})), ring, {
        changes: {settings: {writeMode: 'rename', derivation}},
        reason: 'Distributing',
      });
    });

    test.each([{replicationGroupId: 'group-2'}, {dimension: 'other'}])(
      '%o edited under derived keys ⇒ refused and named',
      (changes) => {
        const plan = planOf(observePair({ring: active(), stored: old, ...edited(changes)}));
        expect(notedBy(plan)).toContain('DerivationEdited');
        expect(saidBy(plan)).toEqual(['Scheduled']);
      },
    );

    test('edited before anything was derived ⇒ taken', () => {
      const plan = planOf(observePair({ring: freshRing(), ...edited({dimension: 'other'})}));
      expect(nextRingOf(plan).settings.derivation?.dimension).toBe('other');
    });

    test('another Secret ⇒ told', () => {
      const rootSecret = {namespace: 'kube-system', name: 'second'};
      const plan = planOf(observePair({ring: active(), stored: old, ...edited({rootSecret})}));
      expect(nextRingOf(plan).settings.derivation).toEqual({...derivation, rootSecret});
    });

    test('back to random ⇒ the agents derive no more, and nothing more is published', () => {
      const spec = {keyStrategy: 'random' as const};
      const plan = planOf(observePair({ring: active(), stored: old, spec}));
      expect(nextRingOf(plan).settings).toEqual({writeMode: 'rename'});
    });
  });
}

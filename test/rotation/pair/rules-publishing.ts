// Publishing: what is due, who makes it, what may go out, and how it is known to have arrived.

import {annotation, type PublishRequest, type Ring, type Rotation, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectRing, expectWait} from '../expect-plan.ts';
import {hour, keyObjectOf, minute, now} from '../fixtures.ts';
import {nextRingOf, planOf, saidBy} from '../reached.ts';
import {
  bundleOf,
  d1,
  d2,
  d3,
  derivationOf,
  derivedKey,
  entryOf,
  firstId,
  followedOf,
  freshRing,
  type GivenPair,
  installed,
  observePair,
  otherId,
  preparedOf,
  publicationOf,
  readBy,
  refOf,
  request,
  restingPair,
  rootCheck,
  savedIn,
  type TestBundle,
} from './pair-fixtures.ts';

const one = bundleOf(1, [d1]);
const two = bundleOf(2, [d1, d2]);
const resting = (changes: Partial<Ring> = {}): Ring => savedIn(restingPair(one, changes));
const asked = (kind: PublishRequest['kind'], revision: number, more: Partial<PublishRequest> = {}) => ({
  changes: {publishing: request({id: 'publish-4-70', kind, revision, ...more})},
  reason: 'Publishing' as const,
});

export function describePublishing(): void {
  describe('what is to be published', () => {
    test('no bundle and nothing ever derived ⇒ the first one, r1', () => {
      expectRing(planOf(observePair({ring: freshRing()})), freshRing(), asked('first', 1));
    });

    test('random keys came before ⇒ the first one is above them', () => {
      const {following: _f, publications: _p, leftWindow: _l, ...ring} = resting();
      expectRing(planOf(observePair({ring})), ring, asked('first', 2));
    });

    test('the newest revision writes and everything is verified ⇒ the next one', () => {
      expectRing(planOf(observePair({ring: resting(), stored: one})), resting(), asked('next', 2));
    });

    test('a next one waits already ⇒ nothing', () => {
      const ring = savedIn(restingPair(two, {waiting: [d2]}));
      expectWait(planOf(observePair({ring, stored: two})), 'Scheduled');
    });

    test('a rotation has not ended ⇒ nothing', () => {
      const rotation: Rotation = {
        revision: 1,
        key: d1.id,
        reason: 'first',
        startedAtMs: now - hour,
        activatedAtMs: now - minute,
        migration: [],
      };
      const plan = planOf(observePair({ring: resting({history: [], rotation}), stored: one}));
      expect(saidBy(plan)).not.toContain('Publishing');
    });

    test('the ring lost its history ⇒ the next one all the same', () => {
      const ring = resting({history: []});
      expectRing(planOf(observePair({ring, stored: one})), ring, asked('next', 2));
    });

    test('the next number is taken by a key of another seed ⇒ a fresh seed above it', () => {
      const ring = savedIn(restingPair(one, {keys: [d1], waiting: [derivedKey(2, 9)]}));
      const said = {
        next: {id: d2.id, provider: 'aesgcm', name: d2.name, check: d2.check, revision: 2, length: 32} as const,
      };
      expectRing(planOf(observePair({ring, stored: one, said})), ring, asked('fresh', 3));
      const chained = savedIn(restingPair(one, {keys: [d1], waiting: [d2]}));
      expectRing(planOf(observePair({ring: chained, stored: one, said})), chained, asked('next', 2));
    });

    test.each([
      ['a Standby', {signals: installed}, {synchronizer: {lastSeenAtMs: now - 1}}],
      ['an unknown role', {}, {publications: []}],
      ['paused', {spec: {pause: 'why'}}, {}],
    ] as const)('%s ⇒ publishes nothing', (_who, given, changes) => {
      const plan = planOf(observePair({ring: resting(changes), stored: one, ...given}));
      expect(plan.actions).toEqual([]);
    });

    test('who counts is not known ⇒ asks for no bundle and writes none', () => {
      const facts = {leases: unknown('no')};
      expectWait(planOf(observePair({ring: resting(), stored: one, facts: {...facts}})), 'ReadFailed');
      const prepared = preparedOf(two, 'publish-4-69');
      const publications = [publicationOf(two, now), publicationOf(one)];
      const ring = resting({publishing: request({prepared}), publications});
      expectWait(planOf(observePair({ring, stored: one, facts: {...facts}})), 'ReadFailed');
    });

    test('no node has a root key ⇒ waits for one', () => {
      const root = {state: 'missing', why: 'no Secret'} as const;
      const plan = planOf(observePair({ring: freshRing(), said: {root}}));
      expectWait(plan, 'RootSecretNotReady');
    });

    test('the object is gone ⇒ the same bundle again, above all', () => {
      const ring = savedIn(restingPair(two, {waiting: [d2]}));
      expectRing(planOf(observePair({ring, said: {accepted: refOf(two)}})), ring, asked('raise', 2));
    });

    test('an older one of ours is stored ⇒ the newest again', () => {
      const ring = savedIn(restingPair(two, {waiting: [d2], publications: [publicationOf(two), publicationOf(one)]}));
      expectRing(planOf(observePair({ring, stored: one, said: {accepted: refOf(two)}})), ring, asked('raise', 2));
    });

    test('etcd was restored ⇒ the highest that a node accepted goes out again, made by that node', () => {
      const restored = {atMs: now - minute, merged: true};
      const ring = savedIn(restingPair(one, {restored, waiting: [d2]}));
      const nodes = {n3: {derivation: derivationOf(one, {accepted: refOf(two)})}};
      expectRing(planOf(observePair({ring, stored: one, nodes})), ring, asked('raise', 2, {node: 'n3'}));
      const raised = savedIn(restingPair(two, {restored, waiting: [d2], publications: [publicationOf(two, now)]}));
      expectWait(planOf(observePair({ring: raised, stored: two})), 'Scheduled');
      const before = savedIn(restingPair(two, {restored, waiting: [d2]}));
      expectRing(planOf(observePair({ring: before, stored: two})), before, asked('raise', 2));
    });

    test('etcd was restored, and histories are not merged yet ⇒ nothing', () => {
      const ring = savedIn(restingPair(two, {waiting: [d2], restored: {atMs: now - minute, merged: false}}));
      const nodes = {n2: {ring: {epoch: 3, version: 1}}};
      expect(saidBy(planOf(observePair({ring, stored: two, nodes})))).not.toContain('Publishing');
      const publications = [publicationOf(two), publicationOf(one)];
      const restored = {atMs: now - minute, merged: false};
      const older = savedIn(restingPair(two, {waiting: [d2], publications, restored}));
      const said = {accepted: refOf(two)};
      expect(saidBy(planOf(observePair({ring: older, stored: one, nodes, said})))).toEqual(['FileNotWritten']);
    });

    test('etcd is seen to be restored ⇒ what was being made is forgotten', () => {
      const nodes = {n2: {highest: {epoch: 9, revision: 1}}};
      const plan = planOf(observePair({ring: resting({publishing: request()}), stored: one, nodes}));
      expect(saidBy(plan)).toEqual(['RestoreSeen']);
      expect(nextRingOf(plan).publishing).toBeUndefined();
    });

    test('the object is gone, and a node accepted a higher bundle of another id ⇒ the followed one is raised', () => {
      const ring = savedIn(restingPair(two, {waiting: [d3, d2]}));
      const said = {accepted: refOf(bundleOf(9, [d1, d2, d3], otherId))};
      expectRing(planOf(observePair({ring, said})), ring, asked('raise', 2));
    });

    test('the root key changed after a bundle was asked for ⇒ it is asked for no more, nor the rotation that waits for it', () => {
      const following = followedOf(two, {rootCheck: 'e'.repeat(16)});
      const changed = (more: Partial<Ring>): Ring => savedIn(restingPair(two, {waiting: [d2], following, ...more}));
      const ring = changed({publishing: request({kind: 'next', revision: 3})});
      const withdrawn = {changes: {publishing: undefined}, reason: 'RootChangeNotAnnounced' as const};
      expectRing(planOf(observePair({ring, stored: two})), ring, withdrawn);
      const rotation = {revision: 3, reason: 'compromise' as const, startedAtMs: now, migration: []};
      const fresh = changed({
        publishing: request({kind: 'fresh', revision: 3}),
        rotation,
        handledRequest: 'compromised-1',
      });
      const changes = {publishing: undefined, rotation: undefined, handledRequest: undefined};
      expectRing(planOf(observePair({ring: fresh, stored: two})), fresh, {...withdrawn, changes});
    });

    test('the root key changed ⇒ nothing until it is announced and old keys lie sealed, then a new bundle id', () => {
      const ring = savedIn(restingPair(two, {waiting: [d2], following: followedOf(two, {rootCheck: 'e'.repeat(16)})}));
      expectWait(planOf(observePair({ring, stored: two})), 'RootChangeNotAnnounced');
      const annotations = {[annotation.rootCheck]: rootCheck};
      expectWait(planOf(observePair({ring, stored: two, annotations})), 'KeyNotSealed');
      const facts = {keyObjects: seen(ring.keys.map((key) => keyObjectOf(key)))};
      expectRing(planOf(observePair({ring, stored: two, annotations, facts})), ring, asked('first', 3));
    });
  });

  describe('the way of a bundle', () => {
    const open = (changes: Partial<PublishRequest> = {}, more: Partial<Ring> = {}): Ring =>
      resting({publishing: request(changes), ...more});
    const made = (bundle: TestBundle, node = 'n1'): Partial<GivenPair> => ({
      nodes: {[node]: {derivation: derivationOf(one, {prepared: preparedOf(bundle, 'publish-4-69')})}},
    });

    test('it is not made yet ⇒ waits for its node', () => {
      expectWait(planOf(observePair({ring: open(), stored: one})), 'Publishing');
    });

    test('its node is gone, silent or without a root key ⇒ another one makes it', () => {
      const nodes = {n1: {derivation: derivationOf(one, {root: {state: 'missing', why: 'x'}})}};
      const plan = planOf(observePair({ring: open(), stored: one, nodes}));
      expectRing(plan, open(), {changes: {publishing: request({node: 'n2'})}, reason: 'Publishing'});
      const left = open({node: 'n8'});
      expectRing(planOf(observePair({ring: left, stored: one})), left, {
        changes: {publishing: request({node: 'n1'})},
        reason: 'Publishing',
      });
    });

    test('it is made ⇒ recorded before anything is written', () => {
      const prepared = preparedOf(two, 'publish-4-69');
      expectRing(planOf(observePair({ring: open(), stored: one, ...made(two)})), open(), {
        changes: {
          publishing: request({prepared}),
          publications: [publicationOf(two, now), publicationOf(one)],
        },
        reason: 'Publishing',
        record: {
          deed: 'publish',
          what: d2.id,
          why: 'next',
          facts: [
            'this cluster wrote the SeedBundle',
            `bundle ${two.bundleId}, generation 2: ${two.hash}`,
            `made by ${open().publishing?.node}`,
          ],
        },
      });
    });

    const wrong: readonly (readonly [string, TestBundle])[] = [
      ['a generation that is not higher', bundleOf(1, [d1, d2])],
      ['another bundle id', bundleOf(2, [d1, d2], otherId)],
      ['another newest revision', bundleOf(2, [d1, d3])],
      ['another key for a known revision', bundleOf(2, [derivedKey(1, 4), d2])],
      ['other bytes than its hash', {...two, bytes: one.bytes}],
    ];
    test.each(wrong)('%s ⇒ is not recorded and named', (_what, bundle) => {
      expectWait(
        planOf(observePair({ring: open({node: 'n3'}), stored: one, ...made(bundle, 'n3')})),
        'PreparedBundleWrong',
      );
    });

    test('what a node made may not be published ⇒ the next one is asked, by a request of its own', () => {
      const plan = planOf(observePair({ring: open(), stored: one, ...made(bundleOf(2, [d1, d3]))}));
      const publishing = request({id: 'publish-4-70', node: 'n2'});
      expectRing(plan, open(), {changes: {publishing}, reason: 'PreparedBundleWrong'});
    });

    test.each([
      ['five minutes ahead', 5 * minute, 'Publishing'],
      ['more', 5 * minute + 1, 'PreparedBundleWrong'],
    ] as const)('the clock of the node that made it is %s ⇒ %s', (_what, aheadMs, reason) => {
      const times = {createdAtMs: now + aheadMs, activateAtMs: now + aheadMs + 30 * minute};
      const entries = [entryOf(d1), entryOf(d2, times)];
      const plan = planOf(observePair({ring: open({node: 'n3'}), stored: one, ...made(bundleOf(2, entries), 'n3')}));
      expect(saidBy(plan)).toEqual([reason]);
    });

    test('a first bundle under the id that is known, or with more than one entry ⇒ is not recorded', () => {
      const following = followedOf(one, {rootCheck: 'e'.repeat(16)});
      const annotations = {[annotation.rootCheck]: rootCheck};
      const ring = open({kind: 'first', node: 'n3'}, {following});
      const plan = (bundle: TestBundle) => planOf(observePair({ring, stored: one, annotations, ...made(bundle, 'n3')}));
      expectWait(plan(bundleOf(2, [d2])), 'PreparedBundleWrong');
      expectWait(plan(bundleOf(1, [d1, d2], otherId)), 'PreparedBundleWrong');
      expect(nextRingOf(plan(bundleOf(1, [d2], otherId))).publications?.[0]?.bundleId).toBe(otherId);
    });

    test('an entry is missing in the middle ⇒ is not recorded', () => {
      const known = bundleOf(3, [d1, d2, d3]);
      const d4 = derivedKey(4);
      const ring = savedIn(restingPair(known, {keys: [d3, d2, d1], publishing: request({revision: 4, node: 'n3'})}));
      const nodes = (bundle: TestBundle) => ({
        n3: {derivation: derivationOf(known, {prepared: preparedOf(bundle, 'publish-4-69')})},
      });
      const holed = bundleOf(4, [d1, d3, d4]);
      expectWait(planOf(observePair({ring, stored: known, nodes: nodes(holed)})), 'PreparedBundleWrong');
      const trimmed = bundleOf(4, [d2, d3, d4]);
      expect(
        nextRingOf(planOf(observePair({ring, stored: known, nodes: nodes(trimmed)}))).publications?.[0]?.generation,
      ).toBe(4);
    });

    const recorded = (more: Partial<Ring> = {}): Ring =>
      open(
        {prepared: preparedOf(two, 'publish-4-69')},
        {publications: [publicationOf(two, now), publicationOf(one)], ...more},
      );

    test('it is recorded ⇒ written in place of the version that was seen', () => {
      const plan = planOf(observePair({ring: recorded(), stored: one}));
      expect(plan.actions).toEqual([{do: 'publishBundle', bytes: two.bytes, resourceVersion: '800'}]);
    });

    test('it is the first ⇒ created only', () => {
      const first = bundleOf(1, [d1]);
      const publishing = request({kind: 'first', revision: 1, prepared: preparedOf(first, 'publish-4-69')});
      const ring = freshRing({publishing, publications: [publicationOf(first, now)]});
      expect(planOf(observePair({ring})).actions).toEqual([{do: 'publishBundle', bytes: first.bytes}]);
    });

    test('what is stored is not known ⇒ not written', () => {
      const plan = planOf(observePair({ring: recorded(), stored: one, facts: {seedBundle: unknown('no')}}));
      expect(plan.actions).toEqual([]);
    });

    test('another cluster wrote in between ⇒ the role is unknown, ours is not written', () => {
      const foreign = bundleOf(2, [d1, derivedKey(2, 9)]);
      const ring = recorded({keys: [derivedKey(2, 9), d1]});
      expectWait(planOf(observePair({ring, stored: foreign})), 'RoleUnknown');
    });

    test('another cluster wrote in between, and an operator states Active ⇒ what it published stays, ours is left', () => {
      const foreign = bundleOf(2, [d1, derivedKey(2, 9)]);
      const ring = recorded({keys: [derivedKey(2, 9), d1], following: followedOf(foreign)});
      const annotations = {[annotation.role]: 'Active'};
      const plan = planOf(observePair({ring, stored: foreign, annotations}));
      expectRing(plan, ring, {changes: {publishing: undefined}, reason: 'Publishing'});
    });

    test('it is stored, no node has read it ⇒ waits', () => {
      const said = {bundle: readBy(one), accepted: refOf(one)};
      expectWait(planOf(observePair({ring: recorded(), stored: two, said})), 'Publishing');
    });

    test('it is stored, and the nodes cannot read it since their root key is another one ⇒ given up, and what waited for it', () => {
      const bundle = {state: 'refused', hash: two.hash, outcome: 'root-key-mismatch', detail: 'root check'} as const;
      const rotation: Rotation = {revision: 2, reason: 'schedule', startedAtMs: now - minute, migration: []};
      const ring = recorded({rotation});
      const plan = planOf(observePair({ring, stored: two, said: {bundle, accepted: refOf(one)}}));
      expectRing(plan, ring, {changes: {publishing: undefined, rotation: undefined}, reason: 'Publishing'});
    });

    test('it was read back and is followed ⇒ done', () => {
      const {counted: _, ...plain} = recorded({keys: [d2, d1], following: followedOf(two)});
      const ring = savedIn(plain);
      const plan = planOf(observePair({ring, stored: two}));
      expect(saidBy(plan)).toEqual(['Publishing']);
      expect(nextRingOf(plan).publishing).toBeUndefined();
      expect(nextRingOf(plan).following?.bundleId).toBe(firstId);
    });

    test('a rotation waited for this revision ⇒ it has its key', () => {
      const rotation = {revision: 2, reason: 'compromise' as const, startedAtMs: now - minute, migration: []};
      const base = {...recorded({keys: [d2, d1], following: followedOf(two), rotation})};
      const {counted: _, ...plain} = base;
      const plan = planOf(observePair({ring: savedIn(plain), stored: two}));
      expect(nextRingOf(plan).rotation).toEqual({...rotation, key: d2.id});
    });

    test('the Synchronizer came meanwhile ⇒ a Standby publishes nothing, and a rotation that waited begins anew', () => {
      const rotation = {
        revision: 2,
        reason: 'compromise' as const,
        request: 'compromised-x',
        startedAtMs: now,
        migration: [],
      };
      const ring = open({}, {rotation, handledRequest: 'compromised-x', synchronizer: {lastSeenAtMs: now - 1}});
      const plan = planOf(observePair({ring, stored: one, signals: installed}));
      expectRing(plan, ring, {
        changes: {publishing: undefined, rotation: undefined, handledRequest: undefined},
        reason: 'Following',
      });
    });
  });
}

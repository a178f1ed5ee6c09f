// The role: every row of rotation.md "Role", and what the ring remembers of the Synchronizer.

import {
  annotation,
  type ClusterObservation,
  type Role,
  type SynchronizerSignals,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {roleOf} from '../../../rotation/src/plan/role.ts';
import {makeView} from '../../../rotation/src/plan/view.ts';
import {hour, now, ours} from '../fixtures.ts';
import {nextRingOf, notedBy, planOf, saidBy} from '../reached.ts';
import {
  bundleOf,
  d1,
  d2,
  derivationOf,
  freshRing,
  type GivenPair,
  installed,
  nowhere,
  observePair,
  pairCounted,
  refOf,
  restingPair,
  savedIn,
} from './pair-fixtures.ts';

function roleIn(o: ClusterObservation): Role {
  if (o.spec.state !== 'seen' || o.spec.value.outcome !== 'ok' || o.ring.state !== 'seen') throw new Error('no view');
  return roleOf(makeView(o, o.spec.value.spec, o.ring.value)).role;
}

const bundle = bundleOf(2, [d1, d2]);
const mine = restingPair(bundle, {waiting: [d2]});
const theirs = restingPair(bundle, {waiting: [d2], ours: false});
const gone = (hours: number) => ({synchronizer: {lastSeenAtMs: now - 90 * hour, goneSinceMs: now - hours * hour}});
const due = {rotationIntervalMs: 60_000};
const stated = (role: string) => ({annotations: {[annotation.role]: role}});
const signs = (lease: SynchronizerSignals['lease'], isInstalled = false) => ({
  signals: {installed: isInstalled, lease},
});
const foreignScan = {
  id: 'scan-4-60',
  startedAtMs: now - 2000,
  completedAtMs: now - 1000,
  revision: 5,
  counts: {secrets: {[`aesgcm:${ours(9).name}`]: 1, clear: 3}},
};
const cleanScan = {...foreignScan, counts: {secrets: {clear: 3}}};
const asked = {scan: {id: 'scan-4-60', resources: ['secrets'], node: 'n1', deep: false, atMs: now - 3000}};

type Row = readonly [string, Role, GivenPair];
const rows: readonly Row[] = [
  ['the Synchronizer is installed', 'Standby', {ring: mine, stored: bundle, ...signs('renewed', true)}],
  ['it is installed and its lease silent', 'Standby', {ring: mine, stored: bundle, ...signs('silent', true)}],
  ['it is installed and its lease not known', 'Standby', {ring: theirs, stored: bundle, ...signs('unknown', true)}],
  ['only its lease is renewed', 'Standby', {ring: mine, stored: bundle, ...signs('renewed')}],
  ['only a silent lease is left', 'Active', {ring: mine, stored: bundle, ...signs('silent')}],
  ['a lease that was not watched for long', 'Unknown', {ring: mine, stored: bundle, ...signs('unknown')}],
  ['its signs are not known', 'Unknown', {ring: mine, stored: bundle, facts: {synchronizer: unknown('no')}}],
  ['the bundle could not be read', 'Unknown', {ring: mine, stored: bundle, facts: {seedBundle: unknown('no')}}],
  ['(a) no bundle, nothing encrypted, every list answers', 'Active', {ring: freshRing()}],
  ['(a) no bundle, lists not asked', 'Unknown', {ring: freshRing(), facts: {lists: {state: 'absent'}}}],
  ['(a) no bundle, lists not known', 'Unknown', {ring: freshRing(), facts: {lists: unknown('no')}}],
  ['(a) no bundle, a list breaks', 'Unknown', {ring: freshRing(), facts: {lists: seen({secrets: 'no key'})}}],
  [
    '(a) no bundle, a scan shows a name never here',
    'Unknown',
    {ring: freshRing(asked), every: {can: ['scan'], scan: foreignScan}},
  ],
  ['(a) no bundle, the scan is clean', 'Active', {ring: freshRing(asked), every: {can: ['scan'], scan: cleanScan}}],
  ['(a) no bundle, the scan is not answered', 'Unknown', {ring: freshRing(asked), every: {can: ['scan']}}],
  [
    '(a) no bundle, the scan shows a key of this cluster’s history',
    'Active',
    {ring: freshRing(asked), every: {can: ['scan'], scan: foreignScan, history: [ours(9).id]}},
  ],
  ['(a) no bundle, a member is missing', 'Unknown', {ring: freshRing(), facts: {badReports: {n9: 'newer'}}}],
  ['the bundle is gone, the last was ours', 'Active', {ring: mine}],
  ['the bundle is gone, the last was another’s', 'Unknown', {ring: theirs}],
  ['the bundle is gone, a node accepted another’s', 'Unknown', {ring: freshRing(), said: {accepted: refOf(bundle)}}],
  ['(b) this cluster wrote the bundle', 'Active', {ring: mine, stored: bundle}],
  [
    '(b) a node here made the bundle',
    'Active',
    {ring: theirs, stored: bundle, said: {prepared: {...bundle, id: 'publish-4-1'}}},
  ],
  ['another’s bundle, no Synchronizer ever', 'Unknown', {ring: theirs, stored: bundle, spec: due}],
  ['(c) gone for the grace, due', 'Active', {ring: {...theirs, ...gone(25)}, stored: bundle, spec: due}],
  ['(c) gone for the grace, nothing due', 'Unknown', {ring: {...theirs, ...gone(25)}, stored: bundle}],
  ['(c) gone for less', 'Unknown', {ring: {...theirs, ...gone(23)}, stored: bundle, spec: due}],
  [
    '(c) gone for the grace by the wall clock alone',
    'Unknown',
    {ring: {...theirs, ...gone(25)}, stored: bundle, spec: due, facts: {counted: {'synchronizer/gone': hour}}},
  ],
  [
    '(c) seen, and not gone by the ring',
    'Unknown',
    {ring: {...theirs, synchronizer: {lastSeenAtMs: now - 90 * hour}}, stored: bundle, spec: due},
  ],
  ['Active is stated, another’s bundle', 'Active', {ring: theirs, stored: bundle, ...stated('Active')}],
  ['Active is stated, the bundle is gone', 'Active', {ring: theirs, ...stated('Active')}],
  [
    'Active is stated, the Synchronizer is here',
    'Unknown',
    {ring: theirs, stored: bundle, signals: installed, ...stated('Active')},
  ],
  [
    'Active is stated, its signs are not known',
    'Unknown',
    {
      ring: theirs,
      stored: bundle,
      facts: {synchronizer: unknown('no'), ringAnnotations: {[annotation.role]: 'Active'}},
    },
  ],
  ['Standby is stated, another’s bundle', 'Standby', {ring: theirs, stored: bundle, ...stated('Standby')}],
  ['Standby is stated, no bundle yet', 'Standby', {ring: freshRing(), ...stated('Standby')}],
  ['Standby is stated, our bundle', 'Unknown', {ring: mine, stored: bundle, ...stated('Standby')}],
  ['another word is stated', 'Active', {ring: mine, stored: bundle, ...stated('primary')}],
  ['a node names another cluster', 'Unknown', {ring: mine, stored: bundle, nodes: {n2: {clusterId: 'c2'}}}],
  [
    'a node names no cluster, Synchronizer here',
    'Unknown',
    {ring: mine, stored: bundle, signals: installed, nodes: {n2: {clusterId: ''}}},
  ],
];

export function describeRole(): void {
  describe('role', () => {
    test.each(rows)('%s ⇒ %s', (_what, role, given) => {
      expect(roleIn(observePair(given))).toBe(role);
    });

    test('the role is Unknown ⇒ says why and does nothing dangerous, however due', () => {
      const plan = planOf(observePair({ring: theirs, stored: bundle, spec: due}));
      expect(plan.actions).toEqual([]);
      expect(saidBy(plan)).toEqual(['RoleUnknown']);
      expect(plan.phase).toBe('Blocked');
    });

    test('a statement contradicts the evidence ⇒ is named', () => {
      const plan = planOf(observePair({ring: mine, stored: bundle, signals: installed, ...stated('Active')}));
      expect(nextRingOf(plan).synchronizer).toEqual({lastSeenAtMs: now});
      const ring = {...mine, synchronizer: {lastSeenAtMs: now - hour + 1}};
      const later = planOf(observePair({ring, stored: bundle, signals: installed, ...stated('Active')}));
      expect(notedBy(later)).toContain('RoleContradicted');
    });

    test('no bundle, and a node counts ⇒ asks for a scan once', () => {
      const plan = planOf(observePair({ring: freshRing(), every: {can: ['scan']}}));
      expect(saidBy(plan)).toEqual(['RoleUnknown']);
      expect(nextRingOf(plan).scan).toEqual({
        id: 'scan-4-70',
        resources: ['secrets', 'configmaps'],
        node: 'n1',
        deep: false,
        atMs: now,
      });
      expect(planOf(observePair({ring: freshRing(asked), every: {can: ['scan']}})).actions).toEqual([]);
    });

    test('no bundle, and no node counts ⇒ lists every resource', () => {
      const plan = planOf(observePair({ring: freshRing(), facts: {lists: {state: 'absent'}}}));
      expect(plan.actions).toEqual([{do: 'checkLists', resources: ['secrets', 'configmaps']}]);
    });
  });

  describe('what the ring remembers of the Synchronizer', () => {
    const memory = (given: Partial<GivenPair>) => {
      const plan = planOf(observePair({ring: mine, stored: bundle, ...given}));
      return saidBy(plan)[0] === 'SynchronizerNoted' ? nextRingOf(plan).synchronizer : undefined;
    };

    test('seen for the first time ⇒ noted', () => {
      expect(memory({signals: installed})).toEqual({lastSeenAtMs: now});
    });

    test('seen again within the hour ⇒ nothing; after it ⇒ noted', () => {
      const seenAt = (atMs: number) =>
        memory({signals: installed, ring: {...mine, synchronizer: {lastSeenAtMs: atMs}}});
      expect(seenAt(now - hour + 1)).toBeUndefined();
      expect(seenAt(now - hour)).toEqual({lastSeenAtMs: now});
    });

    test('no sign left ⇒ gone since now; a lease that is not judged yet says nothing', () => {
      const ring = {...mine, synchronizer: {lastSeenAtMs: now - 5 * hour}};
      expect(memory({ring, signals: nowhere})).toEqual({lastSeenAtMs: now - 5 * hour, goneSinceMs: now});
      expect(memory({ring, signals: {installed: false, lease: 'silent'}})?.goneSinceMs).toBe(now);
      expect(memory({ring, signals: {installed: false, lease: 'unknown'}})).toBeUndefined();
    });

    test('back again ⇒ not gone any more', () => {
      expect(memory({ring: {...mine, ...gone(3)}, signals: installed})).toEqual({lastSeenAtMs: now});
    });

    test('never seen and not there ⇒ nothing to remember', () => {
      expect(memory({signals: nowhere})).toBeUndefined();
    });

    test('an hour more was counted ⇒ saved, until nothing waits for it any more', () => {
      const ring = {...restingPair(bundle, {waiting: [d2], ours: false}), ...gone(9)};
      const id = 'synchronizer/gone';
      const counted = {...pairCounted(ring), [id]: 5 * hour};
      const saved = savedIn(ring).counted ?? {};
      const with4 = {...ring, counted: {...saved, [id]: {stoppedAtMs: now - 9 * hour, ms: 4 * hour}}};
      const plan = planOf(observePair({ring: with4, stored: bundle, facts: {counted}}));
      expect(saidBy(plan)).toEqual(['CountingTime']);
      expect(nextRingOf(plan).counted?.[id]).toEqual({stoppedAtMs: now - 9 * hour, ms: 5 * hour});
      const with5 = {...with4, counted: {...saved, [id]: {stoppedAtMs: now - 9 * hour, ms: 4 * hour + 1}}};
      expect(saidBy(planOf(observePair({ring: with5, stored: bundle, facts: {counted}})))).toEqual(['RoleUnknown']);
    });

    test('gone in the future, as after a clock that was set back ⇒ gone since now', () => {
      const ring = {...theirs, ...gone(-3)};
      expect(nextRingOf(planOf(observePair({ring, stored: bundle}))).synchronizer?.goneSinceMs).toBe(now);
    });
  });

  describe('nodes without a root key', () => {
    const told = (given: Partial<GivenPair>) => notedBy(planOf(observePair({ring: mine, stored: bundle, ...given})));

    test('missing, refused or not told ⇒ named by node', () => {
      const missing = derivationOf(bundle, {root: {state: 'missing', why: 'no Secret'}});
      expect(told({nodes: {n2: {derivation: missing}}})).toContain('RootSecretNotReady');
      expect(told({every: {derivation: undefined} as never})).toContain('RootSecretNotReady');
      expect(told({})).not.toContain('RootSecretNotReady');
    });

    test('what one node holds or reads is not known ⇒ waits with the dangerous deeds, and names it', () => {
      const root = {state: 'unknown', why: 'time-out'} as const;
      const unheard = planOf(
        observePair({ring: mine, stored: bundle, spec: due, nodes: {n2: {derivation: derivationOf(bundle, {root})}}}),
      );
      expect(saidBy(unheard)).toEqual(['ReadFailed']);
      expect(unheard.reasons[0]?.nodes).toEqual(['n2']);
      const unread = derivationOf(bundle, {bundle: {state: 'unknown', why: 'time-out'}});
      expect(
        saidBy(planOf(observePair({ring: mine, stored: bundle, spec: due, nodes: {n3: {derivation: unread}}}))),
      ).toEqual(['ReadFailed']);
    });

    test('no root key on one node ⇒ its word on the bundle does not count, the others go on', () => {
      const root = {state: 'missing', why: 'no Secret'} as const;
      const wrong = derivationOf(bundle, {root, bundle: {state: 'unknown', why: 'no root key'}});
      const plan = planOf(observePair({ring: mine, stored: bundle, spec: due, nodes: {n2: {derivation: wrong}}}));
      expect(saidBy(plan)).toEqual(['Distributing']);
      const refused = {state: 'refused', hash: bundle.hash, outcome: 'tampered', detail: 'mac'} as const;
      const odd = derivationOf(bundle, {root, bundle: refused});
      const same = planOf(observePair({ring: mine, stored: bundle, spec: due, nodes: {n2: {derivation: odd}}}));
      expect(saidBy(same)).toEqual(['Distributing']);
    });

    test('another root key on one node ⇒ named, and nothing dangerous', () => {
      const root = {state: 'ready', rootCheck: 'f'.repeat(16), groupTag: 'a'.repeat(32), dimensionTag: 'b'.repeat(16)};
      const other = derivationOf(bundle, {root: root as never});
      const plan = planOf(observePair({ring: mine, stored: bundle, spec: due, nodes: {n2: {derivation: other}}}));
      expect(saidBy(plan)).toEqual(['RootSecretsDiffer']);
      expect(plan.actions).toEqual([]);
      expect(plan.reasons[0]?.nodes).toEqual(['n2']);
    });
  });
}

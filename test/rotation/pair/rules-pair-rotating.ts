// Rotations of a pair: when each side starts one, what its key waits for, what a Standby rewrites, what may be dropped.

import {
  annotation,
  type BundleEntryRef,
  type MigrationMark,
  type Ring,
  type Rotation,
  type ScanReport,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {bundleStampId, windowId} from '../../../rotation/src/model/stamps.ts';
import {keptByPair} from '../../../rotation/src/plan/pair-window.ts';
import {makeView} from '../../../rotation/src/plan/view.ts';
import {expectRing, expectWait} from '../expect-plan.ts';
import {day, doneMarks, hour, layoutOf, markOf, minute, monotonicNow, now, restingRing} from '../fixtures.ts';
import {nextRingOf, notedBy, planOf, saidBy} from '../reached.ts';
import {
  bundleOf,
  d1,
  d2,
  d3,
  derivedKey,
  entryOf,
  firstId,
  followedOf,
  type GivenPair,
  installed,
  observePair,
  pairCounted,
  publicationOf,
  request,
  restingPair,
  savedIn,
} from './pair-fixtures.ts';

const bundle = bundleOf(2, [d1, d2]);
const due = {rotationIntervalMs: hour};
const seenNow = {synchronizer: {lastSeenAtMs: now - 1000}};
const active = (changes: Partial<Ring> = {}): Ring => savedIn(restingPair(bundle, {waiting: [d2], ...changes}));
const standby = (changes: Partial<Ring> = {}): Ring =>
  savedIn(restingPair(bundle, {waiting: [d2], ours: false, ...seenNow, ...changes}));

const starting = (reason: Rotation['reason'], rotation: Partial<Rotation> = {}, more: Partial<Ring> = {}) => ({
  changes: {
    rotation: {revision: 2, key: d2.id, reason, startedAtMs: now, migration: [], ...rotation} as Rotation,
    ...more,
  },
  reason: 'Distributing' as const,
});

const stored = (name: string): ScanReport => ({
  id: 'scan-4-1',
  startedAtMs: now - 3000,
  completedAtMs: now - 2000,
  revision: 900,
  counts: {secrets: {[`aesgcm:${name}`]: 1}},
});

/** The fingerprint that `verify --record` puts on the ring. */
const proofOf = (keys: readonly {name: string; check: string; revision: number}[], bundleId = firstId) => ({
  [annotation.standbyProof]: JSON.stringify({
    bundleId,
    generation: 2,
    revisions: keys.map(({name, check, revision}) => ({revision, name, checkValue: check})),
    adopted: [],
  }),
});

function describeStarting(): void {
  describe('start of an Active', () => {
    test('the interval has passed ⇒ takes the published key', () => {
      expectRing(planOf(observePair({ring: active(), stored: bundle, spec: due})), active(), starting('schedule'));
    });

    test('nothing is due ⇒ rests', () => {
      expectWait(planOf(observePair({ring: active(), stored: bundle})), 'Scheduled');
    });

    test('nothing was ever rotated ⇒ the first one, with the newest published key', () => {
      const {rotation: _, ...rest} = restingRing([d1]);
      const first = bundleOf(1, [d1]);
      const ring = savedIn(
        restingPair(first, {
          ...rest,
          history: [],
          layout: layoutOf([d1], 'identity'),
          following: followedOf(first),
          settings: active().settings,
        }),
      );
      const expected = starting('first', {revision: 1, key: d1.id});
      expectRing(planOf(observePair({ring, stored: first})), ring, expected);
    });

    test('due, and no key is published above the present one ⇒ publishes first', () => {
      const one = bundleOf(1, [d1]);
      const plan = planOf(observePair({ring: savedIn(restingPair(one)), stored: one, spec: due}));
      expect(saidBy(plan)).toEqual(['Publishing']);
    });

    test('due, and the followed bundle is not the stored one ⇒ says that no key waits', () => {
      const other = bundleOf(9, [d1, d2], 'f'.repeat(32));
      const ring = active({following: followedOf(bundleOf(1, [d1]))});
      const plan = planOf(
        observePair({
          ring,
          stored: other,
          spec: due,
          annotations: {[annotation.role]: 'Active'},
          said: {accepted: undefined} as never,
        }),
      );
      expect(notedBy(plan)).toContain('NextNotPublished');
      expect(plan.actions).toEqual([]);
    });

    test('a request ⇒ takes a key that was published a day ago', () => {
      const spec = {rotateRequest: 'audit 7'};
      const expected = starting('request', {request: 'audit 7'}, {handledRequest: 'audit 7'});
      expectRing(planOf(observePair({ring: active(), stored: bundle, spec})), active(), expected);
    });

    test('a request, published lately ⇒ waits for a day on both clocks, or for the Standby’s proof', () => {
      const spec = {rotateRequest: 'audit 7'};
      const ring = active({following: followedOf(bundle, {sinceMs: now - day + 20_000})});
      const plan = planOf(observePair({ring, stored: bundle, spec}));
      expectWait(plan, 'Scheduled');
      expect(notedBy(plan)).toContain('PublishedLately');
      expect(plan.wakeAtMs).toBe(50_020_000);
      const uncounted = {...pairCounted(active()), [bundleStampId(bundle.hash)]: hour};
      const jumped = planOf(observePair({ring: active(), stored: bundle, spec, facts: {counted: uncounted}}));
      expect(notedBy(jumped)).toContain('PublishedLately');
      const annotations = proofOf([d1, d2]);
      expect(nextRingOf(planOf(observePair({ring, stored: bundle, spec, annotations}))).rotation?.key).toBe(d2.id);
      const elsewhere = proofOf([d1, d2], 'f'.repeat(32));
      expect(notedBy(planOf(observePair({ring, stored: bundle, spec, annotations: elsewhere})))).toContain(
        'PublishedLately',
      );
    });

    test('a compromise ⇒ no key that was ever in a file: a fresh one is published for it', () => {
      const spec = {rotateRequest: 'compromised-n2'};
      const rotation = {
        revision: 3,
        reason: 'compromise',
        request: 'compromised-n2',
        startedAtMs: now,
        migration: [],
      } as const;
      expectRing(planOf(observePair({ring: active(), stored: bundle, spec})), active(), {
        changes: {
          rotation,
          publishing: request({id: 'publish-4-70', kind: 'fresh', revision: 3}),
          handledRequest: 'compromised-n2',
        },
        reason: 'Publishing',
      });
    });

    test('a resource enters ⇒ under the present key', () => {
      const layout = {
        ...active().layout,
        resources: [...active().layout.resources, {resource: 'events', write: 'identity'}],
      };
      const spec = {resources: ['secrets', 'configmaps', 'events']};
      const plan = planOf(observePair({ring: active({layout}), stored: bundle, spec}));
      expect(nextRingOf(plan).rotation).toMatchObject({reason: 'resources', key: d1.id, adding: ['events']});
    });
  });

  describe('an Active that was the Standby before', () => {
    const lastMigration = {revision: 1, marks: doneMarks(), completedAtMs: now - hour, local: true as const};

    test('it left replicated objects to the old Active ⇒ rewrites everything under the present key', () => {
      const ring = active({lastMigration});
      expect(nextRingOf(planOf(observePair({ring, stored: bundle}))).rotation).toMatchObject({
        reason: 'resources',
        key: d1.id,
        adding: ['secrets', 'configmaps'],
      });
    });

    test('a rotation is due as well ⇒ that one, which rewrites everything too', () => {
      const ring = active({lastMigration});
      expect(nextRingOf(planOf(observePair({ring, stored: bundle, spec: due}))).rotation?.reason).toBe('schedule');
    });
  });

  describe('start of a Standby', () => {
    const given = {stored: bundle, signals: installed};

    test('however due, no sign of the Active ⇒ nothing', () => {
      const spec = {...due, rotateRequest: 'compromised-x'};
      expectWait(planOf(observePair({ring: standby(), ...given, spec})), 'Scheduled');
    });

    test.each([
      ['a stored value is under the next key', {every: {scan: stored(d2.name)}}],
      ['a server here read a value under it', {every: {decryptions: {[d2.name]: 3}}}],
    ])('%s ⇒ follows', (_what, more) => {
      const nodes = {n1: more.every, n2: more.every, n3: more.every};
      expectRing(planOf(observePair({ring: standby(), ...given, nodes})), standby(), starting('follow'));
    });

    test('a later entry was published ⇒ follows the one before it', () => {
      const longer = bundleOf(3, [d1, d2, d3]);
      const ring = savedIn(restingPair(longer, {waiting: [d3, d2], ours: false, ...seenNow}));
      expectRing(planOf(observePair({ring, stored: longer, signals: installed})), ring, starting('follow'));
    });

    test('it is ahead of the mirrored lineage ⇒ keeps its write key', () => {
      const ring = savedIn(restingPair(bundle, {keys: [d3, d2, d1], ours: false, ...seenNow}));
      const every = {nodes: {n1: {decryptions: {[d2.name]: 3}}}};
      expectWait(planOf(observePair({ring, ...given, ...every})), 'Scheduled');
    });

    test('its write key is of another bundle id ⇒ follows a lower revision', () => {
      const following = followedOf(bundle, {otherLineage: true});
      const ring = savedIn(restingPair(bundle, {keys: [d3, d2, d1], ours: false, ...seenNow, following}));
      const plan = planOf(observePair({ring, ...given, nodes: {n1: {decryptions: {[d2.name]: 3}}}}));
      expectRing(plan, ring, starting('follow'));
    });

    test('it has gone over to the newest key of another bundle id ⇒ not back to the one before', () => {
      const following = followedOf(bundle, {otherLineage: true});
      const ring = savedIn(restingPair(bundle, {keys: [d2, d1], ours: false, ...seenNow, following}));
      const nodes = {n1: {decryptions: {[d1.name]: 3, [d2.name]: 3}}};
      expectWait(planOf(observePair({ring, ...given, nodes})), 'Scheduled');
    });

    test('a request was mirrored ⇒ handled by the revision that it led to', () => {
      const nodes = {n1: {decryptions: {[d2.name]: 3}}};
      const plan = planOf(observePair({ring: standby(), ...given, nodes, spec: {rotateRequest: 'audit 7'}}));
      const expected = starting('follow', {request: 'audit 7'}, {handledRequest: 'audit 7'});
      expectRing(plan, standby(), expected);
    });

    test('a mirrored request was handled by an earlier revision ⇒ the next one is not said to be for it', () => {
      const nodes = {n1: {decryptions: {[d2.name]: 3}}};
      const ring = {...standby(), handledRequest: 'audit 7'};
      const plan = planOf(observePair({ring, ...given, nodes, spec: {rotateRequest: 'audit 7'}}));
      expectRing(plan, ring, starting('follow'));
    });

    test('a rotation was begun as Active ⇒ given up while it wrote nothing, and its request waits again', () => {
      const rotation: Rotation = {
        revision: 2,
        key: d2.id,
        reason: 'request',
        request: 'audit',
        startedAtMs: now - minute,
        migration: [],
      };
      const ring = standby({rotation, handledRequest: 'audit'});
      expectRing(planOf(observePair({ring, ...given})), ring, {
        changes: {rotation: undefined, handledRequest: undefined},
        reason: 'Following',
      });
      const plan = planOf(observePair({ring, ...given, nodes: {n1: {decryptions: {[d2.name]: 3}}}}));
      expect(saidBy(plan)).not.toContain('Following');
    });

    test('the lists were asked ten minutes ago, or one of them did not answer 15 s ago ⇒ every list is asked', () => {
      const plan = (agoMs: number, broken: Readonly<Record<string, string>> = {}) => {
        const listed = {broken, atMs: monotonicNow - agoMs};
        return planOf(observePair({ring: standby(), ...given, facts: {listed}}));
      };
      const asks = [{do: 'checkLists', resources: ['secrets', 'configmaps']}];
      expect(plan(10 * minute - 1).actions).toEqual([]);
      expect(plan(10 * minute).actions).toEqual(asks);
      expect(plan(14_999, {secrets: 'no key'}).actions).toEqual([]);
      expect(plan(15_000, {secrets: 'no key'}).actions).toEqual(asks);
    });

    test('paused ⇒ every list is asked all the same, and beside that it waits', () => {
      const plan = (agoMs: number) => {
        const listed = {broken: {}, atMs: monotonicNow - agoMs};
        return planOf(observePair({ring: standby(), ...given, spec: {pause: 'audit'}, facts: {listed}}));
      };
      expect(plan(10 * minute).actions).toEqual([{do: 'checkLists', resources: ['secrets', 'configmaps']}]);
      expect(notedBy(plan(10 * minute))).toContain('Paused');
      expectWait(plan(10 * minute - 1), 'Paused');
    });

    test('a node counts ⇒ its values are counted again each ten minutes', () => {
      const plan = (atMs: number) => {
        const scan = {id: 'scan-4-1', resources: ['secrets'], node: 'n1', deep: false, atMs};
        return planOf(observePair({ring: standby({scan}), ...given, every: {can: ['scan']}}));
      };
      expectWait(plan(now - 10 * minute + 1), 'Scheduled');
      expect(nextRingOf(plan(now - 10 * minute)).scan?.id).toBe('scan-4-70');
    });
  });
}

function describeApproval(): void {
  const rotation: Rotation = {revision: 2, key: d2.id, reason: 'schedule', startedAtMs: now - minute, migration: []};
  const rotating = (changes: Partial<Ring> = {}): Ring => active({rotation, ...changes});
  const opens = {reason: 'AskingServers' as const, gate: {id: 'activate-4-70', deed: 'activate' as const, atMs: now}};
  const expectGate = (ring: Ring, given: Partial<GivenPair> = {}): void =>
    expectRing(planOf(observePair({ring, stored: bundle, ...given})), ring, {
      changes: {gate: opens.gate},
      reason: opens.reason,
    });
  const young = (changes: Partial<BundleEntryRef>) => bundleOf(2, [entryOf(d1), entryOf(d2, changes)]);

  describe('approval', () => {
    test('its time has passed on both clocks ⇒ every server is asked, then it writes', () => {
      expectGate(rotating());
      const ring = rotating({gate: opens.gate});
      const next = nextRingOf(planOf(observePair({ring, stored: bundle})));
      expect(next.layout.resources.map(({write}) => write)).toEqual([d2.id, d2.id]);
    });

    test('its time has not come on the wall clock ⇒ waits until it has', () => {
      const early = young({createdAtMs: now - minute, activateAtMs: now + 20_000});
      const ring = savedIn(restingPair(early, {waiting: [d2], rotation}));
      const plan = planOf(observePair({ring, stored: early}));
      expectWait(plan, 'WaitingForApproval');
      expect(plan.wakeAtMs).toBe(50_020_000);
    });

    test('its time has come on the wall clock alone ⇒ waits', () => {
      const counted = {...pairCounted(rotating()), [bundleStampId(bundle.hash)]: minute};
      expectWait(planOf(observePair({ring: rotating(), stored: bundle, facts: {counted}})), 'WaitingForApproval');
    });

    test('immediate ⇒ waits for no time', () => {
      const counted = {...pairCounted(rotating()), [bundleStampId(bundle.hash)]: 0};
      expectGate(rotating(), {deterministic: {activationPolicy: 'immediate'}, facts: {counted}});
    });

    test('manual ⇒ waits for the word with its revision', () => {
      const deterministic = {activationPolicy: 'manual-approval' as const};
      const word = (text: string) => ({deterministic, annotations: {[annotation.approve]: text}});
      expectWait(planOf(observePair({ring: rotating(), stored: bundle, deterministic})), 'WaitingForApproval');
      expectWait(planOf(observePair({ring: rotating(), stored: bundle, ...word('1')})), 'WaitingForApproval');
      expectGate(rotating(), word('2'));
    });

    test('a Standby that follows ⇒ waits for none of it', () => {
      const ring = standby({rotation: {...rotation, reason: 'follow'}});
      const counted = {...pairCounted(ring), [bundleStampId(bundle.hash)]: 0};
      const nodes = {n1: {decryptions: {[d2.name]: 1}}};
      expectGate(ring, {signals: installed, nodes, facts: {counted}});
    });

    test('the key left the bundle before it wrote ⇒ the rotation is given up', () => {
      const fork = bundleOf(3, [d1, derivedKey(2, 8)]);
      const ring = savedIn(restingPair(fork, {waiting: [derivedKey(2, 8), d2], rotation}));
      expectRing(planOf(observePair({ring, stored: fork})), ring, {
        changes: {rotation: undefined},
        reason: 'Following',
      });
    });

    test('a key that the random strategy was making ⇒ given up', () => {
      const {key: _, ...minted} = rotation;
      const ring = active({rotation: minted, minting: {revision: 2, node: 'n1', id: 'mint-r2-4-60'}});
      expectRing(planOf(observePair({ring, stored: bundle})), ring, {
        changes: {rotation: undefined, minting: undefined},
        reason: 'Following',
      });
    });
  });

  describe('the first activation under a bundle id', () => {
    const one = bundleOf(1, [d1]);
    const first = (changes: Partial<Ring> = {}): Ring =>
      savedIn(
        restingPair(one, {
          history: [],
          layout: layoutOf([d1], 'identity'),
          rotation: {revision: 1, key: d1.id, reason: 'first', startedAtMs: now - minute, migration: []},
          ...changes,
        }),
      );
    const proven = {changes: {standbyProven: [firstId]}, reason: 'StandbyProven' as const};

    test('no proof and no word ⇒ waits', () => {
      expectWait(planOf(observePair({ring: first(), stored: one})), 'StandbyUnproven');
    });

    test.each([
      ['the Standby’s fingerprint shows its key', {annotations: proofOf([d1])}],
      ['the annotation says that there is none', {annotations: {[annotation.standby]: 'none'}}],
      ['the spec says that there is none', {deterministic: {standby: 'none' as const}}],
    ])('%s ⇒ noted once and for all', (_what, given) => {
      expectRing(planOf(observePair({ring: first(), stored: one, ...given})), first(), proven);
    });

    test.each([
      ['no JSON', {[annotation.standbyProof]: '{'}],
      ['another bundle id', proofOf([d1], 'f'.repeat(32))],
      ['another check value', proofOf([{...d1, check: 'f'.repeat(16)}])],
      ['another revision', proofOf([d2])],
      ['no list', {[annotation.standbyProof]: JSON.stringify({bundleId: firstId, revisions: 'r1'})}],
    ])('a fingerprint with %s ⇒ no proof', (_what, annotations) => {
      expectWait(planOf(observePair({ring: first(), stored: one, annotations})), 'StandbyUnproven');
    });

    test('proven before ⇒ goes on without one', () => {
      const plan = planOf(observePair({ring: first({standbyProven: [firstId]}), stored: one}));
      expect(saidBy(plan)).toEqual(['AskingServers']);
    });

    test('a later activation ⇒ needs none', () => {
      expect(saidBy(planOf(observePair({ring: rotating(), stored: bundle})))).toEqual(['AskingServers']);
    });
  });
}

function describeMigrating(): void {
  const converged = (
    migration: readonly MigrationMark[],
    changes: Parameters<typeof restingPair>[1] = {ours: false, ...seenNow},
    local: {local?: true} = changes?.ours === false ? {local: true} : {},
  ): Ring =>
    savedIn(
      restingPair(bundle, {
        keys: [d2, d1],
        stoppedWriting: {[d1.id]: now - 5 * minute},
        rotation: {
          revision: 2,
          key: d2.id,
          reason: 'follow',
          startedAtMs: now - 20 * minute,
          activatedAtMs: now - 10 * minute,
          convergedAtMs: now - 5 * minute,
          migration,
          ...local,
        },
        ...changes,
      }),
    );
  const given = {stored: bundle, signals: installed};

  describe('migration of a Standby', () => {
    test.each([
      ['team-b,  team-a', ['team-a', 'team-b'], []],
      ['-operators\n-never-there', [], ['operators']],
      ['team-a -team-a', [], []],
      ['Team-A, team_b, -, team-a', ['team-a'], []],
    ])(
      'an operator says %j ⇒ added and taken away from them, and what is no namespace is named',
      (text, added, taken) => {
        const look = (annotations: Readonly<Record<string, string>>) => {
          const plan = planOf(observePair({ring: converged([markOf('secrets')]), ...given, annotations}));
          const [action] = plan.actions;
          return {plan, namespaces: (action?.do === 'migratePage' ? action.namespaces : undefined) ?? []};
        };
        const usual = look({}).namespaces;
        const {plan, namespaces} = look({[annotation.localNamespaces]: text});
        expect(namespaces.filter((name) => !usual.includes(name))).toEqual(added);
        expect(usual.filter((name) => !namespaces.includes(name))).toEqual(taken);
        const notes = plan.notes.filter(({reason}) => reason === 'LocalNamespacesInvalid').map(({message}) => message);
        const odd = 'annotation local-namespaces: no namespace: "Team-A", "team_b", "-"';
        expect(notes).toEqual(text.startsWith('Team') ? [odd] : []);
      },
    );

    test('pages ⇒ only of the namespaces that the mirror leaves alone', () => {
      const plan = planOf(observePair({ring: converged([markOf('secrets')]), ...given}));
      const [action] = plan.actions;
      expect(action?.do === 'migratePage' ? action.namespaces : undefined).toEqual([
        'cert-manager',
        'cpaas-solution',
        'cpaas-system',
        'cpaas-system-global-credentials',
        'default',
        'global-credentials',
        'kube-node-lease',
        'kube-ovn',
        'kube-public',
        'kube-system',
        'kubevirt',
        'nativestor-system',
        'nsx-system',
        'operators',
      ]);
    });

    test('an Active ⇒ everything', () => {
      const plan = planOf(observePair({ring: converged([markOf('secrets')], {}), stored: bundle}));
      expect(plan.actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
    });

    test('the cluster has become the Active in the middle ⇒ begins anew with everything', () => {
      const ring = converged(doneMarks(), {}, {local: true});
      const next = nextRingOf(planOf(observePair({ring, stored: bundle})));
      expect(next.rotation).not.toHaveProperty('local');
      expect(next.rotation?.migration).toEqual([
        {...markOf('configmaps'), startedAtMs: now},
        {...markOf('secrets'), startedAtMs: now},
      ]);
    });

    test('the cluster has become a Standby in the middle ⇒ noted, and the marks stay', () => {
      const ring = converged(doneMarks(), {ours: false, ...seenNow}, {});
      const next = nextRingOf(planOf(observePair({ring, ...given})));
      expect(next.rotation).toEqual({...ring.rotation, local: true});
    });

    test('it is complete ⇒ noted that replicated objects were left; an Active’s leaves none', () => {
      const verified = (local: {local?: true}, changes?: Parameters<typeof restingPair>[1]): Ring => {
        const ring = converged(doneMarks({pass: 2, rewritten: 0}), changes, local);
        return {...ring, rotation: {...ring.rotation, verifiedBy: 'second-pass'} as NonNullable<Ring['rotation']>};
      };
      const standby = nextRingOf(planOf(observePair({ring: verified({local: true}), ...given})));
      expect([standby.rotation, standby.lastMigration?.local]).toEqual([undefined, true]);
      const active = nextRingOf(planOf(observePair({ring: verified({}, {}), stored: bundle})));
      expect([active.rotation, active.lastMigration?.local]).toEqual([undefined, undefined]);
    });

    test('every page is done ⇒ proven by a second pass, though a node could count', () => {
      const ring = converged(doneMarks());
      const plan = planOf(observePair({ring, ...given, every: {can: ['scan']}}));
      expect(nextRingOf(plan).rotation?.migration.map(({pass, state}) => [pass, state])).toEqual([
        [2, 'pending'],
        [2, 'pending'],
      ]);
      const second = converged(doneMarks({pass: 2, rewritten: 0}));
      expect(
        nextRingOf(planOf(observePair({ring: second, ...given, every: {can: ['scan']}}))).rotation?.verifiedBy,
      ).toBe('second-pass');
    });
  });
}

function describeDropping(): void {
  const all = [1, 2, 3].map((revision) => derivedKey(revision));
  const [k1, k2, k3] = all as [typeof d1, typeof d1, typeof d1];
  const k4 = derivedKey(4);
  const stopped = {[k1.id]: now - 9 * day, [k2.id]: now - 8 * day};
  const clean = [{key: k1.id, by: 'scan-4-60', revision: '900', atMs: now - 6 * day, compactedBy: 'etcd'}];
  const spec = {retention: {revisions: 2, minAgeMs: day}};
  const holding = bundleOf(4, [k1, k2, k3, k4]);
  const without = bundleOf(5, [k2, k3, k4]);
  const ringWith = (bundle: typeof holding, changes: Partial<Ring> = {}): Ring =>
    savedIn(
      restingPair(bundle, {
        keys: [k3, k2, k1],
        waiting: [k4],
        stoppedWriting: stopped,
        clean,
        ...changes,
      }),
    );
  const drops = {id: 'drop-4-70', deed: 'drop' as const, atMs: now};

  describe('drop in a pair', () => {
    test('clean and compacted, and the followed bundle holds it ⇒ stays, and says why', () => {
      const plan = planOf(observePair({ring: ringWith(holding), stored: holding, spec}));
      expectWait(plan, 'Scheduled');
      expect(notedBy(plan)).toContain('DropWaiting');
    });

    test('an older bundle that holds it is stored ⇒ stays', () => {
      const ring = ringWith(without, {publications: [publicationOf(without), publicationOf(holding)]});
      const o = observePair({ring, stored: holding, spec});
      if (o.spec.state !== 'seen' || o.spec.value.outcome !== 'ok') throw new Error('expected a spec');
      const candidate = {id: k1.id, name: k1.name, stoppedAtMs: now - 9 * day};
      expect(keptByPair(makeView(o, o.spec.value.spec, ring), [candidate])).toEqual([candidate]);
    });

    test('an Active whose bundle let it go two intervals ago ⇒ every server is asked, then it leaves', () => {
      const ring = ringWith(without, {leftWindow: {[k1.id]: now - 30 * day}});
      const plan = planOf(observePair({ring, stored: without, spec}));
      expectRing(plan, ring, {changes: {gate: drops}, reason: 'AskingServers'});
    });

    test('an Active whose bundle let it go an hour ago, the Standby of the next hour ⇒ stays', () => {
      const ring = ringWith(without, {leftWindow: {[k1.id]: now - hour}});
      const plan = planOf(observePair({ring, stored: without, spec}));
      expectWait(plan, 'Scheduled');
      expect(notedBy(plan)).toContain('DropWaiting');
    });

    test('its bundle let it go an hour ago, and there is no other side ⇒ it leaves', () => {
      const ring = ringWith(without, {leftWindow: {[k1.id]: now - hour}});
      const deterministic = {standby: 'none' as const};
      const plan = planOf(observePair({ring, stored: without, spec, deterministic}));
      expectRing(plan, ring, {changes: {gate: drops}, reason: 'AskingServers'});
    });

    test('the published next key ⇒ does not count among the newest', () => {
      const two = bundleOf(5, [k3, k4]);
      const both = [...clean, {...clean[0], key: k2.id}] as Ring['clean'];
      const ring = ringWith(two, {
        clean: both,
        leftWindow: {[k1.id]: now - 30 * day, [k2.id]: now - 30 * day},
        gate: drops,
      });
      expect(nextRingOf(planOf(observePair({ring, stored: two, spec}))).keys).toEqual([k4, k3, k2]);
    });

    test('a key after the published next one, from before a promotion ⇒ stays, however clean', () => {
      const k5 = derivedKey(5);
      const ring = ringWith(without, {
        waiting: [k4, k5],
        stoppedWriting: {[k5.id]: now - 8 * day},
        clean: [{...clean[0], key: k5.id}] as Ring['clean'],
        leftWindow: {[k5.id]: now - 30 * day},
        gate: drops,
      } as never);
      expectWait(planOf(observePair({ring, stored: without, spec})), 'Scheduled');
    });

    const week = 168 * hour;
    const late = (sinceMs: number, facts = {}) =>
      planOf(
        observePair({
          ring: ringWith(without, {ours: false, ...seenNow, leftWindow: {[k1.id]: sinceMs}} as never),
          stored: without,
          signals: installed,
          spec,
          every: {can: ['scan']},
          ...facts,
        }),
      );

    test('a Standby, two intervals after the first bundle without it ⇒ it may leave; before, not', () => {
      expect(saidBy(late(now - 2 * week))).toEqual(['AskingServers']);
      expect(saidBy(late(now - 2 * week + 1))).not.toContain('AskingServers');
      expect(notedBy(late(now - 2 * week + 1))).toContain('DropWaiting');
    });

    test('a Standby, by the wall clock alone ⇒ not', () => {
      const ring = ringWith(without, {leftWindow: {[k1.id]: now - 2 * week}});
      const counted = {...pairCounted(ring), [windowId(k1.id)]: hour};
      expect(saidBy(late(now - 2 * week, {facts: {counted}}))).not.toContain('AskingServers');
    });

    test('a Standby, leaving was never seen ⇒ not', () => {
      const ring = ringWith(without, {ours: false, ...seenNow, leftWindow: {}} as never);
      const plan = planOf(observePair({ring, stored: without, signals: installed, spec, every: {can: ['scan']}}));
      expect(saidBy(plan)).not.toContain('AskingServers');
    });

    test('a Standby of which no node reads etcd ⇒ proves nothing by rewrites', () => {
      const ring = ringWith(without, {
        ours: false,
        ...seenNow,
        clean: [],
        leftWindow: {[k1.id]: now - 2 * week},
      } as never);
      const plan = planOf(observePair({ring, stored: without, signals: installed, spec}));
      expectWait(plan, 'Scheduled');
      expect(plan.notes.map(({message}) => message).join()).toContain('no node reads etcd');
    });
  });
}

export function describePairRotating(): void {
  describeStarting();
  describeApproval();
  describeMigrating();
  describeDropping();
}

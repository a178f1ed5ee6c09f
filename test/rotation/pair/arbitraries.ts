// Random observations of one side of a pair, on top of random ones of any cluster: bundles, publications, signs of the
// Synchronizer, annotations, and what nodes say of all that.

import {
  absent,
  annotation,
  type BundleRef,
  type ClusterObservation,
  type DerivationReport,
  type DeterministicSpec,
  type FollowedBundle,
  type NodeReport,
  type PublishRequest,
  type Ring,
  type SynchronizerSignals,
  seen,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {pairStamps} from '../../../rotation/src/model/stamps.ts';
import {day, doneMarks, hour, markOf, now} from '../fixtures.ts';
import {
  bundleOf,
  derivationOf,
  derivedKey,
  deterministicSpec,
  firstId,
  followedOf,
  observePair,
  otherId,
  preparedOf,
  publicationOf,
  request,
  restingPair,
  rootCheck,
  savedIn,
  type TestBundle,
} from './pair-fixtures.ts';

const keys = [1, 2, 3, 4].map((revision) => derivedKey(revision));
const bundle: fc.Arbitrary<TestBundle> = fc
  .record({
    id: fc.constantFrom(firstId, firstId, firstId, otherId),
    generation: fc.integer({min: 1, max: 3}),
    length: fc.integer({min: 1, max: 4}),
    forked: fc.constantFrom(false, false, false, true),
  })
  .map(({id, generation, length, forked}) => {
    const entries = keys.slice(0, length);
    return bundleOf(generation, forked ? [...entries.slice(0, -1), derivedKey(length, 7)] : entries, id);
  });

/** Moments on whole seconds and one millisecond, like those of any observation. */
const moment = fc.constantFrom(now - 1, now - hour - 1, now - day - 1, now - 3 * day - 1, now - 40 * day - 1);
const signals: fc.Arbitrary<SynchronizerSignals> = fc.oneof(
  fc.constant<SynchronizerSignals>({installed: false, lease: 'absent'}),
  fc.record({
    installed: fc.boolean(),
    lease: fc.constantFrom('renewed' as const, 'silent' as const, 'absent' as const, 'unknown' as const),
  }),
);

const annotations = fc.record(
  {
    [annotation.role]: fc.constantFrom('Active', 'Standby', 'primary'),
    [annotation.standby]: fc.constant('none'),
    [annotation.rootCheck]: fc.constantFrom(rootCheck, 'f'.repeat(16)),
    [annotation.approve]: fc.constantFrom('2', '3'),
    [annotation.standbyProof]: fc.constantFrom('{', JSON.stringify({bundleId: firstId, revisions: []})),
  },
  {requiredKeys: []},
);

const asked = (stored: TestBundle): fc.Arbitrary<PublishRequest> =>
  fc
    .record({
      kind: fc.constantFrom('first' as const, 'next' as const, 'fresh' as const, 'raise' as const),
      node: fc.constantFrom('n1', 'n2', 'n9'),
      revision: fc.integer({min: 1, max: 5}),
      isPrepared: fc.boolean(),
    })
    .map(({isPrepared, ...changes}) =>
      request({...changes, ...(isPrepared ? {prepared: preparedOf(stored, 'publish-4-69')} : {})}),
    );

const followed = (stored: TestBundle): fc.Arbitrary<FollowedBundle> =>
  fc.tuple(fc.oneof(fc.constant<BundleRef>(stored), bundle), moment, fc.boolean()).map(([each, sinceMs, isOther]) => {
    return followedOf(each, {sinceMs, ...(isOther ? {otherLineage: true} : {})});
  });

const ringChanges = (stored: TestBundle): fc.Arbitrary<Partial<Ring>> =>
  fc.record(
    {
      following: followed(stored),
      publications: fc.array(
        fc.tuple(fc.oneof(fc.constant(stored), bundle), moment).map(([each, atMs]) => publicationOf(each, atMs)),
        {maxLength: 2},
      ),
      publishing: asked(stored),
      synchronizer: fc.record({lastSeenAtMs: moment, goneSinceMs: moment}, {requiredKeys: ['lastSeenAtMs']}),
      standbyProven: fc.constant([firstId]),
      leftWindow: fc.dictionary(fc.constantFrom(...keys.map(({id}) => id)), moment),
    },
    {requiredKeys: []},
  );

const said = (stored: TestBundle | undefined): fc.Arbitrary<DerivationReport> =>
  fc
    .record(
      {
        root: fc.constantFrom<DerivationReport['root']>(
          {state: 'missing', why: 'no Secret'},
          {state: 'ready', rootCheck: 'f'.repeat(16), groupTag: 'a'.repeat(32), dimensionTag: 'b'.repeat(16)},
        ),
        bundle: fc.constantFrom<DerivationReport['bundle']>(
          {state: 'absent'},
          {state: 'refused', hash: stored?.hash ?? '', outcome: 'tampered', detail: 'mac'},
        ),
        accepted: bundle,
        next: fc.constantFrom(...keys).map(({createdAtMs: _c, derived: _d, mintedBy: _m, ...ref}) => ref),
        prepared: bundle.map((each) => preparedOf(each, 'publish-4-69')),
      },
      {requiredKeys: []},
    )
    .map((changes) => derivationOf(stored, changes));

const settings: fc.Arbitrary<DeterministicSpec> = fc.record({
  derivation: fc.constant(deterministicSpec.derivation),
  activationPolicy: fc.constantFrom('timed-approval' as const, 'manual-approval' as const, 'immediate' as const),
  approvalDelayMs: fc.constantFrom(0, 1_800_000),
  promotionGraceMs: fc.constantFrom(0, day),
  standby: fc.constantFrom('expected' as const, 'none' as const),
});

/** The same cluster under the deterministic strategy, as any side of a pair. */
export function asPair(o: ClusterObservation): fc.Arbitrary<ClusterObservation> {
  if (o.spec.state !== 'seen' || o.spec.value.outcome !== 'ok') return fc.constant(o);
  const {spec} = o.spec.value;
  return fc.oneof(fc.constant(undefined), bundle, bundle, bundle).chain((stored) =>
    fc
      .record({
        changes: ringChanges(stored ?? bundleOf(1, keys.slice(0, 1))),
        isKnown: fc.boolean(),
        deterministic: settings,
        signs: signals,
        notes: fc.oneof(fc.constant({}), annotations),
        usual: said(stored),
        odd: fc.oneof(fc.constant(undefined), said(stored)),
      })
      .map(({changes, isKnown, deterministic, signs, notes, usual, odd}) => {
        const value = {outcome: 'ok' as const, spec: {...spec, keyStrategy: 'deterministic' as const, deterministic}};
        const ring = o.ring.state === 'seen' ? pairRing(o.ring.value, changes, isKnown) : undefined;
        const facts: Partial<ClusterObservation> = {
          spec: seen(value),
          ...(ring === undefined ? {} : {ring: seen(ring, '7000'), counted: {...o.counted, ...countedIn(ring)}}),
          ringAnnotations: {...o.ringAnnotations, ...notes},
          reports: o.reports.state === 'seen' ? seen(withDerivation(o.reports.value, usual, odd)) : o.reports,
          seedBundle:
            stored === undefined
              ? absent
              : seen({bytes: stored.bytes, hash: stored.hash, resourceVersion: '800'}, '800'),
          synchronizer: seen(signs),
        };
        return {...o, ...facts};
      }),
  );
}

/** Every derived key is in the ring half of the time, so that deeds behind `follow` are reached. */
function pairRing(ring: Ring, changes: Partial<Ring>, isKnown: boolean): Ring {
  const {counted: _, ...rest} = ring;
  const added = [...keys, ...keys.map(({revision}) => derivedKey(revision, 7))].filter(
    ({id}) => !ring.keys.some((each) => each.id === id),
  );
  const all = [...ring.keys, ...(isKnown ? added : [])];
  const settingsOf = {...ring.settings, derivation: deterministicSpec.derivation};
  return savedIn({...rest, ...changes, keys: all, settings: settingsOf});
}

const countedIn = (ring: Ring): Readonly<Record<string, number>> =>
  Object.fromEntries(pairStamps(ring).map(({id, sinceMs}) => [id, Math.max(0, now - sinceMs)]));

type Seen = readonly {readonly report: NodeReport; readonly unchangedForMs: number}[];

const withDerivation = (reports: Seen, usual: DerivationReport, odd: DerivationReport | undefined): Seen =>
  reports.map((each, at) => ({
    ...each,
    report: {...each.report, derivation: at === 1 && odd !== undefined ? odd : usual},
  }));

const rotated = (stored: TestBundle, at: number): fc.Arbitrary<Partial<Ring>> => {
  const entry = stored.entries[at];
  const rotation = {revision: at + 1, reason: 'schedule' as const, startedAtMs: now - hour - 1, migration: []};
  if (entry === undefined) return fc.constant({});
  const chosen = {...rotation, key: entry.key};
  const activated = {...chosen, activatedAtMs: now - 1_800_001};
  const marks = ['configmaps', 'secrets'].map((resource) => markOf(resource));
  return fc.constantFrom<Partial<Ring>>(
    {},
    {},
    {rotation: chosen},
    {rotation: {...chosen, reason: 'follow'}},
    {rotation: activated},
    {rotation: {...activated, convergedAtMs: now - 1_200_001, migration: marks}},
    {rotation: {...activated, convergedAtMs: now - 1_200_001, migration: doneMarks()}},
    {rotation: {...activated, convergedAtMs: now - 1_200_001, migration: doneMarks(), verifiedBy: 'scan'}},
    {rotation, publishing: request({kind: 'fresh', revision: at + 1})},
  );
};

/** A side that is in order but for little: what a pair looks like nearly always. */
export const settledPair: fc.Arbitrary<ClusterObservation> = fc
  .record({length: fc.integer({min: 1, max: 4}), writes: fc.integer({min: 1, max: 4}), isOurs: fc.boolean()})
  .chain(({length, writes, isOurs}) => {
    const entries = keys.slice(0, length);
    const stored = bundleOf(length, entries);
    const at = Math.min(writes, length);
    const base = restingPair(stored, {
      keys: entries.slice(0, at).reverse(),
      waiting: entries.slice(at).reverse(),
      ours: isOurs,
    });
    const older = bundleOf(length + 1, [...entries, derivedKey(length + 1)]);
    const scan = {
      id: 'scan-4-60',
      startedAtMs: now - 2_001,
      completedAtMs: now - 1_001,
      revision: 900,
      counts: {secrets: {[`aesgcm:${keys[at]?.name ?? 'r9-0123abcd'}`]: 2}},
    };
    return fc
      .record({
        rotation: rotated(stored, at),
        publishing: fc.oneof(
          fc.constant({}),
          asked(stored).map((publishing) => ({publishing})),
        ),
        changes: fc.oneof(
          {weight: 3, arbitrary: fc.constant<Partial<Ring>>({})},
          {weight: 1, arbitrary: ringChanges(stored)},
        ),
        gate: fc.constantFrom<Partial<Ring>>(
          {},
          {gate: {id: 'activate-4-60', deed: 'activate', atMs: now - 2_001}},
          {gate: {id: 'drop-4-60', deed: 'drop', atMs: now - 2_001}},
        ),
        clean: fc.constantFrom<Ring['clean']>(
          [],
          entries.map(({id}) => ({
            key: id,
            by: 'scan-4-60',
            revision: '900',
            atMs: now - hour + 1,
            compactedBy: 'etcd',
          })),
        ),
        old: fc.boolean(),
        spec: fc.record(
          {
            rotationIntervalMs: fc.constantFrom(hour, 168 * hour),
            rotateRequest: fc.constantFrom('audit', 'compromised-x'),
            retention: fc.constant({revisions: 1, minAgeMs: 0}),
          },
          {requiredKeys: []},
        ),
        deterministic: settings,
        notes: fc.oneof(fc.constant({}), annotations),
        signs: isOurs ? fc.constant<SynchronizerSignals>({installed: false, lease: 'absent'}) : signals,
        nodes: fc.oneof(
          {weight: 2, arbitrary: fc.constant({})},
          {weight: 1, arbitrary: said(stored).map((derivation) => ({n2: {derivation}}))},
          {weight: 1, arbitrary: fc.constant({n3: {scan, can: ['scan' as const]}})},
          {weight: 1, arbitrary: fc.constant({n1: {decryptions: {[keys[at]?.name ?? '']: 3}}})},
        ),
        place: fc.constantFrom<TestBundle | undefined>(stored, stored, stored, stored, older, undefined),
      })
      .map(({rotation, publishing, changes, gate, clean, old, spec, deterministic, notes, signs, nodes, place}) => {
        const isHere = signs.installed || signs.lease === 'renewed';
        const memory: Partial<Ring> = isHere ? {synchronizer: {lastSeenAtMs: now - 1}} : {};
        const window = old ? {leftWindow: Object.fromEntries(entries.map(({id}) => [id, now - 40 * day - 1]))} : {};
        const ring = savedIn({...base, clean, ...window, ...publishing, ...rotation, ...gate, ...memory, ...changes});
        return observePair({ring, stored: place, signals: signs, spec, deterministic, annotations: notes, nodes});
      });
  });

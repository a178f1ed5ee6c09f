// What people see of a pair in the config's status.

import {
  annotation,
  makeStatus,
  planController,
  type Ring,
  type ScanReport,
  type ServerLease,
  seen,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {doneMarks, layoutOf, loadedOf, monotonicNow, now, observe, rendered, restingRing} from '../fixtures.ts';
import {
  bundleOf,
  d1,
  d2,
  d3,
  derivationOf,
  derivedKey,
  type GivenPair,
  installed,
  observePair,
  restingPair,
} from './pair-fixtures.ts';

const bundle = bundleOf(2, [d1, d2]);
const mine = restingPair(bundle, {waiting: [d2]});
const seenNow = {synchronizer: {lastSeenAtMs: now - 1000}};
const theirs = restingPair(bundle, {waiting: [d2], ours: false, ...seenNow});

function statusOf(given: GivenPair) {
  const o = observePair(given);
  return makeStatus(planController(o), o, undefined);
}
const condition = (given: GivenPair, type: string) => {
  const found = statusOf(given).conditions.find((each) => each.type === type);
  return found === undefined ? undefined : {status: found.status, reason: found.reason};
};

const scanOf = (counts: ScanReport['counts']): ScanReport => ({
  id: 'scan-4-1',
  startedAtMs: now - 2000,
  completedAtMs: now - 1000,
  revision: 7,
  counts,
});

describe('the role', () => {
  test('is shown; the random strategy is Standalone', () => {
    expect(statusOf({ring: mine, stored: bundle})).toMatchObject({role: 'Active'});
    expect(statusOf({ring: theirs, stored: bundle, signals: installed})).toMatchObject({role: 'Standby'});
    const unsure = {ring: restingPair(bundle, {waiting: [d2], ours: false}), stored: bundle};
    expect(statusOf(unsure)).toMatchObject({role: 'Unknown'});
    expect(condition(unsure, 'RoleKnown')).toEqual({status: 'False', reason: 'RoleUnknown'});
    expect(condition({ring: mine, stored: bundle}, 'RoleKnown')).toEqual({status: 'True', reason: 'Active'});
    const o = observe({ring: restingRing()});
    const status = makeStatus(planController(o), o, undefined);
    expect(status).toMatchObject({role: 'Standalone'});
    expect(status.conditions.map(({type}) => type)).not.toContain('RootSecretReady');
  });
});

describe('RootSecretReady', () => {
  const of = (given: Partial<GivenPair>) => condition({ring: mine, stored: bundle, ...given}, 'RootSecretReady');

  test('every node has the same ⇒ True; one has none, or another ⇒ False with the cause', () => {
    expect(of({})).toEqual({status: 'True', reason: 'Complete'});
    const missing = derivationOf(bundle, {root: {state: 'missing', why: 'no Secret'}});
    expect(of({nodes: {n2: {derivation: missing}}})).toEqual({status: 'False', reason: 'RootSecretNotReady'});
    const root = {
      state: 'ready',
      rootCheck: 'f'.repeat(16),
      groupTag: 'a'.repeat(32),
      dimensionTag: 'b'.repeat(16),
    } as const;
    expect(of({nodes: {n2: {derivation: derivationOf(bundle, {root})}}})).toEqual({
      status: 'False',
      reason: 'RootSecretsDiffer',
    });
  });
});

test('one node has no root key ⇒ RootSecretReady says which, and why', () => {
  const missing = derivationOf(bundle, {root: {state: 'missing', why: 'there is no Secret'}});
  const {conditions} = statusOf({ring: mine, stored: bundle, nodes: {n2: {derivation: missing}}});
  expect(conditions.find(({type}) => type === 'RootSecretReady')?.message).toBe(
    'no usable root key: n2: there is no Secret',
  );
});

describe('SeedBundleReady', () => {
  const of = (given: Partial<GivenPair>) => condition({ring: mine, stored: bundle, ...given}, 'SeedBundleReady');

  test('read and followed ⇒ True; otherwise False with the cause', () => {
    expect(of({})).toEqual({status: 'True', reason: 'Complete'});
    expect(of({stored: undefined})).toEqual({status: 'False', reason: 'NextNotPublished'});
    expect(of({stored: bundleOf(1, [d1])})).toEqual({status: 'False', reason: 'BundleNotFollowed'});
    const refused = {state: 'refused', hash: bundle.hash, outcome: 'tampered', detail: 'mac'} as const;
    expect(of({said: {bundle: refused}})).toEqual({status: 'False', reason: 'SeedBundleRefused'});
    expect(of({said: {bundle: {state: 'unknown', why: 'no'}}})).toEqual({status: 'False', reason: 'ReadFailed'});
    const other = derivationOf(bundle, {bundle: refused});
    expect(of({nodes: {n2: {derivation: other}}})).toEqual({status: 'False', reason: 'DerivedKeysDiffer'});
  });
});

test('no bundle came for two intervals ⇒ a side that is no Active says so, and a failover is ready all the same', () => {
  const silent = (ring: Ring): Ring =>
    ring.following === undefined ? ring : {...ring, following: {...ring.following, sinceMs: now - 400 * 86_400_000}};
  const counted = {n1: {scan: scanOf({secrets: {clear: 1}, configmaps: {clear: 1}})}};
  const standby = {ring: silent(theirs), stored: bundle, signals: installed, nodes: counted};
  expect(condition(standby, 'SeedBundleReady')).toEqual({status: 'False', reason: 'ActiveSilent'});
  expect(condition(standby, 'FailoverReady')).toEqual({status: 'True', reason: 'Complete'});
  expect(condition({ring: silent(mine), stored: bundle}, 'SeedBundleReady')?.reason).toBe('Complete');
});

describe('FailoverReady', () => {
  const clean = scanOf({secrets: {[`aesgcm:${d1.name}`]: 3, clear: 1}, configmaps: {[`aesgcm:${d2.name}`]: 2}});
  const ready: GivenPair = {ring: theirs, stored: bundle, signals: installed, nodes: {n1: {scan: clean}}};
  const of = (changes: Partial<GivenPair>) => condition({...ready, ...changes}, 'FailoverReady');

  test('an Active ⇒ not said', () => {
    expect(condition({ring: mine, stored: bundle}, 'FailoverReady')).toBeUndefined();
  });

  test('every stored value and every revision can be read by every server ⇒ True', () => {
    expect(of({})).toEqual({status: 'True', reason: 'Complete'});
  });

  test('nobody counted ⇒ Unknown', () => {
    expect(of({nodes: {}})).toEqual({status: 'Unknown', reason: 'ValuesNotChecked'});
  });

  test('counted half an hour ago, in the future, or without one of the resources ⇒ Unknown', () => {
    const unchecked = {status: 'Unknown', reason: 'ValuesNotChecked'};
    const at = (completedAtMs: number) => of({nodes: {n1: {scan: {...clean, completedAtMs}}}});
    expect(at(now - 1_799_999)?.status).toBe('True');
    expect(at(now - 1_800_000)).toEqual(unchecked);
    expect(at(now + 1_800_000)).toEqual(unchecked);
    const {configmaps: _, ...less} = clean.counts;
    expect(of({nodes: {n1: {scan: {...clean, counts: less}}}})).toEqual(unchecked);
  });

  test.each([
    ['a key that is not here', {secrets: {'aesgcm:r9-0123abcd': 1}}],
    ['a provider that is not here', {secrets: {'other:k8s:enc:kms:v2:x': 1}}],
    ['a key, for a resource that no server decrypts', {events: {[`aesgcm:${d1.name}`]: 1}}],
  ])('a value under %s ⇒ False', (_what, counts) => {
    const scan = scanOf({...clean.counts, ...counts});
    expect(of({nodes: {n1: {scan}}})).toEqual({status: 'False', reason: 'UnreadableValues'});
  });

  /** With a report of this age from n3, whose server renews its lease or not. */
  const told = (unchangedForMs: number, life: ServerLease['life'] = 'alive') => {
    const {reports, leases} = observePair(ready);
    const present = reports.state === 'seen' ? reports.value : [];
    const late = present.map((each) => (each.report.node === 'n3' ? {...each, unchangedForMs} : each));
    const known = leases.state === 'seen' ? leases.value : [];
    const lives = known.map((lease) => (lease.hostName === 'n3' ? {...lease, life} : lease));
    return of({facts: {reports: seen(late), leases: seen(lives)}});
  };

  test('an agent has not reported for longer than a period and some delay ⇒ False: what its server has loaded now is not known', () => {
    expect(told(45_000)?.status).toBe('True');
    expect(told(45_001)).toEqual({status: 'False', reason: 'AgentSilent'});
    expect(told(45_001, 'silent')).toEqual({status: 'False', reason: 'ServerDown'});
  });

  test('a server is away for a minute, renews its lease again, and its agent speaks half a minute later ⇒ not True until then, and no relapse', () => {
    const lifeAt = (second: number): ServerLease['life'] => (second >= 42 && second < 60 ? 'silent' : 'alive');
    const reported = (second: number): number => (second < 90 ? second : second - 90);
    const seconds = Array.from({length: 120}, (_, second) => second);
    const status = seconds.map((second) => told(reported(second) * 1_000, lifeAt(second))?.status);
    const changes = seconds.filter((second) => second > 0 && status[second] !== status[second - 1]);
    expect(changes).toEqual([46, 90]);
    expect(status.at(-1)).toBe('True');
  });

  test('a list does not answer ⇒ False with its resource; whether one does was not asked for half an hour ⇒ Unknown', () => {
    const after = (changes: {readonly agoMs?: number; readonly broken?: Readonly<Record<string, string>>}) =>
      of({facts: {listed: {broken: changes.broken ?? {}, atMs: monotonicNow - (changes.agoMs ?? 0)}}});
    const broken = {secrets: 'unable to transform key "/registry/secrets/a/b"'};
    expect(after({broken})).toEqual({status: 'False', reason: 'UnreadableValues'});
    expect(after({agoMs: 1_799_999})?.status).toBe('True');
    expect(after({agoMs: 1_800_000})).toEqual({status: 'Unknown', reason: 'ValuesNotChecked'});
  });

  test('values in clear of a resource that nobody encrypts ⇒ no obstacle', () => {
    const scan = scanOf({...clean.counts, events: {clear: 4}});
    expect(of({nodes: {n1: {scan}}})?.status).toBe('True');
  });

  test('one server lacks a revision of the bundle, or does not show what it has ⇒ False', () => {
    const less = loadedOf(rendered(theirs, layoutOf([d1], d1.id)));
    expect(of({nodes: {n1: {scan: clean}, n3: {loaded: less}}})).toEqual({status: 'False', reason: 'WaitingForLoad'});
    const loaded = {state: 'unknown', why: 'no metric'} as const;
    expect(of({nodes: {n1: {scan: clean}, n3: {loaded}}})).toEqual({status: 'False', reason: 'NoLoadEvidence'});
    const server = {state: 'down', why: 'refused'} as const;
    expect(of({nodes: {n1: {scan: clean}, n3: {server}}})).toEqual({status: 'False', reason: 'NoLoadEvidence'});
  });

  test('a bundle that is read and not followed, a member that is missing ⇒ False', () => {
    const ring = {...theirs, keys: [derivedKey(3), d2, d1]};
    expect(of({ring, stored: bundleOf(1, [d1])})).toEqual({status: 'False', reason: 'BundleNotFollowed'});
    expect(of({facts: {badReports: {n9: 'newer'}}})?.status).toBe('False');
  });
});

describe('StandbyProven', () => {
  const proof = (key: typeof d1) => ({
    [annotation.standbyProof]: JSON.stringify({
      bundleId: bundle.bundleId,
      revisions: [{revision: key.revision, name: key.name, checkValue: key.check}],
    }),
  });

  test('the Standby shows the newest key, or there is none ⇒ True; otherwise False, and nothing is degraded', () => {
    const of = (annotations: GivenPair['annotations']) =>
      condition({ring: mine, stored: bundle, ...(annotations === undefined ? {} : {annotations})}, 'StandbyProven');
    expect(of(proof(d2))).toEqual({status: 'True', reason: 'StandbyProven'});
    expect(of(proof(d1))).toEqual({status: 'False', reason: 'StandbyUnproven'});
    expect(of(undefined)).toEqual({status: 'False', reason: 'StandbyUnproven'});
    expect(of({[annotation.standby]: 'none'})).toEqual({status: 'True', reason: 'StandbyProven'});
    expect(condition({ring: mine, stored: bundle}, 'Degraded')?.status).toBe('False');
  });
});

describe('a Standby’s own migration', () => {
  const completedAtMs = now - 60_000;
  const lastMigration = {revision: 1, marks: doneMarks(), completedAtMs, local: true as const};
  const ring: Ring = {...theirs, lastMigration};
  const state = (scan: ScanReport | undefined, changes: Partial<Ring> = {}) => {
    const nodes = scan === undefined ? {} : {n1: {scan}};
    const given = {ring: {...ring, ...changes}, stored: bundle, signals: installed, nodes};
    return (statusOf(given).migration as {state: string}).state;
  };
  const under = (name: string) => scanOf({secrets: {[`aesgcm:${name}`]: 3}, configmaps: {[`aesgcm:${d1.name}`]: 2}});

  test('replicated values are not known to be rewritten ⇒ Processing, until a later count saw no other key', () => {
    expect(state(undefined)).toBe('Processing');
    expect(state(under(d2.name))).toBe('Processing');
    expect(state({...under(d1.name), startedAtMs: completedAtMs - 1})).toBe('Processing');
    expect(state(scanOf({secrets: {[`aesgcm:${d1.name}`]: 3}}))).toBe('Processing');
    expect(state(under(d1.name))).toBe('Success');
  });

  test('an Active rewrote everything ⇒ Success without a count', () => {
    const {local: _, ...whole} = lastMigration;
    expect(state(undefined, {lastMigration: whole})).toBe('Success');
  });
});

describe('states of keys', () => {
  const states = (ring: Ring) => {
    const o = observePair({ring, stored: bundle, signals: installed});
    const keys = makeStatus(planController(o), o, undefined).keys as readonly {name: string; state: string}[];
    return Object.fromEntries(keys.map(({name, state}) => [name, state]));
  };

  test('the published key that waits ⇒ Next; what a chain made beyond the bundle, and older keys ⇒ Read', () => {
    const ring = restingPair(bundle, {waiting: [d3, d2], ours: false});
    expect(states(ring)).toEqual({[d1.name]: 'Write', [d2.name]: 'Next', [d3.name]: 'Read'});
    expect(states(restingPair(bundle, {keys: [d2, d1]}))).toEqual({[d2.name]: 'Write', [d1.name]: 'Read'});
  });
});

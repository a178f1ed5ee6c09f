// Verify: what proves that nothing else is stored, by a scan or by a second pass.

import {
  type Layout,
  type MigrationMark,
  type NodeReport,
  type Ring,
  type Rotation,
  type ScanReport,
  seen,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectRing, expectWait} from './expect-plan.ts';
import {
  day,
  doneMarks,
  layoutOf,
  markOf,
  minute,
  now,
  observe,
  r1,
  r2,
  restingRing,
  ringAt,
  typeOf,
} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const resting = restingRing();

export function describeVerify(): void {
  const can: NodeReport['can'] = ['scan'];
  const migrated = ringAt('migrated');
  const scan = {id: 'scan-4-69', resources: ['secrets', 'configmaps'], node: 'n1', deep: false, atMs: now - minute};
  const scanned = {...migrated, scan};
  const answer = (counts: ScanReport['counts']): ScanReport => ({
    id: scan.id,
    startedAtMs: now,
    completedAtMs: now,
    revision: 950,
    counts,
  });
  const clean = {configmaps: {[`aesgcm:${r2.name}`]: 20}, secrets: {[`aesgcm:${r2.name}`]: 20}};
  const withCounts = (ring: Ring, counts: ScanReport['counts']) =>
    observe({ring, nodes: {n1: {can, scan: answer(counts)}}});

  describe('verify', () => {
    test('a node can scan ⇒ it is asked', () => {
      const plan = planOf(observe({ring: migrated, nodes: {n1: {can}}}));
      expectRing(plan, migrated, {changes: {scan: {...scan, id: 'scan-4-70', atMs: now}}, reason: 'Verifying'});
    });

    test('asked ⇒ waits', () => {
      expectWait(planOf(observe({ring: scanned, nodes: {n1: {can}}})), 'Verifying');
    });

    test('the node that was asked is down ⇒ another one is asked', () => {
      const given = observe({ring: scanned, nodes: {n1: {can}, n2: {can}}});
      const reports = given.reports.state === 'seen' ? given.reports.value : [];
      const leases = given.leases.state === 'seen' ? given.leases.value : [];
      const since = (unchangedForMs: number, life: 'alive' | 'silent') =>
        planOf({
          ...given,
          reports: seen(reports.map((each) => (each.report.node === 'n1' ? {...each, unchangedForMs} : each))),
          leases: seen(leases.map((each) => (each.hostName === 'n1' ? {...each, life} : each))),
        });
      expectWait(since(2 * minute, 'alive'), 'Verifying');
      expectWait(since(minute / 2, 'silent'), 'Verifying');
      expect(nextRingOf(since(2 * minute, 'silent')).scan).toEqual({...scan, id: 'scan-4-70', node: 'n2', atMs: now});
    });

    test.each([
      ['a check of values', {...scan, deep: true}],
      ['a scan by a node that left', {...scan, node: 'n9'}],
    ])('%s ⇒ proves nothing, a new one is asked for', (_, old) => {
      const plan = planOf(withCounts({...migrated, scan: old}, clean));
      expect(nextRingOf(plan).scan).toEqual({...scan, id: 'scan-4-70', atMs: now});
    });

    test('no other name is stored ⇒ verified', () => {
      expectRing(planOf(withCounts(scanned, clean)), scanned, {
        changes: {rotation: {...scanned.rotation, verifiedBy: 'scan'} as Rotation, scan: undefined},
        reason: 'Verifying',
      });
    });

    test.each([
      ['ForeignValues', `aesgcm:${r1.name}`],
      ['ForeignValues', 'other:kms:v2:x'],
      ['ClearValues', 'clear'],
    ] as const)('%s: a value under %s ⇒ every object is rewritten once more', (reason, label) => {
      const plan = planOf(withCounts(scanned, {...clean, secrets: {...clean.secrets, [label]: 1}}));
      expect(saidBy(plan)).toEqual([reason]);
      expect(nextRingOf(plan).scan).toBeUndefined();
      expect(nextRingOf(plan).rotation?.migration.map(({state, pass}) => [state, pass])).toEqual([
        ['pending', 2],
        ['pending', 2],
      ]);
    });

    test('after four passes a value is still there ⇒ named, and looked at again after a minute', () => {
      const fourth = (completedAtMs: number): Ring => ({
        ...scanned,
        scan: {...scan, atMs: completedAtMs + 1},
        rotation: {...scanned.rotation, migration: doneMarks({pass: 4, completedAtMs})} as Rotation,
      });
      const dirty = {...clean, secrets: {clear: 1}};
      expectWait(planOf(withCounts(fourth(now - 59_999), dirty)), 'ClearValues');
      expect(nextRingOf(planOf(withCounts(fourth(now - 60_000), dirty))).rotation?.migration[0]?.pass).toBe(5);
      // The clock was set back: nothing is put off for years.
      const ahead = {...fourth(now + day), scan};
      expect(nextRingOf(planOf(withCounts(ahead, dirty))).rotation?.migration[0]?.pass).toBe(5);
    });

    test('as many values as blocked objects are left ⇒ verified', () => {
      const marks = doneMarks().map((mark) => ({...mark, state: 'blocked' as const, attempts: 3, blockedCount: 1}));
      const ring = {...scanned, rotation: {...scanned.rotation, migration: marks} as Rotation};
      const plan = planOf(withCounts(ring, {...clean, secrets: {...clean.secrets, [`aesgcm:${r1.name}`]: 2}}));
      expect(nextRingOf(plan).rotation?.verifiedBy).toBe('scan');
    });

    const leavingFrom = (layout: Layout, name: string): Layout => ({
      ...layout,
      resources: layout.resources.map((each) =>
        each.resource === name ? {resource: name, write: 'identity', leaving: true} : each,
      ),
    });

    test('keys rotate while a resource is leaving ⇒ clean is: under the key, and in clear what leaves', () => {
      const {layout} = scanned;
      const ring = {...scanned, layout: leavingFrom(layout, 'configmaps')};
      const plan = planOf(withCounts(ring, {...clean, configmaps: {clear: 4}}));
      expect(nextRingOf(plan).rotation?.verifiedBy).toBe('scan');
      expect(saidBy(planOf(withCounts(ring, clean)))).toEqual(['ForeignValues']);
    });

    test('a resource leaves ⇒ clean is: in clear', () => {
      const rotation: Rotation = {
        ...(ringAt('migrated').rotation as Rotation),
        key: r1.id,
        reason: 'resources',
        removing: ['configmaps'],
        migration: [markOf('configmaps', {state: 'done', completedAtMs: now - 2 * minute})],
      };
      const layout = leavingFrom(layoutOf([r1], r1.id), 'configmaps');
      const ring = {...resting, layout, rotation, scan};
      const plan = planOf(withCounts(ring, {configmaps: {clear: 4}, secrets: {[`aesgcm:${r1.name}`]: 4}}));
      expect(nextRingOf(plan).rotation?.verifiedBy).toBe('scan');
    });

    test('a wildcard leaves ⇒ clean is: every type of it in clear', () => {
      const layout = leavingFrom(layoutOf([r1], r1.id, ['secrets', '*.apps']), '*.apps');
      const rotation: Rotation = {
        ...(ringAt('migrated').rotation as Rotation),
        key: r1.id,
        reason: 'resources',
        removing: ['*.apps'],
        migration: [markOf('deployments.apps', {state: 'done', completedAtMs: now - 2 * minute})],
      };
      const ring = {...resting, layout, rotation, scan};
      const facts = {types: {'*.apps': seen([typeOf('deployments.apps')]), secrets: seen([typeOf('secrets')])}};
      const seenBy = (label: string) =>
        planOf(
          observe({
            ring,
            spec: {resources: ['secrets']},
            facts,
            nodes: {n1: {can, scan: answer({'deployments.apps': {[label]: 4}})}},
          }),
        );
      expect(nextRingOf(seenBy('clear')).rotation?.verifiedBy).toBe('scan');
      expect(saidBy(seenBy(`aesgcm:${r1.name}`))).toEqual(['ForeignValues']);
    });
  });

  describe('without etcd', () => {
    test('one pass was made ⇒ a second, in which nothing may change', () => {
      const plan = planOf(observe({ring: migrated}));
      expect(saidBy(plan)).toEqual(['Verifying']);
      expect(nextRingOf(plan).rotation).toMatchObject({rewritten: 40});
      expect(nextRingOf(plan).rotation?.migration.map(({state, pass, rewritten}) => [state, pass, rewritten])).toEqual([
        ['pending', 2, 0],
        ['pending', 2, 0],
      ]);
    });

    test('the second pass changed an object ⇒ a third of that resource', () => {
      const [configmaps, secrets] = doneMarks({pass: 2, rewritten: 0});
      const marks = [configmaps, {...secrets, rewritten: 1}] as readonly MigrationMark[];
      const ring = {...migrated, rotation: {...migrated.rotation, migration: marks} as Rotation};
      expect(nextRingOf(planOf(observe({ring}))).rotation?.migration.map(({pass}) => pass)).toEqual([2, 3]);
    });

    test('the second pass changed nothing ⇒ verified', () => {
      const ring = {
        ...migrated,
        rotation: {...migrated.rotation, migration: doneMarks({pass: 2, rewritten: 0})} as Rotation,
      };
      expectRing(planOf(observe({ring})), ring, {
        changes: {rotation: {...ring.rotation, verifiedBy: 'second-pass'} as Rotation},
        reason: 'Verifying',
      });
    });
  });

  test('verified ⇒ complete, and what it took is in the ring', () => {
    const ring = ringAt('verified');
    expectRing(planOf(observe({ring})), ring, {
      changes: {
        rotation: undefined,
        history: [
          {
            revision: 2,
            key: r2.id,
            reason: 'schedule',
            startedAtMs: now - 20 * minute,
            activatedAtMs: ring.rotation?.activatedAtMs ?? 0,
            completedAtMs: now,
            rewritten: 40,
            outcome: 'Complete',
          },
          ...ring.history,
        ],
        lastMigration: {revision: 2, marks: doneMarks(), completedAtMs: now},
      },
      reason: 'Complete',
    });
  });
}

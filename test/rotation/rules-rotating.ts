// Activate and migrate: the write key changes everywhere at once, then every object is written again.

import {type MigrationMark, type Ring, type Rotation, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {
  blockOf,
  day,
  doneMarks,
  hashOf,
  layoutOf,
  loadedOf,
  markOf,
  now,
  observe,
  r1,
  r2,
  rendered,
  restingRing,
  ringAt,
  typeOf,
} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const resting = restingRing();

export function describeActivate(): void {
  const ring = ringAt('distributed');
  const gate = (deed: 'activate' | 'drop', atMs = now - 1000) => ({id: `${deed}-4-69`, deed, atMs});

  describe('activate', () => {
    test('every server has loaded the key ⇒ each is asked once more', () => {
      expectRing(planOf(observe({ring})), ring, {
        changes: {gate: {id: 'activate-4-70', deed: 'activate', atMs: now}},
        reason: 'AskingServers',
      });
    });

    test('one has not answered the question ⇒ waits for it', () => {
      const plan = planOf(observe({ring: {...ring, gate: gate('activate')}, nodes: {n2: {gate: 'activate-4-1'}}}));
      expectWait(plan, 'AskingServers');
      expect(plan.reasons[0]?.nodes).toEqual(['n2']);
    });

    test.each([
      ['the answers are older than 30 s', gate('activate', now - 30_001)],
      ['the answers are from the future', gate('activate', now + 1)],
      ['the question was for another deed', gate('drop')],
      ['the question is of an earlier leader', {...gate('activate'), id: 'activate-3-69'}],
    ])('%s ⇒ each is asked again', (_, open) => {
      const asked = {...ring, gate: open};
      expect(nextRingOf(planOf(observe({ring: asked}))).gate).toEqual({
        id: 'activate-4-70',
        deed: 'activate',
        atMs: now,
      });
    });

    test('all answered just now ⇒ the new key writes everywhere, in one change of order, and it is recorded', () => {
      const asked = {...ring, gate: gate('activate'), stoppedWriting: {[r2.id]: 1, x: 2}};
      expectRing(planOf(observe({ring: asked})), asked, {
        changes: {
          layout: layoutOf([r2, r1], r2.id),
          gate: undefined,
          stoppedWriting: {x: 2},
          rotation: {...asked.rotation, activatedAtMs: now} as Rotation,
        },
        reason: 'Activating',
        record: {
          deed: 'activate',
          what: r2.name,
          why: 'schedule',
          facts: ['n1', 'n2', 'n3'].map((node) => `${node}: ${hashOf(rendered(ring))}`),
        },
      });
    });

    test('a server answers, with its file, but without the key for one resource ⇒ the write key stays', () => {
      const blocks = [blockOf([r1.id, r2.id, 'identity'], ['secrets']), blockOf([r1.id, 'identity'], ['configmaps'])];
      const asked = {...ring, gate: gate('activate'), layout: {...ring.layout, keys: [r2.id, r1.id]}};
      const plan = planOf(
        observe({ring: asked, nodes: {n2: {loaded: {...loadedOf(blocks), hash: hashOf(rendered(ring))}}}}),
      );
      expectWait(plan, 'Distributing');
      expect(plan.reasons[0]?.nodes).toEqual(['n2']);
    });

    test('a member is not known of ⇒ the write key stays', () => {
      const facts = {controlPlaneNodes: unknown('denied: no')};
      expectWait(planOf(observe({ring: {...ring, gate: gate('activate')}, facts})), 'ReadFailed');
    });

    test('the key is taken but not in the layout, since paused by an older release ⇒ waits for it', () => {
      const early = {...ringAt('minted'), layout: layoutOf([r1], r1.id)};
      const odd = {...early, keys: [r1]};
      expectWait(planOf(observe({ring: odd})), 'Distributing');
    });

    test('resources enter ⇒ only they change their write key', () => {
      const layout = {
        ...resting.layout,
        resources: [...resting.layout.resources, {resource: 'events', write: 'identity'}],
      };
      const rotation: Rotation = {
        revision: 1,
        key: r1.id,
        reason: 'resources',
        adding: ['events'],
        startedAtMs: now,
        migration: [],
      };
      const adding = {...resting, layout, rotation, gate: gate('activate')};
      const plan = planOf(observe({ring: adding, spec: {resources: ['secrets', 'configmaps', 'events']}}));
      expect(nextRingOf(plan).layout.resources).toEqual([
        ...resting.layout.resources,
        {resource: 'events', write: r1.id},
      ]);
      expect(plan.actions).toMatchObject([{record: {deed: 'resource', why: 'resources'}}]);
    });

    test('resources leave ⇒ they are written in clear and read with every key', () => {
      const rotation: Rotation = {
        revision: 1,
        key: r1.id,
        reason: 'resources',
        removing: ['configmaps'],
        startedAtMs: now,
        migration: [],
      };
      const plan = planOf(
        observe({ring: {...resting, rotation, gate: gate('activate')}, spec: {resources: ['secrets']}}),
      );
      expect(nextRingOf(plan).layout).toEqual({
        ...resting.layout,
        resources: [
          {resource: 'secrets', write: r1.id},
          {resource: 'configmaps', write: 'identity', leaving: true},
        ],
      });
    });

    test('a resource is on its way out during a rotation ⇒ it stays in clear', () => {
      const leaving = {resource: 'events', write: 'identity', leaving: true} as const;
      const layout = {...ring.layout, resources: [...ring.layout.resources, leaving]};
      const plan = planOf(observe({ring: {...ring, layout, gate: gate('activate')}}));
      expect(nextRingOf(plan).layout.resources.at(-1)).toEqual(leaving);
    });

    test('activated, one server has not loaded it ⇒ waits for it', () => {
      const nodes = {n3: {loaded: loadedOf(rendered(ring))}};
      const plan = planOf(observe({ring: ringAt('activated'), nodes}));
      expectWait(plan, 'Converging', 'WaitingForLoad');
      expect(plan.phase).toBe('Converging');
    });
  });
}

export function describeMigrate(): void {
  describe('migrate', () => {
    test('the last page failed ⇒ it is tried again, and what failed is said', () => {
      const running = ringAt('converged');
      const lastFailure = {do: 'migratePage', message: 'denied: secrets: forbidden'};
      const plan = planOf(observe({ring: running, facts: {lastFailure}}));
      expect(plan.actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
      expectNotes(plan, 'MigrationFailing');
    });

    test('a type that is migrated is served no more ⇒ waits and names it', () => {
      const running = ringAt('converged');
      const types = {secrets: seen([]), configmaps: seen([typeOf('configmaps')])};
      const plan = planOf(observe({ring: running, facts: {types}}));
      const open = running.rotation?.migration.find(({state}) => state === 'pending' || state === 'running');
      if (open?.resource === 'secrets') expectWait(plan, 'ResourceNotServed');
      else expect(plan.actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
      expectNotes(plan, 'ResourceNotServed');
    });

    const activated = ringAt('activated');

    test('every server has loaded the new write key ⇒ older keys have stopped writing, and marks are set', () => {
      expectRing(planOf(observe({ring: activated})), activated, {
        changes: {
          rotation: {
            ...activated.rotation,
            convergedAtMs: now,
            migration: [markOf('configmaps', {startedAtMs: now}), markOf('secrets', {startedAtMs: now})],
          } as Rotation,
          stoppedWriting: {[r1.id]: now},
        },
        reason: 'Migrating',
      });
    });

    test('a scan of an earlier deed is in the ring ⇒ it is taken out, since it proves nothing of this one', () => {
      const scan = {id: 'scan-4-50', resources: ['secrets'], node: 'n1', deep: false, atMs: now - day};
      expect(nextRingOf(planOf(observe({ring: {...activated, scan}}))).scan).toBeUndefined();
    });

    test('types not read ⇒ waits', () => {
      const types = {secrets: seen([typeOf('secrets')]), configmaps: unknown('unavailable: no')};
      expectWait(planOf(observe({ring: activated, facts: {types}})), 'ReadFailed');
      expectWait(planOf(observe({ring: activated, facts: {types: {}}})), 'ReadFailed');
    });

    test('a wildcard ⇒ one mark for each of its types', () => {
      const types = {'*.apps': seen([typeOf('deployments.apps'), typeOf('daemonsets.apps')])};
      const ring = {...activated, layout: layoutOf([r2, r1], r2.id, ['*.apps'])};
      const plan = planOf(observe({ring, spec: {resources: ['*.apps']}, facts: {types}}));
      expect(nextRingOf(plan).rotation?.migration.map(({resource}) => resource)).toEqual([
        'daemonsets.apps',
        'deployments.apps',
      ]);
    });

    test('marks are open ⇒ a page', () => {
      const plan = planOf(observe({ring: ringAt('converged')}));
      expect(plan.actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
      expect(saidBy(plan)).toEqual(['Migrating']);
      expect(plan.phase).toBe('Migrating');
    });

    test('paused while marks are open ⇒ no page', () => {
      expectWait(planOf(observe({ring: ringAt('converged'), spec: {pause: 'x'}})), 'Paused');
    });

    const blockedMark = (changes: Partial<MigrationMark> = {}): MigrationMark =>
      markOf('secrets', {
        state: 'blocked',
        seen: 20,
        rewritten: 19,
        blocked: [{namespace: 'a', name: 'b', reason: 'Forbidden: webhook'}],
        blockedCount: 1,
        attempts: 1,
        lastAttemptAtMs: now - 30_000,
        completedAtMs: now - 30_000,
        revision: '901',
        ...changes,
      });
    const blockedRing = (changes: Partial<MigrationMark> = {}): Ring => {
      const converged = ringAt('migrated');
      const marks = [doneMarks()[0] as MigrationMark, blockedMark(changes)];
      return {...converged, rotation: {...converged.rotation, migration: marks} as Rotation};
    };

    test('objects are blocked ⇒ named, and waits a minute', () => {
      const plan = planOf(observe({ring: blockedRing()}));
      expectWait(plan, 'MigrationBlocked');
      expect(plan.reasons[0]?.message).toBe('secrets: 1 objects cannot be rewritten: a/b (Forbidden: webhook)');
    });

    test('a minute later ⇒ a new pass, which counts as another attempt', () => {
      const ring = blockedRing({lastAttemptAtMs: now - 60_000});
      const [done] = doneMarks();
      const {revision: _r, completedAtMs: _c, ...again} = blockedMark({lastAttemptAtMs: now - 60_000});
      const retried = {...again, state: 'pending', seen: 0, pass: 2, startedAtMs: now, blocked: [], blockedCount: 0};
      expectRing(planOf(observe({ring})), ring, {
        changes: {rotation: {...ring.rotation, migration: [done, retried]} as Rotation},
        reason: 'MigrationBlocked',
      });
    });

    test.each([
      [2, 119_999],
      [2, 120_000],
    ])('after attempt %i, %i ms ⇒ tried again only when the doubled delay is over', (attempts, age) => {
      const plan = planOf(observe({ring: blockedRing({attempts, lastAttemptAtMs: now - age})}));
      expect(plan.actions.length).toBe(age >= 120_000 ? 1 : 0);
    });

    test('three attempts failed ⇒ the rotation goes on, the objects stay named', () => {
      const plan = planOf(observe({ring: blockedRing({attempts: 3})}));
      expectNotes(plan, 'MigrationBlocked');
      expect(saidBy(plan)).toEqual(['Verifying']);
    });
  });
}

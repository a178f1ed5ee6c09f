// Start, activate, migrate and verify: one rotation from the moment it is due until nothing else is stored.

import {
  type Layout,
  type MigrationMark,
  type NodeReport,
  type Ring,
  type Rotation,
  type ScanReport,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {
  blockOf,
  day,
  doneMarks,
  fileOf,
  hashOf,
  hour,
  layoutOf,
  loadedOf,
  markOf,
  minute,
  now,
  observe,
  ours,
  r1,
  r2,
  rendered,
  restingRing,
  ringAt,
  ringOf,
  typeOf,
} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const resting = restingRing();
const fresh = ringOf({epoch: 4});

const minting = (ring: Ring, rotation: Partial<Rotation>, more: Partial<Ring> = {}) => {
  const revision = rotation.revision ?? 2;
  return {
    changes: {
      rotation: {revision, reason: 'schedule', startedAtMs: now, migration: [], ...rotation} as Rotation,
      minting: {revision, node: 'n1', id: `mint-r${revision}-${ring.epoch}-${ring.version}`},
      ...more,
    },
    reason: 'Minting' as const,
  };
};

export function describeStart(): void {
  describe('start', () => {
    test('nothing was ever rotated ⇒ the first rotation, r1', () => {
      expectRing(planOf(observe({ring: fresh})), fresh, minting(fresh, {revision: 1, reason: 'first'}));
    });

    test('the interval has not passed ⇒ rests until it has', () => {
      const plan = planOf(observe({ring: resting, spec: {rotationIntervalMs: hour + 20_000}}));
      expectWait(plan, 'Scheduled');
      expect(plan.wakeAtMs).toBe(50_020_000);
    });

    test('the interval has passed since the last one was complete ⇒ the next one', () => {
      const plan = planOf(observe({ring: resting, spec: {rotationIntervalMs: hour}}));
      expectRing(plan, resting, minting(resting, {reason: 'schedule'}));
    });

    test('the clock went back behind the last rotation ⇒ rests', () => {
      const facts = {now: {wallMs: now - 9 * hour, monotonicMs: 1_000}};
      expectWait(planOf(observe({ring: resting, spec: {rotationIntervalMs: hour}, facts})), 'Scheduled');
    });

    test('a request ⇒ a rotation that handles it, whatever the schedule says', () => {
      const plan = planOf(observe({ring: resting, spec: {rotateRequest: 'audit 7'}}));
      const more = {handledRequest: 'audit 7'};
      expectRing(plan, resting, minting(resting, {reason: 'request', request: 'audit 7'}, more));
    });

    test('the same request after it was handled ⇒ nothing', () => {
      const ring = {...resting, handledRequest: 'audit 7'};
      expectWait(planOf(observe({ring, spec: {rotateRequest: 'audit 7'}})), 'Scheduled');
    });

    test('an old request beside a scheduled rotation ⇒ stays handled', () => {
      const ring = {...resting, handledRequest: 'audit 7'};
      const plan = planOf(observe({ring, spec: {rotateRequest: 'audit 7', rotationIntervalMs: hour}}));
      expect(nextRingOf(plan)).toMatchObject({handledRequest: 'audit 7', rotation: {reason: 'schedule'}});
      expect(nextRingOf(plan).rotation?.request).toBeUndefined();
    });

    test('a compromise ⇒ a new key, named as such', () => {
      const plan = planOf(observe({ring: resting, spec: {rotateRequest: 'compromised-n2'}}));
      const more = {handledRequest: 'compromised-n2'};
      expectRing(plan, resting, minting(resting, {reason: 'compromise', request: 'compromised-n2'}, more));
    });

    test('revisions named anywhere ⇒ the next one is above them all', () => {
      const key = {id: 'x', provider: 'aesgcm', name: 'x', check: 'x', revision: 11, length: 32} as const;
      const object = {
        name: 'r11',
        key,
        clusterId: 'c1',
        recipients: [],
        sealed: '',
        createdAtMs: 0,
        createdBy: '',
        resourceVersion: '',
      };
      const scan: ScanReport = {
        id: 's',
        startedAtMs: 0,
        completedAtMs: 0,
        revision: 1,
        counts: {secrets: {[`aesgcm:${ours(14).name}`]: 1}},
      };
      const revision = (nodes: object, objects: readonly (typeof object)[] = []) =>
        nextRingOf(planOf(observe({ring: fresh, nodes: nodes as never, facts: {keyObjects: seen(objects)}}))).rotation
          ?.revision;
      expect(revision({}, [object])).toBe(12);
      expect(revision({n2: {highest: {epoch: 4, revision: 12}}}, [object])).toBe(13);
      expect(revision({n2: {found: [{...key, revision: 13}]}}, [object])).toBe(14);
      expect(revision({n2: {scan}}, [object])).toBe(15);
    });

    test('most of the write budget is used and a day has passed ⇒ early', () => {
      const old = restingRing([r1], {
        history: [{...(resting.history[0] as never as object), completedAtMs: now - day} as never],
      });
      const plan = planOf(observe({ring: old, every: {encryptions: {[r1.name]: 60_000}}}));
      expect(nextRingOf(plan).rotation?.reason).toBe('budget');
    });

    test('most of the write budget is used within a day ⇒ warns only', () => {
      const plan = planOf(observe({ring: resting, every: {encryptions: {[r1.name]: 60_000}}}));
      expectWait(plan, 'Scheduled', 'WriteBudgetLow');
    });

    test('a resource is read with every key but written in clear ⇒ it enters under the present key', () => {
      const layout = {
        ...resting.layout,
        resources: [...resting.layout.resources, {resource: 'events', write: 'identity'}],
      };
      const ring = {...resting, layout};
      const plan = planOf(observe({ring, spec: {resources: ['secrets', 'configmaps', 'events']}}));
      expectRing(plan, ring, {
        changes: {
          rotation: {revision: 1, key: r1.id, reason: 'resources', adding: ['events'], startedAtMs: now, migration: []},
        },
        reason: 'ResourcesChanging',
      });
    });

    test('a resource is no longer listed ⇒ it leaves', () => {
      const plan = planOf(observe({ring: resting, spec: {resources: ['secrets']}}));
      expectRing(plan, resting, {
        changes: {
          rotation: {
            revision: 1,
            key: r1.id,
            reason: 'resources',
            removing: ['configmaps'],
            startedAtMs: now,
            migration: [],
          },
        },
        reason: 'ResourcesChanging',
      });
    });

    test('no server is up ⇒ the first member makes the key all the same', () => {
      const every = {server: {state: 'down', why: 'refused'} as const};
      expectRing(planOf(observe({ring: fresh, every})), fresh, minting(fresh, {revision: 1, reason: 'first'}));
    });

    test('the first member’s server is down ⇒ one whose server is up makes the key', () => {
      const plan = planOf(observe({ring: fresh, nodes: {n1: {server: {state: 'down', why: 'refused'}}}}));
      expect(nextRingOf(plan).minting?.node).toBe('n2');
    });
  });

  describe('preflight', () => {
    const due = {rotateRequest: 'x'};
    test.each([
      ['FIPS-only cryptography', {nodes: {n2: {fipsOnly: true}}}, 'FipsRefusesAesgcm'],
      ['a server without the flag', {nodes: {n2: {configPath: ''}}}, 'EncryptionFlagMissing'],
      ['a KMS provider writes', {nodes: {n2: {file: fileOf([blockOf(['kms:{}', 'identity'])])}}}, 'KMSWriteProvider'],
      [
        'a list fails',
        {facts: {lists: seen({secrets: 'unable to transform key "/registry/secrets/a/b"'})}},
        'UnreadableValues',
      ],
      ['whether lists answer is unknown', {facts: {lists: unknown('unavailable: no')}}, 'ReadFailed'],
      ['key objects not read', {facts: {keyObjects: unknown('unavailable: no')}}, 'ReadFailed'],
    ] as const)('%s ⇒ no key is made', (_, given, reason) => {
      expectWait(planOf(observe({ring: resting, spec: due, ...(given as object)})), reason);
    });

    test('a KMS provider writes and may be replaced ⇒ goes on', () => {
      const nodes = {n2: {file: fileOf([blockOf(['kms:{}', 'identity'])])}};
      expect(saidBy(planOf(observe({ring: resting, spec: {...due, adoption: {replaceKMS: true}}, nodes})))).toEqual([
        'Minting',
      ]);
    });

    test('lists were not tried since the last rotation ⇒ every resource is listed once', () => {
      const plan = planOf(observe({ring: resting, spec: due, facts: {lists: {state: 'absent'}}}));
      expect(plan.actions).toEqual([{do: 'checkLists', resources: ['secrets', 'configmaps']}]);
      expect(saidBy(plan)).toEqual(['CheckingValues']);
      expect(plan.phase).toBe('Preflight');
    });
  });

  describe('a node can open every value, and nothing was rotated yet', () => {
    const can: NodeReport['can'] = ['scan', 'values'];
    const scan = {id: 'values-4-69', resources: ['secrets', 'configmaps'], node: 'n2', deep: true, atMs: now - 1000};
    const values = (bad: boolean, completedAtMs = now) => ({
      id: scan.id,
      completedAtMs,
      opened: 60,
      unreadable: bad
        ? [{etcdKey: '/registry/secrets/a/b', keyName: 'lost', diagnosis: 'unknown-key' as const, detail: 'no key'}]
        : [],
      unreadableCount: bad ? 1 : 0,
    });
    const asked = {...fresh, scan};

    test('not asked ⇒ it is asked', () => {
      const plan = planOf(observe({ring: fresh, nodes: {n2: {can}}}));
      expectRing(plan, fresh, {changes: {scan: {...scan, id: 'values-4-70', atMs: now}}, reason: 'CheckingValues'});
    });

    test('asked ⇒ waits for the answer', () => {
      expectWait(planOf(observe({ring: asked, nodes: {n2: {can}}})), 'CheckingValues');
    });

    test('asked a node that left ⇒ another one is asked', () => {
      const ring = {...fresh, scan: {...scan, node: 'n9'}};
      expect(nextRingOf(planOf(observe({ring, nodes: {n2: {can}}}))).scan?.node).toBe('n2');
    });

    test('every value opens ⇒ noted in the ring', () => {
      const plan = planOf(observe({ring: asked, nodes: {n2: {can, values: values(false)}}}));
      expectRing(plan, asked, {changes: {checked: scan.id, scan: undefined}, reason: 'CheckingValues'});
    });

    test('noted ⇒ the first rotation begins', () => {
      const ring = {...fresh, checked: scan.id};
      expect(saidBy(planOf(observe({ring, nodes: {n2: {can, values: values(false)}}})))).toEqual(['Minting']);
    });

    test('a value does not open ⇒ it is named, and no rotation begins', () => {
      const plan = planOf(observe({ring: asked, nodes: {n2: {can, values: values(true)}}}));
      expectWait(plan, 'UnreadableValues');
      expect(plan.reasons[0]?.message).toContain('/registry/secrets/a/b (key lost: unknown-key');
    });

    test('a value did not open half a minute ago ⇒ it looks again', () => {
      const plan = planOf(observe({ring: asked, nodes: {n2: {can, values: values(true, now - 30_001)}}}));
      expect(nextRingOf(plan).scan?.id).toBe('values-4-70');
    });
  });
}

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

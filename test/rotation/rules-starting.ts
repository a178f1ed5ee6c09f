// Start: when a rotation is due, and what must be in order before a key is made for it.

import {type NodeReport, type Ring, type Rotation, type ScanReport, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectRing, expectWait} from './expect-plan.ts';
import {blockOf, day, fileOf, hour, now, observe, ours, r1, restingRing, ringOf} from './fixtures.ts';
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

    test('a restore was seen, and histories are not merged yet ⇒ nothing starts, however due', () => {
      const ring = restingRing([r1], {restored: {atMs: now - 1_000, merged: false}});
      const nodes = {n2: {ring: {epoch: 3, version: 1}}};
      expectWait(planOf(observe({ring, nodes, spec: {rotationIntervalMs: hour}})), 'FileNotWritten');
    });

    test('due while a restored ring waits for the histories ⇒ nothing begins; merged ⇒ the next one', () => {
      const restored = (merged: boolean) => restingRing([r1], {restored: {atMs: now - hour, merged}});
      const spec = {rotationIntervalMs: hour};
      const nodes = {n2: {ring: {epoch: 3, version: 9}}};
      const open = planOf(observe({ring: restored(false), spec, nodes}));
      expect(open.actions.flatMap((action) => ('ring' in action ? [action.ring.rotation] : []))).toEqual([]);
      expect(saidBy(planOf(observe({ring: restored(true), spec})))).toEqual(['Minting']);
    });

    test('the clock went back behind the last rotation ⇒ it ended now, and rests for an interval', () => {
      const back = now - 9 * hour;
      const facts = {now: {wallMs: back, monotonicMs: 1_000}};
      const ring = nextRingOf(planOf(observe({ring: resting, spec: {rotationIntervalMs: hour}, facts})));
      expect(ring.history[0]?.completedAtMs).toBe(back);
      expectWait(planOf(observe({ring, spec: {rotationIntervalMs: hour}, facts})), 'Scheduled');
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

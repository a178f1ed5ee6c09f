// Ground, members and pause: what must be known before anything is decided, and who counts.

import {absent, type ClusterObservation, emptyLayout, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {cluster, now, observe, restingRing, ringAt, specOf} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const resting = restingRing();

export function describeGround(): void {
  describe('ground', () => {
    test.each([
      ['no lease', {leading: false}, 'NotLeading'],
      ['cluster id not read', {clusterId: unknown('unavailable: refused')}, 'ReadFailed'],
      ['kube-system has no uid', {clusterId: absent}, 'ReadFailed'],
      ['no configuration', {spec: absent}, 'ConfigurationMissing'],
      ['configuration not read', {spec: unknown('denied: no')}, 'ReadFailed'],
      [
        'configuration breaks a rule',
        {spec: seen({outcome: 'invalid', problems: ['spec.mode: no']})},
        'ConfigurationInvalid',
      ],
      ['installed CRDs not read', {pruned: unknown('denied: no')}, 'ReadFailed'],
      ['installed CRDs drop fields', {pruned: seen(['spec.keys'])}, 'SchemaPruned'],
      ['ring not read', {ring: unknown('written by a newer release (v2)')}, 'ReadFailed'],
      ['ring of another cluster', {clusterId: seen('c2')}, 'ForeignRing'],
      ['node reports not read', {reports: unknown('unavailable: no')}, 'ReadFailed'],
    ] as [string, Partial<ClusterObservation>, string][])('%s ⇒ waits and names it', (_, facts, reason) => {
      const plan = planOf(observe({ring: resting, facts}));
      expectWait(plan, reason as never);
      expect(plan.wakeAtMs).toBe(50_001_000);
    });

    test('no ring ⇒ an empty one of epoch 1 is created', () => {
      const plan = planOf(observe());
      expect(saidBy(plan)).toEqual(['EpochRaised']);
      expect(plan.actions).toEqual([
        {
          do: 'createRing',
          ring: {
            v: 1,
            clusterId: cluster,
            epoch: 1,
            version: 1,
            begunAtVersion: 1,
            keys: [],
            layout: emptyLayout,
            proven: [],
            history: [],
            stoppedWriting: {},
            clean: [],
            certificates: [],
            members: [],
            forgotten: [],
            accepted: [],
            refusals: [],
            settings: {writeMode: 'rename'},
          },
        },
      ]);
    });

    test('no ring, but a node saw epoch 7 ⇒ epoch 8, and what the histories hold is merged first', () => {
      const plan = planOf(observe({nodes: {n2: {highest: {epoch: 7, revision: 3}}}}));
      expect(nextRingOf(plan)).toMatchObject({epoch: 8, restored: {atMs: now, merged: false}});
    });

    test('no ring and no reports ⇒ none is created, since nodes may have seen a higher epoch', () => {
      expectWait(planOf(observe({facts: {reports: unknown('unavailable: no')}})), 'ReadFailed');
    });

    test('no ring in observe mode ⇒ nothing is written, and the plan says what it would do', () => {
      const plan = planOf(observe({spec: {mode: 'observe'}}));
      expect(plan.actions).toEqual([]);
      expect(plan.phase).toBe('Observing');
    });

    test('observe mode with a rotation due ⇒ says so, does nothing', () => {
      const plan = planOf(observe({ring: resting, spec: {mode: 'observe', rotateRequest: 'now'}}));
      expectWait(plan, 'Minting');
      expectNotes(plan, 'ObserveMode');
      expect(plan.phase).toBe('Observing');
    });

    test('the ring has the epoch of another leader ⇒ it is raised by one, and an open gate is closed', () => {
      const ring = {...resting, gate: {id: 'drop-4-60', deed: 'drop', atMs: now - 100} as const};
      const plan = planOf(observe({ring, facts: {ownEpoch: 3}}));
      expectRing(plan, ring, {
        changes: {epoch: 5, begunAtVersion: ring.version + 1, gate: undefined},
        reason: 'EpochRaised',
      });
    });

    test('a node saw a higher epoch than the ring ⇒ above it, and every proof and trial from before is void', () => {
      const clean = [{key: 'r1', by: 'scan-1', revision: '9', atMs: now - 1000}];
      const scan = {id: 'scan-1', resources: ['secrets'], node: 'n1', deep: false, atMs: now - 1000};
      const trial = {id: 'trial-4-60', layout: resting.layout, node: 'n1', startedAtMs: now - 1000};
      const ring = {...resting, clean, scan, trial};
      const plan = planOf(observe({ring, nodes: {n3: {highest: {epoch: 9, revision: 1}}}}));
      expectRing(plan, ring, {
        changes: {
          epoch: 10,
          begunAtVersion: ring.version + 1,
          restored: {atMs: now, merged: false},
          gate: undefined,
          trial: undefined,
          scan: undefined,
          clean: [],
        },
        reason: 'RestoreSeen',
      });
    });

    test('a node saw a later version of the same epoch ⇒ etcd was restored: above the epoch, past that version', () => {
      const highest = {epoch: resting.epoch, revision: 5, version: resting.version + 40};
      const ring = nextRingOf(planOf(observe({ring: resting, nodes: {n2: {highest}}})));
      expect(ring).toMatchObject({
        epoch: resting.epoch + 1,
        version: resting.version + 41,
        begunAtVersion: resting.version + 41,
        restored: {atMs: now, merged: false},
      });
    });

    test('this process saw a later version of the ring ⇒ the same, before any node says so', () => {
      const seenRing = {epoch: resting.epoch, version: resting.version + 1};
      expect(nextRingOf(planOf(observe({ring: resting, facts: {seenRing}})))).toMatchObject({
        epoch: resting.epoch + 1,
        version: resting.version + 2,
      });
    });

    test('the epoch began at a version that a node saw under an earlier epoch ⇒ the same', () => {
      const ring = {...resting, begunAtVersion: resting.version - 3};
      const past = {epoch: ring.epoch - 1, revision: 2, version: ring.version - 3};
      expect(nextRingOf(planOf(observe({ring, nodes: {n1: {highest: past}}})))?.epoch).toBe(ring.epoch + 1);
      const before = {...past, version: ring.version - 4};
      expect(planOf(observe({ring, nodes: {n1: {highest: before}}})).reasons[0]?.reason).not.toBe('RestoreSeen');
    });

    test('restored while a key was being made for a request ⇒ the rotation begins anew, and so does the request', () => {
      const rotation = {revision: 3, reason: 'request', request: 'drill', startedAtMs: now, migration: []} as const;
      const minting = {revision: 3, node: 'n1', id: 'mint-r3-4-60'};
      const ring = {...resting, rotation, minting, handledRequest: 'drill'};
      const next = nextRingOf(planOf(observe({ring, nodes: {n3: {highest: {epoch: 9, revision: 1}}}})));
      expect(next).not.toHaveProperty('rotation');
      expect(next).not.toHaveProperty('minting');
      expect(next).not.toHaveProperty('handledRequest');
    });

    test('no ring and a report that cannot be read ⇒ none is created, since that node may have seen a higher epoch', () => {
      expectWait(planOf(observe({facts: {badReports: {n2: 'malformed'}}})), 'ReadFailed');
    });
  });
}

export function describePause(): void {
  describe('pause', () => {
    test('paused while a rotation is due ⇒ it does not begin', () => {
      expectWait(planOf(observe({ring: resting, spec: {rotateRequest: 'x', pause: 'maintenance'}})), 'Paused');
    });

    test('paused with everything loaded ⇒ the write key stays', () => {
      expectWait(planOf(observe({ring: ringAt('distributed'), spec: {pause: ''}})), 'Paused');
    });

    test('paused while a key waits to be distributed ⇒ adding goes on', () => {
      const ring = ringAt('minted');
      expect(saidBy(planOf(observe({ring, spec: {pause: 'x'}})))).toEqual(['Distributing']);
    });

    test('resumed after two intervals ⇒ one rotation', () => {
      const spec = specOf({rotationIntervalMs: 1_000});
      const plan = planOf(observe({ring: resting, spec}));
      expect(nextRingOf(plan).rotation).toMatchObject({revision: 2, reason: 'schedule'});
    });
  });
}

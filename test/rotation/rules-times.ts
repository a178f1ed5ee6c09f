// Delays on two clocks: what is counted, saved and corrected, and what a key waits for when one of them jumps. And room
// in etcd, for which a migration waits.

import {type CleanProof, countTimes, type NodeReport, type Ring, seen} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {countedOf, day, type Given, hour, minute, now, observe, r1, r2, restingRing, ringAt} from './fixtures.ts';
import {nextRingOf, planOf} from './reached.ts';

const spec = {retention: {revisions: 1, minAgeMs: day}, rotationIntervalMs: 36_500 * day};
const can: NodeReport['can'] = ['scan'];
const stoppedAtMs = now - 2 * day;
const old = restingRing([r2, r1], {stoppedWriting: {[r1.id]: stoppedAtMs}, counted: {}});
const look = (ring: Ring, given: Omit<Given, 'ring'> = {}) => planOf(observe({ring, spec, every: {can}, ...given}));
const years = 3_650 * day;
const at = (wallMs: number) => ({now: {wallMs, monotonicMs: 50_000_000}});
const saved = (ms: number): Ring => ({...old, counted: {[r1.id]: {stoppedAtMs, ms}}});

function describeDelays(): void {
  describe('a delay on both clocks', () => {
    test.each([
      ['the wall clock is ten years ahead, a day less one ms was counted', years, day - 1],
      ['the wall clock is right, nothing was counted yet', 0, 0],
    ])('%s ⇒ the key stays', (_, aheadMs, ms) => {
      const plan = look(saved(ms), {facts: {...at(now + aheadMs), counted: {[r1.id]: ms}}});
      expect(plan.actions.filter((action) => 'ring' in action && action.ring.scan !== undefined)).toEqual([]);
    });

    test('both say that a day has passed ⇒ it may go', () => {
      expect(nextRingOf(look(saved(day), {facts: {counted: {[r1.id]: day}}})).scan?.clears).toEqual([r1.id]);
    });

    test('a day was counted, and the wall clock says less ⇒ it stays', () => {
      const ring = {...saved(day), stoppedWriting: {[r1.id]: now - day + 1}};
      const counted = {[r1.id]: {stoppedAtMs: now - day + 1, ms: day}};
      const plan = look({...ring, counted}, {facts: {counted: {[r1.id]: day}}});
      expectWait(plan, 'Scheduled');
      expectNotes(plan);
    });

    test('requests may still run by the counted time alone ⇒ said, and nothing is proven', () => {
      const short = {spec: {retention: {revisions: 1, minAgeMs: 0}}, facts: {counted: {[r1.id]: 189_999}}};
      const plan = look(saved(189_999), short);
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'Draining');
    });

    test('a gate whose answers are old by the counted time alone ⇒ every server is asked again', () => {
      const clean: readonly CleanProof[] = [
        {key: r1.id, by: 'scan-4-1', revision: '9', atMs: now - hour, compactedBy: 'etcd'},
      ];
      const ring = {...saved(day), clean, gate: {id: 'drop-4-60', deed: 'drop', atMs: now - 1000} as const};
      const counted = {...countedOf(ring), [r1.id]: day};
      expect(nextRingOf(look(ring, {facts: {counted}})).keys).toEqual([r2]);
      const stale = {...counted, 'gate/drop-4-60': 30_001};
      expect(nextRingOf(look(ring, {facts: {counted: stale}})).gate?.id).toBe('drop-4-70');
    });
  });
}

function describeSaving(): void {
  describe('counted time', () => {
    test.each([
      ['an hour more than what was saved', 2 * hour, 3 * hour, 3 * hour],
      ['the whole delay, and more', 23.5 * hour, 30 * hour, day],
    ])('%s ⇒ saved', (_, before, ms, after) => {
      const ring = saved(before);
      expectRing(look(ring, {facts: {counted: {[r1.id]: ms}}}), ring, {
        changes: {counted: {[r1.id]: {stoppedAtMs, ms: after}}},
        reason: 'CountingTime',
      });
    });

    test('less than an hour more ⇒ not saved yet', () => {
      expectWait(look(saved(2 * hour), {facts: {counted: {[r1.id]: 3 * hour - 1}}}), 'Scheduled');
    });

    test('people only look on ⇒ nothing is saved, and what would be done is said', () => {
      const plan = look(saved(2 * hour), {spec: {...spec, mode: 'observe'}, facts: {counted: {[r1.id]: 3 * hour}}});
      expectWait(plan, 'Scheduled');
    });

    test('what was saved counts from another time ⇒ it is worth nothing', () => {
      const ring = {...old, counted: {[r1.id]: {stoppedAtMs: stoppedAtMs - 1, ms: day}}};
      expect(countTimes(new Map(), seen(ring), 7_000)[r1.id]).toBe(0);
    });

    test('a program that begins anew ⇒ goes on from what was saved', () => {
      const counts = new Map();
      expect(countTimes(counts, seen(saved(5 * hour)), 7_000)[r1.id]).toBe(5 * hour);
      expect(countTimes(counts, seen(saved(5 * hour)), 7_000 + minute)[r1.id]).toBe(5 * hour + minute);
      expect(countTimes(counts, seen(saved(5 * hour + minute)), 7_000 + hour)[r1.id]).toBe(6 * hour);
    });

    test('the key wrote again and stopped anew ⇒ counted from the beginning', () => {
      const counts = new Map();
      countTimes(counts, seen(old), 7_000);
      const again = {...old, stoppedWriting: {[r1.id]: stoppedAtMs + hour}};
      expect(countTimes(counts, seen(again), 7_000 + day)[r1.id]).toBe(0);
      expect(countTimes(counts, seen(again), 7_000 + day + minute)[r1.id]).toBe(minute);
    });

    test('the ring cannot be read for a while ⇒ nothing is counted now, and nothing is lost', () => {
      const counts = new Map();
      countTimes(counts, seen(old), 7_000);
      expect(countTimes(counts, {state: 'unknown', why: 'no'}, 8_000)).toEqual({});
      expect(countTimes(counts, seen(old), 9_000)[r1.id]).toBe(2_000);
    });
  });
}

function describeCorrection(): void {
  const scan = {id: 'scan-4-69', resources: ['secrets'], node: 'n1', deep: false, clears: [r1.id], atMs: now + day};
  const clean = [{key: r1.id, by: scan.id, revision: '9', atMs: now + day}];

  describe('a clock that was set back', () => {
    test('a key stopped writing in the future ⇒ it stopped now, and what was counted goes on', () => {
      const future = {[r1.id]: now + years};
      const ring = {...old, stoppedWriting: future, counted: {[r1.id]: {stoppedAtMs: now + years, ms: hour}}};
      expectRing(look(ring), ring, {
        changes: {stoppedWriting: {[r1.id]: now}, counted: {[r1.id]: {stoppedAtMs: now, ms: hour}}},
        reason: 'ClockWentBack',
      });
    });

    test('what was counted is of an earlier stop, also in the future ⇒ it is worth nothing for the later one', () => {
      const counted = {[r1.id]: {stoppedAtMs: now + years - hour, ms: day}};
      const ring = {...old, stoppedWriting: {[r1.id]: now + years}, counted};
      const next = nextRingOf(look(ring));
      expect(next.stoppedWriting).toEqual({[r1.id]: now});
      expect(next.counted).toEqual({});
    });

    test('a scan and a proof of the future ⇒ void', () => {
      const ring = {...saved(day), scan, clean};
      expectRing(look(ring), ring, {changes: {scan: undefined, clean: []}, reason: 'ClockWentBack'});
    });

    test('a proof pass of the future ⇒ void', () => {
      const migration = [{...ringAt('converged').rotation?.migration[0], startedAtMs: now + 1}];
      const ring = {...saved(day), proof: {id: 'pass-4-60', keys: [r1.id], migration}} as Ring;
      expectRing(look(ring), ring, {changes: {proof: undefined}, reason: 'ClockWentBack'});
    });

    test('a rotation that ends and a restore that is in the future ⇒ they were now', () => {
      const [last] = old.history;
      const history = [{...last, completedAtMs: now + years}] as Ring['history'];
      const ring = {...saved(day), history, restored: {atMs: now + years, merged: true}};
      expectRing(look(ring), ring, {
        changes: {
          history: [{...history[0], completedAtMs: now}] as Ring['history'],
          restored: {atMs: now, merged: true},
        },
        reason: 'ClockWentBack',
      });
    });
  });
}

function describeSpace(): void {
  const migrating = ringAt('converged');
  const lookAt = (given: Omit<Given, 'ring'>) => planOf(observe({ring: migrating, ...given}));
  const space = (inUsePercent: number, filePercent: number) => ({
    nodes: {n2: {etcdSpace: {inUsePercent, filePercent}}},
  });

  describe('room in etcd', () => {
    test.each([
      ['80 % of the quota is in use', space(80, 81), 'compaction'],
      ['the file takes 95 % of the quota', space(20, 95), 'defragmentation'],
    ])('%s ⇒ no page is rewritten, and it is said what it waits for', (_, given, word) => {
      const plan = lookAt(given);
      expectWait(plan, 'EtcdSpaceLow');
      expect(plan.reasons[0]).toMatchObject({nodes: ['n2'], message: expect.stringContaining(word)});
      expect(plan.phase).toBe('Migrating');
    });

    test('less than that ⇒ rewriting goes on', () => {
      expect(lookAt(space(79, 94)).actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
    });

    test('a node said so and is down since ⇒ its word is old, and rewriting goes on', () => {
      const given = observe({ring: migrating, ...space(90, 90)});
      const reports = given.reports.state === 'seen' ? given.reports.value : [];
      const since = (unchangedForMs: number) =>
        planOf({
          ...given,
          reports: seen(reports.map((each) => (each.report.node === 'n2' ? {...each, unchangedForMs} : each))),
        });
      expectWait(since(90_000), 'EtcdSpaceLow');
      expect(since(90_001).actions).toEqual([{do: 'migratePage', of: 'rotation'}]);
    });

    test('a rewrite was refused for want of space ⇒ waits', () => {
      const plan = lookAt({facts: {spaceExceeded: 'etcdserver: mvcc: database space exceeded'}});
      expectWait(plan, 'EtcdSpaceLow');
      expect(plan.reasons[0]?.message).toContain('mvcc: database space exceeded');
    });

    test('a proof pass ⇒ waits as well', () => {
      const proof = {id: 'pass-4-60', keys: [r1.id], migration: migrating.rotation?.migration ?? []};
      const plan = planOf(observe({ring: {...saved(day), proof}, spec, ...space(90, 90)}));
      expectNotes(plan, 'EtcdSpaceLow');
    });
  });
}

export function describeTimes(): void {
  describeDelays();
  describeSaving();
  describeCorrection();
  describeSpace();
}

// Windows of the spec: what changes or drops a key and what rewrites values waits for one; what adds, asks or follows a
// compromise does not.

import {type ClusterObservation, type Ring, seen, unknown, type WindowsNow} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectWait} from './expect-plan.ts';
import {day, hour, minute, now, observe, restingRing, ringAt} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const rule = {action: 'allow', cron: '0 2 * * 6', durationMs: 4 * hour, timeZone: 'UTC'} as const;
const closed: WindowsNow = {isOpen: false, changesAtMs: now + 10 * minute, why: 'the next window opens at noon'};
const open: WindowsNow = {...closed, isOpen: true};
const resting = restingRing();
const distributed = ringAt('distributed');
const migrating = ringAt('converged');

const look = (
  ring: Ring,
  windows: NonNullable<ClusterObservation['windows']>,
  spec: NonNullable<Parameters<typeof observe>[0]>['spec'] = {},
) => planOf(observe({ring, spec: {rotationIntervalMs: 36_500 * day, windows: [rule], ...spec}, facts: {windows}}));
const due = {rotationIntervalMs: hour};

export function describeWindows(): void {
  describe('windows', () => {
    test('a rotation is due and no window is open ⇒ waits for it, idle, and looks again when it opens', () => {
      const plan = look(resting, seen({...closed, changesAtMs: now + 20_000}), due);
      expectWait(plan, 'WaitingForWindow');
      expect([plan.phase, plan.wakeAtMs]).toEqual(['Idle', 50_020_000]);
      expect(plan.reasons[0]?.message).toBe(closed.why);
    });

    test('a window is open ⇒ the rotation starts', () => {
      expect(saidBy(look(resting, seen(open), due))).toEqual(['Minting']);
    });

    test('nothing is due and no window is open ⇒ rests as ever', () => {
      expectWait(look(resting, seen(closed)), 'Scheduled');
    });

    test.each([
      ['a request', 'audit 7', 'WaitingForWindow'],
      ['a compromise', 'compromised-7', 'Minting'],
    ])('%s and no window is open ⇒ %s: %s', (_, rotateRequest, reason) => {
      expect(saidBy(look(resting, seen(closed), {rotateRequest}))).toEqual([reason]);
    });

    test('it closes before the key is activated ⇒ no server is asked and nothing changes, until it opens', () => {
      expectWait(look(distributed, seen(closed)), 'WaitingForWindow');
      expect(nextRingOf(look(distributed, seen(open))).gate?.deed).toBe('activate');
    });

    test('a compromise waits behind the rotation that has begun ⇒ that one goes on outside windows', () => {
      expect(nextRingOf(look(distributed, seen(closed), {rotateRequest: 'compromised-7'})).gate?.deed).toBe('activate');
    });

    test('it closes while values are rewritten ⇒ no page is rewritten, until it opens', () => {
      expectWait(look(migrating, seen(closed)), 'WaitingForWindow');
      expect(look(migrating, seen(open)).actions.map((action) => action.do)).toEqual(['migratePage']);
    });

    test('whether one is open is unknown ⇒ nothing starts, and that is said', () => {
      const plan = look(resting, unknown('spec.windows[0]: no such zone'), due);
      expectWait(plan, 'ReadFailed');
      expect(plan.reasons[0]?.message).toContain('spec.windows[0]: no such zone');
      expectNotes(plan, 'ReadFailed');
    });
  });
}

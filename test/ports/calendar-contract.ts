// When a cron rule begins next, on every implementation of the clock port. Times by the calendars of 2026: summer time
// in Berlin begins on 29 March and ends on 25 October.

import type {Ports} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';

const berlin = 'Europe/Berlin';
const cases = [
  ['Saturdays at 2 in UTC', '0 2 * * 6', 'UTC', '2026-03-27T00:00:00Z', '2026-03-28T02:00:00Z'],
  ['a start is not next after itself', '0 2 * * 6', 'UTC', '2026-03-28T02:00:00Z', '2026-04-04T02:00:00Z'],
  ['in Berlin before summer time', '0 4 * * *', berlin, '2026-03-27T12:00:00Z', '2026-03-28T03:00:00Z'],
  ['in Berlin in summer time', '0 4 * * *', berlin, '2026-03-28T12:00:00Z', '2026-03-29T02:00:00Z'],
  ['in Berlin after summer time', '0 4 * * *', berlin, '2026-10-24T12:00:00Z', '2026-10-25T03:00:00Z'],
] as const;
const unreadable = [
  ['words', 'every night', 'UTC'],
  ['seconds', '0 0 2 * * 6', 'UTC'],
  ['no such zone', '0 2 * * 6', 'Mars/Base'],
] as const;

/** Tests in the suite; counted.test.ts compares how often each side runs them. */
export const calendarContractCases = cases.length + unreadable.length + 1;

export function calendarContract(name: string, make: () => Pick<Ports, 'clock.nextStart'>): void {
  describe(`calendar (${name})`, () => {
    test.each(cases)('%s ⇒ the next start', async (_, cron, timeZone, after, next) => {
      const answer = await make()['clock.nextStart']({cron, timeZone, afterMs: Date.parse(after)});
      expect(expectValue(answer)).toBe(Date.parse(next));
    });

    test('30 February ⇒ never', async () => {
      const answer = await make()['clock.nextStart']({cron: '0 0 30 2 *', timeZone: 'UTC', afterMs: 0});
      expect(expectValue(answer)).toBeUndefined();
    });

    test.each(unreadable)('%s ⇒ invalid', async (_, cron, timeZone) => {
      expectError(await make()['clock.nextStart']({cron, timeZone, afterMs: 0}), 'invalid');
    });
  });
}

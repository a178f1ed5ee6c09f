// What a plan must say and do, compared whole.

import type {Plan, ReasonName, RecordLine, Ring} from '@etcd-encryption/rotation';
import {expect} from 'vitest';
import {withCounted} from './fixtures.ts';
import {notedBy, saidBy} from './reached.ts';

export type RingChanges = {readonly [K in keyof Ring]?: Ring[K] | undefined};

/** The plan changes the ring by exactly this, for this reason, and does nothing else. */
export function expectRing(
  plan: Plan,
  ring: Ring,
  {changes, reason, record}: {changes: RingChanges; reason: ReasonName; record?: RecordLine},
): void {
  expect(saidBy(plan)).toEqual([reason]);
  expect(plan.actions).toEqual([
    {
      do: 'replaceRing',
      ring: {...withCounted(ring), ...changes, version: ring.version + 1},
      ...(record === undefined ? {} : {record}),
    },
  ]);
}

/** The plan does nothing and says this, most telling first. */
export function expectWait(plan: Plan, ...reasons: readonly ReasonName[]): void {
  expect(plan.actions).toEqual([]);
  expect(saidBy(plan)).toEqual(reasons);
}

/** The plan warns of exactly this beside what it does. */
export const expectNotes = (plan: Plan, ...notes: readonly ReasonName[]): void => expect(notedBy(plan)).toEqual(notes);

// What a plan is: at most one action, the reasons said on the way to it, and when to look again.

import type {Ring} from '../model/ring.ts';
import type {Reason} from './reason.ts';
import type {View} from './view.ts';

/** The three dangerous deeds of rotation.md, as far as the ring commands them. */
export type Deed = 'publish' | 'activate' | 'drop' | 'resource';

/** A line of the rotation record that goes with a dangerous deed. */
export interface RecordLine {
  readonly deed: Deed;
  readonly what: string;
  readonly why: string;
  readonly facts: readonly string[];
}

export type Action =
  | {readonly do: 'createRing'; readonly ring: Ring}
  /** Compare-and-swap to `ring` at the version that was observed. */
  | {readonly do: 'replaceRing'; readonly ring: Ring; readonly record?: RecordLine}
  /** List the metadata of every resource once, to find unreadable values before a rotation. */
  | {readonly do: 'checkLists'; readonly resources: readonly string[]}
  /** One page of the migration (or of a proof pass) of the first mark that is not done. */
  | {
      readonly do: 'migratePage';
      readonly of: 'rotation' | 'proof';
      /** Only objects in these: on a Standby the others are written by the mirror. Absent: all. */
      readonly namespaces?: readonly string[];
    }
  /** Write the SeedBundle: in place of the version that was seen, or, without one, only if there is none. */
  | {readonly do: 'publishBundle'; readonly bytes: string; readonly resourceVersion?: string}
  /** Ask `events` whether a revision is compacted. */
  | {readonly do: 'askCompaction'; readonly revisions: readonly string[]};

/** What one rule says. The first rule that acts or waits ends the reading. */
export type Outcome =
  /** `wakeInMs`: after this the same facts may make it act. */
  | {readonly kind: 'pass'; readonly notes?: readonly Reason[]; readonly wakeInMs?: number}
  | {readonly kind: 'wait'; readonly reasons: readonly Reason[]; readonly wakeInMs?: number}
  | {readonly kind: 'act'; readonly action: Action; readonly reason: Reason; readonly notes?: readonly Reason[]};

export interface Rule {
  readonly name: string;
  /** May not run while paused, and asks nothing of the world that adds. */
  readonly apply: (view: View) => Outcome;
}

export interface Plan {
  readonly actions: readonly Action[];
  /** What it does or waits for, most telling first. */
  readonly reasons: readonly Reason[];
  /** Warnings beside it. */
  readonly notes: readonly Reason[];
  readonly phase: Phase;
  /** Monotonic time at which the same facts may give another plan. */
  readonly wakeAtMs: number;
  readonly view: View | undefined;
}

export type Phase =
  | 'Unknown'
  | 'Observing'
  | 'Idle'
  | 'Preflight'
  | 'Minting'
  | 'Distributing'
  | 'Activating'
  | 'Converging'
  | 'Migrating'
  | 'Verifying'
  | 'Dropping'
  | 'Blocked';

export const pass: Outcome = {kind: 'pass'};
export const passWith = (...notes: readonly Reason[]): Outcome => ({kind: 'pass', notes});
export const wait = (...reasons: readonly Reason[]): Outcome => ({kind: 'wait', reasons});

/** A ring with `changes` and the next version. `undefined` in `changes` takes a member out. */
export function nextRing(ring: Ring, changes: {readonly [K in keyof Ring]?: Ring[K] | undefined}): Ring {
  const merged: Record<string, unknown> = {...ring, ...changes, version: ring.version + 1};
  for (const field of Object.keys(merged)) if (merged[field] === undefined) delete merged[field];
  return merged as unknown as Ring;
}

export const changeRing = (
  ring: Ring,
  changes: {readonly [K in keyof Ring]?: Ring[K] | undefined},
  reason: Reason,
  record?: RecordLine,
): Outcome => ({
  kind: 'act',
  action: {do: 'replaceRing', ring: nextRing(ring, changes), ...(record === undefined ? {} : {record})},
  reason,
});

// Approval: what a derived key waits for before it may write, beyond being loaded everywhere. The Standby waits for none
// of it: the Active writes with the key already.

import {idlePeriodMs} from '../limits.ts';
import {annotation} from '../model/resource-types.ts';
import {bundleStampId} from '../model/stamps.ts';
import {formatTime} from '../model/time-text.ts';
import {writeKeys, writeRevision} from './bundles.ts';
import {passedMs} from './delay.ts';
import {changeRing, type Outcome, wait} from './plan.ts';
import {because} from './reason.ts';
import {roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import {isAlone, isProven} from './standby-proof.ts';
import type {View} from './view.ts';
import {isOtherLineage} from './written.ts';

/** What a rotation's derived key still waits for; `undefined` when it may become the write key. */
export function approval(view: View, key: string): Outcome | undefined {
  const settings = deterministicOf(view);
  const {following, rotation} = view.ring;
  if (settings === undefined || rotation === undefined || rotation.reason === 'resources') return undefined;
  const entry = following?.entries.find((each) => each.key === key);
  if (following === undefined || entry === undefined)
    return wait(because('NextNotPublished', `${key} is not in the bundle that is followed`));
  if (!isOtherLineage(view) && entry.revision < writeRevision(view))
    return wait(because('NextNotPublished', `${key} is older than the present write key`));
  if (roleOf(view).role !== 'Active') return undefined;
  const waiting = proofOf(view, key);
  if (waiting !== undefined) return waiting;
  switch (settings.activationPolicy) {
    case 'immediate':
      return undefined;
    case 'manual-approval': {
      const word = view.observation.ringAnnotations[annotation.approve];
      if (word?.trim() === String(entry.revision)) return undefined;
      return wait(because('WaitingForApproval', `annotation approve on the ring must say ${entry.revision}`));
    }
    case 'timed-approval': {
      const delayMs = entry.activateAtMs - entry.createdAtMs;
      const leftMs = Math.max(
        entry.activateAtMs - view.observation.now.wallMs,
        delayMs - passedMs(view, bundleStampId(following.hash), following.sinceMs),
      );
      if (leftMs <= 0) return undefined;
      const reason = because(
        'WaitingForApproval',
        `${key} writes at ${formatTime(entry.activateAtMs)} at the earliest`,
      );
      return {kind: 'wait', reasons: [reason], wakeInMs: leftMs};
    }
    default:
      return settings.activationPolicy satisfies never;
  }
}

/** The first activation under a bundle id needs the Standby's proof, or the word that there is none; once is enough. */
function proofOf(view: View, key: string): Outcome | undefined {
  const {ring} = view;
  const {following, standbyProven = []} = ring;
  if (following === undefined || standbyProven.includes(following.bundleId)) return undefined;
  const writing = new Set(writeKeys(ring));
  if (following.entries.some((entry) => writing.has(entry.key))) return undefined;
  if (isProven(view, key) || isAlone(view)) {
    const message = isAlone(view) ? 'an operator said that there is no Standby' : 'the Standby derives the same keys';
    const proven = [...standbyProven, following.bundleId].slice(-maxProven);
    return changeRing(ring, {standbyProven: proven}, because('StandbyProven', message));
  }
  const reason = because('StandbyUnproven', `${key}: no Standby proved that it derives the same key (verify --record)`);
  return {kind: 'wait', reasons: [reason], wakeInMs: idlePeriodMs};
}

/** Bundle ids that are remembered as proven. */
const maxProven = 16;

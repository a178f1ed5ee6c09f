// A rehearsal in which an interval of twelve hours stands for a week: what happens is the same, and much less time
// passes in which nothing does.

import type {Deed, Rehearsal, TimelineEntry} from '@etcd-encryption/host-sim';

/** A week becomes half a day. */
const factor = 14;
/** Shorter times are the product's own, or a person's, and stay, ms. */
const leastMs = 8 * 3_600_000;

const shorter = (ms: number): number => (ms >= leastMs ? Math.round(ms / factor) : ms);

/** @throws RangeError where the settings stand elsewhere */
export function hurried(rehearsal: Rehearsal): Rehearsal {
  const {settings, timeline} = rehearsal;
  if ('fromConfig' in settings) throw new RangeError('settings: expected them in the rehearsal, got fromConfig');
  const {rotationIntervalMs = 168 * 3_600_000} = settings;
  return {
    ...rehearsal,
    settings: {...settings, rotationIntervalMs: shorter(rotationIntervalMs)},
    timeline: timeline.map(hurriedEntry),
  };
}

function hurriedEntry(entry: TimelineEntry): TimelineEntry {
  const deeds = entry.deeds.map(hurriedDeed);
  if (entry.kind === 'at') return {...entry, deeds, atMs: shorter(entry.atMs)};
  if (entry.kind === 'after') return {...entry, deeds, delayMs: shorter(entry.delayMs)};
  return {...entry, deeds};
}

function hurriedDeed(deed: Deed): Deed {
  if ('forMs' in deed && deed.forMs !== undefined) return {...deed, forMs: shorter(deed.forMs)};
  return 'ageMs' in deed ? {...deed, ageMs: shorter(deed.ageMs)} : deed;
}

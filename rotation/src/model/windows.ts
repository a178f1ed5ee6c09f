// Times in which deeds that change a write key, rewrite values or drop a key may happen (`spec.windows`). Whether one is
// open now is a fact: calendars and time zones are the host's to know.

/** One rule of `spec.windows`. */
export interface WindowRule {
  /** Whether deeds may happen in it, or may not. */
  readonly action: 'allow' | 'deny';
  /** When it opens: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** How long it stays open, ms. */
  readonly durationMs: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** What the rules say at one moment. */
export interface WindowsNow {
  readonly isOpen: boolean;
  /** Wall time at which a window opens or closes next, Unix ms; absent where none ever will. */
  readonly changesAtMs?: number;
  /** For people: which rule closes it, or when one opens. */
  readonly why: string;
}

/** The offset never shortens a window by more than this part of it, nor by more than an hour. */
const offsetPart = 4;
const maxOffsetMs = 3_600_000;

/**
 * By how much later a cluster begins in an allowing window than the rule says, ms: always the same for one cluster, and
 * spread over clusters, so that many that were installed together do not rotate at once.
 */
export function startOffsetMs(clusterId: string, durationMs: number): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < clusterId.length; at++) state = Math.imul(state ^ clusterId.charCodeAt(at), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x7feb352d);
  const spread = Math.floor(Math.min(durationMs / offsetPart, maxOffsetMs));
  return spread === 0 ? 0 : ((state ^ (state >>> 15)) >>> 0) % spread;
}

// The sleep of a simulated program that knows when it would next do something. While nothing changes that it could
// see, its periods are counted and not run: its memory stays what the last one left, which by `Stillness` is what each
// of them would leave. Times here are virtual ms.

import {
  type Freshness,
  heartbeatMs,
  leaderLeaseName,
  leaseResource,
  ourNamespace,
  type PortRequest,
  type Stillness,
} from '@etcd-encryption/rotation';

/** One sleep between two periods. */
export interface Rest {
  readonly still: Stillness;
  /** When `still` was told first: it counts from then. */
  readonly toldAtMs: number;
  /** End of the first piece, where the sleep is interrupted for a renewal; the end of all of it otherwise. */
  readonly pieceEndMs: number;
  /** Beginning of the next period. */
  nextMs: number;
  /** Beginning of the first period that was left out. */
  skippedFromMs: number | undefined;
  /** Until then `still` surely holds; and from then on it surely does not, if that is known. */
  sureUntilMs: number;
  doubtFromMs: number;
  /** What both were found under. */
  others: Freshness;
}

/** How far ahead is asked at most, ms: a bound for the doubling. */
const longestLookMs = 6 * 3_600_000;

/**
 * Where a program that left out periods must go on so that it has done since `fromMs` what it would have done;
 * undefined when there is no such period.
 */
export function resumptionSince(rest: Rest, fromMs: number, nowMs: number): number | undefined {
  const {skippedFromMs, nextMs, pieceEndMs} = rest;
  if (skippedFromMs === undefined) return pieceEndMs < nowMs ? pieceEndMs : undefined;
  const {periodMs} = rest.still;
  const periods = Math.ceil(Math.max(0, fromMs - skippedFromMs) / periodMs);
  const atMs = skippedFromMs + periods * periodMs;
  return atMs < Math.min(nextMs, nowMs) ? atMs : undefined;
}

/**
 * Where a program that left out periods must go on so that it has told lately that it lives, where the period that wrote
 * its last report began at `toldAtMs`; undefined where it has. One that would be in the middle of that period now goes on
 * with the one before: nothing of the last may have been written yet.
 */
export function resumptionForSign(
  {skippedFromMs, nextMs, still: {periodMs}}: Rest,
  toldAtMs: number,
  {nowMs, takesMs}: {readonly nowMs: number; readonly takesMs: number},
): number | undefined {
  if (skippedFromMs === undefined) return undefined;
  const firstMs = skippedFromMs + Math.ceil(Math.max(0, toldAtMs + heartbeatMs - skippedFromMs) / periodMs) * periodMs;
  const everyMs = Math.ceil(heartbeatMs / periodMs) * periodMs;
  const endMs = Math.min(nextMs, nowMs) - 1;
  if (firstMs > endMs) return undefined;
  const signs = Math.floor((Math.max(firstMs, endMs - takesMs) - firstMs) / everyMs);
  return firstMs + signs * everyMs;
}

/** As {@link resumptionSince}, if the program would be in the middle of something now. */
export function resumptionMidway(rest: Rest, periodTakesMs: number, nowMs: number): number | undefined {
  if (rest.skippedFromMs === undefined) return undefined;
  const lastMs = rest.nextMs - rest.still.periodMs;
  return nowMs - lastMs <= periodTakesMs ? resumptionSince(rest, lastMs, nowMs) : undefined;
}

/** Whether the same facts lead to the same until `untilMs`; asks further ahead each time, so that it seldom asks. */
export function isSureUntil(rest: Rest, untilMs: number, others: Freshness): boolean {
  if (others !== rest.others) {
    rest.others = others;
    rest.sureUntilMs = Number.NEGATIVE_INFINITY;
    rest.doubtFromMs = Number.POSITIVE_INFINITY;
  }
  if (untilMs <= rest.sureUntilMs) return true;
  if (untilMs >= rest.doubtFromMs) return false;
  const spanMs = untilMs - rest.toldAtMs;
  const furtherMs = Math.min(untilMs + Math.min(2 * spanMs, longestLookMs), (untilMs + rest.doubtFromMs) / 2);
  for (const endMs of [Math.floor(furtherMs), untilMs]) {
    if (rest.still.holds(endMs - rest.toldAtMs, others)) {
      rest.sureUntilMs = endMs;
      return true;
    }
    rest.doubtFromMs = endMs;
  }
  return false;
}

/** Requests that no network or disk stands behind: they are answered at once, without an event of their own. */
const instant: ReadonlySet<PortRequest['op']> = new Set([
  'clock.now',
  'clock.nextStart',
  'entropy.bytes',
  'trace.event',
]);

/**
 * Whether a request takes no time. The controllers' own lease takes none either: a renewal must not shift what comes
 * after it, since it depends on the last one, and the last one may have been left out.
 */
export function isInstant(request: PortRequest): boolean {
  if (instant.has(request.op)) return true;
  if (request.op === 'store.get') {
    const {resource, name, namespace} = request.args;
    return name === leaderLeaseName && namespace === ourNamespace && resource === leaseResource;
  }
  if (request.op !== 'store.replace' && request.op !== 'store.create') return false;
  const {resource, object} = request.args;
  return resource === leaseResource && object.metadata.name === leaderLeaseName;
}

/** Operations that change nothing and learn what a version stands for. */
const reads: ReadonlySet<PortRequest['op']> = new Set<PortRequest['op']>([
  'store.get',
  'store.list',
  'store.resolve',
  'files.list',
  'files.read',
  'server.evidence',
  'server.platform',
  'etcd.isCompacted',
  'etcd.status',
  'seal.recipientOf',
  'clock.now',
  'clock.nextStart',
  'clock.sleep',
  'all',
]);

/** Whether a request may leave something behind that no version tells of; a write to the store has a version. */
export const isDeed = ({op}: PortRequest, succeeded: boolean): boolean =>
  !reads.has(op) && !(succeeded && (op === 'store.replace' || op === 'store.replaceStatus'));

/** Whether the answer to a request depends on how much history etcd still has. */
export const asksHistory = (request: PortRequest): boolean =>
  request.op === 'etcd.isCompacted' ||
  (request.op === 'store.list' && (request.args.atRevision !== undefined || request.args.continue !== undefined));

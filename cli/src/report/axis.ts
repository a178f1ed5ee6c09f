// The time axis. What happens in a rehearsal takes minutes, and between it lie days: stretches in which nothing
// happens are drawn as narrow breaks with their length written in them, the rest to scale.

import type {Recording} from '@etcd-encryption/host-sim';
import {
  breakWidth,
  chartWidth,
  leastPixelsPerMs,
  leastStretchWidth,
  maxBreaks,
  maxChartWidth,
  mostPixelsPerMs,
  quietChoicesMs,
  stretchMarginMs,
} from './limits.ts';

/** Part of the axis: `busy` to scale, `quiet` compressed. In both, time runs evenly from `x` to `x + width`. */
export interface Stretch {
  readonly kind: 'busy' | 'quiet';
  readonly fromMs: number;
  readonly toMs: number;
  readonly x: number;
  readonly width: number;
}

export interface TimeAxis {
  /** From the beginning to the end of the run, without gaps. */
  readonly stretches: readonly Stretch[];
  readonly width: number;
  /** Place of a moment. Times outside of the run are put at its ends. */
  readonly x: (ms: number) => number;
}

export function createTimeAxis(recording: Recording): TimeAxis {
  const instants = instantsOf(recording);
  const bare = chooseStretches(instants, recording.virtualMs);
  const stretches = placeStretches(bare);
  const last = stretches.at(-1);
  const width = last === undefined ? chartWidth : last.x + last.width;
  return {stretches, width, x: (ms) => placeOf(stretches, ms)};
}

/** Moments at which something changes, sorted. Counts of values drift all the time and are no reason to look. */
function instantsOf({clusters, marks, virtualMs}: Recording): readonly number[] {
  const spans = clusters.flatMap(({lanes, bundles, roles, phases}) => [
    ...lanes.flatMap(({intervals}) => intervals),
    ...bundles,
    ...roles,
    ...phases,
  ]);
  const all = [0, virtualMs, ...marks.map(({atMs}) => atMs), ...spans.flatMap(({fromMs, toMs}) => [fromMs, toMs])];
  return [...new Set(all)].sort((a, b) => a - b);
}

type Bare = Pick<Stretch, 'kind' | 'fromMs' | 'toMs'>;

/** The shortest time that counts as quiet, such that there are not too many breaks. */
function chooseStretches(instants: readonly number[], endMs: number): readonly Bare[] {
  let stretches: readonly Bare[] = [];
  for (const quietMs of quietChoicesMs) {
    stretches = splitAt(instants, quietMs, endMs);
    if (stretches.filter(({kind}) => kind === 'quiet').length <= maxBreaks) break;
  }
  return stretches;
}

function splitAt(instants: readonly number[], quietMs: number, endMs: number): readonly Bare[] {
  const stretches: Bare[] = [];
  let fromMs = 0;
  for (const [at, beforeMs] of instants.entries()) {
    const afterMs = instants[at + 1];
    if (afterMs === undefined || afterMs - beforeMs <= quietMs) continue;
    const quietFrom = beforeMs + stretchMarginMs;
    const quietTo = afterMs - stretchMarginMs;
    stretches.push({kind: 'busy', fromMs, toMs: quietFrom}, {kind: 'quiet', fromMs: quietFrom, toMs: quietTo});
    fromMs = quietTo;
  }
  return [...stretches, {kind: 'busy', fromMs, toMs: endMs}];
}

function placeStretches(bare: readonly Bare[]): readonly Stretch[] {
  const scale = scaleOf(bare);
  let x = 0;
  return bare.map((stretch) => {
    const lengthMs = stretch.toMs - stretch.fromMs;
    const width = stretch.kind === 'quiet' ? breakWidth : Math.max(leastStretchWidth, lengthMs * scale);
    const placed = {...stretch, x, width};
    x += width;
    return placed;
  });
}

/** Pixels per ms: the whole fits the page if that leaves enough to see, otherwise it is wider and scrolls. */
function scaleOf(bare: readonly Bare[]): number {
  const breaks = bare.filter(({kind}) => kind === 'quiet').length * breakWidth;
  const busyMs = bare.reduce((sum, {kind, fromMs, toMs}) => (kind === 'busy' ? sum + toMs - fromMs : sum), 0);
  const fitting = (chartWidth - breaks) / Math.max(1, busyMs);
  const widest = (maxChartWidth - breaks) / Math.max(1, busyMs);
  return Math.min(mostPixelsPerMs, widest, Math.max(fitting, leastPixelsPerMs));
}

function placeOf(stretches: readonly Stretch[], ms: number): number {
  const stretch = stretches.find(({toMs}) => ms <= toMs) ?? stretches.at(-1);
  if (stretch === undefined) return 0;
  const {fromMs, toMs, x, width} = stretch;
  const share = toMs === fromMs ? 0 : (ms - fromMs) / (toMs - fromMs);
  return x + Math.min(1, Math.max(0, share)) * width;
}

// One lane a server: a thick band in the colour of its write key, below it a strip for each read key.

import type {LaneInterval, Span} from '@etcd-encryption/host-sim';
import type {TimeAxis} from './axis.ts';
import {fits} from './chart-bands.ts';
import type {KeyStyle} from './key-styles.ts';
import type {LaneRow} from './layout.ts';
import {readStripHeight, writeBandHeight} from './limits.ts';
import {type Attributes, el, join, type Markup} from './markup.ts';
import {laneText} from './words.ts';

export interface LaneLook {
  readonly axis: TimeAxis;
  readonly styleOf: (key: string) => KeyStyle;
}

export function drawLane(cluster: string, row: LaneRow, look: LaneLook): Markup {
  const {lane} = row;
  const place = `${cluster} · ${lane.node}`;
  return el(
    'g',
    {'data-row': `${cluster}/${lane.node}`},
    ...lane.intervals.map((interval) => drawInterval(interval, {...look, row, place})),
    ...runsOf(lane.intervals).map((run) => drawName(run, row, look.axis)),
  );
}

interface IntervalLook extends LaneLook {
  readonly row: LaneRow;
  readonly place: string;
}

function drawInterval(interval: LaneInterval, {axis, styleOf, row, place}: IntervalLook): Markup {
  const {fromMs, toMs, state, writeKey, readKeys} = interval;
  const x = axis.x(fromMs);
  const width = Math.max(axis.x(toMs) - x, 0.5);
  const title = el('title', {}, laneText(place, interval));
  if (state === 'down') {
    const outline = el('rect', {class: 'down', x, y: row.y, width, height: row.height});
    return el('g', {class: 'item', role: 'img'}, title, outline);
  }
  const band = {x, y: row.y, width, height: writeBandHeight};
  return el(
    'g',
    {class: 'item', role: 'img'},
    title,
    ...readKeys.map((key, at) =>
      drawKey(styleOf(key), {x, y: row.y + writeBandHeight + at * readStripHeight, width, height: readStripHeight}),
    ),
    drawKey(styleOf(writeKey), band),
    state === 'draining' ? el('rect', {class: 'draining-fill', ...band}) : undefined,
  );
}

/** A key's fill with its pattern over it. */
export function drawKey({fill, pattern}: KeyStyle, place: Attributes, element = 'rect'): Markup {
  const plain = el(element, {class: fill, ...place});
  return pattern === undefined ? plain : join([plain, el(element, {class: `p-${pattern}`, ...place})]);
}

interface Run extends Span {
  /** Empty while the server is down. */
  readonly writeKey: string;
}

/** Neighbours that write with one key, as one. */
function runsOf(intervals: readonly LaneInterval[]): readonly Run[] {
  const runs: Run[] = [];
  for (const {fromMs, toMs, writeKey} of intervals) {
    const last = runs.at(-1);
    if (last?.writeKey === writeKey) runs[runs.length - 1] = {...last, toMs};
    else runs.push({fromMs, toMs, writeKey});
  }
  return runs;
}

/** The name of a key where it begins to write: all of it, or its revision alone. */
function drawName({fromMs, toMs, writeKey}: Run, {y}: LaneRow, axis: TimeAxis): Markup | undefined {
  const x = axis.x(fromMs);
  const names = writeKey === '' ? ['down'] : [writeKey, writeKey.split('-')[0] ?? ''];
  const text = names.find((each) => fits(each, axis.x(toMs) - x));
  const look = writeKey === '' ? 'small' : 'small on-key';
  return text === undefined ? undefined : el('text', {class: look, x: x + 5, y: y + 11}, text);
}

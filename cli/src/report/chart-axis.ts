// The axis and what runs through the whole height: hatched breaks, fine lines at the ticks, strong ones at failovers.

import type {Recording} from '@etcd-encryption/host-sim';
import type {Stretch, TimeAxis} from './axis.ts';
import type {Layout} from './layout.ts';
import {axisHeight, letterWidth, tickSpacing, tickStepsMs} from './limits.ts';
import {el, join, type Markup} from './markup.ts';
import {clockText, durationText, shortDuration} from './time-text.ts';

/** Bottom of the lengths of breaks, and of the clock times. */
const breakTextY = 13;
const tickTextY = 31;

export function drawAxis({axis, height}: Layout): Markup {
  const ticks = placeTicks(axis);
  return el(
    'g',
    {class: 'axis'},
    ...axis.stretches.filter(({kind}) => kind === 'quiet').map((stretch) => drawBreak(stretch, height)),
    ...ticks.map(({x, text}) =>
      join([
        el('line', {class: 'tick', x1: x, x2: x, y1: axisHeight - 6, y2: height}),
        text === undefined
          ? undefined
          : el('text', {class: 'small', x, y: tickTextY, 'text-anchor': anchorOf(x, axis)}, text),
      ]),
    ),
    el('line', {class: 'line', x1: 0, x2: axis.width, y1: axisHeight, y2: axisHeight}),
  );
}

function drawBreak({fromMs, toMs, x, width}: Stretch, height: number): Markup {
  const lengthMs = toMs - fromMs;
  return el(
    'g',
    {class: 'break'},
    el('title', {}, `${durationText(lengthMs)} without an event, drawn short`),
    el('rect', {class: 'break-fill', x, y: axisHeight, width, height: height - axisHeight}),
    el('path', {
      class: 'break-sign',
      d: `M${x + 2} ${breakTextY + 6}h${width - 4}m-4 -3l4 3l-4 3M${x + 6} ${breakTextY + 3}l-4 3l4 3`,
    }),
    el(
      'text',
      {class: 'small break-text', x: x + width / 2, y: breakTextY, 'text-anchor': 'middle'},
      shortDuration(lengthMs),
    ),
  );
}

interface Tick {
  readonly x: number;
  /** Absent where another label stands too close. */
  readonly text?: string;
}

/** Whole times in each busy stretch; one that has none is labelled at its beginning. */
export function placeTicks(axis: TimeAxis): readonly Tick[] {
  const ticks: Tick[] = [];
  let freeFrom = 0;
  for (const stretch of axis.stretches) {
    if (stretch.kind === 'quiet') continue;
    for (const ms of timesIn(stretch)) {
      const x = axis.x(ms);
      const text = clockText(ms);
      const width = text.length * letterWidth;
      const left = Math.max(0, x - width / 2);
      const fits = left >= freeFrom && left + width <= axis.width + 2;
      if (fits) freeFrom = left + width + 8;
      ticks.push(fits ? {x, text} : {x});
    }
  }
  return ticks;
}

function timesIn({fromMs, toMs, width}: Stretch): readonly number[] {
  const msPerPixel = (toMs - fromMs) / width;
  const stepMs = tickStepsMs.find((step) => step >= tickSpacing * msPerPixel) ?? tickStepsMs.at(-1) ?? 1;
  const times: number[] = [];
  for (let ms = Math.ceil(fromMs / stepMs) * stepMs; ms <= toMs; ms += stepMs) times.push(ms);
  return times.length > 0 ? times : [fromMs];
}

const anchorOf = (x: number, axis: TimeAxis): string => (x < 24 ? 'start' : x > axis.width - 24 ? 'end' : 'middle');

/** Lines through everything where a side became Active or Standby, or something broke. */
export function drawMoments({marks}: Recording, {axis, height}: Layout): Markup {
  const moments = marks.filter(({kind}) => kind === 'failover' || kind === 'violation');
  const lines = new Map(moments.map(({atMs, kind}) => [`${atMs} ${kind}`, {x: axis.x(atMs), kind}]));
  return join(
    [...lines.values()].map(({x, kind}) =>
      el('line', {class: `moment ${kind}`, x1: x, x2: x, y1: axisHeight, y2: height}),
    ),
  );
}

// The chart of one recording as a picture of its own, for a document: one SVG without a script, in light and in dark.

import type {Recording} from '@etcd-encryption/host-sim';
import {drawChartParts} from './chart.ts';
import {labelWidth} from './limits.ts';
import {el, own} from './markup.ts';
import {patternDefinitions} from './patterns.ts';
import {style} from './style.ts';
import {durationText} from './time-text.ts';

/** Around the drawing, px. */
const margin = 12;

/** The whole file. */
export function renderPicture(recording: Recording): string {
  const {labels, drawing, width, height} = drawChartParts(recording, {});
  const wide = Math.ceil(labelWidth + width + 2 * margin);
  const high = height + 2 * margin;
  const picture = el(
    'svg',
    {xmlns: 'http://www.w3.org/2000/svg', width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: 'img'},
    el('title', {}, `${recording.title}: ${durationText(recording.virtualMs)} of a rehearsal`),
    el('style', {}, own(style)),
    patternDefinitions,
    el('rect', {class: 'paper', width: '100%', height: '100%', rx: 8}),
    el('g', {transform: `translate(${margin} ${margin})`}, labels),
    el('g', {transform: `translate(${margin + labelWidth} ${margin})`}, drawing),
  );
  return `${picture.markup}\n`;
}

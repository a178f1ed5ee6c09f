// Hatchings that charts share, by the ids that the style names.

import {el, type Markup} from './markup.ts';

const line = (d: string, colour: string, width = 1): Markup =>
  el('path', {d, stroke: colour, 'stroke-width': width, fill: 'none'});

const pattern = (id: string, size: number, ...children: readonly Markup[]): Markup =>
  el('pattern', {id, width: size, height: size, patternUnits: 'userSpaceOnUse'}, ...children);

export const patternDefinitions = el(
  'defs',
  {},
  pattern('quiet', 8, line('M-2 10L10 -2M-2 2L2 -2M6 10L10 6', 'var(--tick)', 1.6)),
  pattern('blocked', 6, line('M-1 7L7 -1', 'var(--rule)', 1.2)),
  pattern('gone', 7, line('M-1 -1L8 8', 'var(--fault)', 0.6)),
  pattern('drain', 5, line('M-1 6L6 -1', '#14181d', 1.4)),
  pattern('hatch', 5, line('M-1 6L6 -1', '#14181d', 0.8)),
  pattern('dots', 5, el('circle', {cx: 2.5, cy: 2.5, r: 0.9, fill: '#14181d'})),
  pattern('cross', 5, line('M-1 6L6 -1M-1 -1L6 6', '#14181d', 0.6)),
);

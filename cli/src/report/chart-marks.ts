// Signs of what happened. Each has its own shape, so that colour says nothing alone, and is a link to its line in the
// table, so that a keyboard reaches it without any script.

import type {MarkKind} from '@etcd-encryption/host-sim';
import type {PlacedMark} from './layout.ts';
import {el, join, type Markup, round} from './markup.ts';
import {markText} from './words.ts';

/** @param idOf id of the mark's line in the table; without one it is no link */
export function drawMarks(
  row: string,
  placed: readonly PlacedMark[],
  idOf: (mark: PlacedMark['mark']) => string | undefined,
): Markup {
  return el('g', {'data-row': row, class: 'marks'}, ...placed.map((each) => drawMark(each, idOf(each.mark))));
}

function drawMark({mark, x, y}: PlacedMark, id: string | undefined): Markup {
  const place = {class: `item mark ${mark.kind}`, transform: `translate(${round(x)} ${round(y)})`};
  const parts = [el('title', {}, markText(mark)), drawSign(mark.kind, mark.what)];
  return id === undefined ? el('g', place, ...parts) : el('a', {...place, href: `#${id}`}, ...parts);
}

/** The sign of a kind around the origin; a deed carries its first letter. */
export function drawSign(kind: MarkKind, what: string): Markup {
  switch (kind) {
    case 'deed':
      return join([
        el('rect', {class: 'sign', x: -7, y: -7, width: 14, height: 14, rx: 3}),
        el('text', {class: 'letter', x: 0, y: 4, 'text-anchor': 'middle'}, what.slice(0, 1).toUpperCase()),
      ]);
    case 'step':
      return el('circle', {class: 'sign', r: 4});
    case 'operator':
      return el('path', {class: 'sign', d: 'M-6 -5H6L0 6Z'});
    case 'fault':
      return el('path', {class: 'sign', d: 'M-5 -5L5 5M5 -5L-5 5'});
    case 'failover':
      return el('path', {class: 'sign', d: 'M-7.5 -2.5H2.5V-6L7.5 0L2.5 6V2.5H-7.5Z'});
    case 'violation':
      return join([
        el('path', {class: 'sign', d: 'M-3 -7H3L7 -3V3L3 7H-3L-7 3V-3Z'}),
        el('text', {class: 'letter', x: 0, y: 4, 'text-anchor': 'middle'}, '!'),
      ]);
    default:
      return kind satisfies never;
  }
}

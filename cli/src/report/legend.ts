// What the signs, colours and hatchings of the charts mean.

import type {MarkKind, Recording} from '@etcd-encryption/host-sim';
import {allKeys} from './chart.ts';
import {drawKey} from './chart-lanes.ts';
import {drawSign} from './chart-marks.ts';
import {createKeyStyles} from './key-styles.ts';
import {el, join, type Markup} from './markup.ts';
import {keyWord, kindWords} from './words.ts';

const kinds: readonly MarkKind[] = ['deed', 'step', 'operator', 'fault', 'failover', 'violation'];

export function drawLegend(recording: Recording): Markup {
  const keys = allKeys(recording);
  const styleOf = createKeyStyles(keys);
  const used = kinds.filter((kind) => recording.marks.some((mark) => mark.kind === kind));
  const states = new Set(
    recording.clusters.flatMap(({lanes}) => lanes.flatMap(({intervals}) => intervals.map(({state}) => state))),
  );
  return el(
    'div',
    {class: 'legend'},
    el('ul', {'aria-label': 'keys'}, ...keys.map((key) => entry(drawKey(styleOf(key), swatch), keyWord(key)))),
    el(
      'ul',
      {'aria-label': 'signs'},
      ...used.map((kind) =>
        entry(el('g', {class: `mark ${kind}`, transform: 'translate(13 8)'}, drawSign(kind, 'P')), kindWords[kind]),
      ),
      entry(
        join([
          el('rect', {class: 'k0', x: 1, y: 0.5, width: 24, height: 9}),
          el('rect', {class: 'k1', x: 1, y: 9.5, width: 24, height: 3}),
          el('rect', {class: 'k2', x: 1, y: 12.5, width: 24, height: 3}),
        ]),
        'a server: the key it writes with, below it those it reads',
      ),
      states.has('down') ? entry(el('rect', {class: 'down', ...swatch}), 'no process answers') : undefined,
      states.has('draining')
        ? entry(el('rect', {class: 'draining-fill', ...swatch}), 'draining: may still write')
        : undefined,
      entry(el('rect', {class: 'break-fill', ...swatch}), 'quiet time, drawn short; its length is above it'),
    ),
  );
}

const swatch = {x: 1, y: 1, width: 24, height: 14};

const entry = (sign: Markup, text: string): Markup =>
  el('li', {}, el('svg', {width: 26, height: 16, 'aria-hidden': 'true'}, sign), el('span', {}, text));

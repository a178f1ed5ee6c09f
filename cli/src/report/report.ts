// One page that shows recordings of rehearsals: nothing is loaded from anywhere, it reads without a script, and the
// same recordings make the same bytes.

import {createHash} from 'node:crypto';
import type {Recording} from '@etcd-encryption/host-sim';
import {drawChart} from './chart.ts';
import {drawLegend} from './legend.ts';
import {el, type Markup, own} from './markup.ts';
import {patternDefinitions} from './patterns.ts';
import {script} from './script.ts';
import {style} from './style.ts';
import {drawTables} from './tables.ts';
import {durationText} from './time-text.ts';
import {verdictWords} from './words.ts';

/** The whole page. @param recordings in the order in which they are shown */
export function renderReport(recordings: readonly Recording[]): string {
  const titles = [...new Set(recordings.map(({title}) => title))];
  const title = titles.length === 0 ? 'no recording' : titles.join(', ');
  const page = el(
    'html',
    {lang: 'en'},
    el(
      'head',
      {},
      el('meta', {charset: 'utf-8'}),
      el('meta', {'http-equiv': 'Content-Security-Policy', content: policy}),
      el('meta', {name: 'viewport', content: 'width=device-width, initial-scale=1'}),
      el('meta', {name: 'color-scheme', content: 'light dark'}),
      el('title', {}, `Rehearsal: ${title}`),
      el('style', {}, own(style)),
    ),
    el(
      'body',
      {},
      el('svg', {width: 0, height: 0, 'aria-hidden': 'true'}, patternDefinitions),
      el('main', {}, ...recordings.map(drawRecording)),
      el('script', {}, own(script)),
    ),
  );
  return `<!doctype html>\n${page.markup}\n`;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but this page's own style and script, and no address to load or send anything from or to. */
const policy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function drawRecording(recording: Recording, at: number): Markup {
  const {title, explanation, settings, seed, verdict, virtualMs, cuts} = recording;
  const markId = (mark: number): string => `s${at}-m${mark}`;
  const rows = [
    ...settings,
    {name: 'seed', value: String(seed)},
    {name: 'virtual time', value: durationText(virtualMs)},
  ];
  return el(
    'section',
    {'data-recording': String(at)},
    el(
      'header',
      {},
      el(at === 0 ? 'h1' : 'h2', {id: `s${at}-title`}, title),
      el('span', {class: `verdict ${verdict.state}`}, verdictWords[verdict.state]),
    ),
    explanation === undefined ? undefined : el('p', {}, explanation),
    el('p', {}, verdict.text),
    el('dl', {}, ...rows.map(({name, value}) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
    el('output', {class: 'said', 'aria-live': 'polite', hidden: ''}, hint),
    drawChart(recording, {markId, labelledBy: `s${at}-title`}),
    drawLegend(recording),
    ...cuts.map((cut) => el('p', {class: 'cuts'}, `Left out: ${cut}.`)),
    drawTables(recording, markId),
  );
}

const hint =
  'Point at anything for its details; or Tab into the chart, then arrow keys: left and right in a row, up and down between rows.';

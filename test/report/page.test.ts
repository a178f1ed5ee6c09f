// The page as text: what it may hold, what it must hold, and that the same recording makes the same bytes.

import {createHash} from 'node:crypto';
import type {Mark, Recording} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {renderPicture} from '../../cli/src/report/picture.ts';
import {renderReport} from '../../cli/src/report/report.ts';
import {clockText, durationText, shortDuration} from '../../cli/src/report/time-text.ts';
import {hostile, madeUp} from './made-up.ts';

const page = renderReport([madeUp]);
const shuffled = (recording: Recording): Recording => JSON.parse(JSON.stringify(recording)) as Recording;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
const between = (text: string, start: string, end: string): string => text.split(start)[1]?.split(end)[0] ?? '';

describe('the page', () => {
  test('one recording twice, once as read from JSON ⇒ the same bytes', () => {
    expect(renderReport([shuffled(madeUp)])).toBe(page);
  });

  test('names that are markup ⇒ escaped wherever they stand', () => {
    expect(page).not.toContain('<img');
    expect(page.split('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;').length).toBeGreaterThan(8);
    expect(hostile).toContain('<img');
  });

  test('its policy ⇒ allows its own style and script by hash, and nothing else', () => {
    const style = between(page, '<style>', '</style>');
    const script = between(page, '<script>', '</script>');
    expect(style.length * script.length).toBeGreaterThan(0);
    expect(between(page, 'Content-Security-Policy" content="', '"').replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${sha256(style)}'; script-src 'sha256-${sha256(script)}'; ` +
        "base-uri 'none'; form-action 'none'",
    );
  });

  test('addresses ⇒ only of the page itself', () => {
    expect(page).not.toMatch(/https?:|<link|<iframe|<object|@import/);
    expect(page.match(/ (?:src|href|action|data)="(?!#)[^"]*"/g)).toBeNull();
    expect([...page.matchAll(/url\(([^)]*)\)/g)].every(([, to = '']) => to.startsWith('#'))).toBe(true);
    expect(page).not.toContain(' style=');
  });

  test('marks ⇒ each is a link to its own line of the table', () => {
    const targets = [...page.matchAll(/<a [^>]*href="#([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(targets).size).toBe(madeUp.marks.length);
    for (const id of targets) expect(page.split(`<tr id="${id}"`)).toHaveLength(2);
  });

  test('ids of two recordings ⇒ all different', () => {
    const ids = [...renderReport([madeUp, madeUp]).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('what was cut, the verdict, settings and seed ⇒ said', () => {
    for (const text of [
      'Left out: east: the 3 oldest phases.',
      '>violated<',
      'S1 readable does not hold on w1',
      '>4711<',
    ])
      expect(page).toContain(text);
  });

  test('no recording ⇒ a page that says so', () => {
    expect(renderReport([])).toContain('<title>Rehearsal: no recording</title>');
  });

  test('a recording with everything up to its limits ⇒ less than a megabyte', () => {
    const marks = Array.from({length: 600}, (_, at): Mark => {
      return {atMs: at * 60_000, cluster: 'east', node: 'e1', kind: 'step', what: 'complete', text: 'x'.repeat(80)};
    });
    const size = Buffer.byteLength(renderReport([{...madeUp, virtualMs: 600 * 60_000, marks}]));
    expect(size).toBeGreaterThan(100_000);
    expect(size).toBeLessThan(1_000_000);
  });
});

describe('a picture', () => {
  const picture = renderPicture(madeUp);

  test('the same recording ⇒ the same bytes, with every mark and no link, script or address', () => {
    expect(renderPicture(shuffled(madeUp))).toBe(picture);
    expect(picture.match(/<g class="item mark /g)).toHaveLength(madeUp.marks.length);
    expect(picture.replaceAll('img src=x', '')).not.toMatch(/<a |<script|href=|src=/);
    expect(picture.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
  });
});

describe('times', () => {
  test.each([
    [0, '0:00:00'],
    [61_250, '0:01:01.2'],
    [168 * 3_600_000 + 5_000, '168:00:05'],
  ])('%d ms ⇒ %s', (ms, text) => {
    expect(clockText(ms)).toBe(text);
  });

  test.each([
    [900, '900 ms', '0m'],
    [45_000, '45 s', '1m'],
    [116 * 60_000, '1 h 56 min', '1h56'],
    [120 * 60_000, '2 h', '2h'],
    [170 * 3_600_000, '7 d 2 h', '170h'],
  ])('a stretch of %d ms ⇒ %s, in a narrow place %s', (ms, long, short) => {
    expect(durationText(ms)).toBe(long);
    expect(shortDuration(ms)).toBe(short);
  });
});

// The page in a real browser: everything stands where the recording says, a keyboard reaches it, it reads without a
// script, and its text has contrast in light and in dark.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createTimeAxis} from '../../cli/src/report/axis.ts';
import {renderPicture} from '../../cli/src/report/picture.ts';
import {renderReport} from '../../cli/src/report/report.ts';
import {laneText, markText} from '../../cli/src/report/words.ts';
import {type RunningChromium, startChromium, whyNoChromium} from '../browser/chromium.ts';
import {at, first, madeUp, second} from './made-up.ts';
import {heightsAt, lookAt, poorContrasts} from './page-looks.ts';

const startMs = 120_000;
const axis = createTimeAxis(madeUp);
const [east, west] = madeUp.clusters;
if (east === undefined || west === undefined) throw new Error('the made-up recording has two clusters');

let chromium: RunningChromium;
let folder: string;
let address: string;

interface Opened {
  readonly page: Page;
  /** What the console said, errors of scripts, and addresses that it asked for beside its own. */
  readonly faults: readonly string[];
}

async function open(options: {scheme?: 'light' | 'dark'; scripts?: boolean} = {}): Promise<Opened> {
  const {scheme = 'light', scripts = true} = options;
  const context = await chromium.browser.newContext({
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    viewport: {width: 1_320, height: 3_000},
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address) faults.push(`request of ${request.url()}`);
  });
  await page.goto(address);
  return {page, faults};
}

describe.skipIf(whyNoChromium !== undefined)(
  `in Chromium${whyNoChromium === undefined ? '' : ` (${whyNoChromium})`}`,
  () => {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'report-'));
      const file = join(folder, 'report.html');
      writeFileSync(file, renderReport([madeUp]));
      address = pathToFileURL(file).href;
      chromium = await startChromium();
    }, startMs);

    afterAll(async () => {
      rmSync(folder, {recursive: true, force: true});
      await chromium?.close();
    }, startMs);

    test('lanes ⇒ each interval begins and ends where its times are, under its own title', async () => {
      const {page, faults} = await open();
      for (const {name, lanes} of madeUp.clusters) {
        for (const {node, intervals} of lanes) {
          const seen = await lookAt(page, `${name}/${node}`);
          expect(seen.map(({title}) => title)).toEqual(intervals.map((each) => laneText(`${name} · ${node}`, each)));
          expect(seen.map(({left}) => left)).toEqual(intervals.map(({fromMs}) => expect.closeTo(axis.x(fromMs), 0)));
          expect(seen.map(({right}) => right)).toEqual(intervals.map(({toMs}) => expect.closeTo(axis.x(toMs), 0)));
        }
      }
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test('marks ⇒ the middle of each sign stands at its time', async () => {
      const {page} = await open();
      const seen = (await Promise.all(['run', 'east', 'west'].map((row) => lookAt(page, `${row}/marks`)))).flat();
      for (const mark of madeUp.marks) {
        const sign = seen.find(({title}) => title === markText(mark));
        expect(sign, markText(mark)).toBeDefined();
        expect(((sign?.left ?? 0) + (sign?.right ?? 0)) / 2).toBeCloseTo(axis.x(mark.atMs), 0);
      }
      expect(seen).toHaveLength(madeUp.marks.length);
      await page.context().close();
    });

    test.each([
      ['before the activation', at.activate - 5_000, {clear: 0.1, [first]: 0.9, [second]: 0}],
      ['in the middle of it', at.activate + 60_000, {clear: 0.1, [first]: 0.6, [second]: 0.3}],
    ])('areas %s ⇒ each as high as its share of the values', async (_, ms, shares) => {
      const {page} = await open();
      const heights = await heightsAt(page, 'east/values', axis.x(ms));
      const total = Object.values(heights).reduce((sum, height) => sum + height, 0);
      for (const [key, share] of Object.entries(shares)) {
        expect((heights[key] ?? 0) / total, key).toBeCloseTo(share, 1);
      }
      await page.context().close();
    });

    test('Tab, then arrow keys ⇒ every item is reached and said, in order of time within its row', async () => {
      const {page, faults} = await open();
      await page.locator('a.mark').first().focus();
      const reached = new Set<string>();
      const said = (): Promise<string | null> => page.locator('.said').textContent();
      const rows = await page.locator('[data-row]:has(.item)').count();
      for (let up = 0; up < rows; up++) await page.keyboard.press('ArrowUp');
      for (let row = 0; row < rows; row++) {
        await page.keyboard.press('Home');
        for (let before = ''; before !== (await focusedTitle(page)); ) {
          before = await focusedTitle(page);
          reached.add(before);
          expect(await said()).toBe(before);
          await page.keyboard.press('ArrowRight');
        }
        await page.keyboard.press('ArrowDown');
      }
      const titles = await page.locator('.item > title').allTextContents();
      expect([...reached].sort()).toEqual([...new Set(titles)].sort());
      expect(reached.size).toBeGreaterThan(20);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test('Tab ⇒ enters the chart once and leaves it again; a mark’s Enter opens its line in the table', async () => {
      const {page} = await open();
      await page.keyboard.press('Tab');
      const [earliest] = madeUp.marks.filter(({cluster}) => cluster === '');
      expect(earliest === undefined ? '' : markText(earliest)).toBe(await focusedTitle(page));
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('tr:target').isVisible()).toBe(true);
      expect(await page.locator('tr:target').textContent()).toContain('S1 readable');
      await page.locator('a.mark').first().focus();
      await page.keyboard.press('Tab');
      expect(await page.evaluate(`document.activeElement.tagName`)).toBe('SUMMARY');
      await page.context().close();
    });

    test('pointer on an area and away from it ⇒ said, then the hint again', async () => {
      const {page} = await open();
      const hint = await page.locator('.said').textContent();
      await page.locator(`[data-row="west/values"] .item`).hover();
      expect(await page.locator('.said').textContent()).toBe(`west · values under ${first}: at most 100 of 100`);
      await page.mouse.move(2, 2);
      expect(await page.locator('.said').textContent()).toBe(hint);
      await page.context().close();
    });

    test('without scripts ⇒ Tab reaches every mark, and the tables hold all that the chart shows', async () => {
      const {page} = await open({scripts: false});
      expect(await page.locator('.said').isVisible()).toBe(false);
      await page.locator('summary').first().click();
      const rows = page.locator('details').first().locator('tbody tr');
      expect(await rows.count()).toBe(madeUp.marks.length);
      expect(await rows.first().isVisible()).toBe(true);
      await page.locator('summary').first().press('Shift+Tab');
      const reached = new Set<string>();
      for (const _ of madeUp.marks) {
        reached.add(await focusedTitle(page));
        await page.keyboard.press('Shift+Tab');
      }
      expect(reached).toEqual(new Set(madeUp.marks.map(markText)));
      const lanes = page.locator('details', {hasText: 'east: what each server had loaded'}).locator('tbody tr');
      expect(await lanes.count()).toBe(east.lanes.reduce((sum, {intervals}) => sum + intervals.length, 0));
      await page.context().close();
    });

    test('a picture in a page ⇒ shown at its size, in the colours of the scheme', async () => {
      writeFileSync(join(folder, 'picture.svg'), renderPicture(madeUp));
      writeFileSync(join(folder, 'picture.html'), '<img src="picture.svg">');
      const grounds: string[] = [];
      for (const scheme of ['light', 'dark'] as const) {
        const {page} = await open({scheme});
        await page.goto(pathToFileURL(join(folder, 'picture.html')).href);
        const [, width, height] = / width="(\d+)" height="(\d+)"/.exec(renderPicture(madeUp)) ?? [];
        const image = 'document.querySelector("img")';
        expect(await page.evaluate(`[${image}.naturalWidth, ${image}.naturalHeight]`)).toEqual([
          Number(width),
          Number(height),
        ]);
        grounds.push((await page.locator('img').screenshot()).toString('base64'));
        await page.context().close();
      }
      expect(new Set(grounds).size).toBe(2);
    });

    test.each(['light', 'dark'] as const)('text in the %s scheme ⇒ contrast of 4.5 or more', async (scheme) => {
      const {page} = await open({scheme});
      await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
      const {poor, looked} = await poorContrasts(page, 4.5);
      expect(poor).toEqual([]);
      expect(looked).toBeGreaterThan(150);
      await page.context().close();
    });
  },
);

const focusedTitle = (page: Page): Promise<string> =>
  page.evaluate(`document.activeElement.querySelector('title')?.textContent ?? ''`);

// What a browser shows of a report: places relative to the chart's time axis, heights of areas, contrasts of text. The
// code in backquotes runs in the page, which this project's compiler does not know.

import type {Page} from 'playwright-core';

export interface Look {
  readonly title: string;
  /** Pixels from the beginning of the time axis. */
  readonly left: number;
  readonly right: number;
}

/** The items of a row, in their order. */
export const lookAt = (page: Page, row: string): Promise<readonly Look[]> =>
  page.evaluate(`(() => {
    const origin = document.querySelector('.axis > .line').getBoundingClientRect().left;
    const row = [...document.querySelectorAll('[data-row]')].find((each) => each.dataset.row === ${JSON.stringify(row)});
    return [...row.querySelectorAll('.item')].map((item) => {
      const shape = item.matches('.mark') ? item : item.querySelector('rect');
      const {left, right} = shape.getBoundingClientRect();
      return {title: item.querySelector('title').textContent, left: left - origin, right: right - origin};
    });
  })()`);

/** Height in pixels of each area of a row at a place on the axis, by key. */
export const heightsAt = (page: Page, row: string, x: number): Promise<Readonly<Record<string, number>>> =>
  page.evaluate(`(() => {
    const row = document.querySelector('[data-row="${row}"]');
    const ground = row.querySelector('.ground');
    const point = row.ownerSVGElement.createSVGPoint();
    const heights = {};
    for (const area of row.querySelectorAll('.area')) {
      const path = area.querySelector('path');
      let height = 0;
      for (let y = 0.5; y < ground.height.baseVal.value; y++) {
        point.x = ${x};
        point.y = ground.y.baseVal.value + y;
        if (path.isPointInFill(point)) height++;
      }
      heights[area.dataset.key] = height;
    }
    return heights;
  })()`);

export interface Contrasts {
  /** Texts below the least, with what they are and stand on. */
  readonly poor: readonly string[];
  readonly looked: number;
}

/** Contrast (WCAG 2) of every text against what lies under its middle; hatchings are looked through. */
export const poorContrasts = (page: Page, least: number): Promise<Contrasts> =>
  page.evaluate(`(() => {
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const isSolid = (colour) => colour !== 'none' && !colour.startsWith('url') && channels(colour)[3] !== 0;
    const linear = (value) => value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = (colour) => {
      const [r, g, b] = channels(colour).map(linear);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => {
      const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
      return (high + 0.05) / (low + 0.05);
    };
    const colourOf = (element) => {
      const {fill, backgroundColor} = getComputedStyle(element);
      return element instanceof SVGElement && element.tagName !== 'svg' ? fill : backgroundColor;
    };
    const groundBelow = (x, y, text) => {
      for (const element of document.elementsFromPoint(x, y)) {
        if (element === text || /^(text|tspan|line|title)$/.test(element.tagName)) continue;
        if (isSolid(colourOf(element))) return colourOf(element);
      }
      return getComputedStyle(document.body).backgroundColor;
    };
    const poor = [];
    let looked = 0;
    const leaves = [...document.querySelectorAll('body *')].filter((each) =>
      !/^(SCRIPT|STYLE|title)$/.test(each.tagName) && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
    for (const text of leaves) {
      const {left, top, width, height} = text.getBoundingClientRect();
      if (width === 0) continue;
      looked++;
      text.scrollIntoView({block: 'nearest', inline: 'nearest'});
      const box = text.getBoundingClientRect();
      const style = getComputedStyle(text);
      const colour = text instanceof SVGElement ? style.fill : style.color;
      const ground = groundBelow(box.left + box.width / 2, box.top + box.height / 2, text);
      const found = contrast(colour, ground);
      if (found < ${least}) poor.push(text.textContent + ': ' + colour + ' on ' + ground + ', ' + found.toFixed(2));
    }
    return {poor, looked};
  })()`);

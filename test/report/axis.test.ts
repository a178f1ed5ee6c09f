// The time axis and what stands on it: every moment has its place, in order, and quiet time is the only time that is
// drawn short.

import type {Mark, Recording} from '@etcd-encryption/host-sim';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {createTimeAxis, type TimeAxis} from '../../cli/src/report/axis.ts';
import {placeTicks} from '../../cli/src/report/chart-axis.ts';
import {placeValues} from '../../cli/src/report/chart-values.ts';
import {createKeyStyles} from '../../cli/src/report/key-styles.ts';
import {layOut} from '../../cli/src/report/layout.ts';
import {
  breakWidth,
  chartWidth,
  leastStretchWidth,
  letterWidth,
  markSize,
  maxBreaks,
} from '../../cli/src/report/limits.ts';
import {at, first, madeUp, second} from './made-up.ts';

const markAt = (atMs: number): Mark => ({atMs, cluster: 'east', node: '', kind: 'step', what: 'x', text: 'y'});
const empty: Recording = {
  ...madeUp,
  clusters: madeUp.clusters.map((cluster) => ({...cluster, lanes: [], bundles: [], roles: [], phases: []})),
  marks: [],
};
const withMarks = (times: readonly number[], virtualMs: number): Recording => ({
  ...empty,
  virtualMs,
  marks: [...times].sort((a, b) => a - b).map(markAt),
});

const arbitraryRun = fc
  .tuple(
    fc.integer({min: 1, max: 400 * 3_600_000}),
    fc.array(fc.double({min: 0, max: 1, noNaN: true}), {maxLength: 120}),
  )
  .map(([virtualMs, shares]) =>
    withMarks(
      shares.map((share) => Math.floor(share * virtualMs)),
      virtualMs,
    ),
  );

function expectWhole({stretches, width}: TimeAxis, virtualMs: number): void {
  let [ms, x] = [0, 0];
  for (const stretch of stretches) {
    expect([stretch.fromMs, stretch.x]).toEqual([ms, expect.closeTo(x, 6)]);
    expect(stretch.toMs).toBeGreaterThanOrEqual(stretch.fromMs);
    expect(stretch.width).toBeGreaterThan(0);
    [ms, x] = [stretch.toMs, stretch.x + stretch.width];
  }
  expect([ms, width]).toEqual([virtualMs, expect.closeTo(x, 6)]);
}

describe('the time axis', () => {
  test('the made-up run ⇒ the week of waiting is one break, the failover is to scale', () => {
    const axis = createTimeAxis(madeUp);
    expect(axis.stretches.map(({kind}) => kind)).toEqual(['busy', 'quiet', 'busy', 'quiet', 'busy']);
    const [, , rotation] = axis.stretches;
    expect(rotation).toMatchObject({fromMs: at.activate - 12_000, toMs: at.failover + 60_000 + 12_000});
    const minute = axis.x(at.activate + 60_000) - axis.x(at.activate);
    expect(axis.x(at.failover) - axis.x(at.activate)).toBeCloseTo(3 * minute, 6);
    expect(minute).toBeGreaterThan(60);
  });

  test('any run ⇒ stretches cover it, and a later moment never stands before an earlier one', () => {
    fc.assert(
      fc.property(arbitraryRun, (recording) => {
        const axis = createTimeAxis(recording);
        expectWhole(axis, recording.virtualMs);
        const places = recording.marks.map(({atMs}) => axis.x(atMs));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(axis.x(-1)).toBe(0);
        expect(axis.x(recording.virtualMs + 1)).toBeCloseTo(axis.width, 6);
      }),
    );
  });

  test('any run ⇒ nothing happens in a break, and there are few', () => {
    fc.assert(
      fc.property(arbitraryRun, (recording) => {
        const quiet = createTimeAxis(recording).stretches.filter(({kind}) => kind === 'quiet');
        for (const {fromMs, toMs, width} of quiet) {
          expect(width).toBe(breakWidth);
          expect(recording.marks.filter(({atMs}) => atMs > fromMs && atMs < toMs)).toEqual([]);
        }
        expect(quiet.length).toBeLessThanOrEqual(maxBreaks);
      }),
    );
  });

  test('an event every three hours for a month ⇒ three hours no longer count as quiet', () => {
    const times = Array.from({length: 240}, (_, at) => at * 3 * 3_600_000);
    const axis = createTimeAxis(withMarks(times, 720 * 3_600_000));
    expect(axis.stretches.map(({kind}) => kind)).toEqual(['busy']);
  });

  test('a run in which nothing happens ⇒ one break between its ends', () => {
    const axis = createTimeAxis(withMarks([], 3_600_000));
    expect(axis.stretches.map(({kind}) => kind)).toEqual(['busy', 'quiet', 'busy']);
    expect(axis.width).toBe(2 * leastStretchWidth + breakWidth);
  });

  test('two hours without a pause ⇒ they fill the page and no more', () => {
    const axis = createTimeAxis(
      withMarks(
        Array.from({length: 121}, (_, minute) => minute * 60_000),
        7_200_000,
      ),
    );
    expect(axis.width).toBeCloseTo(chartWidth, 6);
  });

  test('any run ⇒ no label of the axis touches another', () => {
    fc.assert(
      fc.property(arbitraryRun, (recording) => {
        const axis = createTimeAxis(recording);
        let end = Number.NEGATIVE_INFINITY;
        for (const {x, text} of placeTicks(axis)) {
          if (text === undefined) continue;
          const width = text.length * letterWidth;
          expect(Math.max(0, x - width / 2)).toBeGreaterThan(end);
          end = Math.max(0, x - width / 2) + width;
        }
      }),
    );
  });
});

describe('marks', () => {
  test('signs that stand close ⇒ one above the other, each at its time', () => {
    const times = [0, 100, 200, 60_000];
    const recording = withMarks(times, 120_000);
    const axis = createTimeAxis(recording);
    const [cluster] = layOut(recording, axis).clusters;
    const placed = cluster?.marks.placed ?? [];
    expect(placed.map(({x}) => x)).toEqual(times.map((ms) => axis.x(ms)));
    const [bottom = 0] = placed.map(({y}) => y);
    expect(placed.map(({y}) => (bottom - y) / markSize)).toEqual([0, 1, 2, 0]);
  });

  test('marks of no cluster ⇒ a row above all clusters', () => {
    const {common, clusters} = layOut(madeUp, createTimeAxis(madeUp));
    expect(common?.placed.map(({mark}) => mark.kind)).toEqual(['violation']);
    expect((common?.y ?? 0) + (common?.height ?? 0)).toBeLessThan(clusters[0]?.title.y ?? 0);
  });
});

test('values by key ⇒ areas whose heights are the counts, one on the other', () => {
  const [east] = madeUp.clusters;
  if (east === undefined) throw new Error('no cluster');
  const axis = createTimeAxis(madeUp);
  const {areas, scale} = placeValues(east, {y: 100, height: 50}, axis);
  expect(scale).toBe(100);
  expect(areas.map(({key}) => key)).toEqual(['clear', first, second]);
  const x = axis.x(at.activate + 20_000);
  const [from, to] = [expect.closeTo(x, 1), expect.closeTo(axis.width, 1)];
  expect(areas[1]?.pieces).toEqual([
    {x: 0, to: from, bottom: 145, top: 100},
    {x: from, to, bottom: 145, top: 115},
  ]);
  expect(areas[2]?.pieces).toEqual([{x: from, to, bottom: 115, top: 100}]);
});

test('twenty-four keys and clear values ⇒ each has a look of its own, by revision', () => {
  const keys = ['clear', ...Array.from({length: 24}, (_, n) => `r${n + 1}-00000000`)];
  const styleOf = createKeyStyles(keys);
  const looks = keys.map((key) => JSON.stringify(styleOf(key)));
  expect(new Set(looks).size).toBe(keys.length);
  expect(createKeyStyles(['r9-00000000'])('r9-00000000')).toEqual(styleOf('r9-00000000'));
});

test('two keys of one revision ⇒ told apart', () => {
  const styleOf = createKeyStyles(['r3-00000000', 'r3-11111111']);
  expect(styleOf('r3-00000000')).not.toEqual(styleOf('r3-11111111'));
});

// Every case runs: its sides load, give the same answers and can be measured. How fast they are is no matter here.
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {Case} from '../../bench/src/case.ts';
import {cases} from '../../bench/src/cases/index.ts';
import {readFloors} from '../../bench/src/floors.ts';
import {measureCase} from '../../bench/src/measure.ts';
import {caseOnNode, otherNodes} from '../../bench/src/nodes.ts';
import {takeRate} from '../../bench/src/rate.ts';
import {type ResultRow, rateRow, rowsOf, sizeRow} from '../../bench/src/results.ts';
import {measureWithBenchmark} from '../../bench/src/runners/benchmark.ts';
import {measureWithTinybench} from '../../bench/src/runners/tinybench.ts';
import {root} from '../../scripts/workspace.ts';
import {countingSide, madeUpCase} from './made-up.ts';

const tiny = {rounds: 1, sampleMs: 1, warmUpMs: 1, retakes: 0};
const measured = new Map<string, readonly ResultRow[]>();
/** Sides that this machine cannot run. */
const skipped = new Set<string>();

async function rowsOfCase(loaded: Case): Promise<readonly ResultRow[]> {
  switch (loaded.kind) {
    case 'size':
      return [sizeRow(loaded)];
    case 'rate':
      return [rateRow(loaded, takeRate(loaded, 1))];
    case 'timed':
      return rowsOf(loaded.name, await measureCase(loaded, tiny));
    default:
      return loaded satisfies never;
  }
}

test.each(cases)(
  '$name, one round ⇒ every side gives the same answer and a time',
  async ({name, load}) => {
    const loaded = await load();
    expect(loaded.name).toBe(name);
    if (loaded.kind === 'timed') for (const side of loaded.skipped) skipped.add(side.name);
    const rows = await rowsOfCase(loaded);
    expect(rows.length).toBeGreaterThan(0);
    for (const {ratio, min, max, rounds} of rows) {
      expect({rounds, ordered: 0 < min && min <= ratio && ratio <= max}).toEqual({rounds: 1, ordered: true});
    }
    measured.set(name, rows);
  },
  300_000,
);

test('every floor ⇒ names a case and a side that exist', () => {
  const rows = [...measured.values()].flat();
  const onNodes = otherNodes.flatMap((major) => rows.map((row) => ({...row, case: caseOnNode(row.case, major)})));
  const exists = new Set([...rows, ...onNodes].map((row) => `${row.case} / ${row.against}`));
  const floors = readFloors(join(root, 'bench', 'floors.json')).filter(({against}) => !skipped.has(against));
  expect(floors.map((floor) => `${floor.case} / ${floor.against}`).filter((one) => !exists.has(one))).toEqual([]);
});

test.each([
  ['tinybench', measureWithTinybench],
  ['benchmark', measureWithBenchmark],
])('a case under %s ⇒ one row for each rival', async (_, measure) => {
  const rows = await measure(madeUpCase(countingSide('ours', [1]), countingSide('a', [1]), countingSide('b', [1])), 10);
  expect(rows.map((row) => [row.case, row.against])).toEqual([
    ['made-up', 'a'],
    ['made-up', 'b'],
  ]);
  for (const {ratio, rounds} of rows) expect([ratio > 0, rounds > 0]).toEqual([true, true]);
});

test.each([
  ['tinybench', measureWithTinybench],
  ['benchmark', measureWithBenchmark],
])('answers differ under %s ⇒ are refused there too', async (_, measure) => {
  const timed = madeUpCase(countingSide('ours', [1]), countingSide('a', [2]));
  await expect(measure(timed, 10)).rejects.toThrow(/nothing is measured/);
});

// The tables that people read.
import {expect, test} from 'vitest';
import {rowsTable, sizeTable, timedTable} from '../../bench/src/report.ts';
import {countingSide, madeUpCase} from './made-up.ts';

const floors = [
  {case: 'made-up', against: 'a', floor: 4.5, aim: 7},
  {case: 'made-up', against: 'fastest of x', floor: 2},
];
const round = {min: 4, max: 6, rounds: 15};

test('a measured case ⇒ times of each side, ratios beside their floors, what was skipped and how often it was disturbed', () => {
  const timed = {...madeUpCase(countingSide('ours', [1])), skipped: [{name: 'c', why: 'there is no compiler'}]};
  const measured = {
    ours: {name: 'ours', medianNs: 1234.5, bestNs: 1000},
    rivals: [{name: 'a', medianNs: 6000, bestNs: 5000}],
    comparisons: [
      {against: 'a', ratio: 5, ...round},
      {against: 'fastest of x', ratio: 5, ...round},
    ],
    disturbed: 0.031,
  };
  expect(
    timedTable(timed, measured, floors)
      .split('\n')
      .map((line) => line.trim().replaceAll(/ {2,}/g, ' | ')),
  ).toEqual([
    '',
    'made up',
    'ns for one answer | median | best round | we are | min … max | floor, aim',
    'ours: ours | 1,235 | 1,000',
    'a | 6,000 | 5,000 | 5.00 × | 4.00 … 6.00 | 4.5 ×, 7 ×',
    'fastest of x | 5.00 × | 4.00 … 6.00 | 2 ×',
    'c: skipped, because there is no compiler',
    'other programs disturbed 4 % of the rounds',
  ]);
});

test('a size ⇒ bytes, budget and floor', () => {
  const size = {kind: 'size', name: 'made-up', title: 'all', against: 'a', budgetBytes: 2048, bytes: 1024} as const;
  expect(sizeTable(size, floors)).toBe('\nall\n  1024 bytes of 2048 (a): 2.00 ×  4.5 ×, 7 ×');
});

test('rows without times ⇒ case and side in one column', () => {
  const table = rowsTable('other', [{case: 'made-up', against: 'a', ratio: 5, ...round}], floors);
  expect(table.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))).toEqual([
    '',
    'other',
    'made-up against a | 5.00 × | 4.00 … 6.00 | 4.5 ×, 7 ×',
  ]);
});

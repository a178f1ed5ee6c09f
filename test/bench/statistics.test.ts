// Ratios are made within rounds, and the middle one counts.
import {expect, test} from 'vitest';
import {median, ratioOf} from '../../bench/src/statistics.ts';

test('an odd number of values in any order ⇒ the median is the middle one', () => {
  expect(median([9, 1, 5])).toBe(5);
});

test('an even number of values ⇒ the median is the mean of the two in the middle', () => {
  expect(median([8, 1, 2, 100])).toBe(5);
});

test('no values ⇒ are refused', () => {
  expect(() => median([])).toThrow('values: expected at least one, got none');
});

test('a round that was slow for both ⇒ counts by its ratio, not by its length', () => {
  const pairs = [
    {ours: 10, rival: 20},
    {ours: 1000, rival: 3000},
    {ours: 10, rival: 40},
  ];
  expect(ratioOf(pairs)).toEqual({ratio: 3, min: 2, max: 4, rounds: 3});
});

test('one round that was slow for one side ⇒ shows in min or max and not in the ratio', () => {
  const pairs = [
    {ours: 10, rival: 20},
    {ours: 10, rival: 2000},
    {ours: 400, rival: 20},
    {ours: 10, rival: 22},
    {ours: 10, rival: 24},
  ];
  expect(ratioOf(pairs)).toEqual({ratio: 2.2, min: 0.05, max: 200, rounds: 5});
});

// How the seeds of a campaign are shared out.

import {chunksOf, shardOf} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';

test.each([
  [100_000, 7],
  [3, 5],
  [1, 1],
  [10, 10],
])('%i seeds in %i shards ⇒ every seed is in one of them, none is much larger than another', (count, of) => {
  const shards = Array.from({length: of}, (_, index) => shardOf({from: 50, count}, {index, of}));
  let next = 50;
  for (const {from, count: seeds} of shards) {
    expect(from).toBe(next);
    expect(Math.abs(seeds - count / of)).toBeLessThan(1);
    next += seeds;
  }
  expect(next).toBe(50 + count);
});

test.each([
  [{index: 4, of: 4}, 'index: expected a whole number from 0 to 3, got 4'],
  [{index: -1, of: 4}, 'index: expected a whole number from 0 to 3, got -1'],
  [{index: 0, of: 0}, 'of: expected a whole number from 1, got 0'],
])('shard %o ⇒ RangeError', (shard, message) => {
  expect(() => shardOf({from: 0, count: 10}, shard)).toThrow(message);
});

test('chunks of a range ⇒ all of it, in order', () => {
  const chunks = [...chunksOf({from: 5, count: 21})];
  expect(chunks.flatMap(({from, count}) => Array.from({length: count}, (_, index) => from + index))).toEqual(
    Array.from({length: 21}, (_, index) => 5 + index),
  );
});

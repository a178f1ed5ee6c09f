// Times of a rehearsal file are durations as Go writes them, and nothing else.

import {expect, test} from 'vitest';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {changed, example} from './example.ts';

const more = 'expected a duration such as 20m, more than 0 and at most 87600h';

test.each(['7d', '1 h', '-1h', '1h 30m', 'soon', '0s', '90000h', ''])(
  '%j for a time that has to pass ⇒ is refused',
  (text) => {
    expect(changed('rotationInterval: 168h', `rotationInterval: "${text}"`)).toEqual([
      `r.yaml:5:58: settings.rotationInterval: ${more}, got "${text}"`,
    ]);
  },
);

test('a number without a unit ⇒ is refused', () => {
  expect(changed('approvalDelay: 30m', 'approvalDelay: 30')).toEqual([
    'r.yaml:5:79: settings.approvalDelay: expected a duration such as 1h30m, at most 87600h, got 30',
  ]);
});

test.each([
  ['at: 0, do', 0],
  ['at: 0s, do', 0],
  ['at: 1h30m0.5s, do', 5_400_500],
  ['at: .5h, do', 1_800_000],
])('%s ⇒ %i ms', (to, atMs) => {
  const read = parseRehearsal(example.replace('at: 1h, do', to));
  expect(read.outcome === 'ok' && read.rehearsal.timeline[0]).toMatchObject({kind: 'at', atMs});
});

test('a clock that is behind ⇒ a negative skew', () => {
  const read = parseRehearsal(example.replace('clockSkew: 40s', 'clockSkew: -1m'));
  expect(read.outcome === 'ok' && read.rehearsal.clusters[1]?.clockSkewMs).toBe(-60_000);
});

test('a mean above the most ⇒ is refused', () => {
  expect(changed('max: 5m', 'max: 5s')).toEqual([
    'r.yaml:9:59: replication.lag.max: expected at least the mean, got "5s"',
  ]);
});

// The parts of a recorder that keep a recording small: spans, steps, marks, and names of keys.

import type {Mark, MarkKind} from '@etcd-encryption/host-sim';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {maxMarks} from '../../host-sim/src/limits.ts';
import {compareKeys, createKeyNames} from '../../host-sim/src/record/key-names.ts';
import {createMarks} from '../../host-sim/src/record/marks.ts';
import {createSpans} from '../../host-sim/src/record/spans.ts';
import {createSteps} from '../../host-sim/src/record/steps.ts';

const spansOf = (sets: readonly (readonly [number, string | undefined])[], endMs: number, blinkMs = 0) => {
  const spans = createSpans<string>(100, blinkMs);
  for (const [atMs, value] of sets) spans.set(atMs, value);
  return spans.close(endMs).map(({fromMs, toMs, value}) => `${fromMs}-${toMs} ${value}`);
};

describe('spans', () => {
  test('the same value again, and one that held for no time ⇒ one span', () => {
    expect(
      spansOf(
        [
          [0, 'a'],
          [5, 'a'],
          [7, 'b'],
          [7, 'a'],
        ],
        9,
      ),
    ).toEqual(['0-9 a']);
  });

  test('nothing for a while ⇒ a gap', () => {
    expect(
      spansOf(
        [
          [0, 'a'],
          [5, undefined],
          [7, 'a'],
        ],
        9,
      ),
    ).toEqual(['0-5 a', '7-9 a']);
  });

  test('a blink between two of one value ⇒ left out; one that leads elsewhere stays', () => {
    const sets = [
      [0, 'a'],
      [10, 'b'],
      [12, 'a'],
      [20, 'b'],
      [22, 'c'],
    ] as const;
    expect(spansOf(sets, 40, 5)).toEqual(['0-20 a', '20-22 b', '22-40 c']);
    expect(spansOf(sets, 40)).toEqual(['0-10 a', '10-12 b', '12-20 a', '20-22 b', '22-40 c']);
  });

  test('too many ⇒ the oldest go, and are counted', () => {
    const spans = createSpans<number>(3);
    for (let at = 0; at < 10; at++) spans.set(at, at);
    expect(spans.close(10).map(({value}) => value)).toEqual([7, 8, 9]);
    expect(spans.dropped()).toBe(7);
  });
});

describe('steps', () => {
  const arbitraryCounts = fc.array(fc.array(fc.nat({max: 200}), {minLength: 3, maxLength: 3}), {maxLength: 300});

  test('any counts ⇒ few steps, and what they say differs by no more than they admit', () => {
    fc.assert(
      fc.property(arbitraryCounts, fc.integer({min: 2, max: 40}), (all, most) => {
        const steps = createSteps({most, share: 0.01, least: 0, zeroes: false});
        for (const [atMs, counts] of all.entries()) steps.record(atMs, counts);
        expect(steps.all().length).toBeLessThanOrEqual(most);
        const times = steps.all().map(({atMs}) => atMs);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        if (all.length <= most) expectExact(all, steps.all());
      }),
    );
  });

  function expectExact(
    all: readonly (readonly number[])[],
    steps: readonly {atMs: number; counts: readonly number[]}[],
  ) {
    for (const [atMs, counts] of all.entries()) {
      const said = steps.findLast((step) => step.atMs <= atMs)?.counts ?? [];
      const tolerated = counts.reduce((sum, count) => sum + count, 0) / 100;
      for (const [place, count] of counts.entries())
        expect(Math.abs(count - (said[place] ?? 0))).toBeLessThanOrEqual(tolerated);
    }
  }

  test('a count that becomes zero ⇒ a step, however small it was', () => {
    const steps = createSteps({most: 10, share: 0.5, least: 0, zeroes: true});
    for (const [atMs, count] of [3, 2, 1, 0].entries()) steps.record(atMs, [1_000, count]);
    expect(steps.all().map(({counts}) => counts[1])).toEqual([3, 0]);
  });

  test('more steps than are kept ⇒ it admits a larger share', () => {
    const steps = createSteps({most: 5, share: 0.01, least: 0, zeroes: false});
    for (let atMs = 0; atMs < 50; atMs++) steps.record(atMs, [100 + 3 * (atMs % 2)]);
    expect(steps.all().length).toBeLessThanOrEqual(5);
    expect(steps.share()).toBeGreaterThan(0.01);
  });
});

describe('marks', () => {
  const markOf = (atMs: number, kind: MarkKind, text = ''): Mark => {
    return {atMs, cluster: 'east', node: '', kind, what: 'x', text};
  };

  test('too many ⇒ the oldest steps go first, and how many is said', () => {
    const marks = createMarks();
    marks.add(markOf(0, 'violation'));
    for (let at = 1; at <= maxMarks + 4; at++) marks.add(markOf(at, at % 2 === 0 ? 'step' : 'deed'));
    const kept = marks.sorted();
    expect(kept).toHaveLength(maxMarks);
    expect(kept.slice(0, 3).map(({atMs, kind}) => `${atMs} ${kind}`)).toEqual(['0 violation', '1 deed', '3 deed']);
    expect(marks.cuts()).toEqual([`5 marks of kind step, the oldest ones first: at most ${maxMarks} marks are kept`]);
  });

  test('the trace and whoever drives the run tell of one fault ⇒ the better words stay', () => {
    const marks = createMarks();
    marks.addTraced(markOf(5, 'fault', 'agent-e1 is killed'));
    marks.tell(markOf(5, 'fault', 'e1 loses its power'));
    marks.addTraced(markOf(6, 'fault', 'agent-e2 is killed'));
    expect(marks.sorted().map(({text}) => text)).toEqual(['e1 loses its power', 'agent-e2 is killed']);
  });
});

describe('names of keys', () => {
  test('ours, adopted ones, two of one name, KMS ⇒ short where that is clear', () => {
    const {of} = createKeyNames();
    const tags = ['clear', 'aesgcm/r3-0a1b2c3d/ff', 'aescbc/key1/aa', 'aescbc/key1/bb', 'kms/vault/', 'unreadable'];
    const names = ['clear', 'r3-0a1b2c3d', 'aescbc key1', 'aescbc key1 (bb)', 'kms vault', 'unreadable'];
    expect(tags.map(of)).toEqual(names);
    expect(tags.map(of)).toEqual(names);
  });

  test('in order ⇒ clear values, then adopted keys, then ours by revision', () => {
    expect(['r10-00000000', 'aescbc key1', 'r2-00000000', 'clear'].sort(compareKeys)).toEqual([
      'clear',
      'aescbc key1',
      'r2-00000000',
      'r10-00000000',
    ]);
  });
});

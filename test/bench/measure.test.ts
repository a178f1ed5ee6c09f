// What the harness measures, and what it refuses to.
import {expect, test} from 'vitest';
import {countedRounds, familyComparisons, measureCase} from '../../bench/src/measure.ts';
import {rowsOf} from '../../bench/src/results.ts';
import {planTurns, takeRound} from '../../bench/src/round.ts';
import {countingSide, madeUpCase} from './made-up.ts';

const tiny = {rounds: 3, sampleMs: 1, warmUpMs: 1, retakes: 0};

test('a side answers otherwise ⇒ the case is refused by name and nothing is measured', async () => {
  const [ours, same, other] = [
    countingSide('ours', [1, 2]),
    countingSide('same', [1, 2]),
    countingSide('other', [1, 3]),
  ];
  await expect(measureCase(madeUpCase(ours, same, other), tiny)).rejects.toThrow(
    'made-up: expected the answer of ours from other, got another of 2 bytes (2 expected); nothing is measured',
  );
  expect([ours.worked(), same.worked(), other.worked()]).toEqual([1, 1, 1]);
});

test('a side answers the first bytes only ⇒ the case is refused', async () => {
  const sides = [countingSide('ours', [1, 2]), countingSide('short', [1])] as const;
  await expect(measureCase(madeUpCase(...sides), tiny)).rejects.toThrow(/from short, got another of 1 bytes/);
});

test('a side answers nothing ⇒ the case is refused, also when all answer nothing', async () => {
  const sides = [countingSide('ours', []), countingSide('other', [])] as const;
  await expect(measureCase(madeUpCase(...sides), tiny)).rejects.toThrow(
    'made-up: expected an answer from ours, got no bytes',
  );
});

test('equal answers ⇒ each rival has one comparison, and each family of several its hardest', async () => {
  const sides = [countingSide('a', [1], 'letters'), countingSide('b', [1], 'letters'), countingSide('c', [1])];
  const measured = await measureCase(madeUpCase(countingSide('ours', [1]), ...sides), tiny);
  expect(measured.comparisons.map(({against}) => against)).toEqual(['a', 'b', 'c', 'fastest of letters']);
  // Fewer than all where other programs disturbed some.
  for (const {rounds} of measured.comparisons) expect([1, 2, 3]).toContain(rounds);
  expect(Math.min(...sides.map((side) => side.worked()))).toBeGreaterThan(3);
});

test('several sides of a family ⇒ the one against which we are least fast stands for it', () => {
  const timed = madeUpCase(countingSide('ours', [1]), countingSide('a', [1], 'x'), countingSide('b', [1], 'x'));
  const one = {min: 1, max: 9, rounds: 15};
  const comparisons = [
    {against: 'a', ratio: 7, ...one},
    {against: 'b', ratio: 4, ...one},
  ];
  expect(familyComparisons(timed, comparisons)).toEqual([{against: 'fastest of x', ratio: 4, ...one}]);
});

test('an asynchronous side ⇒ does its work as often as it is asked, one after the other', async () => {
  const running = {now: 0, most: 0, done: 0};
  const {sideOf} = await import('../../bench/src/case.ts');
  const work = async () => {
    running.most = Math.max(running.most, ++running.now);
    await Promise.resolve();
    running.now--;
    running.done++;
  };
  await sideOf({name: 'later', family: 'later', work}, () => Uint8Array.of(1)).run(5);
  expect(running).toEqual({now: 0, most: 1, done: 5});
});

test('a rival that needs long for one run ⇒ both sides get turns of that length', () => {
  const quick = {side: countingSide('quick', [1]), units: 1, runMs: 0.5};
  const slow = {side: countingSide('slow', [1]), units: 1, runMs: 10};
  expect(planTurns(quick, slow, 25)).toEqual({turns: 3, turnMs: 10});
  expect(planTurns(quick, {...slow, runMs: 400}, 25)).toEqual({turns: 1, turnMs: 25});
});

test('a rival in another process ⇒ one turn of the whole sample, in nanoseconds as it says', async () => {
  const elsewhere = {
    kind: 'elsewhere',
    name: 'child',
    family: 'child',
    answer: async () => Uint8Array.of(1),
    measure: async (ms: number) => 1000 * ms,
  } as const;
  const child = {side: elsewhere, units: 1, runMs: 0};
  expect(planTurns(child, child, 25)).toEqual({turns: 1, turnMs: 25});
  expect(await takeRound(child, child, {sampleMs: 25, retakes: 0, first: 'rival'})).toEqual({
    ours: 25_000,
    rival: 25_000,
    disturbed: false,
  });
});

test('whoever begins a round ⇒ ours stays ours', async () => {
  const fixed = (name: string, ns: number) => ({
    side: {
      kind: 'elsewhere',
      name,
      family: name,
      answer: async () => Uint8Array.of(1),
      measure: async () => ns,
    } as const,
    units: 1,
    runMs: 0,
  });
  for (const first of ['ours', 'rival'] as const) {
    const {ours, rival} = await takeRound(fixed('ours', 3), fixed('rival', 12), {sampleMs: 1, retakes: 0, first});
    expect({ours, rival}).toEqual({ours: 3, rival: 12});
  }
});

test('some rounds were disturbed ⇒ the others count, and all when the others are fewer than a third', () => {
  const [clean, noisy] = [
    {ours: 1, rival: 2, disturbed: false},
    {ours: 9, rival: 2, disturbed: true},
  ];
  expect(countedRounds([noisy, clean, noisy])).toEqual([clean]);
  expect(countedRounds([noisy, clean, noisy, noisy])).toEqual([noisy, clean, noisy, noisy]);
});

test('comparisons ⇒ become rows of results.json with three decimals', () => {
  const side = {name: 'ours', medianNs: 1, bestNs: 1};
  const comparisons = [{against: 'a', ratio: 2.00049, min: 1.23456, max: 3, rounds: 15}];
  expect(rowsOf('made-up', {ours: side, rivals: [], comparisons, disturbed: 0})).toEqual([
    {case: 'made-up', against: 'a', ratio: 2, min: 1.235, max: 3, rounds: 15},
  ]);
});

test('a slice for which the thread did not have the processor ⇒ is taken again, and counts as disturbed in the end', async () => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const side = countingSide('asleep', [1], 'asleep', () => Atomics.wait(pause, 0, 0, 5));
  const asleep = {side, units: 1, runMs: 5};
  const {disturbed} = await takeRound(asleep, asleep, {sampleMs: 5, retakes: 2, first: 'ours'});
  expect({disturbed, worked: side.worked()}).toEqual({disturbed: true, worked: 6});
});

test('a slice in which the thread worked throughout ⇒ is not disturbed', async () => {
  const side = countingSide('busy', [1], 'busy', () => {
    const until = process.threadCpuUsage().user + 2000;
    while (process.threadCpuUsage().user < until);
  });
  const busy = {side, units: 1, runMs: 2};
  const {disturbed} = await takeRound(busy, busy, {sampleMs: 2, retakes: 1000, first: 'ours'});
  expect(disturbed).toBe(false);
});

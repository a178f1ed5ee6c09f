// The benchmark's command line.
import {expect, test} from 'vitest';
import {readOptions} from '../../bench/src/options.ts';

test('no options ⇒ everything is measured by our own rounds and nothing is checked', () => {
  expect(readOptions([], ['a'])).toEqual({check: false, runner: 'own', rounds: 21, only: [], nodes: []});
});

test('every option ⇒ is read', () => {
  const args = ['--check', '--rounds', '31', '--only', 'a', '--only', 'b', '--node', '22', '--from', 'results.json'];
  expect(readOptions(args, ['a', 'b'])).toEqual({
    check: true,
    runner: 'own',
    rounds: 31,
    only: ['a', 'b'],
    nodes: ['22'],
    from: 'results.json',
  });
});

test.each([
  [['--only', 'c'], '--only: expected one of a, b, got "c"'],
  [['--rounds', '0'], '--rounds: expected a whole number from 1, got "0"'],
  [['--rounds', '14', '--check'], '--rounds: expected a whole number from 15, got "14"'],
  [['--runner', 'mine'], '--runner: expected own, tinybench, benchmark, got "mine"'],
  [['--runner', 'tinybench', '--check'], '--runner: expected own together with --check or --node, got "tinybench"'],
  [['--from', 'x.json'], '--from: expected no file without --check, got "x.json"'],
])('%j ⇒ is refused with what was expected', (args, message) => {
  expect(() => readOptions(args, ['a', 'b'])).toThrow(message);
});

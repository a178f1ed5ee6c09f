// Tables, colours, lengths of time and the way to a kubeconfig.

import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {findKubeconfig} from '../../cli/src/cluster-client.ts';
import {hideAdopted, labelKeys} from '../../cli/src/key-label.ts';
import {createProgress} from '../../cli/src/progress.ts';
import {cell, choosePaint, formatTable, plainPaint} from '../../cli/src/table.ts';
import {inWords} from '../../cli/src/time-words.ts';
import {UsageError} from '../../cli/src/verb.ts';

test('rows of different widths ⇒ columns two blanks apart, no blanks at line ends', () => {
  const rows = [
    [cell('NODE'), cell('STATE')],
    [cell('a'), cell('')],
    [cell('node-10'), cell('up')],
  ];
  expect(formatTable(rows, plainPaint)).toBe('NODE     STATE\na\nnode-10  up');
});

test('control characters in a cell ⇒ none reach the terminal', () => {
  expect(cell('a\x1b[31m\u0007b\nc').text).toBe('a?[31m?b c');
});

test('a terminal ⇒ colours, widths by what is seen; NO_COLOR, a dumb terminal or a pipe ⇒ none', () => {
  const paint = choosePaint({isTTY: true}, {});
  const rows = [
    [cell('ok', 'good'), cell('x')],
    [cell('longer'), cell('y')],
  ];
  expect(formatTable(rows, paint)).toBe('\x1b[32mok\x1b[0m      x\nlonger  y');
  for (const [stream, environment] of [
    [{isTTY: true}, {NO_COLOR: '1'}],
    [{isTTY: true}, {TERM: 'dumb'}],
    [{}, {}],
  ] as const)
    expect(choosePaint(stream, environment)('bad', 'x')).toBe('x');
});

test('progress on a terminal ⇒ one line that changes in place; elsewhere ⇒ a line each', () => {
  const lines: string[] = [];
  const show = (stream: {isTTY?: boolean; columns?: number}) => {
    lines.length = 0;
    const progress = createProgress({err: (text) => lines.push(text)}, stream);
    progress.show('one');
    progress.show('two is longer than the terminal');
    return [...lines];
  };
  expect(show({isTTY: true, columns: 24})).toEqual(['one', '\x1b[1A\x1b[2Ktwo is longer than the ']);
  expect(show({})).toEqual(['one', 'two is longer than the terminal']);
});

test.each([
  [0, '0s'],
  [-5, '0s'],
  [999, '1s'],
  [61_000, '1m 1s'],
  [3_600_000, '1h'],
  [168 * 3_600_000 - 1_000, '6d 23h'],
])('%d ms ⇒ %s', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});

test('kubeconfig ⇒ the named one, else $KUBECONFIG, else the usual place, else none', () => {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  try {
    const named = join(home, 'named');
    writeFileSync(named, '');
    expect(findKubeconfig(undefined, {HOME: home})).toBeUndefined();
    mkdirSync(join(home, '.kube'));
    writeFileSync(join(home, '.kube', 'config'), '');
    expect(findKubeconfig(undefined, {HOME: home})).toBe(join(home, '.kube', 'config'));
    expect(findKubeconfig(undefined, {HOME: home, KUBECONFIG: named})).toBe(named);
    expect(findKubeconfig(named, {HOME: home, KUBECONFIG: 'other'})).toBe(named);
    expect(() => findKubeconfig(join(home, 'absent'), {})).toThrow(UsageError);
    expect(() => findKubeconfig(undefined, {KUBECONFIG: join(home, 'absent')})).toThrow(/KUBECONFIG: there is no file/);
    expect(() => findKubeconfig(undefined, {KUBECONFIG: `${named}:${named}`})).toThrow(/expected one file, got 2/);
  } finally {
    rmSync(home, {recursive: true});
  }
});

test('keys ⇒ ours by revision and check value, adopted ones that share a name by number, without it', () => {
  const check = '0123456789abcdef';
  const common = {provider: 'aescbc', check, revision: 0, length: 32} as const;
  const labels = labelKeys([
    {...common, id: 'r3-01234567', name: 'r3-01234567', provider: 'aesgcm', revision: 3},
    {...common, id: 'a', name: 'key1'},
    {...common, id: 'b', name: 'key1'},
  ]);
  expect(labels.map(({short, check: shown}) => [short, shown])).toEqual([
    ['r3', check],
    ['key1', undefined],
    ['key1#2', undefined],
  ]);
});

test('a message about an adopted key ⇒ its name, never its check value', () => {
  const text = 'the key aescbc/key1/0123456789abcdef vouches for adopted-0123456789abcdef; r3-01234567 is ours';
  expect(hideAdopted(text)).toBe('the key key1 vouches for an adopted key; r3-01234567 is ours');
});

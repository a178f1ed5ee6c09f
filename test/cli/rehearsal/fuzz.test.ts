// Whatever a text is, reading it ends in a rehearsal or in problems at places of that text, and never in an exception.

import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type Problem, parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../../cli/src/rehearsal/write.ts';
import {example} from './example.ts';

/** Reads a text and checks the answer; answers the problems. */
function read(text: string): readonly Problem[] {
  const answer = parseRehearsal(text);
  if (answer.outcome === 'ok') {
    expect(parseRehearsal(formatRehearsal(answer.rehearsal))).toEqual(answer);
    return [];
  }
  expect(answer.problems.length).toBeGreaterThan(0);
  const lines = text.split('\n');
  for (const {line, column, message} of answer.problems) {
    expect(message).toMatch(/expected .+, got ./s);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
  }
  return answer.problems;
}

/** Pieces that mean something to YAML or to a rehearsal. */
const piece = fc.oneof(
  fc.constantFrom('[', ']', '{', '}', ': ', ', ', '- ', '? ', '| ', '> ', '# ', '"', "'", '`', '@', '\t', '\n', '\n  '),
  fc.constantFrom('&a ', '*a', '<<: ', '!!set ', '!!binary ', '!x ', '---\n', '...\n', '%YAML 1.1\n', '%TAG ! x\n'),
  fc.constantFrom('null', '~', 'true', '.nan', '-.inf', '1e999', '0x10', '-0', '2026-01-01', '\u2028', '\ufeff', '\0'),
  fc.constantFrom('__proto__: 1', 'constructor: {}', 'toString', 'at: 1h', 'do: []', 'east', 'w3', '\ud800', '\r'),
  fc.string({maxLength: 5}),
);

test('any text ⇒ problems at places of it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({unit: 'binary', maxLength: 200}),
        fc.array(piece).map((all) => all.join('')),
      ),
      (text) => {
        read(text);
      },
    ),
    {seed: 1, numRuns: 1_000},
  );
});

test('the example with pieces put in or cut out ⇒ read, or problems at places of it', () => {
  const place = fc.nat(example.length);
  const splice = fc.record({at: place, cut: fc.nat(12), piece});
  fc.assert(
    fc.property(fc.array(splice, {minLength: 1, maxLength: 3}), (splices) => {
      let text = example;
      for (const {at, cut, piece} of splices) text = text.slice(0, at) + piece + text.slice(at + cut);
      read(text);
    }),
    {seed: 2, numRuns: 500},
  );
});

test('the example cut off anywhere ⇒ problems, unless only expectations are missing', () => {
  const enough = example.indexOf('- {always: readable}') + '- {always: readable}'.length;
  for (let length = 0; length < example.length; length++) {
    const problems = read(example.slice(0, length));
    if (length < enough) expect(problems, `the first ${length} characters`).not.toEqual([]);
  }
});

test('any value in the place of a field ⇒ a rehearsal or problems', () => {
  const fields = ['metadata', 'seeds', 'settings', 'clusters', 'replication', 'timeline', 'chaos', 'expect'];
  const value = fc.oneof(fc.jsonValue(), fc.object({key: fc.constantFrom('at', 'do', 'east', 'kind', '__proto__')}));
  fc.assert(
    fc.property(fc.constantFrom(...fields), value, (field, json) => {
      const lines = example.split('\n').filter((line) => !line.startsWith(`${field}:`));
      read(`${field}: ${JSON.stringify(json)}\n${lines.join('\n')}`);
    }),
    {seed: 3, numRuns: 500},
  );
});

describe('places', () => {
  // Values of the example as its text shows them, found without any reader of YAML.
  const values = [...example.matchAll(/(?<=: |\[|, )(?!\.)[\w./()]+(?:-[\w-]+)?(?=[,\]}]|\n)/g)].filter(
    ({index}) => !example.slice(example.lastIndexOf('\n', index), index).includes('#'),
  );

  test('the values of the example ⇒ are all found', () => {
    expect(values.length).toBe(52);
  });

  test.each(values.map((match) => [match[0], match.index] as const))(
    'another value for %s at %i ⇒ a problem exactly there',
    (value, index) => {
      const before = example.slice(0, index);
      const line = before.split('\n').length;
      const column = index - before.lastIndexOf('\n');
      const problems = read(`${before}"@@"${example.slice(index + value.length)}`);
      const there = problems.filter((problem) => problem.line === line && problem.column === column);
      expect(there.map(({message}) => message)).toEqual([expect.stringMatching(/: expected .+, got "@@"$/)]);
    },
  );
});

test.each([
  ['lists', '['.repeat(100_000)],
  ['maps', '{a: '.repeat(30_000)],
  ['items', '- '.repeat(60_000)],
  ['closed lists', '['.repeat(60_000) + ']'.repeat(60_000)],
])('%s nested without end ⇒ are too deep', (_, text) => {
  expect(read(text).map(({message}) => message)).toContain('expected YAML 1.2, got lists or maps nested too deep');
});

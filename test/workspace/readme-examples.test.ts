// Examples are found with their output and line, and none can go without.
import {expect, test} from 'vitest';
import {findNode, readExamples} from './readme-examples.ts';

const fence = '```';
const example = `${fence}ts\nconsole.log(1);\n\n${fence}\n\n${fence}text\n1\n${fence}\n`;

test('two examples and a block of another language ⇒ code, output and the line of each', () => {
  const markdown = `# Title\n\n${example}\n${fence}sh\nls\n${fence}\n\n${example}`;
  expect(readExamples('README.md', markdown)).toEqual([
    {line: 4, source: 'console.log(1);\n\n', output: '1\n'},
    {line: 17, source: 'console.log(1);\n\n', output: '1\n'},
  ]);
});

test('an example without a block of output behind it ⇒ an error with file and line', () => {
  const markdown = `${example}\n${fence}ts\nlet a;\n${fence}\n\nWords.\n\n${fence}text\n1\n${fence}\n`;
  expect(() => readExamples('README.md', markdown)).toThrow(/^README\.md:11 expected a block of text with its output/);
});

test('a Node that is on no PATH ⇒ undefined', () => {
  expect(findNode({major: 4, minor: 0})).toBeUndefined();
  expect(findNode({major: 20, minor: 99})).toBeUndefined();
});

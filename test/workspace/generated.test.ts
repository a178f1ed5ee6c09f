// Generated files: a stale one is found with its first wrong line, and a generator without its source is not listed.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {checkGeneratedFiles, listGeneratedFiles, writeGeneratedFiles} from '../../scripts/generate.ts';

let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'generated-'));
  writeFileSync(
    join(top, 'text.ts'),
    "export const makeText = (): string => 'one\\ntwo\\n';\nexport const wrong = () => 2;\n",
  );
});

afterEach(() => rmSync(top, {recursive: true}));

const outputs = [
  {file: 'out/text.txt', source: 'text.ts', call: 'makeText'},
  {file: 'out/other.txt', source: 'missing.ts', call: 'makeOther'},
];

test('a source that does not exist ⇒ its file is not listed', () => {
  expect(listGeneratedFiles(outputs, top).map(({file}) => file)).toEqual(['out/text.txt']);
});

test('a missing, then written, then edited file ⇒ out of date, up to date, out of date at the edited line', async () => {
  const files = listGeneratedFiles(outputs, top);
  expect(await checkGeneratedFiles(files, top)).toMatchObject([{file: 'out/text.txt', line: 1, rule: 'generated'}]);
  expect(await writeGeneratedFiles(files, top)).toEqual(['out/text.txt']);
  expect(readFileSync(join(top, 'out/text.txt'), 'utf8')).toBe('one\ntwo\n');
  expect(await checkGeneratedFiles(files, top)).toEqual([]);
  expect(await writeGeneratedFiles(files, top)).toEqual([]);
  writeFileSync(join(top, 'out/text.txt'), 'one\n2\n');
  expect(await checkGeneratedFiles(files, top)).toMatchObject([{file: 'out/text.txt', line: 2}]);
});

test('a generator that is missing or makes no text ⇒ throws and names itself', async () => {
  const make = (call: string) => listGeneratedFiles([{file: 'x', source: 'text.ts', call}], top)[0]?.make();
  await expect(make('absent')).rejects.toThrow(/exports no function absent/);
  await expect(make('wrong')).rejects.toThrow(/wrong of .* returned number, expected a string/);
});

// The report of the public surface follows every way a declaration file passes a name on, and shows it once.
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {renderApi, renderCryptoApi, renderWasmApi} from '../../scripts/api-report.ts';
import {readManifest, root} from '../../scripts/workspace.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'api-report-'));
});

afterEach(() => rmSync(folder, {recursive: true}));

/** Writes declaration files and renders the entries among them. */
function renderFiles(files: Readonly<Record<string, string>>, entries: readonly string[] = ['index.d.ts']): string {
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
  }
  return renderApi(
    'pkg',
    entries.map((file) => ({name: `pkg/${file.replace('.d.ts', '')}`, file: join(folder, file)})),
  );
}

describe('renderApi', () => {
  test('a class with a comment, private parts and four spaces ⇒ comment, public parts, two spaces', () => {
    const source = [
      '/** Not its comment. */',
      'declare const other: number;',
      '/** What it is. */',
      'export declare class Box {',
      '    #private;',
      '    /** How many. */',
      '    get length(): number;',
      '}',
    ].join('\n');
    expect(renderFiles({'index.d.ts': source})).toContain(
      [
        '### Box',
        '',
        '```ts',
        '/** What it is. */',
        'class Box {',
        '  /** How many. */',
        '  get length(): number;',
        '}',
        '```',
      ].join('\n'),
    );
  });

  test('names passed on under another name, by a star, in a list and from another package ⇒ all stand there, sorted', () => {
    const report = renderFiles({
      'index.d.ts': [
        "export { type Inner as Outer } from './deep/inner.ts';",
        "export * from './star.ts';",
        "export type { Foreign } from 'elsewhere';",
        "import { back } from './star.ts';",
        'export { back as again };',
      ].join('\n'),
      'deep/inner.d.ts': "export { type Inner } from '../star.ts';",
      'star.d.ts':
        'export type Inner = 1;\ndeclare function back(): void;\ndeclare function back(a: 1): 2;\nexport { back };',
    });
    expect([...report.matchAll(/^### (.*)$/gm)].map(([, title]) => title)).toEqual([
      'again',
      'back',
      'Foreign',
      'Inner',
      'Outer',
    ]);
    expect(report).toContain('### Outer\n\n```ts\ntype Inner = 1;\n```');
    expect(report).toContain('### again\n\n```ts\nfunction back(): void;\nfunction back(a: 1): 2;\n```');
    expect(report).toContain('### Foreign\n\n`Foreign` of `elsewhere`.');
  });

  test('types that exported ones name and nobody exports ⇒ are listed with what they name; others are not', () => {
    const report = renderFiles({
      'index.d.ts': [
        "import type { Hidden } from './hidden.ts';",
        'declare const mark: unique symbol;',
        'type Unused = 3;',
        "export declare function f(Unused: Hidden): import('./hidden.ts').Inferred;",
        'export interface Shown { readonly [mark]?: Shown; }',
      ].join('\n'),
      'hidden.d.ts':
        'export interface Hidden extends Base {}\ninterface Base {}\nexport type Inferred = 4;\nexport {};',
    });
    const [, unexported = ''] = report.split('### Named above, not exported');
    expect([...unexported.matchAll(/(?:interface|type|const) (\w+)/g)].map(([, name]) => name)).toEqual([
      'Base',
      'Hidden',
      'Inferred',
      'mark',
    ]);
  });

  test('one declaration in two entries ⇒ written out at the first', () => {
    const report = renderFiles({'a.d.ts': 'export type T = 1;', 'b.d.ts': "export { type T } from './a.ts';"}, [
      'a.d.ts',
      'b.d.ts',
    ]);
    expect(report).toContain('## `pkg/b`\n\n`T`\n\n### T\n\nAs in `pkg/a`.');
    expect(report.match(/type T = 1/g)).toHaveLength(1);
  });

  test('a name that leads nowhere ⇒ an error with file and name', () => {
    const files = {'index.d.ts': "export { gone } from './other.ts';", 'other.d.ts': 'export {};'};
    expect(() => renderFiles(files)).toThrow(/other\.d\.ts: expected a declaration of gone, found none/);
    expect(() => renderFiles({'index.d.ts': "export * as all from './other.ts';"})).toThrow(
      /index\.d\.ts: .* not followed/,
    );
  });
});

test.each([
  ['crypto', renderCryptoApi, () => import('@etcd-encryption/crypto')],
  ['wasm', renderWasmApi, () => import('@etcd-encryption/wasm')],
] as const)('the report of %s ⇒ has every entry and every value of the default one, twice the same', async (...row) => {
  const [folder, render, load] = row;
  const report = await render();
  const {name, exports} = readManifest(join(root, folder));
  const entries = Object.keys(exports ?? {}).map((subpath) => name + subpath.slice(1));
  expect([...report.matchAll(/^## `(.*)`$/gm)].map(([, entry]) => entry)).toEqual(entries);
  const [, first = ''] = report.split(/^## /m);
  for (const value of Object.keys(await load())) expect(first).toMatch(new RegExp(`^### ${value}$`, 'm'));
  expect(await render()).toBe(report);
});

// What a user's bundle holds: the default entry fits its budget, unused parts stay out, nothing runs on import, and no
// entry for browsers needs a Node built-in.
import {describe, expect, test} from 'vitest';
import {isNode, parseSource, type SyntaxNode} from '../../scripts/syntax-tree.ts';
import {readPackages} from '../../scripts/workspace.ts';
import {type Bundle, bundleForBrowser} from './bundle.ts';

/** Bytes of the default entry after gzip, noble included: 14 KB. */
const defaultEntryBudget = 14 * 1024;

const published = readPackages().filter(({folder}) => folder === 'crypto' || folder === 'wasm');
const entries = published.flatMap(({manifest}) =>
  Object.keys(manifest.exports ?? {}).map((subpath) => manifest.name + subpath.slice(1)),
);
const nodeEntry = '@etcd-encryption/crypto/node';
const browserEntries = entries.filter((name) => name !== nodeEntry);

const bundleOf = (names: string): Promise<Bundle> =>
  bundleForBrowser(`export ${names} from '@etcd-encryption/crypto';`);
const nobleParts = ({parts}: Bundle) => parts.filter(({file}) => file.includes('@noble/'));
const listParts = ({parts}: Bundle) => parts.map(({file, bytes}) => `${bytes} ${file}`).join('\n');

describe('the default entry', () => {
  test('everything of it, noble included ⇒ at most 14,336 bytes after gzip', async () => {
    const bundle = await bundleOf('*');
    expect(nobleParts(bundle)).not.toEqual([]);
    expect(bundle.gzipBytes, listParts(bundle)).toBeLessThanOrEqual(defaultEntryBudget);
  });

  test('deriveDataKey alone ⇒ smaller than everything, without a cipher, a bundle or base64', async () => {
    const [everything, alone] = await Promise.all([bundleOf('*'), bundleOf('{deriveDataKey}')]);
    expect(alone.gzipBytes).toBeLessThan(everything.gzipBytes);
    expect(alone.parts.map(({file}) => file).filter((file) => /ciphers|seed-bundle|base64/.test(file))).toEqual([]);
  });

  test('fromBase64 alone ⇒ nothing of noble, under 1 KB', async () => {
    const bundle = await bundleOf('{fromBase64}');
    expect(nobleParts(bundle)).toEqual([]);
    expect(bundle.gzipBytes, listParts(bundle)).toBeLessThan(1024);
  });
});

describe.each(browserEntries)('%s', (name) => {
  test('bundled for browsers with nothing external ⇒ has no Node built-in', async () => {
    const {text} = await bundleForBrowser(`export * from '${name}';`);
    expect(text).not.toMatch(/["']node:/);
  });

  test('imported and not used ⇒ an empty bundle', async () => {
    expect((await bundleForBrowser(`import * as unused from '${name}';`)).parts).toEqual([]);
  });

  test('its modules loaded with all their effects ⇒ no call is left at the top of one', async () => {
    const {text} = await bundleForBrowser(`import '${name}';`, {keepEffects: true});
    expect(topLevelEffects(text)).toEqual([]);
  });
});

test.each(entries.filter((name) => name === nodeEntry))('%s, bundled for browsers ⇒ refused by name', async (name) => {
  await expect(bundleForBrowser(`export * from '${name}';`)).rejects.toThrow(/node:crypto/);
});

test('a built-in, a call and an assignment at the top ⇒ each is found', async () => {
  await expect(bundleForBrowser("import 'node:fs';")).rejects.toThrow(/node:fs/);
  expect(topLevelEffects('const a = f(1);\nconst b = /* @__PURE__ */ f(1);\nconst c = () => f(1);')).toEqual(['f(1)']);
  expect(topLevelEffects('var a = {[f()]: 1};\na.b = 2;\nclass C { m() { f(2); } static s = f(3); }')).toEqual([
    'f()',
    'a.b = 2',
    'f(3)',
  ]);
});

/** What a module does when it is loaded, beyond declaring: calls without a mark that they are pure, and statements. */
function topLevelEffects(text: string): string[] {
  const {program, comments} = parseSource('bundle.js', text);
  const marks = comments
    .filter((one) => one.text.includes('@__PURE__'))
    .map(({text: mark, start}) => start + mark.length + 4);
  const isMarked = ({start}: SyntaxNode): boolean =>
    marks.some((end) => /^\s*$/.test(text.slice(end, start)) && end <= start);
  const found: string[] = [];
  const visit = (node: SyntaxNode): void => {
    if (/Function|MethodDefinition/.test(node.type) && node.computed !== true) return;
    if (node.type === 'PropertyDefinition' && node.static !== true) return;
    if (/^(Call|New|Assignment|Update|Await)Expression$/.test(node.type)) {
      if (!isMarked(node)) found.push(text.slice(node.start, node.end));
      return;
    }
    for (const child of Object.values(node).flat()) if (isNode(child)) visit(child);
  };
  visit(program);
  return found;
}

// `fingerprint` and `verify` on files through the command's entry: known tags and names, the one setting that differs,
// and never a key or group id in what they say.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {decodeSeedBundle, encodeSeedBundle, type SeedBundle, type Settings} from '@etcd-encryption/crypto';
import {main} from 'etcd-encryption-manager';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {fromHex} from '../crypto/bundle-arbitraries.ts';
import {expectNoTrace} from '../crypto/no-trace.ts';
import {derivedVector} from '../crypto/vectors.ts';
import {keepOutput} from './output.ts';

const {rootKey, replicationGroupId, bundle: base64, bundleId, generation, revisions} = derivedVector;
const root = fromHex(rootKey);
const otherRoot = Uint8Array.from(root, (byte) => byte ^ 0x55);
const decoded = decodeSeedBundle(Uint8Array.from(Buffer.from(base64, 'base64')), {rootKey: root, replicationGroupId});
if (decoded.outcome !== 'ok') throw new Error(decoded.detail);
const bundle: SeedBundle = decoded.bundle;

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

const output = keepOutput(({out, err}) => {
  const keys = revisions.map(({secret}) => Uint8Array.from(Buffer.from(secret, 'base64')));
  expectNoTrace((out + err).replaceAll(folder, ''), [root, otherRoot, ...keys]);
  expect(out + err).not.toContain(replicationGroupId);
});

function file(content: string | Uint8Array): string {
  const path = join(folder, `${files++}`);
  writeFileSync(path, content);
  return path;
}

/** A field of the known bundle's header, in hex (derivation.md, "SeedBundle"). */
const bundleField = (from: number, to: number): string =>
  Buffer.from(base64, 'base64').subarray(from, to).toString('hex');

/** Runs `fingerprint` on files of a side's own settings and bundle, and answers the file of what it printed. */
async function side(settings: Partial<Settings> = {}, content: SeedBundle = bundle): Promise<string> {
  const {replicationGroupId: group, dimension, rootKey: key} = {rootKey: root, replicationGroupId, ...settings};
  const bytes = encodeSeedBundle(content, {
    rootKey: key,
    replicationGroupId: group,
    ...(dimension === undefined ? {} : {dimension}),
  });
  const args = ['--root-key', file(key as Uint8Array), '--group', group, '--bundle', file(bytes)];
  const more = dimension === undefined ? [] : ['--dimension', dimension];
  expect(await main(['fingerprint', ...args, ...more])).toBe(0);
  const path = file(output.out);
  [output.out, output.err] = ['', ''];
  return path;
}

const verify = (...args: readonly string[]) => main(['verify', ...args]);

describe('fingerprint from files', () => {
  test('of a known lineage ⇒ JSON of its tags, bundle, names and check values, exit code 0', async () => {
    const args = ['--root-key', file(root), '--group', replicationGroupId, '--bundle', file(base64)];
    expect(await main(['fingerprint', ...args])).toBe(0);
    expect(JSON.parse(output.out)).toEqual({
      rootCheck: bundleField(32, 40),
      groupTag: bundleField(40, 56),
      dimensionTag: bundleField(56, 64),
      bundleId,
      generation,
      revisions: revisions.map(({revision, name, checkValue}) => ({revision, name, checkValue})),
      adopted: [],
    });
  });

  test.each<readonly [string, readonly string[], string]>([
    [
      'a cluster and files',
      ['--kubeconfig', 'x', '--root-key', 'x'],
      '--kubeconfig, --root-key: expected a cluster or',
    ],
    ['no bundle', ['--root-key', 'ROOT', '--group', 'g'], '--bundle: expected a file beside --root-key, got none'],
    ['a bundle alone', ['--bundle', 'x'], '--root-key: expected a file beside --bundle, got none'],
    ['a kubeconfig that is not there', ['--kubeconfig', '/nowhere'], '--kubeconfig: there is no file /nowhere'],
    ['both at standard input', ['--root-key', '-', '--group', 'g', '--bundle', '-'], 'one of them at standard input'],
  ])('%s ⇒ exit code 2 that says so', async (_, args, words) => {
    const root32 = file(root);
    expect(await main(['fingerprint', ...args.map((arg) => (arg === 'ROOT' ? root32 : arg))])).toBe(2);
    expect(output.err).toContain(words);
    expect(output.out).toBe('');
  });

  test('a root key of 33 bytes, another group ⇒ exit code 2 with the cause', async () => {
    const long = file(Uint8Array.from([...root, 10]));
    const path = file(base64);
    expect(await main(['fingerprint', '--root-key', long, '--group', 'g', '--bundle', path])).toBe(2);
    expect(output.err).toMatch(/--root-key .*33.*newline/);
    expect(await main(['fingerprint', '--root-key', file(root), '--group', 'g', '--bundle', path])).toBe(2);
    expect(output.err).toContain(`--bundle ${path}: group-mismatch: `);
  });
});

describe('verify', () => {
  test('two sides with the same settings ⇒ same, exit code 0', async () => {
    expect(await verify(await side(), await side())).toBe(0);
    expect(output.out).toBe(
      `same: ${revisions[0]?.name} … ${revisions.at(-1)?.name}, generation ${generation} of the SeedBundle\n`,
    );
  });

  const ended = {...bundle, entries: bundle.entries.slice(0, -1)};
  const [newest] = bundle.entries.slice(-1);
  const forked = {...ended, entries: [...ended.entries, {...newest, seed: new Uint8Array(32).fill(9)}]} as SeedBundle;
  test.each<readonly [string, Partial<Settings>, SeedBundle, string]>([
    ['another root key', {rootKey: otherRoot}, bundle, 'root key: [0-9a-f]{16} .*the root Secrets differ'],
    ['another group', {replicationGroupId: 'another'}, bundle, 'replication group id: .*two groups'],
    ['another dimension', {dimension: 'd'}, bundle, 'dimension: .*the dimensions differ'],
    [
      'another bundle',
      {},
      {...bundle, bundleId: new Uint8Array(16).fill(7)},
      `seed bundle: ${bundleId} on the Active, 0707`,
    ],
    ['a fork', {}, forked, 'revision 8: r8-.* a fork'],
    ['an older generation', {}, {...ended, generation: generation - 1}, `seed bundle: generation ${generation} on`],
    ['a revision less', {}, ended, 'revision 8: r8-.*, none on the Standby: only one side can read'],
  ])('%s at the Standby ⇒ that first cause alone, exit code 1', async (_, settings, content, words) => {
    expect(await verify(await side(), await side(settings, content))).toBe(1);
    expect(output.out).toMatch(new RegExp(`^different: ${words}[^\n]*\n$`));
  });

  test('tags and no key on both sides ⇒ the settings are the same, exit code 0; not even tags ⇒ 3', async () => {
    const none = {revisions: [], adopted: []};
    const tags = {rootCheck: 'a'.repeat(16), groupTag: 'b'.repeat(32), dimensionTag: 'c'.repeat(16), ...none};
    expect(await verify(file(JSON.stringify(tags)), file(JSON.stringify(tags)))).toBe(0);
    expect(output.out).toBe('same: the settings; neither side shows a key yet\n');
    output.out = '';
    expect(await verify(file(JSON.stringify(none)), file(JSON.stringify(none)))).toBe(3);
    expect(output.out).toBe('nothing to compare: neither side shows a root key or any other key\n');
  });

  test('-o json ⇒ the comparison as data', async () => {
    const [own, same, other] = [await side(), await side(), await side({rootKey: otherRoot})];
    expect(await verify(own, other, '-o', 'json')).toBe(1);
    expect(JSON.parse(output.out)).toMatchObject({same: false, differences: [{what: 'root key'}]});
    output.out = '';
    expect(await verify(own, same, '-o', 'json')).toBe(0);
    expect(JSON.parse(output.out)).toEqual({same: true, differences: []});
  });

  test.each<readonly [string, readonly string[], string]>([
    ['no file', [], 'expected two files of fingerprints, got none'],
    ['one file', ['a'], 'expected two files of fingerprints, got one'],
    ['one file twice', ['a', 'a'], 'expected two files, got a twice'],
    ['a kubeconfig without --record', ['a', 'b', '--kubeconfig', 'x'], '--kubeconfig: expected --record beside it'],
    ['a file that is not there', ['/nowhere/a', '/nowhere/b'], '/nowhere/a: there is no such file'],
  ])('%s ⇒ exit code 2 that says so', async (_, args, words) => {
    expect(await verify(...args)).toBe(2);
    expect(output.err).toContain(words);
  });
});

describe('a fingerprint that is none', () => {
  const good = {revisions: [{revision: 1, name: 'r1-1f2e3d4c', checkValue: '1f2e3d4c00000000'}], adopted: []};
  const entry = good.revisions[0];
  const hex = 'expected 16 digits of lower-case hex';

  test('the smallest one ⇒ is read', async () => {
    expect(await verify(file(JSON.stringify(good)), file(JSON.stringify({...good, new: 'field'})))).toBe(0);
    expect(output.out).toBe('same: r1-1f2e3d4c\n');
  });

  test.each<readonly [string, string, string]>([
    ['the root key', 'x'.repeat(32), ': expected the JSON that fingerprint prints'],
    ['cut JSON', '{"revisions": [\n{', ', line 2, column 2: expected the JSON that fingerprint prints'],
    ['a list', '[]', ': expected an object'],
    ['null', 'null', ': expected an object'],
    ['no revisions', '{"adopted": []}', ': revisions: expected a list'],
    ['no adopted', '{"revisions": []}', ': adopted: expected a list'],
    ['a short root check', JSON.stringify({...good, rootCheck: 'ab'}), `: rootCheck: ${hex}`],
    ['a group tag in capitals', JSON.stringify({...good, groupTag: 'A'.repeat(32)}), ': groupTag: expected 32 digits'],
    ['a number as bundle id', JSON.stringify({...good, bundleId: 7}), ': bundleId: expected 32 digits'],
    ['generation 0', JSON.stringify({...good, generation: 0}), ': generation: expected a whole number from 1'],
    ['revision 1.5', revised({revision: 1.5}), ': revisions[0].revision: expected a whole number from 1'],
    ['a check value of 8', revised({checkValue: '1f2e3d4c'}), `: revisions[0].checkValue: ${hex}`],
    ['another name', revised({name: 'r1-ffffffff'}), ': revisions[0].name: expected r1-1f2e3d4c, as revision and'],
    ['an entry that is text', JSON.stringify({...good, revisions: ['r1']}), ': revisions[0]: expected an object'],
    ['a name of two lines', JSON.stringify({...good, adopted: [{name: 'a\nb', number: 1}]}), ': adopted[0].name: '],
    ['an adopted number 0', JSON.stringify({...good, adopted: [{name: 'a', number: 0}]}), ': adopted[0].number: '],
    ['a cluster id that is a list', JSON.stringify({...good, clusterId: []}), ': clusterId: expected a line'],
  ])('%s ⇒ exit code 2 with file and field, nothing of what was there', async (_, content, words) => {
    const path = file(content);
    expect(await verify(file(JSON.stringify(good)), path)).toBe(2);
    expect(output.err).toContain(`${path}${words}`);
    expect(output.err).not.toContain('xxxx');
    expect(output.out).toBe('');
  });

  test('too long, or a folder ⇒ exit code 2', async () => {
    expect(await verify(file(' '.repeat(2 ** 20 + 1)), 'b')).toBe(2);
    expect(output.err).toContain('expected at most 1048576 bytes');
    expect(await verify(folder, 'b')).toBe(2);
    expect(output.err).toContain(`${folder}: expected a file, got a folder`);
  });

  function revised(change: object): string {
    return JSON.stringify({...good, revisions: [{...entry, ...change}]});
  }
});

// `derive` through the command's entry: the names of a known lineage, what it refuses, and key material in a file only.

import {existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {toBase64} from '@etcd-encryption/crypto';
import {main} from 'etcd-encryption-manager';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {fromHex} from '../crypto/bundle-arbitraries.ts';
import {expectNoTrace} from '../crypto/no-trace.ts';
import {derivedVector} from '../crypto/vectors.ts';
import {keepOutput} from './output.ts';

const {rootKey, replicationGroupId, bundle, bundleId, generation, revisions} = derivedVector;
const bundleBytes = Uint8Array.from(Buffer.from(bundle, 'base64'));
const root = fromHex(rootKey);

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'derive-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

const output = keepOutput(({out, err}) => {
  const keys = revisions.map(({secret}) => Uint8Array.from(Buffer.from(secret, 'base64')));
  expectNoTrace(out + err, [root, ...keys]);
});

function file(content: string | Uint8Array): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

const pair = (key: Uint8Array | string = root) => ['--root-key', file(key), '--group', replicationGroupId];
const derive = (...args: readonly string[]) => main(['derive', ...args]);

describe('from a bundle', () => {
  const shown = revisions.map(({revision, name, checkValue}) => ({revision, name, check: checkValue}));

  test.each([
    ['its bytes', bundleBytes],
    ['its base64', bundle],
    ['its base64 with a line feed', `${bundle}\n`],
  ])('%s ⇒ names and check values of the known lineage, exit code 0', async (_, content) => {
    expect(await derive(...pair(), '--bundle', file(content), '-o', 'json')).toBe(0);
    const said = JSON.parse(output.out);
    expect(said).toMatchObject({bundleId, generation, keys: shown});
    expect(said.keys[0]).toEqual({
      ...shown[0],
      createTime: '2026-05-28T20:26:40.000Z',
      activateTime: '2026-05-28T20:56:40.000Z',
    });
    expect(said.revealed).toBeUndefined();
  });

  test('as a table and wide ⇒ one line a revision, times when wide', async () => {
    const path = file(bundle);
    expect(await derive(...pair(), '--bundle', path)).toBe(0);
    const lines = output.out.trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    expect(lines[0]).toBe('REVISION  NAME         CHECK');
    expect(lines[3]).toBe(`3         ${revisions[2]?.name}  ${revisions[2]?.checkValue}`);
    output.out = '';
    expect(await derive(...pair(), '--bundle', path, '-o', 'wide')).toBe(0);
    expect(output.out.split('\n')[0]).toBe(
      'REVISION  NAME         CHECK             CREATED                   WRITES FROM',
    );
    expect(output.out).toContain('  2026-05-28T20:26:40.000Z  2026-05-28T20:56:40.000Z\n');
  });

  test('-o yaml and one revision ⇒ that revision alone', async () => {
    expect(await derive(...pair(), '--bundle', file(bundle), '--revision', '3', '-o', 'yaml')).toBe(0);
    expect(output.out).toContain(`name: ${revisions[2]?.name}\n`);
    expect(output.out.match(/name:/g)).toHaveLength(1);
  });

  test('a revision that it does not have ⇒ exit code 2 with those that it has', async () => {
    expect(await derive(...pair(), '--bundle', file(bundle), '--revision', '9')).toBe(2);
    expect(output.err).toContain("--revision: expected one of the bundle's 1, 2, 3, 4, 5, 6, 7, 8, got 9");
  });

  const changed = bundleBytes.slice();
  changed[100] = 1;
  const otherRoot = Uint8Array.from(root, (byte) => byte ^ 0x55);
  test.each<readonly [string, readonly string[], Uint8Array | string, string]>([
    ['changed', ['--group', replicationGroupId], changed, 'tampered: '],
    ['of another group', ['--group', 'another'], bundleBytes, 'group-mismatch: '],
    ['of another dimension', ['--group', replicationGroupId, '--dimension', 'd'], bundleBytes, 'dimension-mismatch: '],
    ['cut short', ['--group', replicationGroupId], bundleBytes.subarray(0, 200), 'malformed: '],
    ['no base64', ['--group', replicationGroupId], `${bundle}\n!`, 'line 2, column 1: expected base64'],
    ['something else', ['--group', replicationGroupId], 'kind: Secret', 'expected a SeedBundle, as bytes or base64'],
  ])('%s ⇒ exit code 2 with file and outcome', async (_, args, content, words) => {
    const path = file(content);
    expect(await derive('--root-key', file(root), ...args, '--bundle', path)).toBe(2);
    expect(output.out).toBe('');
    expect(output.err).toContain(`--bundle ${path}: ${words}`);
  });

  test('under another root key ⇒ exit code 2, root-key-mismatch', async () => {
    expect(await derive(...pair(otherRoot), '--bundle', file(bundle))).toBe(2);
    expect(output.err).toContain('root-key-mismatch: ');
  });
});

describe('from a seed', () => {
  const [, , third = revisions[0]] = revisions;
  test.each([
    ['hex digits', third?.seed ?? ''],
    ['base64', toBase64(fromHex(third?.seed ?? ''))],
  ])('as %s ⇒ the name of its revision', async (_, seed) => {
    expect(await derive(...pair(), '--seed', seed, '--revision', '3', '-o', 'json')).toBe(0);
    expect(JSON.parse(output.out)).toEqual({keys: [{revision: 3, name: third?.name, check: third?.checkValue}]});
  });

  test.each<readonly [string, readonly string[], string]>([
    ['no revision', ['--seed', third?.seed ?? ''], '--revision: expected the revision of --seed, got none'],
    [
      'revision 0',
      ['--seed', third?.seed ?? '', '--revision', '0'],
      '--revision: expected a whole number from 1 to 2^53 - 1, got "0"',
    ],
    [
      'revision 2^53',
      ['--seed', third?.seed ?? '', '--revision', '9007199254740992'],
      '--revision: expected a whole number',
    ],
    ['a seed of zeros', ['--seed', '00'.repeat(32), '--revision', '1'], '--seed: expected random bytes, got zeros'],
    ['a short seed', ['--seed', 'AAAA', '--revision', '1'], '--seed: expected 32 bytes, got 3'],
    ['no seed at all', ['--seed', 'zz', '--revision', '1'], '--seed: expected 64 hex digits or the base64 of 32 bytes'],
    ['neither bundle nor seed', [], '--bundle, --seed: expected one of them, got none'],
    ['both', ['--bundle', 'x', '--seed', 'y'], '--bundle, --seed: expected one of them, got both'],
  ])('%s ⇒ exit code 2 and why', async (_, args, words) => {
    expect(await derive(...pair(), ...args)).toBe(2);
    expect(output.err).toContain(words);
  });
});

describe('settings', () => {
  // Field reports: what people store instead of 32 raw bytes.
  test.each<readonly [string, Uint8Array | string, string]>([
    ['base64 of a key', `${toBase64(root)}\n`, 'got 45 (base64 text of a key instead of its bytes?)'],
    ['hex of a key', rootKey, 'got 64 (hex text of a key instead of its bytes?)'],
    ['a trailing newline', Uint8Array.of(...root, 10), 'got 33 (a trailing newline?)'],
    ['nothing', '', 'got 0'],
    ['32 printable characters', 'abcdefghijklmnopqrstuvwxyz012345', 'got 32 printable characters'],
    ['far too much', new Uint8Array(5000), 'expected at most 4096 bytes, got more'],
  ])('%s as the root key ⇒ exit code 2 with the file and the likely cause', async (_, content, words) => {
    const args = pair(content);
    expect(await derive(...args, '--bundle', file(bundle))).toBe(2);
    expect(output.err).toContain(`${args[1]}: `);
    expect(output.err).toContain(words);
  });

  test('a root key of printable characters, accepted on purpose ⇒ a key', async () => {
    const args = pair('abcdefghijklmnopqrstuvwxyz012345');
    const seed = ['--seed', revisions[0]?.seed ?? '', '--revision', '1'];
    expect(await derive(...args, ...seed, '--accept-weak-root')).toBe(0);
    expect(output.out).toMatch(/^1 +r1-[0-9a-f]{8} /m);
  });

  test.each<readonly [string, readonly string[], string]>([
    ['no root key', ['--group', 'g'], '--root-key: expected a file beside --group, got none'],
    ['no group', ['--root-key', 'x'], '--group: expected a replication group id beside --root-key, got none'],
    ['only a dimension', ['--dimension', 'd'], '--dimension: expected --root-key and --group beside it'],
    ['none', [], '--root-key: expected a value, got none'],
    ['no such file', ['--root-key', '/absent/x', '--group', 'g'], '/absent/x: there is no such file'],
    ['a folder', ['--root-key', '/', '--group', 'g'], '/: expected a file, got a folder'],
    [
      'both at standard input',
      ['--root-key', '-', '--group', 'g', '--bundle', '-'],
      '--root-key, --bundle: expected one of them at standard input',
    ],
  ])('%s ⇒ exit code 2 and why', async (_, args, words) => {
    expect(await derive(...args)).toBe(2);
    expect(output.err).toContain(words);
  });

  test('a group id with a newline ⇒ exit code 2, told under its option and not repeated', async () => {
    expect(await derive('--root-key', file(root), '--group', 'secret-name\n', '--bundle', file(bundle))).toBe(2);
    expect(output.err).toContain('--group: expected 1 to 128 of');
    expect(output.err).not.toContain('secret-name');
  });
});

describe('--reveal', () => {
  test('a new file ⇒ the keys as in a configuration, newest first, mode 0600; nothing of it is printed', async () => {
    const path = join(folder, 'revealed');
    const before = process.umask(0);
    expect(await derive(...pair(), '--bundle', file(bundle), '--reveal', path, '-o', 'json')).toBe(0);
    process.umask(before);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const expected = [...revisions].reverse().map(({name, secret}) => ({name, secret}));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(expected);
    expect(JSON.parse(output.out).revealed).toBe(path);
    expect(output.err).toBe(`key material of 8 revisions is in ${path}\n`);
  });

  test('a file that exists ⇒ exit code 2, it stays as it was', async () => {
    const path = file('mine');
    expect(await derive(...pair(), '--bundle', file(bundle), '--reveal', path)).toBe(2);
    expect(output.err).toContain(`--reveal ${path}: expected a new file, this one exists`);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test.each(['/dev/tty', '/dev/stdout', '/dev/fd/1', '/dev/stderr', '/dev/null', '-'])(
    '%s ⇒ exit code 2, nothing is written there',
    async (path) => {
      expect(await derive(...pair(), '--bundle', file(bundle), '--reveal', path)).toBe(2);
      expect([output.out, output.err.includes('--reveal')]).toEqual(['', true]);
    },
  );

  test('a folder that is not there ⇒ exit code 2 and no file', async () => {
    const path = join(folder, 'absent', 'x');
    expect(await derive(...pair(), '--bundle', file(bundle), '--reveal', path)).toBe(2);
    expect(output.err).toContain(`--reveal ${path}: ENOENT`);
    expect(existsSync(path)).toBe(false);
  });

  test('a bundle that is refused ⇒ no file', async () => {
    const path = join(folder, 'never');
    expect(await derive(...pair(), '--bundle', file('x'), '--reveal', path)).toBe(2);
    expect(existsSync(path)).toBe(false);
  });
});

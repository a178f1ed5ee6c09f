// `inspect` through the command's entry: each kind of file, whole and damaged, and never a secret in what it says.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  adoptKey,
  deriveDataKeys,
  encodeSeedBundle,
  generateDataKey,
  hex,
  toBase64,
  utf8,
} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {formatRecord, type KeyObject, refOf, writeKeyObject} from '@etcd-encryption/rotation';
import {main} from 'etcd-encryption-manager';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {expectNoTrace} from '../crypto/no-trace.ts';
import {keepOutput} from './output.ts';

const bytesOf = (fill: number, length = 32) => Uint8Array.from({length}, (_, index) => (fill + index * 7) % 256);
const first = generateDataKey({revision: 1, randomBytes: () => bytesOf(1), existing: []});
const second = generateDataKey({revision: 2, randomBytes: () => bytesOf(2), existing: []});
const adopted = adoptKey({provider: 'aescbc', name: 'key1', key: bytesOf(3, 16)});
const secrets = [first, second, adopted].map((key) => key.secret.withBytes(toBase64));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

const output = keepOutput(({out, err}) => {
  for (const secret of secrets) expect(out + err).not.toContain(secret);
  expect(out + err).not.toContain(adopted.checkValue);
});

function file(content: string | Uint8Array): string {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

const inspect = (path: string, ...args: readonly string[]) => main(['inspect', path, ...args]);

const blocks = [
  {
    resources: ['secrets', 'configmaps'],
    providers: [{kind: 'aesgcm', keys: [second, first]}, {kind: 'aescbc', keys: [adopted]}, {kind: 'identity'}],
  },
] as const;

describe('configuration', () => {
  test('one that loads ⇒ who writes and who reads, check values of our keys only, exit code 0', async () => {
    expect(await inspect(file(formatEncryptionConfiguration({blocks})))).toBe(0);
    expect(output.out).toMatch(/^configuration: kube-apiserver loads it \(SHA-256 [0-9a-f]{64}\)$/m);
    expect(output.out).toContain(
      `secrets, configmaps:\n  write  ${second.name} (aesgcm, 32 bytes, check ${second.checkValue})\n`,
    );
    expect(output.out).toContain('  read   key1 (aescbc, 16 bytes, not ours)\n  read   identity (in clear)\n');
    expect(output.out).toContain('warning  resources[0].providers[1].aescbc.keys[0].secret: short-key');
  });

  test('-o json ⇒ the same as data', async () => {
    expect(await inspect(file(formatEncryptionConfiguration({blocks})), '-o', 'json')).toBe(0);
    const {kind, content, problems} = JSON.parse(output.out);
    expect({kind, problems}).toEqual({kind: 'configuration', problems: []});
    expect(content.blocks[0].write).toEqual({
      name: second.name,
      provider: 'aesgcm',
      bytes: 32,
      check: second.checkValue,
    });
    expect(content.blocks[0].read[1]).toEqual({name: 'key1', provider: 'aescbc', bytes: 16});
  });

  test('keys of people only ⇒ no hash to try guesses on', async () => {
    const old = [{resources: ['secrets'], providers: [{kind: 'aescbc', keys: [adopted]}]}] as const;
    expect(await inspect(file(formatEncryptionConfiguration({blocks: old})), '-o', 'json')).toBe(0);
    expect(JSON.parse(output.out).content.hash).toBeUndefined();
  });

  test('one that would not load ⇒ every path and reason, exit code 1', async () => {
    const text = stringify({
      kind: 'EncryptionConfiguration',
      apiVersion: 'apiserver.config.k8s.io/v1',
      resources: [{resources: ['secrets'], providers: [{aesgcm: {keys: [{name: 'k', secret: 'no base64'}]}}]}],
    });
    expect(await inspect(file(text))).toBe(1);
    expect(output.out).toMatch(
      /^wrong +resources\[0\]\.providers\[0\]\.aesgcm\.keys\[0\]\.secret: secret-not-base64: /m,
    );
    expect(output.out).toContain('kube-apiserver would not load it');
  });

  test('a name of ours over other bytes ⇒ wrong although it loads, exit code 1', async () => {
    const planted = adoptKey({provider: 'aesgcm', name: first.name, key: bytesOf(9)});
    const wrong = [{resources: ['secrets'], providers: [{kind: 'aesgcm', keys: [planted]}]}] as const;
    expect(await inspect(file(formatEncryptionConfiguration({blocks: wrong})))).toBe(1);
    expect(output.out).toMatch(/^wrong .*check-value-mismatch/m);
    expect(output.out).not.toContain(planted.checkValue);
  });
});

describe('history', () => {
  const records = [first, adopted, second].map((key) => Buffer.from(formatRecord(key, 1_780_000_000_000)).toString());

  test('a whole one ⇒ its keys by line, time, name and check value, exit code 0', async () => {
    expect(await inspect(file(records.join('')))).toBe(0);
    expect(output.out).toContain('history: 3 keys\n');
    expect(output.out).toContain(
      `  line 1  2026-05-28T20:26:40.000Z  ${first.name} (aesgcm, 32 bytes, check ${first.checkValue})`,
    );
    expect(output.out).toContain('  line 2  2026-05-28T20:26:40.000Z  key1 (aescbc, 16 bytes, not ours)');
  });

  test('a damaged line and a torn tail ⇒ both by number, the rest counts, exit code 1', async () => {
    const [a = '', b = '', c = ''] = records;
    expect(await inspect(file(a + b.replace('"at":"2', '"at":"3') + c + a.slice(0, 40)))).toBe(1);
    expect(output.out).toMatch(/^wrong +line 2: damaged-line: /m);
    expect(output.out).toMatch(/^wrong +line 4: torn-tail: /m);
    expect(output.out).toContain('history: 2 keys\n');
  });

  test('a record of a newer release ⇒ it is said, exit code 1', async () => {
    expect(await inspect(file('{"v":2,"at":"2030-01-01T00:00:00Z"}\n'))).toBe(1);
    expect(output.out).toMatch(/^wrong +line 1: newer-release: /m);
  });
});

describe('sealed key', () => {
  const objectOf = (key: typeof first | typeof adopted, more: Partial<KeyObject> = {}) =>
    writeKeyObject({
      name: refOf(key).revision > 0 ? `r${refOf(key).revision}` : `adopted-${key.checkValue}`,
      key: refOf(key),
      clusterId: 'c1',
      recipients: ['age1a', 'age1b'],
      sealed: '-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----\n',
      createdAtMs: 1_780_000_000_000,
      createdBy: 'node-1',
      ...more,
    });

  test('as YAML ⇒ clear fields, how many it is sealed for, and who vouches, exit code 0', async () => {
    const voucher = {key: first.name, mac: 'ab'};
    expect(await inspect(file(stringify(objectOf(second, {voucher}))))).toBe(0);
    expect(output.out).toContain(`${second.name} (aesgcm, 32 bytes, revision 2, check ${second.checkValue})`);
    expect(output.out).toContain('sealed for  2 recipients');
    expect(output.out).toContain(`voucher     by ${first.name}`);
    expect(output.out).not.toContain('AGE');
  });

  test('a list with an adopted one ⇒ each; neither its check value nor its object’s name', async () => {
    const list = {
      kind: 'List',
      items: [objectOf(first), objectOf(adopted, {voucher: {key: refOf(adopted).id, mac: 'ab'}})],
    };
    expect(await inspect(file(JSON.stringify(list)), '-o', 'yaml')).toBe(0);
    expect(output.out).toContain('name: key1');
    expect(output.out).toContain('voucher: an adopted key');
  });

  test('planted: no voucher, nobody to open it, another name ⇒ wrong, each with its path, exit code 1', async () => {
    const object = objectOf(second, {name: 'r7', recipients: [], sealed: 'clear'});
    expect(await inspect(file(JSON.stringify(object)))).toBe(1);
    for (const line of [
      'metadata.name: object-name-mismatch',
      'spec.sealed: not-sealed',
      'spec.recipients: no-recipients',
      'spec.voucher: no-voucher',
    ])
      expect(output.out).toContain(line);
  });

  test('without its fields ⇒ the missing field, exit code 1', async () => {
    expect(await inspect(file(stringify({...objectOf(second), spec: {v: 1}})))).toBe(1);
    expect(output.out).toMatch(/^wrong +spec\.clusterId: malformed: expected a text$/m);
  });
});

describe('seed bundle', () => {
  const rootKey = bytesOf(0x91);
  const group = 'Replica.Pair_zurich';
  const bundle = {
    bundleId: bytesOf(5, 16),
    generation: 7,
    entries: [3, 4].map((revision) => ({
      revision,
      createdAtMs: 1_780_000_000_000,
      activateAtMs: 1_780_001_800_000,
      seed: bytesOf(revision * 40),
    })),
  };
  const bytes = encodeSeedBundle(bundle, {rootKey, replicationGroupId: group});
  const names = deriveDataKeys({rootKey, replicationGroupId: group}, bundle.entries);

  const settings = (key = rootKey) => {
    const path = join(folder, 'root-key');
    writeFileSync(path, key);
    return ['--root-key', path, '--group', group];
  };

  afterEach(() => {
    const keys = names.map(({secret}) => secret.withBytes((key) => key.slice()));
    expectNoTrace(output.out + output.err, [rootKey, ...keys], [group]);
  });

  test.each([
    ['binary', bytes],
    ['base64', `${toBase64(bytes)}\n`],
  ])(
    '%s form, without a root key ⇒ header and entries, the MAC was not checked, exit code 0',
    async (form, content) => {
      expect(await inspect(file(content))).toBe(0);
      expect(output.out).toContain('warning  mac-not-checked: anyone could have written this');
      expect(output.out).toContain('seed bundle: generation 7, 2 revisions, not verified\n');
      expect(output.out).toContain('  r3  created 2026-05-28T20:26:40.000Z, writes from 2026-05-28T20:56:40.000Z\n');
      output.out = '';
      expect(await inspect(file(content), '-o', 'json')).toBe(0);
      const said = JSON.parse(output.out);
      expect(said.content).toMatchObject({verified: false, form, bundleId: hex(bundle.bundleId), generation: 7});
      expect(said.content.rootCheck).toBe(hex(bytes.subarray(32, 40)));
      expect(said.content.groupTag).toBe(hex(bytes.subarray(40, 56)));
      expect(said.content.dimensionTag).toBe(hex(bytes.subarray(56, 64)));
      expect(said.content.entries[1]).toEqual({
        revision: 4,
        createTime: '2026-05-28T20:26:40.000Z',
        activateTime: '2026-05-28T20:56:40.000Z',
        seed: hex(bytesOf(160)),
      });
    },
  );

  test('with its settings ⇒ verified, key names and check values, exit code 0', async () => {
    expect(await inspect(file(bytes), ...settings())).toBe(0);
    expect(output.out).toContain('seed bundle: generation 7, 2 revisions, its MAC verifies\n');
    for (const {name, checkValue} of names) expect(output.out).toContain(`  ${name} (check ${checkValue})  created `);
    expect(output.out).not.toContain('warning');
  });

  test('with other settings, or changed ⇒ wrong with the outcome, what stands there all the same, exit code 1', async () => {
    expect(await inspect(file(bytes), ...settings(bytesOf(0x55)))).toBe(1);
    expect(output.out).toMatch(/^wrong {4}root-key-mismatch: .*or these bytes were changed$/m);
    expect(output.out).toContain('seed bundle: generation 7, 2 revisions, not verified\n');
    const changed = bytes.slice();
    changed[31] = 8;
    output.out = '';
    expect(await inspect(file(changed), ...settings())).toBe(1);
    expect(output.out).toMatch(/^wrong {4}tampered: /m);
    expect(output.out).not.toContain(names[0]?.name);
  });

  test.each<readonly [string, string | Uint8Array, string]>([
    ['cut short', bytes.subarray(0, 150), 'malformed: expected 208 bytes for 2 entries, got 150'],
    [
      'of another version',
      Uint8Array.from(bytes, (byte, i) => (i === 4 ? 2 : byte)),
      'unsupported: expected version 1',
    ],
    ['no base64', `${toBase64(bytes)}!`, 'not-base64: line 1, column 281: expected base64'],
  ])('%s ⇒ wrong with its outcome, exit code 1', async (_, content, words) => {
    expect(await inspect(file(content))).toBe(1);
    expect(output.out).toContain(`wrong    ${words}`);
  });

  test('content output.out of range and changed ⇒ malformed without a key, tampered with it', async () => {
    const changed = bytes.slice();
    changed.fill(0, 24, 32);
    expect(await inspect(file(changed))).toBe(1);
    expect(output.out).toContain('wrong    malformed: generation: expected a whole number');
    expect(await inspect(file(changed), ...settings())).toBe(1);
    expect(output.out).toContain('wrong    tampered: ');
  });

  test('settings beside another kind of file ⇒ exit code 2', async () => {
    expect(await inspect(file(formatEncryptionConfiguration({blocks})), ...settings())).toBe(2);
    expect(output.err).toContain('--root-key, --group: expected a SeedBundle beside them, got a configuration');
  });
});

describe('no such file', () => {
  test.each([
    ['another text', 'root:x:0:0'],
    ['an empty file', ''],
    ['bytes', utf8('\u0000\u0001')],
    ['another object', 'kind: Secret\nmetadata: {name: a}\n'],
  ])('%s ⇒ exit code 2 and what it is not', async (_, content) => {
    expect(await inspect(file(content))).toBe(2);
    expect(output.err).toContain(
      'neither an EncryptionConfiguration nor a key history nor an EtcdEncryptionKey nor a SeedBundle',
    );
  });

  test('no file, a folder, or nothing ⇒ exit code 2 and why', async () => {
    expect(await inspect(join(folder, 'absent'))).toBe(2);
    expect(output.err).toContain('there is no such file');
    expect(await inspect(folder)).toBe(2);
    expect(await main(['inspect'])).toBe(2);
    expect(output.err).toContain('expected the FILE, got none');
  });
});

// `inspect` through the command's entry: each kind of file, whole and damaged, and never a secret in what it says.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {adoptKey, generateDataKey, toBase64, utf8} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {formatRecord, type KeyObject, refOf, writeKeyObject} from '@etcd-encryption/rotation';
import {main} from 'etcd-encryption-manager';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {stringify} from 'yaml';

const bytesOf = (fill: number, length = 32) => Uint8Array.from({length}, (_, index) => (fill + index * 7) % 256);
const first = generateDataKey({revision: 1, randomBytes: () => bytesOf(1), existing: []});
const second = generateDataKey({revision: 2, randomBytes: () => bytesOf(2), existing: []});
const adopted = adoptKey({provider: 'aescbc', name: 'key1', key: bytesOf(3, 16)});
const secrets = [first, second, adopted].map((key) => key.secret.withBytes(toBase64));

let folder: string;
let [out, err] = ['', ''];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-'));
});
afterAll(() => rmSync(folder, {recursive: true}));

beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(console, 'error').mockImplementation((text) => {
    err += String(text);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
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
    expect(out).toMatch(/^configuration: kube-apiserver loads it \(SHA-256 [0-9a-f]{64}\)$/m);
    expect(out).toContain(
      `secrets, configmaps:\n  write  ${second.name} (aesgcm, 32 bytes, check ${second.checkValue})\n`,
    );
    expect(out).toContain('  read   key1 (aescbc, 16 bytes, not ours)\n  read   identity (in clear)\n');
    expect(out).toContain('warning  resources[0].providers[1].aescbc.keys[0].secret: short-key');
  });

  test('-o json ⇒ the same as data', async () => {
    expect(await inspect(file(formatEncryptionConfiguration({blocks})), '-o', 'json')).toBe(0);
    const {kind, content, problems} = JSON.parse(out);
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
    expect(JSON.parse(out).content.hash).toBeUndefined();
  });

  test('one that would not load ⇒ every path and reason, exit code 1', async () => {
    const text = stringify({
      kind: 'EncryptionConfiguration',
      apiVersion: 'apiserver.config.k8s.io/v1',
      resources: [{resources: ['secrets'], providers: [{aesgcm: {keys: [{name: 'k', secret: 'no base64'}]}}]}],
    });
    expect(await inspect(file(text))).toBe(1);
    expect(out).toMatch(/^wrong +resources\[0\]\.providers\[0\]\.aesgcm\.keys\[0\]\.secret: secret-not-base64: /m);
    expect(out).toContain('kube-apiserver would not load it');
  });

  test('a name of ours over other bytes ⇒ wrong although it loads, exit code 1', async () => {
    const planted = adoptKey({provider: 'aesgcm', name: first.name, key: bytesOf(9)});
    const wrong = [{resources: ['secrets'], providers: [{kind: 'aesgcm', keys: [planted]}]}] as const;
    expect(await inspect(file(formatEncryptionConfiguration({blocks: wrong})))).toBe(1);
    expect(out).toMatch(/^wrong .*check-value-mismatch/m);
    expect(out).not.toContain(planted.checkValue);
  });
});

describe('history', () => {
  const records = [first, adopted, second].map((key) => Buffer.from(formatRecord(key, 1_780_000_000_000)).toString());

  test('a whole one ⇒ its keys by line, time, name and check value, exit code 0', async () => {
    expect(await inspect(file(records.join('')))).toBe(0);
    expect(out).toContain('history: 3 keys\n');
    expect(out).toContain(
      `  line 1  2026-05-28T20:26:40.000Z  ${first.name} (aesgcm, 32 bytes, check ${first.checkValue})`,
    );
    expect(out).toContain('  line 2  2026-05-28T20:26:40.000Z  key1 (aescbc, 16 bytes, not ours)');
  });

  test('a damaged line and a torn tail ⇒ both by number, the rest counts, exit code 1', async () => {
    const [a = '', b = '', c = ''] = records;
    expect(await inspect(file(a + b.replace('"at":"2', '"at":"3') + c + a.slice(0, 40)))).toBe(1);
    expect(out).toMatch(/^wrong +line 2: damaged-line: /m);
    expect(out).toMatch(/^wrong +line 4: torn-tail: /m);
    expect(out).toContain('history: 2 keys\n');
  });

  test('a record of a newer release ⇒ it is said, exit code 1', async () => {
    expect(await inspect(file('{"v":2,"at":"2030-01-01T00:00:00Z"}\n'))).toBe(1);
    expect(out).toMatch(/^wrong +line 1: newer-release: /m);
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
    expect(out).toContain(`${second.name} (aesgcm, 32 bytes, revision 2, check ${second.checkValue})`);
    expect(out).toContain('sealed for  2 recipients');
    expect(out).toContain(`voucher     by ${first.name}`);
    expect(out).not.toContain('AGE');
  });

  test('a list with an adopted one ⇒ each; neither its check value nor its object’s name', async () => {
    const list = {
      kind: 'List',
      items: [objectOf(first), objectOf(adopted, {voucher: {key: refOf(adopted).id, mac: 'ab'}})],
    };
    expect(await inspect(file(JSON.stringify(list)), '-o', 'yaml')).toBe(0);
    expect(out).toContain('name: key1');
    expect(out).toContain('voucher: an adopted key');
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
      expect(out).toContain(line);
  });

  test('without its fields ⇒ the missing field, exit code 1', async () => {
    expect(await inspect(file(stringify({...objectOf(second), spec: {v: 1}})))).toBe(1);
    expect(out).toMatch(/^wrong +spec\.clusterId: malformed: expected a text$/m);
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
    expect(err).toContain('neither an EncryptionConfiguration nor a key history nor an EtcdEncryptionKey');
  });

  test('no file, a folder, or nothing ⇒ exit code 2 and why', async () => {
    expect(await inspect(join(folder, 'absent'))).toBe(2);
    expect(err).toContain('there is no such file');
    expect(await inspect(folder)).toBe(2);
    expect(await main(['inspect'])).toBe(2);
    expect(err).toContain('expected the FILE, got none');
  });
});

// Pages of every minor release, written from what each release's metrics are called, and what they prove.

import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createEvidenceReader} from '@etcd-encryption/host-k8s';
import type {ServerEvidence} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';

const folder = fileURLToPath(new URL('testdata/metrics', import.meta.url));
const page = (name: string): Uint8Array => readFileSync(join(folder, `${name}.txt`));

function read(bytes: Uint8Array, hostName = 'control-plane-1', step = bytes.length): ServerEvidence | undefined {
  const reader = createEvidenceReader(hostName);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return reader.end();
}

const own = 'sha256:33cef467424f45d80145c61ff147a2986fefd36e886a6d5a64d60e02739a3af1';
const other = 'sha256:43c1a5c35c3550f81cec6c9a3f45e772313ef756ae590a9cc78018024638a656';
const file = '3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80';

const always = {
  expectedIdentity: 'apiserver-ktnciuvxljjqohol43g65rthde',
  expectedIdentityHash: own,
  processStartMs: 1_748_131_200_000,
};
const perKey = {encryptions: {'r2-1f2e3d4c': 1257}, decryptions: {'r1-0a1b2c3d': 20, 'r2-1f2e3d4c': 11}};
const noKeys = {encryptions: {}, decryptions: {}};
const oneKey = {encryptions: {key1: 57}, decryptions: {key1: 31}};
const noReloads = {reloadSuccesses: 0, reloadFailures: 0};
const reloads = {
  reloadSuccesses: 3,
  reloadFailures: 1,
  lastReloadSuccessMs: 1_748_133_600_000,
  lastReloadFailureMs: 1_748_131_800_000,
};

const pages: Readonly<Record<string, object>> = {
  '1.26': {...always, ...noReloads, ...oneKey, form: 'none', identityHashes: []},
  '1.27': {...always, ...noReloads, ...noKeys, form: 'none', identityHashes: []},
  '1.28-early': {...always, ...noReloads, ...oneKey, form: 'none', identityHashes: []},
  '1.28': {...always, ...reloads, lastReloadSuccessMs: 1_748_133_612_346, ...perKey, form: 'split', identityHashes: []},
  '1.28-before-reload': {...always, ...noReloads, ...noKeys, form: 'split', identityHashes: []},
  '1.29': {...always, ...reloads, ...perKey, form: 'labelled', identityHashes: [own]},
  '1.30': {...always, ...reloads, ...perKey, form: 'labelled', identityHashes: [own]},
  '1.31': {...always, ...reloads, ...perKey, form: 'labelled', identityHashes: [own]},
  '1.32': {...always, ...reloads, ...perKey, form: 'labelled', identityHashes: [own]},
  '1.33': {...always, ...reloads, ...perKey, form: 'labelled', identityHashes: [own]},
  '1.33-before-reload': {...always, ...noReloads, ...perKey, form: 'none', identityHashes: []},
  '1.33-only-failures': {
    ...always,
    ...noKeys,
    reloadSuccesses: 0,
    reloadFailures: 2,
    lastReloadFailureMs: 1_748_131_800_000,
    form: 'labelled',
    identityHashes: [own],
  },
  '1.34': {...always, ...reloads, ...perKey, form: 'hash', identityHashes: [own], loadedHash: file},
  '1.35': {...always, ...reloads, ...perKey, form: 'hash', identityHashes: [own], loadedHash: file},
  '1.36': {...always, ...reloads, ...perKey, form: 'hash', identityHashes: [own], loadedHash: file},
  '1.37': {...always, ...reloads, ...perKey, form: 'hash', identityHashes: [own], loadedHash: file},
  '1.37-before-reload': {...always, ...noReloads, ...perKey, form: 'hash', identityHashes: [own], loadedHash: file},
  '1.37-other-server': {...always, ...noReloads, ...perKey, form: 'hash', identityHashes: [other]},
  '1.37-two-identities': {
    ...always,
    ...reloads,
    ...noKeys,
    form: 'hash',
    identityHashes: [own, other],
    loadedHash: file,
  },
  odd: {
    ...always,
    processStartMs: 1_748_131_200_250,
    reloadSuccesses: 3,
    reloadFailures: 1,
    form: 'hash',
    identityHashes: [own],
    loadedHash: file,
    decryptions: {},
    encryptions: Object.fromEntries([
      ['odd\\name"with\nall', 15],
      ['__proto__', 2],
    ]),
  },
};

test.for(Object.entries(pages))('page %s ⇒ exactly what it proves', ([name, evidence]) => {
  expect(read(page(name))).toEqual(evidence);
});

test('the pages of the folder ⇒ all of them are read above', () => {
  expect(readdirSync(folder).sort()).toEqual(
    Object.keys(pages)
      .map((name) => `${name}.txt`)
      .sort(),
  );
});

test.for([1, 2, 3, 7, 61, 4096])('a page in pieces of %d bytes ⇒ the same', (step) => {
  for (const [name, evidence] of Object.entries(pages)) {
    expect(read(page(name), 'control-plane-1', step), name).toEqual(evidence);
  }
});

test('a page cut anywhere ⇒ never another hash, and a cut hash is no proof', () => {
  const whole = page('1.37-before-reload');
  for (let length = 0; length < whole.length; length++) {
    const evidence = read(whole.subarray(0, length));
    expect([undefined, file]).toContain(evidence?.loadedHash);
  }
});

test.for([
  'apiserver_encryption_config_controller_last_config_info{apiserver_id_hash="sha256:33',
  'apiserver_encryption_config_controller_automatic_reloads_total{status="success"} three',
  'process_start_time_seconds',
  'process_start_time_seconds 1 2 3',
  'process_start_time_seconds{a="b" c="d"} 1',
  'process_start_time_seconds{a="b",a="b"} 1',
  `process_start_time_seconds{a="${'x'.repeat(100_000)}"} 1`,
])('a wanted line that cannot be read ⇒ no evidence at all: %s', (line) => {
  expect(read(Buffer.from(`${line}\n`))).toBeUndefined();
});

test('lines that are not wanted and cannot be read, however long ⇒ no matter', () => {
  const long = `other{a="${'y'.repeat(300_000)}"} 1`;
  const text = `other{a="b" 1\n${long}\nprocess_start_time_seconds 5\n${long}`;
  for (const step of [1_000, 100_000, text.length]) {
    expect(read(Buffer.from(text), 'control-plane-1', step)?.processStartMs).toBe(5_000);
  }
});

test('an empty page ⇒ nothing proven, no reloads', () => {
  expect(read(new Uint8Array())).toMatchObject({form: 'none', identityHashes: [], reloadSuccesses: 0, encryptions: {}});
});

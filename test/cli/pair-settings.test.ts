// The root key of the command line does not outlive its use.

import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Secret, Settings} from '@etcd-encryption/crypto';
import {afterAll, expect, test} from 'vitest';
import {withPairSettings} from '../../cli/src/pair-settings.ts';

const folder = await mkdtemp(join(tmpdir(), 'pair-settings-'));
afterAll(() => rm(folder, {recursive: true}));
const file = join(folder, 'root');
await writeFile(
  file,
  Uint8Array.from({length: 32}, (_, at) => at * 7 + 1),
);

const input = (values: Readonly<Record<string, string>>) => ({
  values: {'root-key': file, ...values},
  positionals: [],
  out: () => undefined,
  err: () => undefined,
  signal: new AbortController().signal,
});
const secretOf = (settings: Settings | undefined): Secret => settings?.rootKey as Secret;

test.each([
  ['the use ends', async () => 'done'],
  ['the use throws', async () => Promise.reject(new Error('no'))],
])('%s ⇒ the root key is wiped', async (_, use) => {
  let seen: Settings | undefined;
  const done = withPairSettings(input({group: 'g'}), (settings) => {
    seen = settings;
    expect(secretOf(settings).withBytes((bytes) => bytes.length)).toBe(32);
    return use();
  });
  await done.catch(() => undefined);
  expect(() => secretOf(seen).withBytes(() => true)).toThrow(/wiped/);
});

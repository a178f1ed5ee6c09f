// The loader's answers are kube-apiserver's own, and cheap enough for many thousands of comparisons.
import {afterAll, beforeAll, expect, test} from 'vitest';
import {type LoaderClient, openLoader} from './index.ts';

let loader: LoaderClient;

beforeAll(async () => {
  loader = await openLoader();
});

afterAll(() => loader.close());

function configuration(providers: readonly unknown[], resources: readonly string[] = ['secrets']): Buffer {
  return Buffer.from(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{resources, providers}],
    }),
  );
}

function aesgcm(bytes: number): unknown {
  return {aesgcm: {keys: [{name: 'r1', secret: Buffer.alloc(bytes, 7).toString('base64')}]}};
}

test('a good file ⇒ accepted', async () => {
  expect(await loader.load(configuration([aesgcm(32), {identity: {}}]))).toEqual({ok: true});
});

const refused: readonly (readonly [string, Buffer, string])[] = [
  ['an empty file', Buffer.alloc(0), 'is empty'],
  ['no YAML', Buffer.from('{'), 'error decoding'],
  ['no providers', configuration([]), 'provider'],
  ['a key of 33 bytes', configuration([aesgcm(33)]), 'secret is not of the expected length'],
  ['an upper-case resource', configuration([aesgcm(32)], ['Secrets']), 'capital letters'],
  ['the same resource twice', configuration([aesgcm(32)], ['secrets', 'secrets']), 'same resource'],
];

test.for(refused)('%s ⇒ refused with kube-apiserver’s reason', async ([, file, reason]) => {
  expect(await loader.load(file)).toEqual({ok: false, error: expect.stringContaining(reason)});
});

test('a KMS provider that nobody answers for ⇒ accepted in under a second', async () => {
  const kms = {apiVersion: 'v2', name: 'nobody', endpoint: 'unix:///nonexistent/kms.sock'};
  const startedMs = Date.now();
  expect(await loader.load(configuration([{kms}]))).toEqual({ok: true});
  expect(Date.now() - startedMs).toBeLessThan(1_000);
});

test('20,000 files, good and bad in turn ⇒ answered in order within 20 seconds', async () => {
  const files = [configuration([aesgcm(32)]), configuration([aesgcm(33)])] as const;
  const startedMs = Date.now();
  const answers = await Promise.all(
    Array.from({length: 20_000}, (_, index) => loader.load(files[index % 2 === 0 ? 0 : 1])),
  );
  expect(answers.every(({ok}, index) => ok === (index % 2 === 0))).toBe(true);
  expect(Date.now() - startedMs).toBeLessThan(20_000);
});

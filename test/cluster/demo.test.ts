// The demonstration on the real control plane, as a person starts it.

import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import type {DemoResult} from '../../cli/src/demo/result.ts';
import {root} from '../../scripts/workspace.ts';

const bin = join(root, 'cli/bin/etcd-encryption-manager.js');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-real-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

function runDemo(...args: readonly string[]): Promise<{code: number; output: string; errors: string}> {
  const all = [bin, 'demo', '--real', '--dir', join(folder, 'files'), ...args];
  return new Promise((settle) => {
    execFile(process.execPath, all, {maxBuffer: 16 * 1024 * 1024}, (error, output, errors) => {
      settle({code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, output, errors});
    });
  });
}

test('first encryption and one rotation under users ⇒ no read failed, all values under the newest key', async () => {
  const {code, output, errors} = await runDemo('--nodes', '2', '--objects', '20', '--rotations', '1', '--json');
  expect(code, `${output}\n${errors}`).toBe(0);
  const {values, seconds: _, ...counts} = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as DemoResult;
  expect(counts).toEqual({revision: 2, failedReads: 0, failedWrites: 0});
  const [name = ''] = Object.keys(values);
  expect(Object.keys(values)).toEqual([expect.stringMatching(/^r2-[0-9a-f]{8}$/)]);
  expect(values[name]).toBeGreaterThanOrEqual(30);
}, 400_000);

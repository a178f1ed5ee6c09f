// The files contract on a real disk.

import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {utimes} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createFilesPorts} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';
import {filesContract, filesContractCases} from './files-contract.ts';

filesContract('real disk', async () => {
  const root = mkdtempSync(join(tmpdir(), 'eem-files-'));
  mkdirSync(join(root, 'etc/kubernetes'), {recursive: true});
  const umask = process.umask();
  return {
    ports: createFilesPorts({root}),
    directory: '/etc/kubernetes',
    setUmask: (mask) => {
      process.umask(mask);
    },
    setModified: (path, unixMs) => utimes(join(root, path), unixMs / 1_000, unixMs / 1_000),
    close: async () => {
      process.umask(umask);
      rmSync(root, {recursive: true});
    },
  };
});

test('the contract ⇒ at least 25 cases', () => {
  expect(filesContractCases).toBeGreaterThanOrEqual(25);
});

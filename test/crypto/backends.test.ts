// The backends of this package under the suite that all backends pass.
import {nobleBackend} from '@etcd-encryption/crypto';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {expect, test} from 'vitest';
import {describeBackend} from './backend-conformance.ts';

describeBackend('noble', () => nobleBackend);
describeBackend('node:crypto', () => nodeBackend);

test('the names of the backends ⇒ what people know them by', () => {
  expect([nobleBackend.name, nodeBackend.name]).toEqual(['noble', 'node:crypto']);
});

test('AES-256-GCM ⇒ comes with node:crypto', () => {
  expect(nodeBackend.aes256gcm).toBeDefined();
});

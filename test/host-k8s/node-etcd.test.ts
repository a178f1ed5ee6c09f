// Which etcd a node's programs read: none, where a part of what is encrypted lies in another one.

import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {manifestPath, openEtcd} from '@etcd-encryption/host-k8s';
import {afterEach, beforeEach, expect, test} from 'vitest';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'eem-node-etcd-'));
  mkdirSync(join(root, 'etc/kubernetes/manifests'), {recursive: true});
});
afterEach(() => rmSync(root, {recursive: true}));

const servers = '--etcd-servers=http://127.0.0.1:2379';
const elsewhere = {urls: ['http://127.0.0.1:2380']};

test.each([
  ['no override', true, [servers], 'auto'],
  ['events elsewhere', true, [servers, '--etcd-servers-overrides=/events#http://127.0.0.1:4001'], 'auto'],
  [
    'both kinds of events elsewhere',
    true,
    [servers, '--etcd-servers-overrides=/events#http://127.0.0.1:4001,events.k8s.io/events#http://127.0.0.1:4001'],
    'auto',
  ],
  ['secrets elsewhere', false, [servers, '--etcd-servers-overrides=/secrets#http://127.0.0.1:4001'], 'auto'],
  ['secrets elsewhere, one etcd named', false, [servers, '--etcd-servers-overrides=/secrets#http://a:1'], elsewhere],
  ['no etcd in the manifest', false, [], 'auto'],
  ['no etcd in the manifest, one named', true, [], elsewhere],
  ['told to read none', false, [servers], 'off'],
] as const)('%s ⇒ read: %s', async (_, read, flags, etcd) => {
  const command = ['kube-apiserver', ...flags];
  const pod = {metadata: {name: 'kube-apiserver'}, spec: {containers: [{name: 'kube-apiserver', command}]}};
  writeFileSync(join(root, manifestPath), JSON.stringify(pod));
  const {client, prefix} = await openEtcd({root, etcd});
  expect(client !== undefined).toBe(read);
  expect(prefix).toBe('/registry');
  await client?.close();
});

// Manifests as kubeadm writes them and as people change them, and what they say of path, mount and flags.

import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createFilesPorts, manifestPath, readEtcdFlags, readPlatform} from '@etcd-encryption/host-k8s';
import type {NodePlatform} from '@etcd-encryption/rotation';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {stringify} from 'yaml';
import {expectError, expectValue} from '../ports/answers.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'eem-platform-'));
  mkdirSync(join(root, 'etc/kubernetes/manifests'), {recursive: true});
});
afterEach(() => rmSync(root, {recursive: true}));

interface Manifest {
  readonly flags?: readonly string[];
  readonly mounts?: readonly object[];
  readonly volumes?: readonly object[];
  readonly env?: readonly object[];
  readonly container?: object;
}

const path = '/etc/kubernetes/encryption-provider.conf';
const folderMount = {mountPath: '/etc/kubernetes', name: 'kubernetes', readOnly: true};
const folderVolume = {name: 'kubernetes', hostPath: {path: '/etc/kubernetes', type: 'Directory'}};
const usual = [
  '--advertise-address=192.0.2.10',
  `--encryption-provider-config=${path}`,
  '--encryption-provider-config-automatic-reload=true',
];

function manifest({flags = usual, mounts = [folderMount], volumes = [folderVolume], env, container}: Manifest): string {
  const main = {name: 'kube-apiserver', command: ['kube-apiserver', ...flags], volumeMounts: mounts, env, ...container};
  const metadata = {name: 'kube-apiserver', namespace: 'kube-system'};
  return stringify({apiVersion: 'v1', kind: 'Pod', metadata, spec: {containers: [main], volumes}});
}

async function platformOf(text: string): Promise<NodePlatform> {
  writeFileSync(join(root, manifestPath), text);
  return expectValue(await readPlatform(createFilesPorts({root}), {root, hostName: 'node-1'}));
}

test('a folder is mounted ⇒ path, reload, directory, address, no problem', async () => {
  expect(await platformOf(manifest({}))).toEqual({
    configPath: path,
    automaticReload: true,
    mount: 'directory',
    etcdPrefix: '/registry',
    fipsOnly: false,
    address: '192.0.2.10',
    hostName: 'node-1',
  });
});

test.for<[string, Manifest, NodePlatform['mount'], string]>([
  [
    'the file itself is mounted',
    {
      mounts: [{mountPath: path, name: 'conf'}],
      volumes: [{name: 'conf', hostPath: {path, type: 'File'}}],
    },
    'single-file',
    path,
  ],
  [
    'the file itself is mounted without a type',
    {mounts: [{mountPath: path, name: 'conf'}], volumes: [{name: 'conf', hostPath: {path}}]},
    'single-file',
    path,
  ],
  [
    'the file is mounted over a folder that is mounted too',
    {
      mounts: [folderMount, {mountPath: path, name: 'conf'}],
      volumes: [folderVolume, {name: 'conf', hostPath: {path: '/var/keys/conf', type: 'FileOrCreate'}}],
    },
    'single-file',
    '/var/keys/conf',
  ],
  [
    'the file is a subPath',
    {mounts: [{mountPath: path, name: 'kubernetes', subPath: 'encryption-provider.conf'}]},
    'single-file',
    path,
  ],
  [
    'a folder of another name on the node',
    {
      mounts: [{mountPath: '/etc/kubernetes/', name: 'other'}],
      volumes: [{name: 'other', hostPath: {path: '/srv/kubernetes/', type: 'DirectoryOrCreate'}}],
    },
    'directory',
    '/srv/kubernetes/encryption-provider.conf',
  ],
  [
    'a folder as a subPath of another',
    {
      mounts: [{mountPath: '/etc/kubernetes', name: 'etc', subPath: 'kubernetes'}],
      volumes: [{name: 'etc', hostPath: {path: '/etc'}}],
    },
    'directory',
    path,
  ],
  [
    'the whole node',
    {mounts: [{mountPath: '/', name: 'all'}], volumes: [{name: 'all', hostPath: {path: '/'}}]},
    'directory',
    path,
  ],
  [
    'a volume that is no hostPath',
    {mounts: [{mountPath: '/etc/kubernetes', name: 'secret'}], volumes: [{name: 'secret', secret: {secretName: 'a'}}]},
    'unknown',
    path,
  ],
  [
    'a folder that only begins with the same letters',
    {mounts: [{mountPath: '/etc/kube', name: 'kubernetes'}]},
    'unknown',
    path,
  ],
])('%s ⇒ mount and path on the node', async ([, given, mount, configPath]) => {
  const platform = await platformOf(manifest(given));
  expect([platform.mount, platform.configPath]).toEqual([mount, configPath]);
  expect(platform.problem === undefined).toBe(mount !== 'unknown');
});

test('no encryption flag ⇒ no path and no problem', async () => {
  const platform = await platformOf(manifest({flags: ['--advertise-address=192.0.2.10']}));
  expect([platform.configPath, platform.automaticReload, platform.problem]).toEqual([undefined, false, undefined]);
});

test.for([
  [['--encryption-provider-config-automatic-reload'], true],
  [['--encryption-provider-config-automatic-reload=T'], true],
  [['--encryption-provider-config-automatic-reload=false'], false],
  [['--encryption-provider-config-automatic-reload=true', '--encryption-provider-config-automatic-reload=0'], false],
  [[], false],
] as const)('reload flags %j ⇒ %s', async ([flags, reload]) => {
  expect((await platformOf(manifest({flags}))).automaticReload).toBe(reload);
});

test('flags in args, flag and value apart ⇒ read too', async () => {
  const args = ['--encryption-provider-config', path, '--bind-address', '192.0.2.11', '--etcd-prefix', 'registry/own/'];
  const platform = await platformOf(manifest({container: {command: ['/usr/local/bin/kube-apiserver'], args}}));
  expect([platform.configPath, platform.address, platform.etcdPrefix]).toEqual([path, '192.0.2.11', '/registry/own']);
});

test('paths in the folder that stands for the root ⇒ paths of the node', async () => {
  const flags = [`--encryption-provider-config=${root}${path}`, '--advertise-address=192.0.2.10'];
  expect(await platformOf(manifest({flags}))).toMatchObject({configPath: path, mount: 'directory'});
});

test('no address but in the annotation of kubeadm ⇒ that one', async () => {
  const annotations = {'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '[2001:db8::1]:6443'};
  const containers = [{name: 'kube-apiserver', command: ['kube-apiserver', '--bind-address=::']}];
  expect((await platformOf(stringify({metadata: {annotations}, spec: {containers}}))).address).toBe('2001:db8::1');
});

test.for([
  ['fips140=only', true],
  ['http2server=0,fips140=only', true],
  ['fips140=on', false],
  ['', false],
] as const)('GODEBUG %s ⇒ FIPS only: %s', async ([value, fipsOnly]) => {
  const platform = await platformOf(manifest({env: [{name: 'GODEBUG', value}]}));
  expect(platform.fipsOnly).toBe(fipsOnly);
});

test('no manifest ⇒ a problem, not an error', async () => {
  const platform = expectValue(await readPlatform(createFilesPorts({root}), {root, hostName: 'node-1'}));
  expect(platform.problem).toBe('/etc/kubernetes/manifests/kube-apiserver.yaml is missing');
});

test.for<[string, string]>([
  ['no YAML', 'a: [\n'],
  ['two documents', 'a: 1\n---\nb: 2\n'],
  ['nothing', ''],
  ['a text', 'kube-apiserver'],
  ['numbers where texts belong', 'spec: {containers: [{name: 1, command: [2]}], volumes: 3}'],
  ['another program', stringify({spec: {containers: [{name: 'etcd', command: ['etcd']}]}})],
  [
    'a shell',
    stringify({spec: {containers: [{name: 'kube-apiserver', command: ['sh', '-c', 'exec kube-apiserver']}]}}),
  ],
  ['aliases upon aliases', `a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [${'*b,'.repeat(99)}*b]\n`],
  ['more than a megabyte', `# ${'x'.repeat(1024 * 1024)}\n`],
])('a manifest that is %s ⇒ a problem that names the file', async ([, text]) => {
  const platform = await platformOf(text);
  expect(platform.problem).toContain(manifestPath);
  expect([platform.configPath, platform.mount, platform.hostName]).toEqual([undefined, 'unknown', 'node-1']);
});

test('a folder or a link in the manifest’s place ⇒ a problem', async () => {
  mkdirSync(join(root, manifestPath));
  const read = () => readPlatform(createFilesPorts({root}), {root, hostName: 'node-1'});
  expect(expectValue(await read()).problem).toContain('regular file');
  rmSync(join(root, manifestPath), {recursive: true});
  symlinkSync('/etc/passwd', join(root, manifestPath));
  expect(expectValue(await read()).problem).toContain('ELOOP');
});

test('etcd flags ⇒ servers, overrides, certificates on the node, prefix', async () => {
  const pki = {mountPath: '/etc/kubernetes/pki', name: 'pki'};
  const flags = [
    '--etcd-servers=https://127.0.0.1:2379, https://192.0.2.12:2379',
    '--etcd-servers-overrides=/events#http://127.0.0.1:4001;http://127.0.0.1:4002,coordination.k8s.io/leases#http://127.0.0.1:4003',
    '--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt',
    '--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt',
    '--etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key',
  ];
  const volumes = [folderVolume, {name: 'pki', hostPath: {path: '/srv/pki'}}];
  writeFileSync(join(root, manifestPath), manifest({flags, mounts: [folderMount, pki], volumes}));
  expect(expectValue(await readEtcdFlags(createFilesPorts({root}), {root}))).toEqual({
    servers: ['https://127.0.0.1:2379', 'https://192.0.2.12:2379'],
    overrides: [
      {resource: '/events', servers: ['http://127.0.0.1:4001', 'http://127.0.0.1:4002']},
      {resource: 'coordination.k8s.io/leases', servers: ['http://127.0.0.1:4003']},
    ],
    caPath: '/srv/pki/etcd/ca.crt',
    certPath: '/srv/pki/apiserver-etcd-client.crt',
    keyPath: '/srv/pki/apiserver-etcd-client.key',
    prefix: '/registry',
  });
});

test('some resources lie in other etcds ⇒ named', async () => {
  const flags = [...usual, '--etcd-servers-overrides=/events#http://127.0.0.1:4001,batch/jobs#http://127.0.0.1:4002'];
  expect((await platformOf(manifest({flags}))).etcdOverrides).toEqual(['/events', 'batch/jobs']);
});

test('no etcd servers in the manifest, or no manifest ⇒ invalid', async () => {
  expectError(await readEtcdFlags(createFilesPorts({root}), {root}), 'invalid');
  writeFileSync(join(root, manifestPath), manifest({}));
  expectError(await readEtcdFlags(createFilesPorts({root}), {root}), 'invalid');
});

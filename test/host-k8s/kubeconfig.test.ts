// Where credentials come from.

import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {inClusterCredentials, kubeconfigCredentials} from '@etcd-encryption/host-k8s';
import {describe, expect, it} from 'vitest';
import {stringify} from 'yaml';

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly current?: string;
}

function write({cluster = {server: 'https://a:6443/'}, user = {token: 't'}, current = 'x'}: Parts): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  mkdirSync(join(folder, 'pki'));
  for (const name of ['ca', 'cert', 'key', 'token']) writeFileSync(join(folder, 'pki', name), `${name} of file\n`);
  const path = join(folder, 'config');
  const contexts = [
    {name: 'x', context: {cluster: 'c', user: 'u'}},
    {name: 'y', context: {cluster: 'd', user: 'u'}},
  ];
  const clusters = [
    {name: 'c', cluster},
    {name: 'd', cluster: {server: 'https://d'}},
  ];
  const users = [{name: 'u', user}];
  writeFileSync(path, stringify({kind: 'Config', 'current-context': current, contexts, clusters, users}));
  return path;
}

const read = async (parts: Parts, more: {context?: string; server?: string} = {}) =>
  kubeconfigCredentials({path: write(parts), ...more}).read();

describe('a kubeconfig', () => {
  it('with data inside ⇒ decoded', async () => {
    const cluster = {server: 'https://a:6443/', 'certificate-authority-data': base64('CA'), 'tls-server-name': 'n'};
    const user = {'client-certificate-data': base64('C'), 'client-key-data': base64('K')};
    const {credentials, files} = await read({cluster, user});
    expect(credentials).toEqual({
      server: 'https://a:6443',
      ca: 'CA',
      cert: 'C',
      key: 'K',
      serverName: 'n',
      insecure: false,
    });
    expect(files).toHaveLength(1);
  });

  it('that names files ⇒ read beside it, and all of them watched', async () => {
    const cluster = {server: 'https://a', 'certificate-authority': 'pki/ca'};
    const user = {'client-certificate': 'pki/cert', 'client-key': 'pki/key', tokenFile: 'pki/token'};
    const {credentials, files} = await read({cluster, user});
    expect(credentials).toMatchObject({ca: 'ca of file\n', cert: 'cert of file\n', key: 'key of file\n'});
    expect(credentials.token).toBe('token of file');
    expect(files.map((file) => file.split('/').at(-1))).toEqual(['config', 'ca', 'cert', 'key', 'token']);
  });

  it('with another context or server asked for ⇒ that one', async () => {
    expect((await read({}, {context: 'y'})).credentials.server).toBe('https://d');
    expect((await read({}, {server: 'https://10.0.0.1:6443/'})).credentials.server).toBe('https://10.0.0.1:6443');
  });

  it.each([
    {what: 'no such context', parts: {current: 'nowhere'}, says: 'no context "nowhere"'},
    {what: 'an exec plug-in', parts: {user: {exec: {command: 'aws'}}}, says: 'exec of user "u" is not supported'},
    {what: 'an auth provider', parts: {user: {'auth-provider': {name: 'oidc'}}}, says: 'auth-provider'},
    {what: 'a password', parts: {user: {username: 'x', password: 'hunter2'}}, says: 'username of user "u"'},
    {what: 'a proxy', parts: {cluster: {server: 'https://a', 'proxy-url': 'http://p'}}, says: 'proxy-url'},
    {what: 'a missing file', parts: {user: {tokenFile: 'nowhere'}}, says: 'ENOENT'},
  ])('with $what ⇒ refused by name', async ({parts, says}) => {
    const refusal = await read(parts).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    expect(refusal).toContain(says);
    expect(refusal).not.toContain('hunter2');
  });
});

describe('in a pod', () => {
  const root = mkdtempSync(join(tmpdir(), 'service-account-'));
  writeFileSync(join(root, 'ca.crt'), 'CA');
  writeFileSync(join(root, 'token'), 'T\n');

  it('⇒ the service account, over IPv4 or IPv6', async () => {
    const environment = {KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443'};
    const {credentials, files} = await inClusterCredentials({root, environment}).read();
    expect(credentials).toEqual({server: 'https://10.96.0.1:443', ca: 'CA', token: 'T', insecure: false});
    expect(files).toEqual([join(root, 'ca.crt'), join(root, 'token')]);
    const six = {...environment, KUBERNETES_SERVICE_HOST: 'fd00::1'};
    expect((await inClusterCredentials({root, environment: six}).read()).credentials.server).toBe(
      'https://[fd00::1]:443',
    );
  });

  it('with a server asked for ⇒ that one', async () => {
    const {credentials} = await inClusterCredentials({root, environment: {}, server: 'https://node:6443'}).read();
    expect(credentials.server).toBe('https://node:6443');
  });

  it('outside of one ⇒ refused by name', async () => {
    await expect(inClusterCredentials({root, environment: {}}).read()).rejects.toThrow('not in a cluster');
  });
});

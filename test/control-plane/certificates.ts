// The authorities and certificates of one control plane, made by the Go program `pki`, and kubeconfigs that hold them.
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {binaryPath} from './paths.ts';
import type {ClientFiles} from './probe.ts';
import {run} from './run.ts';

export interface Account {
  readonly user: string;
  readonly groups?: readonly string[];
}

export interface KubeconfigTarget {
  readonly url: string;
  readonly path: string;
}

/** DIR/pki: ca, etcd-ca, etcd/server, admin and what `issueClient` adds. */
export function pkiFolder(dir: string): string {
  return join(dir, 'pki');
}

export function adminFiles(dir: string): ClientFiles {
  return clientFiles(dir, 'admin');
}

/** The files an issued client has. */
export function clientFiles(dir: string, name: string): ClientFiles {
  const pki = pkiFolder(dir);
  return {ca: join(pki, 'ca.crt'), cert: join(pki, `${name}.crt`), key: join(pki, `${name}.key`)};
}

/** Keeps what exists: a control plane that is started again has the same authorities. */
export async function makeCertificates(
  dir: string,
  etcdAddress: string,
  nodes: readonly {readonly name: string; readonly address: string}[],
): Promise<void> {
  if (existsSync(join(pkiFolder(dir), 'admin.crt'))) return;
  const list = nodes.map(({name, address}) => `${name}=${address}`);
  const options = ['--dir', pkiFolder(dir), '--nodes', dir, '--etcd-address', etcdAddress];
  await run(binaryPath('pki'), ['make', ...options, ...list]);
}

/** A client certificate of the cluster's authority for any user and groups. */
export async function issueClient(dir: string, name: string, account: Account): Promise<ClientFiles> {
  const groups = (account.groups ?? []).join(',');
  const options = ['--dir', pkiFolder(dir), '--user', account.user, '--groups', groups];
  await run(binaryPath('pki'), ['client', ...options, '--out', join(pkiFolder(dir), name)]);
  return clientFiles(dir, name);
}

/** Writes a kubeconfig with everything inside, so that it can be moved. */
export function writeKubeconfig(target: KubeconfigTarget, user: string, files: ClientFiles): void {
  const base64 = (path: string) => readFileSync(path).toString('base64');
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name: 'control-plane', cluster: {server: target.url, 'certificate-authority-data': base64(files.ca)}}],
    users: [{name: user, user: {'client-certificate-data': base64(files.cert), 'client-key-data': base64(files.key)}}],
    contexts: [{name: 'default', context: {cluster: 'control-plane', user}}],
    'current-context': 'default',
  });
  writeFileSync(target.path, text, {mode: 0o600});
}

// The deterministic strategy on a real control plane, as its operator meets it: the root Secret made by the two lines
// of the documents, and the keys that the command derives offline from root and bundle.

import {execFile} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {RotationCluster} from './rotation-cluster.ts';

const run = promisify(execFile);
const bin = fileURLToPath(new URL('../../cli/bin/etcd-encryption-manager.js', import.meta.url));

export const groupId = 'a7c1b9f2-5b1e-4f0e-9a3c-2f6d8e4b7c10';

/** A key as `derive` prints it. */
export interface OfflineKey {
  readonly revision: number;
  readonly name: string;
  readonly check: string;
  readonly createTime: string;
  readonly activateTime: string;
}

/** `openssl rand -out ./root-key.bin 32`; the file's path. */
export async function makeRootKey(folder: string): Promise<string> {
  const path = join(folder, 'root-key.bin');
  await run('openssl', ['rand', '-out', path, '32']);
  return path;
}

/** `kubectl -n kube-system create secret generic etcd-derivation-root --from-file=<field>=<file>`. */
export async function createRootSecret({plane}: RotationCluster, file: string, field = 'root-key'): Promise<void> {
  const from = `--from-file=${field}=${file}`;
  await plane.kubectl('node-1', '-n', 'kube-system', 'create', 'secret', 'generic', 'etcd-derivation-root', from);
}

export async function deleteRootSecret({plane}: RotationCluster): Promise<void> {
  await plane.kubectl('node-1', '-n', 'kube-system', 'delete', 'secret', 'etcd-derivation-root');
}

/** The SeedBundle's base64 as it stands in the cluster; empty while there is none. */
export async function storedBundle({plane}: RotationCluster): Promise<string> {
  const path = 'jsonpath={.items[*].spec.bundle}';
  return await plane.kubectl('node-1', '-n', 'kube-system', 'get', 'seedbundles', '-o', path);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as a person does; nobody's own kubeconfig may lead it to another cluster. */
export async function command(cluster: RotationCluster, ...args: readonly string[]): Promise<Ran> {
  const env = {...process.env, KUBECONFIG: '', HOME: cluster.dir, KUBERNETES_SERVICE_HOST: undefined};
  const ended = run(process.execPath, [bin, ...args], {env});
  return await ended.then(
    ({stdout, stderr}) => ({code: 0, out: stdout, err: stderr}),
    ({code, stdout, stderr}: {code: number; stdout: string; stderr: string}) => ({code, out: stdout, err: stderr}),
  );
}

/** Options for a side that has root key and bundle in files, and no cluster. */
export async function fromFiles(cluster: RotationCluster, rootKeyFile: string): Promise<readonly string[]> {
  const file = join(cluster.dir, 'bundle.b64');
  await writeFile(file, await storedBundle(cluster));
  return ['--root-key', rootKeyFile, '--group', groupId, '--bundle', file];
}

/** What `derive` prints of the cluster's bundle. */
export async function deriveOffline(cluster: RotationCluster, rootKeyFile: string): Promise<readonly OfflineKey[]> {
  const {code, out, err} = await command(cluster, 'derive', ...(await fromFiles(cluster, rootKeyFile)), '-o', 'json');
  if (code !== 0) throw new Error(`derive: exit code ${code}: ${err}`);
  return (JSON.parse(out) as {keys: readonly OfflineKey[]}).keys;
}

// The etcd of one node: as its kube-apiserver reaches it, or where the operator says it is. Nothing is opened before the
// first question.

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createEtcdPorts, type EtcdClient} from './etcd.ts';
import {createFilesPorts} from './files.ts';
import {readEtcdFlags} from './platform.ts';

export interface EtcdAddress {
  readonly urls: readonly string[];
  /** Paths of PEM files. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NodeEtcdOptions {
  /** The folder that stands for the node's `/`. */
  readonly root: string;
  /** `auto` = as this node's kube-apiserver reaches it, `off`, or where etcd is. */
  readonly etcd?: 'auto' | 'off' | EtcdAddress;
}

/** Kept in an etcd of their own in many large clusters; where they are listed, the plan does without scans. */
const eventResources: ReadonlySet<string> = new Set(['/events', 'events.k8s.io/events']);

/** This node's etcd, unless it may or can not be read as a whole, and the prefix under which its server keeps objects. */
export async function openEtcd(
  options: NodeEtcdOptions,
): Promise<{readonly client: EtcdClient | undefined; readonly prefix: string}> {
  const files = createFilesPorts({root: options.root});
  const flags = await readEtcdFlags(files, {root: options.root});
  const prefix = flags.ok ? flags.value.prefix : '/registry';
  // One etcd is not all there is where others hold resources that are encrypted: a scan of it would call them clean.
  const split = flags.ok && flags.value.overrides.some(({resource}) => !eventResources.has(resource));
  if (options.etcd === 'off' || split) return {client: undefined, prefix};
  if (typeof options.etcd === 'object') return {client: etcdClient(options.etcd), prefix};
  if (!flags.ok) return {client: undefined, prefix};
  const at = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : join(options.root, path);
  const {servers, caPath, certPath, keyPath} = flags.value;
  const [caFile, certFile, keyFile] = [at(caPath), at(certPath), at(keyPath)];
  return {
    client: etcdClient({
      urls: servers,
      ...(caFile === undefined ? {} : {caFile}),
      ...(certFile === undefined ? {} : {certFile}),
      ...(keyFile === undefined ? {} : {keyFile}),
    }),
    prefix,
  };
}

function etcdClient({urls, caFile, certFile, keyFile}: EtcdAddress): EtcdClient {
  if (caFile === undefined && certFile === undefined) return createEtcdPorts({url: urls});
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : await readFile(path, 'utf8');
  return createEtcdPorts({
    url: urls,
    tls: async () => {
      const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
      return {
        ...(ca === undefined ? {} : {ca}),
        ...(cert === undefined ? {} : {cert}),
        ...(key === undefined ? {} : {key}),
      };
    },
  });
}

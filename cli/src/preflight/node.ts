// A node as its disk shows it: platform, flags, mount, the file in force, its history; and the way to its etcd.

import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import type {StoredKey} from '@etcd-encryption/crypto';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  createEtcdPorts,
  createFilesPorts,
  type EtcdClient,
  type EtcdFlags,
  type FilesPorts,
  readEtcdFlags,
  readPlatform,
} from '@etcd-encryption/host-k8s';
import {
  configurationPath,
  historyPath,
  type NodePlatform,
  parseHistory,
  type RenderedBlock,
  referTo,
  refOf,
  writeEntries,
} from '@etcd-encryption/rotation';
import {platforms} from '../platforms.ts';
import type {Findings} from './finding.ts';
import {checkServerSetup} from './server-setup.ts';

export interface NodeLook {
  readonly node: string;
  readonly hostName: string;
  readonly platform: NodePlatform | undefined;
  /** Of the file in force; empty when there is none. */
  readonly blocks: readonly RenderedBlock[];
  /** SHA-256 of the file in force, hex. */
  readonly fileHash: string | undefined;
  readonly file: 'loadable' | 'absent' | 'refused' | 'unknown';
  /** Keys of file and history, each once. */
  readonly keys: readonly StoredKey[];
  readonly etcd: EtcdClient | undefined;
  readonly etcdPrefix: string;
}

export interface NodeOptions {
  readonly root: string;
  readonly node: string | undefined;
  readonly etcd: 'auto' | 'off';
}

/** Modes wider than this show keys to others than owner and group. */
const widestMode = 0o640;

export async function lookAtNode({root, node, etcd}: NodeOptions, findings: Findings): Promise<NodeLook> {
  const files = createFilesPorts({root});
  const hostName = await readHostName(root, node);
  const name = node ?? hostName;
  await checkOwner(files, findings, name);
  const platform = await readPlatform(files, {hostName, root});
  if (!platform.ok) findings.unseen(name, `its manifest: ${platform.error.message}`);
  else checkServerSetup(name, platform.value, findings);
  const keys = new Map<string, StoredKey>();
  const remember = (list: readonly StoredKey[]): void => {
    for (const key of list) if (!keys.has(refOf(key).id)) keys.set(refOf(key).id, key);
  };
  const {file, fileHash, blocks} = await lookAtFile(files, {name, remember, findings});
  await lookAtHistory(files, {name, remember, findings});
  const {client, prefix} = await openEtcd(files, root, etcd, findings);
  return {
    node: name,
    hostName,
    platform: platform.ok ? platform.value : undefined,
    blocks,
    file,
    fileHash,
    keys: [...keys.values()],
    etcd: client,
    etcdPrefix: prefix,
  };
}

async function readHostName(root: string, node: string | undefined): Promise<string> {
  if (root === '/') return hostname();
  const text = await readFile(join(root, 'etc/hostname'), 'utf8').catch(() => '');
  return text.trim() === '' ? (node ?? hostname()) : text.trim();
}

/** A platform that writes the file itself is known by its folders. */
async function checkOwner(files: FilesPorts, findings: Findings, name: string): Promise<void> {
  for (const platform of platforms) {
    for (const directory of platform.nodePaths) {
      const listed = await files['files.list']({directory});
      if (!listed.ok || listed.value === undefined) continue;
      findings.red(
        name,
        `${platform.name} owns the encryption configuration (${directory}); its own way: ${platform.instead}`,
      );
      break;
    }
  }
}

interface Reading {
  readonly name: string;
  readonly remember: (keys: readonly StoredKey[]) => void;
  readonly findings: Findings;
}

async function lookAtFile(
  files: FilesPorts,
  {name, remember, findings}: Reading,
): Promise<Pick<NodeLook, 'file' | 'fileHash' | 'blocks'>> {
  const read = await files['files.read']({path: configurationPath});
  if (!read.ok) {
    findings.unseen(name, `${configurationPath}: ${read.error.reason ?? read.error.message}`);
    return {file: 'unknown', fileHash: undefined, blocks: []};
  }
  if (read.value === undefined) {
    findings.warn(name, `there is no ${configurationPath}: a kube-apiserver that is told to read it would not start`);
    return {file: 'absent', fileHash: undefined, blocks: []};
  }
  const {bytes, mode} = read.value;
  const fileHash = sha256Hex(bytes);
  const parsed = parseEncryptionConfiguration(bytes);
  bytes.fill(0);
  if ((mode & ~widestMode) !== 0)
    findings.warn(name, `${configurationPath} has mode 0${mode.toString(8)}, wider than 0${widestMode.toString(8)}`);
  if (parsed.outcome === 'refused') {
    for (const {path, reason, message} of parsed.problems.slice(0, 8))
      findings.red(name, `${configurationPath}: kube-apiserver would not load it: ${path}: ${reason}: ${message}`);
    return {file: 'refused', fileHash, blocks: []};
  }
  for (const {path, reason, message} of parsed.warnings)
    if (reason !== 'identity-first') findings.warn(name, `${configurationPath}: ${path}: ${reason}: ${message}`);
  const {blocks, keys} = referTo(parsed.configuration);
  remember(keys);
  const writes = [...writeEntries(blocks)].map(([resource, entry]) => `${resource} ${writeWords(entry, keys)}`);
  findings.fine(name, `${configurationPath} loads; it writes ${writes.join(', ')}`);
  return {file: 'loadable', fileHash, blocks};
}

function writeWords(entry: string, keys: readonly StoredKey[]): string {
  if (entry === 'identity') return 'in clear';
  if (entry.startsWith('kms:')) return 'with a KMS plugin';
  const key = keys.find((each) => refOf(each).id === entry);
  return key === undefined ? 'with a key' : `with ${key.name} (${refOf(key).provider})`;
}

async function lookAtHistory(files: FilesPorts, {name, remember, findings}: Reading): Promise<void> {
  const read = await files['files.read']({path: historyPath});
  if (!read.ok) {
    findings.unseen(name, `${historyPath}: ${read.error.reason ?? read.error.message}`);
    return;
  }
  if (read.value === undefined) return;
  const {keys, damaged, foreign, newer} = parseHistory(read.value.bytes);
  read.value.bytes.fill(0);
  remember(keys);
  if (newer) findings.red(name, `${historyPath}: a newer release wrote it`);
  if (damaged > 0) findings.warn(name, `${historyPath}: ${damaged} damaged lines`);
  if (foreign) findings.warn(name, `${historyPath} is not ours; it will be moved aside untouched`);
  else findings.fine(name, `${historyPath}: ${keys.length} keys`);
}

async function openEtcd(
  files: FilesPorts,
  root: string,
  wanted: 'auto' | 'off',
  findings: Findings,
): Promise<{readonly client: EtcdClient | undefined; readonly prefix: string}> {
  const flags = await readEtcdFlags(files, {root});
  const prefix = flags.ok ? flags.value.prefix : '/registry';
  const none = (why: string) => {
    findings.unseen('etcd', `stored values: ${why}`);
    return {client: undefined, prefix};
  };
  if (wanted === 'off') return none('--etcd off');
  if (!flags.ok) return none(flags.error.message);
  if (flags.value.overrides.length > 0) return none('--etcd-servers-overrides spreads them over several etcds');
  return {client: createEtcdPorts({url: flags.value.servers, ...tlsOf(flags.value, root)}), prefix};
}

function tlsOf({caPath, certPath, keyPath}: EtcdFlags, root: string) {
  if (caPath === undefined && certPath === undefined) return {};
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : await readFile(join(root, path), 'utf8');
  const tls = async () => {
    const [ca, cert, key] = await Promise.all([read(caPath), read(certPath), read(keyPath)]);
    return {
      ...(ca === undefined ? {} : {ca}),
      ...(cert === undefined ? {} : {cert}),
      ...(key === undefined ? {} : {key}),
    };
  };
  return {tls};
}

// The three programs of a cluster as one call each: they build the ports and drive the engine's loops until a signal.

import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {
  type ControllerWaits,
  configResource,
  createEngine,
  drive,
  type Engine,
  type Fact,
  nodeReportResource,
  ourNamespace,
  type Ports,
  ringResource,
  type Step,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {createServerPorts} from './api-server.ts';
import {type Clock, createClock} from './clock.ts';
import {checkInstalledSchema} from './crd/installed.ts';
import {createEntropyPorts} from './entropy.ts';
import type {EtcdClient} from './etcd.ts';
import {createFilesPorts} from './files.ts';
import {type CredentialSource, inClusterCredentials, kubeconfigCredentials} from './kubeconfig.ts';
import {type EtcdAddress, openEtcd} from './node-etcd.ts';
import {readPlatform} from './platform.ts';
import {createSealPorts} from './seal.ts';
import {createStorePorts, type StoreClient} from './store.ts';
import {createTracePorts, type TraceOptions} from './trace.ts';
import {watchHints} from './watch.ts';

export interface ClusterOptions {
  /** Path of a kubeconfig; absent: the pod's service account. */
  readonly kubeconfig?: string;
  readonly userAgent: string;
  /** Ends the program after the request under way. */
  readonly signal: AbortSignal;
  readonly trace?: TraceOptions;
  /** The shipped engine unless given. */
  readonly engine?: Engine;
}

export interface ControllerOptions extends ClusterOptions, ControllerWaits {
  /** Holder of the lease; unique to this process. */
  readonly identity: string;
}

export interface NodeProgramOptions extends ClusterOptions {
  readonly node: string;
  /** The folder that stands for the node's `/`. */
  readonly root: string;
  /** From which the server's identity follows; found on the node unless given. */
  readonly hostName?: string;
  /** `https://address:port` of this node's own server; from its manifest unless given. */
  readonly apiServer?: string;
  /** `auto` = as this node's kube-apiserver reaches it, `off`, or where etcd is. */
  readonly etcd?: 'auto' | 'off' | EtcdAddress;
  readonly recoveryRecipients?: readonly string[];
}

const schemaLifeMs = 60_000;

/** Installed CRDs are compared with ours once a minute. */
function prunedReader(store: StoreClient): () => Step<Fact<readonly string[]>> {
  let last: {readonly fact: Fact<readonly string[]>; readonly atMs: number} | undefined;
  const refresh = async (): Promise<void> => {
    const schema = await checkInstalledSchema(store);
    const atMs = performance.now();
    if (schema.outcome === 'complete') last = {fact: seen([]), atMs};
    else if (schema.outcome === 'incomplete') last = {fact: seen(schema.missing), atMs};
    else last = {fact: unknown(schema.why), atMs: atMs - schemaLifeMs};
  };
  let running: Promise<void> | undefined;
  return function* readPruned() {
    const stale = last === undefined || performance.now() - last.atMs > schemaLifeMs;
    if (stale && running === undefined) {
      running = refresh().finally(() => {
        running = undefined;
      });
    }
    return last?.fact ?? unknown('the installed definitions are being read');
  };
}

const openStore = (options: ClusterOptions): StoreClient =>
  createStorePorts({
    userAgent: options.userAgent,
    ...(options.kubeconfig === undefined ? {} : {kubeconfig: options.kubeconfig}),
  });

/** Runs the controller until the signal. Rejects only with a broken invariant of the program itself. */
export async function runController(options: ControllerOptions): Promise<void> {
  const store = openStore(options);
  const clock = createClock({signal: options.signal});
  const watch = watchHints({
    transport: store.transport,
    targets: [
      {resource: configResource},
      {resource: nodeReportResource, namespace: ourNamespace},
      // People's words about nodes and adopted keys stand on it.
      {resource: ringResource, namespace: ourNamespace},
    ],
    onHint: clock.wake,
  });
  const ports: Partial<Ports> = {...store, ...clock.ports, ...createEntropyPorts(), ...createTracePorts(options.trace)};
  const engine = options.engine ?? createEngine();
  try {
    const {identity, drainMs, reloadDeadlineMs, countEveryMs} = options;
    const waits = {
      ...(drainMs === undefined ? {} : {drainMs}),
      ...(reloadDeadlineMs === undefined ? {} : {reloadDeadlineMs}),
      ...(countEveryMs === undefined ? {} : {countEveryMs}),
    };
    await drive(engine.controller({identity, readPruned: prunedReader(store), ...waits}), ports);
  } finally {
    await watch.close();
    await store.close();
  }
}

interface NodePorts {
  readonly ports: Partial<Ports>;
  readonly clock: Clock;
  readonly etcd: EtcdClient | undefined;
  readonly etcdPrefix: string;
  readonly close: () => Promise<void>;
}

async function openNode(options: NodeProgramOptions): Promise<NodePorts> {
  const store = openStore(options);
  const clock = createClock({signal: options.signal});
  const files = createFilesPorts({root: options.root});
  const hostName = options.hostName ?? (await readHostName(options));
  const platform = await readPlatform(files, {hostName, root: options.root});
  const manifestUrl = platform.ok ? await manifestServer(options.root, platform.value.address) : undefined;
  const server = createServerPorts({
    credentials: credentialsFor(options, options.apiServer ?? manifestUrl),
    hostName,
    root: options.root,
    userAgent: options.userAgent,
  });
  const {client: etcd, prefix: etcdPrefix} = await openEtcd(options);
  const watch = watchHints({
    transport: store.transport,
    targets: [{resource: ringResource, namespace: ourNamespace}],
    onHint: clock.wake,
  });
  const ports: Partial<Ports> = {
    ...store,
    ...clock.ports,
    ...files,
    ...server.ports,
    ...(etcd?.ports ?? {}),
    ...createSealPorts(),
    ...createEntropyPorts(),
    ...createTracePorts(options.trace),
  };
  const close = async (): Promise<void> => {
    await watch.close();
    await Promise.all([store.close(), server.close(), etcd?.close()]);
  };
  return {ports, clock, etcd, etcdPrefix, close};
}

function credentialsFor(options: NodeProgramOptions, server: string | undefined): CredentialSource {
  const at = server === undefined ? {} : {server};
  return options.kubeconfig === undefined
    ? inClusterCredentials(at)
    : kubeconfigCredentials({path: options.kubeconfig, ...at});
}

/** On the node itself the system's host name; below a folder, that folder's `/etc/hostname`, else the node's name. */
async function readHostName({root, node}: NodeProgramOptions): Promise<string> {
  if (root === '/') return hostname();
  const text = await readFile(join(root, 'etc/hostname'), 'utf8').catch(() => '');
  return text.trim() === '' ? node : text.trim();
}

/** Address and `--secure-port` of the manifest. */
async function manifestServer(root: string, address: string): Promise<string | undefined> {
  if (address === '') return undefined;
  const text = await readFile(join(root, 'etc/kubernetes/manifests/kube-apiserver.yaml'), 'utf8').catch(() => '');
  const port = /--secure-port=(\d{1,5})/.exec(text)?.[1] ?? '6443';
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Runs one node's agent until the signal. */
export async function runAgent(options: NodeProgramOptions): Promise<void> {
  const node = await openNode(options);
  const engine = options.engine ?? createEngine();
  const settings = {
    node: options.node,
    etcd: node.etcd !== undefined,
    ...(options.recoveryRecipients === undefined ? {} : {recoveryRecipients: options.recoveryRecipients}),
  };
  try {
    await drive(engine.agent(settings), node.ports);
  } finally {
    await node.close();
  }
}

/** Runs one node's scanner until the signal. @throws Error when this node's etcd cannot be found */
export async function runScanner(options: NodeProgramOptions): Promise<void> {
  const node = await openNode(options);
  if (node.etcd === undefined) {
    await node.close();
    throw new Error(`node ${options.node}: no etcd in its kube-apiserver manifest, or several; name one with --etcd`);
  }
  const engine = options.engine ?? createEngine();
  try {
    await drive(engine.scanner({node: options.node, etcdPrefix: node.etcdPrefix}), node.ports);
  } finally {
    await node.close();
  }
}

// A running control plane: one etcd and a kube-apiserver for each node, all of them children of this process.
import {join} from 'node:path';
import {type Account, adminFiles, clientFiles, issueClient, writeKubeconfig} from './certificates.ts';
import type {Etcd} from './etcd.ts';
import {type LoaderClient, openLoader} from './loader-client.ts';
import type {ControlPlaneOptions, NodePlan} from './options.ts';
import {binaryPath} from './paths.ts';
import type {ClientFiles} from './probe.ts';
import type {ProcessIdentity} from './processes.ts';
import {run} from './run.ts';
import type {ApiServer, StartOptions} from './server.ts';
import {writeState} from './state.ts';

/** One node and its server; `pid` changes when the server is started again. */
export interface ControlPlaneNode extends NodePlan {
  /** Undefined while the server does not run. */
  readonly pid: number | undefined;
}

export interface ControlPlaneEtcd {
  readonly url: string;
  readonly pid: number | undefined;
  /** Present when etcd demands client certificates. */
  readonly certificates: ClientFiles | undefined;
  readonly dataFolder: string;
  readonly logPath: string;
}

/** A client certificate and a kubeconfig that holds it. */
export interface AccountFiles extends ClientFiles {
  readonly kubeconfig: string;
}

/** Owns the processes. Nodes are named `node-1` and so on; an unknown name is a RangeError. */
export class ControlPlane {
  readonly dir: string;
  readonly #etcd: Etcd;
  readonly #servers: ReadonlyMap<string, ApiServer>;
  readonly #supervisor: ProcessIdentity | undefined;
  readonly #loaders = new Set<LoaderClient>();

  constructor(options: ControlPlaneOptions, etcd: Etcd, servers: readonly ApiServer[]) {
    this.dir = options.dir;
    this.#supervisor = options.supervisor;
    this.#etcd = etcd;
    this.#servers = new Map(servers.map((server) => [server.plan.name, server]));
  }

  get nodes(): readonly ControlPlaneNode[] {
    return [...this.#servers.values()].map(({plan, identity}) => ({...plan, pid: identity?.pid}));
  }

  node(name: string): ControlPlaneNode {
    const {plan, identity} = this.#server(name);
    return {...plan, pid: identity?.pid};
  }

  get etcd(): ControlPlaneEtcd {
    const {url, certificates, dataFolder, logPath, identity} = this.#etcd;
    return {url, certificates, dataFolder, logPath, pid: identity?.pid};
  }

  /** The administrator's certificate, good for every server. */
  get admin(): ClientFiles {
    return adminFiles(this.dir);
  }

  /**
   * Starts with the flags of the options unless told to follow the manifest; resolves when `/readyz` says ok.
   *
   * @throws Error with the end of the log when the server ends or is not ready in time.
   */
  async startServer(name: string, options: StartOptions = {}): Promise<void> {
    const server = this.#server(name);
    try {
      await server.start(options);
    } finally {
      this.#save();
    }
  }

  /** Resolves when the process has ended; SIGKILL follows a signal that does not end it. */
  async stopServer(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server(name).stop(signal);
    this.#save();
  }

  killServer(name: string): Promise<void> {
    return this.stopServer(name, 'SIGKILL');
  }

  async restartServer(name: string, options: StartOptions = {}): Promise<void> {
    await this.stopServer(name);
    await this.startServer(name, options);
  }

  /** Writes the manifest that follows from the options as they are now, and restarts the server, as a kubelet does. */
  async reconfigureServer(name: string): Promise<void> {
    this.#server(name).writeManifest();
    await this.restartServer(name);
  }

  async stopEtcd(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#etcd.stop(signal);
    this.#save();
  }

  async startEtcd(): Promise<void> {
    await this.#etcd.start();
    this.#save();
  }

  /** Puts etcd on a snapshot's data, in a new folder. The caller restarts the servers, whose caches know the old data. */
  async restoreEtcd(snapshot: string, ...args: readonly string[]): Promise<void> {
    await this.#etcd.restore(snapshot, args);
    this.#save();
  }

  /** Standard output as bytes, since stored values are not text. */
  etcdctl(...args: readonly string[]): Promise<Buffer> {
    return this.#etcd.control(args);
  }

  /** Runs kubectl as the administrator on that node's server; resolves with its standard output. */
  kubectl(name: string, ...args: readonly string[]): Promise<string> {
    return this.#kubectl(name, args, '');
  }

  /** `kubectl apply` of YAML or JSON documents. */
  apply(name: string, documents: string): Promise<string> {
    return this.#kubectl(name, ['apply', '--server-side', '--filename=-'], documents);
  }

  /** A client certificate for any user and groups, and a kubeconfig aimed at that node's server. */
  async createAccount(name: string, account: Account): Promise<AccountFiles> {
    const {url} = this.#server(name).plan;
    const file = `account-${name}-${Buffer.from(JSON.stringify(account)).toString('base64url')}`.slice(0, 200);
    const files = await issueClient(this.dir, file, account);
    const kubeconfig = join(this.dir, 'pki', `${file}.kubeconfig`);
    writeKubeconfig({url, path: kubeconfig}, account.user, files);
    return {...clientFiles(this.dir, file), kubeconfig};
  }

  /** No kubelet registers nodes here, so this makes a control-plane Node object for each server, with its address. */
  async createNodes(): Promise<void> {
    const [first] = this.#servers.keys();
    if (first === undefined) return;
    const items = this.nodes.map(({name, hostName, address}) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {name, labels: {'kubernetes.io/hostname': hostName, 'node-role.kubernetes.io/control-plane': ''}},
      status: {
        addresses: [
          {type: 'InternalIP', address},
          {type: 'Hostname', address: hostName},
        ],
      },
    }));
    const list = JSON.stringify({apiVersion: 'v1', kind: 'List', items});
    await this.#kubectl(first, ['create', '--filename=-'], list);
  }

  /** What kube-apiserver would say to a configuration; ended by `stop`. */
  async loaderClient(): Promise<LoaderClient> {
    const client = await openLoader();
    this.#loaders.add(client);
    return client;
  }

  /** Ends everything that was started; the folder stays and can be started again. */
  async stop(): Promise<void> {
    await Promise.all([...this.#loaders].map((loader) => loader.close()));
    await Promise.all([...this.#servers.values()].map((server) => server.stop('SIGTERM')));
    await this.#etcd.stop();
    this.#save();
  }

  #server(name: string): ApiServer {
    const server = this.#servers.get(name);
    if (server === undefined) throw new RangeError(`node: want ${[...this.#servers.keys()].join(', ')}, got ${name}`);
    return server;
  }

  async #kubectl(name: string, args: readonly string[], input: string): Promise<string> {
    const {kubeconfig} = this.#server(name).plan;
    const own = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(this.dir, 'kubectl-cache', name)}`];
    return (await run(binaryPath('kubectl'), [...own, ...args], {input})).toString();
  }

  #save(): void {
    const servers = [...this.#servers.values()];
    const running = [...servers.map(({identity}) => identity), this.#etcd.identity];
    writeState(this.dir, {
      ...(this.#supervisor === undefined ? {} : {supervisor: this.#supervisor}),
      etcd: this.#etcd.plan,
      endpoints: Object.fromEntries(servers.map(({plan: {name, address, port}}) => [name, {address, port}])),
      running: running.filter((identity): identity is ProcessIdentity => identity !== undefined),
    });
  }
}

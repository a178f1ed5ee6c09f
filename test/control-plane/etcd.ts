// One etcd on loopback, in clear or with client certificates, and the programs that come with it.
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {BoundProcess} from './bound-process.ts';
import {pkiFolder} from './certificates.ts';
import {etcdGraceMs, readyTimeoutMs} from './limits.ts';
import type {ControlPlaneOptions} from './options.ts';
import {binaryPath} from './paths.ts';
import {answersOk, type ClientFiles} from './probe.ts';
import type {ProcessIdentity} from './processes.ts';
import {run} from './run.ts';

export interface EtcdPlan {
  readonly address: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly tls: boolean;
  /** A restored snapshot lives in a new data folder; this counts them. */
  readonly dataGeneration: number;
}

/** Owns the etcd process and the knowledge of which data folder is current. */
export class Etcd {
  readonly url: string;
  /** Present when etcd demands client certificates. */
  readonly certificates: ClientFiles | undefined;
  readonly logPath: string;
  readonly #options: ControlPlaneOptions;
  #plan: EtcdPlan;
  #process: BoundProcess | undefined;

  constructor(plan: EtcdPlan, options: ControlPlaneOptions) {
    this.#plan = plan;
    this.#options = options;
    this.url = `${plan.tls ? 'https' : 'http'}://${plan.address}:${plan.clientPort}`;
    this.logPath = join(options.dir, 'etcd', 'etcd.log');
    const own = join(pkiFolder(options.dir), 'etcd', 'server');
    const ca = join(pkiFolder(options.dir), 'etcd-ca.crt');
    this.certificates = plan.tls ? {ca, cert: `${own}.crt`, key: `${own}.key`} : undefined;
  }

  get plan(): EtcdPlan {
    return this.#plan;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#process?.running === true ? this.#process.identity : undefined;
  }

  get dataFolder(): string {
    return join(this.#options.dir, 'etcd', `data-${this.#plan.dataGeneration}`);
  }

  async start(): Promise<void> {
    if (this.identity !== undefined) throw new Error('etcd: runs already');
    mkdirSync(this.dataFolder, {recursive: true, mode: 0o700});
    const command = binaryPath('etcd');
    const started = new BoundProcess({command, args: this.#flags(), logPath: this.logPath});
    this.#process = started;
    await started.waitUntil('healthy', () => answersOk(`${this.url}/health`, this.certificates), readyTimeoutMs);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal, etcdGraceMs);
  }

  /** Ends etcd, whose data is given up, and starts it on the snapshot's. `args` go to `etcdutl snapshot restore`. */
  async restore(snapshot: string, args: readonly string[]): Promise<void> {
    await this.stop('SIGKILL');
    this.#plan = {...this.#plan, dataGeneration: this.#plan.dataGeneration + 1};
    await run(binaryPath('etcdutl'), [
      ...['snapshot', 'restore', snapshot, `--data-dir=${this.dataFolder}`],
      ...this.#memberFlags(),
      ...args,
    ]);
    await this.start();
  }

  /** Resolves with etcdctl's standard output. */
  control(args: readonly string[]): Promise<Buffer> {
    const files = this.certificates;
    const tls = files === undefined ? [] : [`--cacert=${files.ca}`, `--cert=${files.cert}`, `--key=${files.key}`];
    return run(binaryPath('etcdctl'), [`--endpoints=${this.url}`, ...tls, ...args]);
  }

  get #peerUrl(): string {
    return `http://${this.#plan.address}:${this.#plan.peerPort}`;
  }

  #memberFlags(): readonly string[] {
    return ['--name=etcd', `--initial-cluster=etcd=${this.#peerUrl}`, `--initial-advertise-peer-urls=${this.#peerUrl}`];
  }

  #flags(): readonly string[] {
    const {fsync, quotaBackendBytes} = this.#options;
    const files = this.certificates;
    return [
      ...this.#memberFlags(),
      `--data-dir=${this.dataFolder}`,
      `--listen-client-urls=${this.url}`,
      `--advertise-client-urls=${this.url}`,
      `--listen-peer-urls=${this.#peerUrl}`,
      '--log-level=warn',
      ...(fsync === true ? [] : ['--unsafe-no-fsync']),
      ...(quotaBackendBytes === undefined ? [] : [`--quota-backend-bytes=${quotaBackendBytes}`]),
      ...(files === undefined
        ? []
        : [
            '--client-cert-auth',
            `--trusted-ca-file=${files.ca}`,
            `--cert-file=${files.cert}`,
            `--key-file=${files.key}`,
          ]),
    ];
  }
}

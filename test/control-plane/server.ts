// One kube-apiserver: its files on the node and its process.
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {BoundProcess} from './bound-process.ts';
import {type EtcdTarget, serverFlags} from './flags.ts';
import {readyTimeoutMs, serverGraceMs} from './limits.ts';
import {readManifest, type ServerCommand, writeManifest} from './manifest.ts';
import type {ControlPlaneOptions, NodePlan} from './options.ts';
import {binaryPath} from './paths.ts';
import {answersOk, type ClientFiles} from './probe.ts';
import type {ProcessIdentity} from './processes.ts';

export interface StartOptions {
  /** Run what the node's manifest file says now, as a kubelet would, instead of what the options say. */
  readonly fromManifest?: boolean;
  /** A minute unless given. When it is over, the process is left running. */
  readonly readyTimeoutMs?: number;
}

const clearConfiguration = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources:
      - secrets
      - configmaps
    providers:
      - identity: {}
`;

/** Owns the process of one node's server. */
export class ApiServer {
  readonly plan: NodePlan;
  readonly #options: ControlPlaneOptions;
  readonly #etcd: EtcdTarget;
  readonly #admin: ClientFiles;
  #process: BoundProcess | undefined;

  constructor(plan: NodePlan, etcd: EtcdTarget, admin: ClientFiles, options: ControlPlaneOptions) {
    this.plan = plan;
    this.#options = options;
    this.#admin = admin;
    this.#etcd = etcd;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#process?.running === true ? this.#process.identity : undefined;
  }

  /** Writes the encryption configuration, which kube-apiserver must find when it starts, and the manifest. */
  writeFiles(): void {
    const {plan} = this;
    mkdirSync(dirname(plan.configPath), {recursive: true});
    mkdirSync(dirname(plan.manifestPath), {recursive: true});
    const bytes = this.#options.encryption?.(plan.name);
    if (bytes !== undefined || !existsSync(plan.configPath)) {
      writeFileSync(plan.configPath, bytes ?? clearConfiguration, {mode: 0o600});
    }
    this.writeManifest();
  }

  /** The manifest that follows from the options as they are now. */
  writeManifest(): void {
    const {plan} = this;
    const text = writeManifest(plan, this.#optionsCommand());
    writeFileSync(plan.manifestPath, this.#options.manifest?.(plan.name, text) ?? text, {mode: 0o600});
  }

  /** @throws Error with the end of the log when the process ends or does not become ready in time. */
  async start(start: StartOptions): Promise<void> {
    if (this.identity !== undefined) throw new Error(`${this.plan.name}: runs already`);
    const {args, env, fileMounts} = start.fromManifest === true ? this.#manifestCommand() : this.#optionsCommand();
    const {pollPeriod} = this.#options;
    const {hostName, logPath, url} = this.plan;
    for (const {to} of fileMounts) {
      mkdirSync(dirname(to), {recursive: true});
      if (!existsSync(to)) writeFileSync(to, '');
    }
    const started = new BoundProcess({
      command: binaryPath('kube-apiserver'),
      args,
      env: {...(pollPeriod === undefined ? {} : {ENCRYPTION_CONFIG_POLL: pollPeriod}), ...env},
      hostName,
      fileMounts,
      boundByPermissions: this.#options.boundByPermissions?.(this.plan.name) ?? false,
      logPath,
    });
    this.#process = started;
    const ready = () => answersOk(`${url}/readyz`, this.#admin);
    await started.waitUntil('ready', ready, start.readyTimeoutMs ?? readyTimeoutMs);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.stop(signal, serverGraceMs);
  }

  #optionsCommand(): ServerCommand {
    const {plan} = this;
    const options = this.#options;
    const mounted = options.singleFileMount?.(plan.name) === true;
    return {
      args: serverFlags(plan, this.#etcd, options),
      env: options.env?.(plan.name) ?? {},
      fileMounts: mounted ? [{from: plan.configPath, to: plan.mountedConfigPath}] : [],
    };
  }

  #manifestCommand(): ServerCommand {
    return readManifest(this.plan, readFileSync(this.plan.manifestPath, 'utf8'));
  }
}

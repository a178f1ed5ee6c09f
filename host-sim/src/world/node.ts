// One control-plane node: its disk, its kube-apiserver with the mount it reads the file through, its clock.

import {configurationPath, historyPath} from '@etcd-encryption/rotation';
import type {Stream} from '../prng.ts';
import type {Cancel} from '../scheduler.ts';
import {absentFile, type FileView} from './configuration.ts';
import {Disk, type DiskActor, type DiskNode} from './disk.ts';
import {serverIdentity} from './identity.ts';
import {refusal, Server} from './server.ts';
import type {KeyTag} from './stored-value.ts';
import {watched} from './watched.ts';

/** Who edits files by hand, flips bits and restores old disks: nothing that the engine could have prevented. */
export const faultActor = 'fault';

/** What an operator or platform decides about a node; faults change it while the world runs. */
export interface NodeSettings {
  /** Path that the server's flag names; undefined = the flag is missing. */
  configPath: string | undefined;
  automaticReload: boolean;
  /** `single-file` pins the inode that was there when the process started. */
  mount: 'directory' | 'single-file' | 'unknown';
  fipsOnly: boolean;
  /** Whether the server takes a kind of entry, such as `aesgcm/32` or `kms`. */
  accepts: (kind: string) => boolean;
  /** Whether the static pod's manifest is where it should be; without it nothing is known of the flags. */
  manifest: boolean;
  metrics: 'hash' | 'labelled' | 'split' | 'none';
  /** Added to the wall clock of this node, ms. */
  clockSkewMs: number;
  /** Whether it counts as a member, up or down; false once an operator forgot it. */
  member: boolean;
}

export interface NodeOptions extends Partial<NodeSettings> {
  readonly name: string;
  readonly hostName?: string;
  readonly address: string;
  /** How much of its server's poll period has passed when the world begins, ms; drawn, unless given. */
  readonly pollPhaseMs?: number;
}

/** What the node asks of the cluster around it. */
export interface NodeHost {
  readonly nowMs: () => number;
  readonly epochMs: number;
  readonly after: (delayMs: number, entity: string, run: () => void) => Cancel;
  /** Called before somebody changes something by hand, or the server is started or stopped. */
  readonly disturb: () => void;
  readonly random: (purpose: string) => Stream;
  readonly readBytes: (bytes: Uint8Array) => FileView;
  readonly trace: (entity: string, event: string, detail?: string) => void;
  readonly pollMs: number;
  readonly startRetryMs: number;
  readonly startMs: {readonly least: number; readonly most: number};
  readonly onServer: (node: SimNode, server: Server, what: 'loaded' | 'state') => void;
  readonly onFile: (node: SimNode, before: FileView, actor: DiskActor) => void;
  readonly onDisk: (node: SimNode, actor: DiskActor) => void;
  readonly onHistory: (node: SimNode, actor: DiskActor) => void;
  readonly onEncryption: (server: Server, tag: KeyTag, times?: number) => void;
  /** Called before a server counts something under a name for the first time. */
  readonly beforeNews: () => void;
}

export class SimNode {
  readonly name: string;
  readonly hostName: string;
  readonly address: string;
  readonly identity: string;
  readonly settings: NodeSettings;
  readonly disk: Disk;
  readonly #host: NodeHost;
  /** Processes that are not stopped; the newest last. */
  readonly #processes: Server[] = [];
  #pinned: DiskNode | undefined;
  #retry: Cancel | undefined;
  #bootedAtMs = 0;
  readonly #tampered = new Set<string>();
  #file: FileView = absentFile;
  #signature = '';
  #historySignature = '';

  constructor(options: NodeOptions, host: NodeHost) {
    this.#host = host;
    this.name = options.name;
    this.hostName = options.hostName ?? options.name;
    this.address = options.address;
    this.identity = serverIdentity(this.hostName);
    const settings: NodeSettings = {
      configPath: configurationPath,
      automaticReload: true,
      mount: 'directory',
      fipsOnly: false,
      accepts: (kind) => !(settings.fipsOnly && kind.startsWith('aesgcm/')),
      manifest: true,
      metrics: 'hash',
      clockSkewMs: 0,
      member: true,
      ...settingsIn(options),
    };
    this.settings = watched(settings, host.disturb);
    this.disk = new Disk({
      nowMs: () => this.wallMs(),
      onChange: (actor) => this.#refresh(actor),
      before: (actor) => {
        if (!actor.startsWith('program/')) host.disturb();
      },
    });
  }

  /** The process that answers, or would once it is up. */
  get server(): Server | undefined {
    return this.#processes.findLast((server) => server.state === 'serving' || server.state === 'starting');
  }

  /** Every process that may still write. */
  get processes(): readonly Server[] {
    return this.#processes;
  }

  /** The file at the configured path as it is now. */
  get file(): FileView {
    return this.#file;
  }

  get path(): string {
    return this.settings.configPath ?? configurationPath;
  }

  wallMs(): number {
    return this.#host.epochMs + this.#host.nowMs() + this.settings.clockSkewMs;
  }

  monotonicMs(): number {
    return this.#host.nowMs() - this.#bootedAtMs;
  }

  /** Why the server of this node would not start with a file; undefined when it would. */
  refusalOf(file: FileView): string | undefined {
    return refusal(file, (kind) => this.settings.accepts(kind));
  }

  /** Whether a content is there, or is loaded, because of a fault and not because a program wrote it. */
  isTampered(hash: string | undefined): boolean {
    return this.#tampered.has(hash ?? absentHash);
  }

  /** The file as it would be found after a power loss now, one view for each way it could go. */
  possibleFiles(): readonly FileView[] {
    const nodes = [this.disk.find(this.path, 'now'), this.disk.find(this.path, 'synced')];
    const views = new Set<FileView>();
    for (const node of nodes) {
      if (node?.kind !== 'file') views.add(absentFile);
      else for (const bytes of possibleBytes(node)) views.add(this.#host.readBytes(bytes));
    }
    return [...views];
  }

  /** A world that begins has servers that have been up for a while: no start delay, some of the poll period over. */
  beginServing(phaseMs: number): void {
    const server = this.#launch();
    if (server.begin(this.#configured()) === undefined) server.serve(phaseMs);
  }

  /** Starts the server, as the kubelet does: again after a while for as long as it refuses to start. */
  start(): void {
    this.#host.disturb();
    this.#retry?.();
    this.#retry = undefined;
    if (this.server !== undefined) return;
    const server = this.#launch();
    const file = this.#configured();
    const missing = this.settings.configPath !== undefined && file.state === 'absent';
    const problem = missing ? 'the configured file is not there' : server.begin(file);
    if (problem !== undefined) {
      server.stop();
      this.#host.trace(this.name, 'server-start-refused', problem);
      this.#retry = this.#host.after(this.#host.startRetryMs, this.name, () => this.start());
      return;
    }
    const {least, most} = this.#host.startMs;
    const delay = this.#host.random('server start').integer(least, most);
    this.#host.after(delay, this.name, () => {
      if (server.state === 'starting') server.serve();
    });
  }

  /** Stops the server; for `drainMs` it takes no new requests but may still commit what it has begun. */
  stop(drainMs = 0): void {
    this.#host.disturb();
    this.#retry?.();
    this.#retry = undefined;
    for (const server of [...this.#processes]) {
      if (server.state === 'starting' || drainMs === 0) server.stop();
      else if (server.state === 'serving') {
        server.drain();
        this.#host.after(drainMs, this.name, () => server.stop());
      }
    }
  }

  restart(drainMs = 0): void {
    this.stop(drainMs);
    this.start();
  }

  /** The power goes: no drain, and unsynced writes are lost with probability `loss`. */
  powerLoss(loss?: number): void {
    this.stop();
    this.disk.crash(this.#host.random('power loss'), loss);
  }

  /** The machine starts again, and its kubelet the server. */
  boot(): void {
    this.#host.disturb();
    this.#bootedAtMs = this.#host.nowMs();
    this.start();
  }

  #launch(): Server {
    this.#pinned = this.disk.find(this.path);
    const host = this.#host;
    const server = new Server({
      node: this.name,
      identity: this.identity,
      nowMs: host.nowMs,
      wallMs: () => this.wallMs(),
      after: (delayMs, run) => host.after(delayMs, this.name, run),
      readFile: () => this.#seenByServer(),
      automaticReload: () => this.settings.automaticReload && this.settings.configPath !== undefined,
      accepts: (kind) => this.settings.accepts(kind),
      pollMs: host.pollMs,
      onChange: (changed, what) => this.#serverChanged(changed, what),
      onEncryption: host.onEncryption,
      beforeNews: host.beforeNews,
    });
    this.#processes.push(server);
    return server;
  }

  #configured(): FileView {
    return this.settings.configPath === undefined ? absentFile : this.#seenByServer();
  }

  #seenByServer(): FileView {
    const node = this.settings.mount === 'single-file' ? this.#pinned : this.disk.find(this.path);
    return node?.kind === 'file' ? this.#host.readBytes(node.now.bytes) : absentFile;
  }

  #serverChanged(server: Server, what: 'loaded' | 'state'): void {
    if (server.state === 'stopped') {
      const index = this.#processes.indexOf(server);
      if (index >= 0) this.#processes.splice(index, 1);
    }
    this.#host.trace(this.name, what === 'loaded' ? 'server-loaded' : `server-${server.state}`, server.loadedHash);
    this.#host.onServer(this, server, what);
  }

  #refresh(actor: DiskActor): void {
    const history = signatureOf(this.disk.find(historyPath, 'synced'));
    if (history !== this.#historySignature) {
      this.#historySignature = history;
      this.#host.onHistory(this, actor);
    }
    this.#refreshFile(actor);
  }

  #refreshFile(actor: DiskActor): void {
    const now = this.disk.find(this.path, 'now');
    const synced = this.disk.find(this.path, 'synced');
    const signature = [now, synced, this.#pinned].map(signatureOf).join(' ');
    if (signature === this.#signature) return;
    this.#signature = signature;
    const before = this.#file;
    this.#file = now?.kind === 'file' ? this.#host.readBytes(now.now.bytes) : absentFile;
    for (const server of this.#processes) server.noticeFile();
    if (before !== this.#file) {
      const hash = hashOf(this.#file);
      if (actor === faultActor) this.#tampered.add(hash);
      else if (actor.startsWith('program/')) this.#tampered.delete(hash);
      this.#host.trace(this.name, 'file-changed', hash);
      this.#host.onFile(this, before, actor);
    }
    this.#host.onDisk(this, actor);
  }
}

function settingsIn({
  name: _name,
  hostName: _hostName,
  address: _address,
  ...settings
}: NodeOptions): Partial<NodeSettings> {
  return settings;
}

/** What of a file could be on the disk: its bytes, those that are synced, and in between a part of what is not. */
function possibleBytes({now, synced}: Extract<DiskNode, {kind: 'file'}>): readonly Uint8Array[] {
  if (now.bytes === synced.bytes) return [now.bytes];
  return [now.bytes, synced.bytes, now.bytes.subarray(0, now.bytes.length >> 1)];
}

const absentHash = 'absent';
const hashOf = (file: FileView): string => (file.state === 'absent' ? absentHash : file.hash);

function signatureOf(node: DiskNode | undefined): string {
  if (node === undefined) return '-';
  return node.kind === 'file' ? `${node.inode}:${node.now.version}:${node.synced.version}` : `${node.inode}:directory`;
}

// One `etcdctl make-mirror`: it copies everything under a prefix to another etcd, value for value, and then follows the
// changes. It never takes away what only the destination has, and writes again at each start.
import {BoundProcess} from './bound-process.ts';
import type {ControlPlaneEtcd} from './control-plane.ts';
import {mirrorGraceMs} from './limits.ts';
import {binaryPath} from './paths.ts';

export interface MirrorOptions {
  /** Both without TLS. */
  readonly from: ControlPlaneEtcd;
  readonly to: ControlPlaneEtcd;
  /** Every key that begins with this; a whole key for that one alone. */
  readonly prefix: string;
  readonly logPath: string;
}

/** Owns the process, which ends with its parent. */
export class Mirror {
  readonly prefix: string;
  readonly #process: BoundProcess;

  constructor({from, to, prefix, logPath}: MirrorOptions) {
    this.prefix = prefix;
    const flags = ['--dest-insecure-transport', `--prefix=${prefix}`, `--endpoints=${from.url}`];
    this.#process = new BoundProcess({
      command: binaryPath('etcdctl'),
      args: ['make-mirror', ...flags, to.url.replace('http://', '')],
      logPath,
    });
  }

  /** False also when it gave up by itself, as it does when either etcd refuses it. */
  get running(): boolean {
    return this.#process.running;
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGTERM', mirrorGraceMs);
  }
}

// The programs of a cluster as real processes, which tests kill and start again.

import {type ChildProcess, spawn} from 'node:child_process';
import {openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const bin = fileURLToPath(new URL('../../cli/bin/etcd-encryption-manager.js', import.meta.url));

export class ProgramProcess {
  readonly name: string;
  readonly args: readonly string[];
  readonly logPath: string;
  #child: ChildProcess | undefined;

  constructor(name: string, args: readonly string[], logFolder: string) {
    this.name = name;
    this.args = args;
    this.logPath = join(logFolder, `${name}.log`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    if (this.runs) return;
    const log = openSync(this.logPath, 'a');
    this.#child = spawn(process.execPath, [bin, ...this.args], {stdio: ['ignore', log, log]});
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.runs) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async log(): Promise<string> {
    return await readFile(this.logPath, 'utf8').catch(() => '');
  }
}

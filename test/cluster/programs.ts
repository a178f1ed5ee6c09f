// The programs of a cluster as real processes, which tests kill and start again.

import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
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

  /** `through`: a command that becomes the program, such as one that enters a namespace first. */
  start(through: readonly string[] = []): void {
    if (this.runs) return;
    const log = openSync(this.logPath, 'a');
    const [command = process.execPath, ...args] = [...through, process.execPath, bin, ...this.args];
    this.#child = spawn(command, args, {stdio: ['ignore', log, log]});
    closeSync(log);
  }

  /** Sends a signal that does not end it, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void {
    if (!this.runs) throw new Error(`${this.name} does not run`);
    this.#child?.kill(signal);
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

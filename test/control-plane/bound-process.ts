// A process that the kernel kills when its parent ends, optionally under a host name of its own.
// Both are set by programs that then become the real one, so the pid that is held is the real one's.
import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, fstatSync, mkdirSync, openSync, readSync} from 'node:fs';
import {dirname} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {defer} from './deferred.ts';
import {logTailBytes, probeIntervalMs} from './limits.ts';
import {identifyProcess, type ProcessIdentity} from './processes.ts';

/** One file that a process sees at another path, as a container sees a file that is mounted into it. */
export interface FileMount {
  readonly from: string;
  /** An existing file, which only this process sees covered. */
  readonly to: string;
}

export interface BoundProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logPath: string;
  /** Added to PATH and HOME; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** The host name that the process sees, in a UTS namespace of its own. */
  readonly hostName?: string;
  /** Root, but bound by the permissions of files, as in a container without these capabilities. */
  readonly boundByPermissions?: boolean;
  /** In a mount namespace of its own; they end with the process. Needs `hostName`. */
  readonly fileMounts?: readonly FileMount[];
}

/** Owns a child process. Its standard output and error are appended to the log. */
export class BoundProcess {
  readonly #child: ChildProcess;
  readonly #options: BoundProcessOptions;
  readonly #identity: ProcessIdentity;
  readonly #ended: Promise<string>;
  #end: string | undefined;

  constructor(options: BoundProcessOptions) {
    this.#options = options;
    mkdirSync(dirname(options.logPath), {recursive: true});
    const log = openSync(options.logPath, 'a');
    const [command, ...args] = commandLine(options);
    if (command === undefined) throw new TypeError('command: want a program');
    this.#child = spawn(command, args, {stdio: ['ignore', log, log], env: environment(options.env)});
    closeSync(log);
    const {promise, resolve} = defer<string>();
    this.#ended = promise;
    this.#child.once('error', (error) => resolve(error.message));
    this.#child.once('exit', (code, signal) => resolve(`ended with ${code ?? signal}`));
    void promise.then((end) => {
      this.#end = end;
    });
    const pid = this.#child.pid;
    if (pid === undefined) throw new Error(`${command}: could not be started`);
    this.#identity = identifyProcess(pid) ?? {pid, startTime: 'ended'};
  }

  get identity(): ProcessIdentity {
    return this.#identity;
  }

  get running(): boolean {
    return this.#end === undefined;
  }

  /** Signals, then kills when the grace is over. Resolves when the process has ended. */
  async stop(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    if (!this.running) return;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /**
   * Resolves when `probe` does so with true.
   *
   * @throws Error with the end of the log when the process ends first, or, leaving it running, when the time is over.
   */
  async waitUntil(what: string, probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    while (this.running) {
      if (await probe()) return;
      if (Date.now() >= deadlineMs) throw this.#failure(`not ${what} after ${timeoutMs} ms`);
      await Promise.race([sleep(probeIntervalMs), this.#ended]);
    }
    throw this.#failure(this.#end ?? 'ended');
  }

  #failure(what: string): Error {
    const {command, logPath} = this.#options;
    return new Error(`${command}: ${what}; the end of ${logPath}:\n${readTail(logPath)}`);
  }
}

function commandLine({
  command,
  args,
  hostName,
  boundByPermissions = false,
  fileMounts = [],
}: BoundProcessOptions): readonly string[] {
  const dropped = boundByPermissions ? ['--bounding-set', '-dac_override,-dac_read_search'] : [];
  const bound = ['setpriv', '--pdeathsig', 'KILL', ...dropped, '--', command, ...args];
  if (hostName === undefined) return bound;
  // Without root, a user namespace gives the right to make a UTS namespace.
  const userNamespace = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const mountNamespace = fileMounts.length === 0 ? [] : ['--mount'];
  const mounts = fileMounts.map(() => 'mount --bind "$1" "$2" && shift 2 && ').join('');
  const script = `hostname "$1" && shift && ${mounts}exec "$@"`;
  const paths = fileMounts.flatMap(({from, to}) => [from, to]);
  return [
    'unshare',
    ...userNamespace,
    '--uts',
    ...mountNamespace,
    'sh',
    '-c',
    script,
    'sh',
    hostName,
    ...paths,
    ...bound,
  ];
}

function environment(own: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {PATH: process.env.PATH, HOME: process.env.HOME, ...own};
}

function readTail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const length = Math.min(fstatSync(file).size, logTailBytes);
    const tail = Buffer.alloc(length);
    readSync(file, tail, 0, length, fstatSync(file).size - length);
    return tail.toString();
  } finally {
    closeSync(file);
  }
}

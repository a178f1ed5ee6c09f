// Between `start` and `stop` on the command line, one quiet process is the parent of all servers.
import {spawn} from 'node:child_process';
import {closeSync, mkdirSync, openSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {defer} from './deferred.ts';
import type {ControlPlaneOptions} from './options.ts';
import {identifyProcess} from './processes.ts';
import {startControlPlane} from './start.ts';
import {type ControlPlaneSummary, summarize} from './summary.ts';

/** What can be said on the command line. */
export type SupervisedOptions = Pick<ControlPlaneOptions, 'dir' | 'nodes' | 'pollPeriod' | 'etcdTls' | 'fsync'>;

type Message =
  | {readonly kind: 'progress'; readonly line: string}
  | {readonly kind: 'ready'; readonly summary: ControlPlaneSummary}
  | {readonly kind: 'failed'; readonly error: string};

/**
 * Starts a supervisor that outlives this process.
 *
 * @throws Error with what kept the control plane from starting.
 */
export function startSupervised(
  options: SupervisedOptions,
  report: (line: string) => void,
): Promise<ControlPlaneSummary> {
  const {promise, resolve: succeed, reject} = defer<ControlPlaneSummary>();
  const dir = resolve(options.dir);
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const log = openSync(join(dir, 'supervisor.log'), 'a');
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'supervise', JSON.stringify({...options, dir})], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const letGo = () => {
    if (child.connected) child.disconnect();
    child.unref();
  };
  child.on('message', (message: Message) => {
    switch (message.kind) {
      case 'progress':
        report(message.line);
        return;
      case 'ready':
        letGo();
        succeed(message.summary);
        return;
      case 'failed':
        letGo();
        reject(new Error(message.error));
        return;
      default:
        message satisfies never;
    }
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => {
    reject(new Error(`supervisor: ended with ${code ?? signal}; see ${join(dir, 'supervisor.log')}`));
  });
  return promise;
}

/** The supervisor's own life: start, tell the starter, wait for a signal, stop. */
export async function supervise(options: SupervisedOptions): Promise<void> {
  const tell = (message: Message) => {
    if (process.connected) process.send?.(message);
  };
  const asked = defer<void>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => asked.resolve());
  try {
    const report = (line: string) => tell({kind: 'progress', line});
    const supervisor = identifyProcess(process.pid);
    const known = supervisor === undefined ? {} : {supervisor};
    const controlPlane = await startControlPlane({...options, ...known, report});
    tell({kind: 'ready', summary: summarize(controlPlane)});
    // A pending promise keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    await asked.promise;
    clearInterval(alive);
    await controlPlane.stop();
  } catch (error) {
    process.exitCode = 1;
    tell({kind: 'failed', error: error instanceof Error ? error.message : String(error)});
  }
}

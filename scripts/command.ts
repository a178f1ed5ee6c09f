// Runs programs for the workspace's scripts. Each program leads its own process group, so that an interrupted script
// ends what it started, by id, and nothing else.
import {type ChildProcess, spawn} from 'node:child_process';
import {delimiter, join} from 'node:path';
import {performance} from 'node:perf_hooks';
import {root} from './workspace.ts';

/** How long an interrupted program may take to stop by itself. */
const graceMs = 10_000;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the output is collected instead of shown. */
  readonly quiet?: boolean;
}

export interface CommandResult {
  /** The exit code; 1 when a signal ended the program or it could not start. */
  readonly code: number;
  /** What the program wrote to both streams, when quiet. */
  readonly output: string;
  readonly seconds: number;
}

const running = new Set<ChildProcess>();
let interrupted = false;

/** Runs one program to its end, with the workspace's own tools first on PATH. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const started = performance.now();
  if (interrupted) return {code: 1, output: '', seconds: 0};
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: {...process.env, PATH: toolPath(), ...options.env},
    stdio: options.quiet === true ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  running.add(child);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      output.push(`${command} did not start: ${error.message}\n`);
      resolve(1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
  running.delete(child);
  return {code, output: output.join(''), seconds: (performance.now() - started) / 1000};
}

/** On SIGINT, SIGTERM or SIGHUP: ends the running programs by their process group, then this process. */
export function endProgramsOnSignal(): void {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.on(signal, () => {
      if (interrupted) return;
      interrupted = true;
      void endPrograms(signal).finally(() => process.exit(128 + number));
    });
  }
}

async function endPrograms(signal: NodeJS.Signals): Promise<void> {
  const children = [...running];
  const closed = Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))));
  for (const child of children) signalGroup(child, signal);
  const late = setTimeout(() => {
    for (const child of children) signalGroup(child, 'SIGKILL');
  }, graceMs);
  await closed;
  clearTimeout(late);
  // What a program started and left behind is still in its group.
  for (const child of children) signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

function toolPath(): string {
  return [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
}

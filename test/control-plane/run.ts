// Runs one program to its end and returns what it wrote.
import {spawn} from 'node:child_process';
import {defer} from './deferred.ts';
import {logTailBytes, outputLimitBytes} from './limits.ts';

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called with each piece of standard error as it comes. */
  readonly onStderr?: (text: string) => void;
}

/**
 * Resolves with standard output.
 *
 * @throws Error naming the program, its exit and the end of its standard error.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const {promise, resolve, reject} = defer<Buffer>();
  const child = spawn(command, args, {
    stdio: 'pipe',
    env: {...process.env, ...options.env},
    ...(options.cwd === undefined ? {} : {cwd: options.cwd}),
  });
  const output: Buffer[] = [];
  let outputBytes = 0;
  let complaint = '';
  child.stdout.on('data', (piece: Buffer) => {
    outputBytes += piece.length;
    if (outputBytes > outputLimitBytes) child.kill('SIGKILL');
    else output.push(piece);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-logTailBytes);
    options.onStderr?.(text);
  });
  child.on('error', reject);
  child.on('close', (code, signal) => {
    if (code === 0) resolve(Buffer.concat(output));
    else reject(new Error(`${[command, ...args.slice(0, 3)].join(' ')}: ended with ${code ?? signal}\n${complaint}`));
  });
  // A program may end before it has read its input; its exit says why.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return promise;
}

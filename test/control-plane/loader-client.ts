// Asks kube-apiserver's own loader about encryption configurations, one long-lived process for thousands of them.
import {type ChildProcess, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {ensureBinaries, type Report} from './build.ts';
import {defer} from './deferred.ts';
import {logTailBytes} from './limits.ts';
import {binaryPath} from './paths.ts';

/** `error` is kube-apiserver's wording, which may quote the configuration. */
export type LoaderAnswer = {readonly ok: true} | {readonly ok: false; readonly error: string};

export interface LoaderOptions {
  /** Judge as with automatic reload; on unless false. */
  readonly reload?: boolean;
  readonly report?: Report;
}

/** Builds the loader if need be and starts it. */
export async function openLoader(options: LoaderOptions = {}): Promise<LoaderClient> {
  await ensureBinaries(options.report);
  return new LoaderClient(options.reload ?? true);
}

interface Question {
  readonly resolve: (answer: LoaderAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Owns the loader's process; questions may overlap and are answered in order. */
export class LoaderClient {
  readonly #child: ChildProcess;
  readonly #questions: Question[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;

  constructor(reload: boolean) {
    const args = ['--pdeathsig', 'KILL', '--', binaryPath('loader'), `--reload=${reload}`];
    const child = spawn('setpriv', args, {stdio: ['pipe', 'pipe', 'pipe']});
    this.#child = child;
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-logTailBytes);
    });
    createInterface({input: child.stdout}).on('line', (line) => {
      this.#questions.shift()?.resolve(JSON.parse(line) as LoaderAnswer);
    });
    // Writing to a loader that has ended fails here; its end says why.
    child.stdin.on('error', () => {});
    const {promise, resolve} = defer<void>();
    this.#ended = promise;
    const end = (why: string) => {
      this.#failure ??= new Error(`loader: ${why}\n${complaint}`);
      for (const {reject} of this.#questions.splice(0)) reject(this.#failure);
      resolve();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(`ended with ${code ?? signal}`));
  }

  /**
   * What kube-apiserver would say to a file with these bytes.
   *
   * @throws Error when the loader itself has ended.
   */
  load(file: Uint8Array): Promise<LoaderAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const {promise, resolve, reject} = defer<LoaderAnswer>();
    this.#questions.push({resolve, reject});
    const length = Buffer.alloc(4);
    length.writeUInt32BE(file.length);
    this.#child.stdin?.write(Buffer.concat([length, file]));
    return promise;
  }

  /** Lets open questions be answered, then ends the process. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }
}

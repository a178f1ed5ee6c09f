// One kube-apiserver process: when it reads its file, what it has loaded, and what it counts. It polls every
// `pollMs` from the moment it serves; polls that would find the same content are not simulated.

import type {Cancel} from '../scheduler.ts';
import {absentFile, type FileView, noTransformers, type Transformers} from './configuration.ts';
import {type Decrypted, decryptValue, type KeyTag, type StoredValue, type Transformer} from './stored-value.ts';

/** `starting` reads the file, `serving` answers, `draining` answers nobody new but may still commit, `stopped` is gone. */
export type ServerState = 'starting' | 'serving' | 'draining' | 'stopped';

export interface ServerHost {
  readonly node: string;
  readonly identity: string;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly after: (delayMs: number, run: () => void) => Cancel;
  /** The file as this process sees it through its mount. */
  readonly readFile: () => FileView;
  readonly automaticReload: () => boolean;
  readonly accepts: (kind: string) => boolean;
  readonly pollMs: number;
  readonly onChange: (server: Server, what: 'loaded' | 'state') => void;
  readonly onEncryption: (server: Server, tag: KeyTag, times?: number) => void;
  /** Called before it counts something under a name for the first time. */
  readonly beforeNews: () => void;
}

export class Server {
  readonly node: string;
  readonly identity: string;
  readonly startedAtMs: number;
  readonly processStartMs: number;
  readonly encryptions = new Map<string, number>();
  readonly decryptions = new Map<string, number>();
  reloadSuccesses = 0;
  reloadFailures = 0;
  lastReloadSuccessMs: number | undefined;
  lastReloadFailureMs: number | undefined;
  lastProblem: string | undefined;
  readonly #host: ServerHost;
  #state: ServerState = 'starting';
  #file: FileView = absentFile;
  #servingSinceMs = 0;
  #poll: Cancel | undefined;

  constructor(host: ServerHost) {
    this.#host = host;
    this.node = host.node;
    this.identity = host.identity;
    this.startedAtMs = host.nowMs();
    this.processStartMs = host.wallMs();
  }

  get state(): ServerState {
    return this.#state;
  }

  get serves(): boolean {
    return this.#state === 'serving';
  }

  /** Whether a write that it encrypts, or encrypted before, may still reach etcd. */
  get mayWrite(): boolean {
    return this.#state === 'serving' || this.#state === 'draining';
  }

  /** SHA-256 of the configuration in force; undefined without a file. */
  get loadedHash(): string | undefined {
    return this.#file.state === 'absent' ? undefined : this.#file.hash;
  }

  get loaded(): Transformers {
    return this.#file.state === 'loadable' ? this.#file.transformers : noTransformers;
  }

  get servingSinceMs(): number {
    return this.#servingSinceMs;
  }

  /**
   * Reads the file as a starting process does.
   * @param file `absent` = no file is configured
   * @returns why it does not start; undefined when it does
   */
  begin(file: FileView): string | undefined {
    const problem = this.#problemOf(file);
    if (problem !== undefined) {
      this.#state = 'stopped';
      return problem;
    }
    this.#file = file;
    return undefined;
  }

  /** From now on it serves; `phaseMs` of its poll period has passed already. */
  serve(phaseMs = 0): void {
    this.#state = 'serving';
    this.#servingSinceMs = this.#host.nowMs() - phaseMs;
    this.#host.onChange(this, 'state');
    this.noticeFile();
  }

  /** Its file may have changed: the next poll will look. */
  noticeFile(): void {
    if (this.#poll !== undefined || !this.mayWrite || !this.#host.automaticReload()) return;
    const {pollMs} = this.#host;
    const age = this.#host.nowMs() - this.#servingSinceMs;
    const delay = Math.ceil(age / pollMs) * pollMs - age;
    this.#schedule(delay);
  }

  drain(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'draining';
    this.#host.onChange(this, 'state');
  }

  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#poll?.();
    this.#poll = undefined;
    this.#host.onChange(this, 'state');
  }

  /** The transformer that writes a resource, counted as used. */
  encryptWith(resource: string): Transformer {
    const [first] = this.loaded.of(resource);
    if (first === undefined) throw new RangeError(`${resource}: expected a transformer, got none`);
    if (first.name !== '') {
      this.#count(this.encryptions, first.name);
      this.#host.onEncryption(this, first.tag);
    }
    return first;
  }

  /** Counts `times` more encryptions than were simulated. */
  countMore(resource: string, times: number): void {
    const [first] = this.loaded.of(resource);
    if (first === undefined || first.name === '' || times === 0) return;
    this.#count(this.encryptions, first.name, times);
    this.#host.onEncryption(this, first.tag, times);
  }

  read(resource: string, value: StoredValue, path: string): Decrypted {
    const answer = decryptValue(value, path, this.loaded.of(resource));
    if (answer.outcome === 'read' && answer.transformer.name !== '')
      this.#count(this.decryptions, answer.transformer.name);
    return answer;
  }

  /** Whether it could read a value written under a key, were it asked. */
  canRead(resource: string, tag: KeyTag): boolean {
    return this.loaded.of(resource).some((transformer) => transformer.tag === tag);
  }

  #count(counters: Map<string, number>, name: string, times = 1): void {
    if (!counters.has(name)) this.#host.beforeNews();
    counters.set(name, (counters.get(name) ?? 0) + times);
  }

  #schedule(delayMs: number): void {
    this.#poll = this.#host.after(delayMs, () => {
      this.#poll = undefined;
      this.#reload();
    });
  }

  #reload(): void {
    const file = this.#host.readFile();
    if (file.state !== 'absent' && file.hash === this.loadedHash) return;
    const problem = file.state === 'absent' ? 'the file is not there' : this.#problemOf(file);
    if (problem !== undefined) {
      this.reloadFailures++;
      this.lastReloadFailureMs = this.#host.wallMs();
      this.lastProblem = problem;
      this.#schedule(this.#host.pollMs);
      return;
    }
    this.#file = file;
    this.reloadSuccesses++;
    this.lastReloadSuccessMs = this.#host.wallMs();
    this.lastProblem = undefined;
    this.#host.onChange(this, 'loaded');
  }

  #problemOf(file: FileView): string | undefined {
    return refusal(file, this.#host.accepts);
  }
}

/** Why a server would not load a file; undefined when it would, or when there is none. */
export function refusal(file: FileView, accepts: (kind: string) => boolean): string | undefined {
  if (file.state === 'absent') return undefined;
  if (file.state === 'refused') return file.problem;
  const kind = file.kinds.find((each) => !accepts(each));
  return kind === undefined ? undefined : `${kind} is not allowed here`;
}

// What happened, line by line, with a running hash: two runs of one seed must end with the same hash. Names, check
// values and counts only.

import {keptTraceLines} from './limits.ts';
import {hashText} from './prng.ts';

export interface TraceLine {
  readonly atMs: number;
  readonly entity: string;
  readonly event: string;
  readonly detail: string;
}

export class Trace {
  readonly #kept: TraceLine[] = [];
  readonly #keep: number;
  readonly #listeners: ((line: TraceLine) => void)[] = [];
  #a = 1;
  #b = 2;
  #count = 0;

  constructor(keep = keptTraceLines) {
    this.#keep = keep;
  }

  record(atMs: number, entity: string, event: string, detail = ''): void {
    this.fold(atMs, entity, event, detail);
    this.#count++;
    const line = {atMs, entity, event, detail};
    if (this.#keep > 0) {
      this.#kept.push(line);
      if (this.#kept.length >= 2 * this.#keep) this.#kept.splice(0, this.#kept.length - this.#keep);
    }
    for (const listener of this.#listeners) listener(line);
  }

  /** Counts in the hash as a line would, and is shown to nobody: what happens too often to be read. */
  fold(atMs: number, entity: string, event: string, detail: string): void {
    const text = `${atMs} ${entity} ${event} ${detail}`;
    this.#a = hashText(text, this.#a);
    this.#b = hashText(text, this.#b ^ this.#a);
  }

  /** Calls `listener` with each later line. */
  listen(listener: (line: TraceLine) => void): void {
    this.#listeners.push(listener);
  }

  /** The newest lines. */
  get lines(): readonly TraceLine[] {
    return this.#kept.slice(-this.#keep);
  }

  get count(): number {
    return this.#count;
  }

  /** Hash of every line so far, 16 hex digits. */
  get hash(): string {
    return [this.#a, this.#b].map((word) => word.toString(16).padStart(8, '0')).join('');
  }
}

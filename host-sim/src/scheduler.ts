// One heap of events in whole milliseconds of virtual time. Ties go by time, then entity, then order of scheduling,
// so a run depends on nothing but its inputs.

import {maxEvents} from './limits.ts';

interface Event {
  readonly atMs: number;
  readonly entity: string;
  readonly sequence: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Takes an event back; afterwards it never runs. */
export type Cancel = () => void;

export class Scheduler {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #sequence = 0;
  /** The event that runs now. */
  #present: Event | undefined;
  #events = 0;

  /** Virtual time, ms since the start of the run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get events(): number {
    return this.#events;
  }

  /** Runs `run` at `atMs`; a time that has passed means now. */
  at(atMs: number, entity: string, run: () => void): Cancel {
    if (!Number.isSafeInteger(atMs)) throw new RangeError(`atMs: expected whole milliseconds, got ${atMs}`);
    const event: Event = {
      atMs: Math.max(atMs, this.#nowMs),
      entity,
      sequence: this.#sequence++,
      run,
      cancelled: false,
    };
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  after(delayMs: number, entity: string, run: () => void): Cancel {
    return this.at(this.#nowMs + delayMs, entity, run);
  }

  /**
   * Runs events until `done` holds, which is asked before the first and after each event, or until `limitMs` is
   * reached or nothing is left.
   * @returns whether `done` held
   */
  run(done: () => boolean, limitMs: number): boolean {
    for (let count = 0; count < maxEvents; count++) {
      if (done()) return true;
      const event = this.#heap[0];
      if (event === undefined || event.atMs > limitMs) {
        if (Number.isFinite(limitMs)) this.#nowMs = Math.max(this.#nowMs, limitMs);
        return false;
      }
      this.#pop();
      if (event.cancelled) continue;
      this.#perform(event);
    }
    throw new RangeError(`events: expected fewer than ${maxEvents} in one run, got more`);
  }

  /**
   * Goes back to `toMs`, lets `begin` put events there, and runs all that stand before the present one: what was left out
   * because nobody could tell happens after all. Then it is the present again.
   */
  rewind(toMs: number, begin: () => void): void {
    const presentMs = this.#nowMs;
    const present = this.#present;
    const last: Event = present ?? {atMs: presentMs + 1, entity: '', sequence: 0, run: () => {}, cancelled: false};
    this.#nowMs = Math.min(toMs, presentMs);
    begin();
    for (let event = this.#heap[0]; event !== undefined && isBefore(event, last); event = this.#heap[0]) {
      this.#pop();
      if (!event.cancelled) this.#perform(event);
    }
    this.#nowMs = presentMs;
    this.#present = present;
  }

  #perform(event: Event): void {
    this.#nowMs = event.atMs;
    this.#events++;
    this.#present = event;
    event.run();
    this.#present = undefined;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let child = left;
      const l = heap[left];
      const r = heap[right];
      if (l === undefined) break;
      if (r !== undefined && isBefore(r, l)) child = right;
      const smaller = child === left ? l : r;
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.entity !== b.entity) return a.entity < b.entity;
  return a.sequence < b.sequence;
}

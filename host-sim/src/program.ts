// Runs one generator in virtual time: each request takes effect after a small latency, sleeping ends at its time or
// at a hint, and between any two requests the program can be killed. Between two yields its memory is a plain value.

import {answerSync, ok, type PortRequest, type Result, type Step, type SyncPorts} from '@etcd-encryption/rotation';
import {maxHintMs, maxInstantRequests} from './limits.ts';
import type {Stream} from './prng.ts';
import type {Cancel, Scheduler} from './scheduler.ts';

/**
 * Stands between a program and its ports: may answer itself, call `next` and change or drop the answer, or kill the
 * program before or after the effect.
 */
export type Decorator = (op: PortRequest['op'], args: unknown, next: () => Result<unknown>) => Result<unknown>;

export type ProgramState =
  | {readonly state: 'running'}
  | {readonly state: 'sleeping'; readonly untilMs: number}
  | {readonly state: 'killed'}
  | {readonly state: 'finished'; readonly value: unknown}
  | {readonly state: 'failed'; readonly error: unknown};

export interface ProgramHost {
  readonly scheduler: Scheduler;
  readonly latency: Stream;
  readonly latencyMs: {readonly least: number; readonly most: number};
  readonly decorators: () => readonly Decorator[];
  readonly onEnd: (state: ProgramState) => void;
}

/** Requests that no network or disk stands behind: they are answered at once, without an event of their own. */
const instant: ReadonlySet<string> = new Set(['clock.now', 'clock.nextStart', 'entropy.bytes', 'trace.event']);

interface Batch {
  readonly requests: readonly PortRequest[];
  readonly results: Result<unknown>[];
  readonly maxInFlight: number;
}

export class Program {
  readonly name: string;
  readonly #step: Step<unknown>;
  readonly #ports: Partial<SyncPorts>;
  readonly #host: ProgramHost;
  #state: ProgramState = {state: 'running'};
  #pending: Cancel | undefined;
  #stopping = false;
  #hinted = false;

  constructor(name: string, step: Step<unknown>, ports: Partial<SyncPorts>, host: ProgramHost) {
    this.name = name;
    this.#step = step;
    this.#ports = ports;
    this.#host = host;
    this.#later(() => this.#advance(undefined));
  }

  get state(): ProgramState {
    return this.#state;
  }

  get runs(): boolean {
    return this.#state.state === 'running' || this.#state.state === 'sleeping';
  }

  /** Ends it between two requests; nothing of it runs afterwards, not even a `finally`. */
  kill(): void {
    if (!this.runs) return;
    this.#pending?.();
    this.#end({state: 'killed'});
  }

  /** Its next sleep, or the present one, ends with `stop`. */
  stop(): void {
    this.#stopping = true;
    if (this.#state.state === 'sleeping') this.#wakeUp('stop', 0);
  }

  /** Something that it watches has changed: the present sleep ends soon, or else the next one at once. */
  hint(): void {
    if (this.#state.state === 'sleeping') this.#wakeUp('woken', this.#host.latency.integer(1, maxHintMs));
    else this.#hinted = true;
  }

  #wakeUp(how: 'woken' | 'stop', delayMs: number): void {
    if (this.#state.state !== 'sleeping') return;
    const {nowMs} = this.#host.scheduler;
    if (how === 'woken' && this.#state.untilMs <= nowMs + delayMs) return;
    this.#pending?.();
    this.#sleep(delayMs, how);
  }

  #sleep(ms: number, how: 'slept' | 'woken' | 'stop'): void {
    const delay = Math.max(0, Math.ceil(ms));
    this.#state = {state: 'sleeping', untilMs: this.#host.scheduler.nowMs + delay};
    this.#after(delay, () => {
      this.#state = {state: 'running'};
      this.#advance(ok(how));
    });
  }

  #later(run: () => void, divideBy = 1): void {
    const {least, most} = this.#host.latencyMs;
    const ms = this.#host.latency.integer(least, most);
    this.#after(Math.ceil(ms / divideBy), run);
  }

  #after(delayMs: number, run: () => void): void {
    this.#pending = this.#host.scheduler.after(delayMs, this.name, () => {
      this.#pending = undefined;
      run();
    });
  }

  /** Resumes the generator with an answer (`undefined` = it begins), until it asks for something that takes time. */
  #advance(first: Result<unknown> | undefined): void {
    let answer = first;
    for (let count = 0; count < maxInstantRequests; count++) {
      const turn = this.#resume(answer);
      if (turn === undefined) return;
      if (turn.done === true) {
        this.#end({state: 'finished', value: turn.value});
        return;
      }
      const request = turn.value;
      if (!instant.has(request.op)) {
        this.#begin(request);
        return;
      }
      answer = this.#perform(request);
      if (!this.runs) return;
    }
    throw new RangeError(`${this.name}: expected a request that takes time, got ${maxInstantRequests} that take none`);
  }

  #resume(answer: Result<unknown> | undefined): IteratorResult<PortRequest, unknown> | undefined {
    try {
      return answer === undefined ? this.#step.next(ok(undefined)) : this.#step.next(answer);
    } catch (error) {
      this.#end({state: 'failed', error});
      return undefined;
    }
  }

  #begin(request: PortRequest): void {
    if (request.op === 'clock.sleep') {
      if (this.#stopping) this.#sleep(0, 'stop');
      else if (this.#hinted) this.#sleep(this.#host.latency.integer(1, maxHintMs), 'woken');
      else this.#sleep(Math.min(request.args.ms, 60_000), 'slept');
      this.#hinted = false;
      return;
    }
    if (request.op === 'all') {
      const {requests, maxInFlight} = request.args;
      this.#next({requests, results: [], maxInFlight: Math.max(1, maxInFlight)});
      return;
    }
    this.#later(() => {
      const answer = this.#perform(request);
      if (this.runs) this.#advance(answer);
    });
  }

  /** Does the requests of an `all` one after another, faster by as many as may be in flight. */
  #next(batch: Batch): void {
    const request = batch.requests[batch.results.length];
    if (request === undefined) {
      this.#later(() => this.#advance(ok(batch.results)));
      return;
    }
    this.#later(() => {
      batch.results.push(this.#perform(request));
      if (this.runs) this.#next(batch);
    }, batch.maxInFlight);
  }

  #perform(request: PortRequest): Result<unknown> {
    let next = (): Result<unknown> => answerSync(request, this.#ports);
    for (const decorator of this.#host.decorators()) {
      const inner = next;
      next = () => decorator(request.op, request.args, inner);
    }
    return next();
  }

  #end(state: ProgramState): void {
    this.#state = state;
    this.#pending = undefined;
    this.#host.onEnd(state);
  }
}

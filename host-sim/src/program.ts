// Runs one generator in virtual time: each request takes effect after a small latency, sleeping ends at its time or
// at a hint, and between any two requests the program can be killed. Between two yields its memory is a plain value.

import {
  answerSync,
  type Freshness,
  ok,
  type PortRequest,
  type Result,
  type Step,
  type Stillness,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {longestRestMs, maxHintMs, maxInstantRequests} from './limits.ts';
import {
  asksHistory,
  isDeed,
  isInstant,
  isSureUntil,
  type Rest,
  resumptionForSign,
  resumptionMidway,
  resumptionSince,
} from './rest.ts';
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
  /** A number in [0, 1) for a time and a count. */
  readonly latency: (atMs: number, n: number) => number;
  readonly latencyMs: {readonly least: number; readonly most: number};
  readonly decorators: () => readonly Decorator[];
  /** Whether no watch wakes it. */
  readonly isDeaf: () => boolean;
  readonly onEnd: (state: ProgramState) => void;
  /** Absent: every period is run. */
  readonly stillness?: {
    /** Another number after each change that the program could see. */
    readonly version: () => number;
    /** When a fault began or ended last. */
    readonly disturbedAtMs: () => number;
    /** What becomes of what others keep fresh, for one that has looked for so long since; undefined: cannot be told. */
    readonly calm: (lookedForMs: number) => Freshness | undefined;
    /** Where it must go on so that it has told lately that it lives; undefined where it has, or tells nobody. */
    readonly signMs: () => number | undefined;
    /** Called when it has asked for history: a compaction would tell it something. */
    readonly askedHistory: () => void;
  };
}

/** Programs wake from a rest on a grid of their own, so that it does not matter how many periods were run, ms. */
const gridMs = 1_000;
/** What stands for the number of a request where there is none. */
const phaseDraw = -1;
const hintDraw = -2;
/** Periods that found and did the same, one after the other, before the next ones are left out. */
const alikePeriods = 2;

type Waking = 'slept' | 'woken' | 'stop' | 'still';

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
  readonly #phaseMs: number;
  #rest: Rest | undefined;
  /** The last period: what it knew, the version it began at, and whether it did something. */
  #holds: Stillness['holds'] | undefined;
  #toldAtMs = 0;
  #version = -1;
  #beganAtMs = 0;
  /** When the first period since the last fault began. */
  #firstLookMs = -1;
  #acted = false;
  #requests = 0;
  #periodVersion = -1;
  #alike = 0;
  #takesMs = 0;
  /** No period before this is left out. */
  #awakeUntilMs = 0;

  constructor(name: string, step: Step<unknown>, ports: Partial<SyncPorts>, host: ProgramHost) {
    this.name = name;
    this.#step = step;
    this.#ports = ports;
    this.#host = host;
    this.#phaseMs = Math.floor(host.latency(0, phaseDraw) * gridMs);
    this.#begun();
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
    if (this.#state.state === 'sleeping') this.#wakeUp('woken', this.#draw(1, maxHintMs, hintDraw));
    else this.#hinted = true;
  }

  /** When it would have to go on to have done since `fromMs` what it would have done; undefined when it has. */
  resumptionSince(fromMs: number): number | undefined {
    return this.#rest === undefined ? undefined : resumptionSince(this.#rest, fromMs, this.#host.scheduler.nowMs);
  }

  /** The same, if it would be in the middle of a period now. */
  get resumptionMidway(): number | undefined {
    const {nowMs} = this.#host.scheduler;
    return this.#rest === undefined ? undefined : resumptionMidway(this.#rest, this.#takesMs, nowMs);
  }

  /** When the last period began. */
  get beganAtMs(): number {
    return this.#beganAtMs;
  }

  /** When it would have to go on to have told lately before `byMs` that it lives, after the period that began at `toldAtMs`. */
  resumptionForSign(toldAtMs: number | undefined, byMs: number): number | undefined {
    if (this.#rest === undefined || toldAtMs === undefined) return undefined;
    return resumptionForSign(this.#rest, toldAtMs, {nowMs: byMs, takesMs: this.#takesMs});
  }

  /** Goes on at `atMs`, which has passed for all but this program, and leaves nothing out before `untilMs`. */
  resume(atMs: number, untilMs: number): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    this.#awakeUntilMs = untilMs;
    this.#pending?.();
    this.#state = {state: 'sleeping', untilMs: atMs};
    const how = rest.skippedFromMs === undefined || atMs <= rest.skippedFromMs ? 'slept' : 'still';
    this.#after(atMs - this.#host.scheduler.nowMs, () => this.#wake(how));
  }

  #wakeUp(how: 'woken' | 'stop', delayMs: number): void {
    if (this.#state.state !== 'sleeping') return;
    const {nowMs} = this.#host.scheduler;
    if (how === 'woken' && this.#state.untilMs <= nowMs + delayMs) return;
    this.#pending?.();
    const skipped = this.#rest?.skippedFromMs !== undefined && how === 'woken';
    this.#rest = undefined;
    this.#sleep(delayMs, skipped ? 'still' : how);
  }

  #sleep(ms: number, how: Waking): void {
    const delay = Math.max(0, Math.ceil(ms));
    this.#sleepUntil(this.#host.scheduler.nowMs + delay, () => this.#wake(how));
  }

  #sleepUntil(untilMs: number, then: () => void): void {
    this.#state = {state: 'sleeping', untilMs};
    this.#after(untilMs - this.#host.scheduler.nowMs, then);
  }

  #wake(how: Waking): void {
    this.#rest = undefined;
    this.#state = {state: 'running'};
    this.#begun();
    this.#advance(ok(how));
  }

  #begun(): void {
    this.#beganAtMs = this.#host.scheduler.nowMs;
    this.#version = this.#host.stillness?.version() ?? 0;
    this.#acted = false;
    this.#requests = 0;
  }

  /** Sleeps until the next period, or to the end of a piece before it; all at once and over periods where it may. */
  #restFor(ms: number, still: Stillness): void {
    if (still.holds !== this.#holds) this.#noteEnd(still);
    const {nowMs} = this.#host.scheduler;
    const nextMs = this.#onGrid(nowMs + still.leftMs);
    const isPiece = ms < still.leftMs;
    const pieceEndMs = isPiece ? this.#onGrid(nowMs + ms) : nextMs;
    const rest: Rest = {
      still,
      toldAtMs: this.#toldAtMs,
      pieceEndMs,
      nextMs,
      skippedFromMs: undefined,
      sureUntilMs: nowMs,
      doubtFromMs: Number.POSITIVE_INFINITY,
      others: 'fresh',
    };
    if (isPiece && !this.#mayLeaveOut(rest, nextMs)) {
      this.#sleepUntil(pieceEndMs, () => this.#wake('slept'));
      return;
    }
    this.#rest = rest;
    this.#sleepUntil(nextMs, () => this.#reach(rest));
  }

  /** At the beginning of a period: it is left out when it would be the same again. */
  #reach(rest: Rest): void {
    const {nowMs} = this.#host.scheduler;
    if (!this.#mayLeaveOut(rest, nowMs)) {
      const signMs = this.#host.stillness?.signMs();
      if (signMs === undefined) this.#wake(rest.skippedFromMs === undefined ? 'slept' : 'still');
      // Whoever looks for a sign of life while it runs must find the last one.
      else this.#host.scheduler.rewind(signMs, () => this.resume(signMs, nowMs));
      return;
    }
    rest.skippedFromMs ??= nowMs;
    rest.nextMs = nowMs + rest.still.periodMs;
    this.#sleepUntil(rest.nextMs, () => this.#reach(rest));
  }

  /** Whether what would begin at `atMs` at the latest would find and do the same as the last period. */
  #mayLeaveOut(rest: Rest, atMs: number): boolean {
    const {stillness} = this.#host;
    if (stillness === undefined || this.#alike < alikePeriods || stillness.version() !== this.#periodVersion)
      return false;
    if (this.#host.scheduler.nowMs < this.#awakeUntilMs || atMs - rest.toldAtMs > longestRestMs) return false;
    if (rest.still.periodMs % gridMs !== 0 || atMs % gridMs !== this.#phaseMs) return false;
    if (this.#host.decorators().length > 0 || this.#host.isDeaf()) return false;
    const others = stillness.calm(this.#lookedForMs());
    return others !== undefined && isSureUntil(rest, atMs + this.#takesMs, others);
  }

  /** Between the first and the last period that it ran since the last fault. */
  #lookedForMs(): number {
    return this.#beganAtMs - this.#firstLookMs;
  }

  #noteEnd(still: Stillness): void {
    if (this.#firstLookMs < (this.#host.stillness?.disturbedAtMs() ?? 0)) this.#firstLookMs = this.#beganAtMs;
    const isSame = this.#version === this.#periodVersion;
    const isQuiet = !this.#acted && this.#version === this.#host.stillness?.version();
    this.#alike = isQuiet ? (isSame ? this.#alike : 0) + 1 : 0;
    this.#periodVersion = this.#version;
    // One more than it made: the sign of life that a later one may write.
    this.#takesMs = (this.#requests + 1) * this.#host.latencyMs.most;
    this.#holds = still.holds;
    this.#toldAtMs = this.#host.scheduler.nowMs;
  }

  /** The last point of the grid up to a time; the time itself where none is ahead. */
  #onGrid(atMs: number): number {
    const time = Math.ceil(atMs);
    const point = time - ((((time - this.#phaseMs) % gridMs) + gridMs) % gridMs);
    return point > this.#host.scheduler.nowMs ? point : time;
  }

  #draw(least: number, most: number, n = this.#requests): number {
    return least + Math.floor(this.#host.latency(this.#host.scheduler.nowMs, n) * (most - least + 1));
  }

  #later(run: () => void, divideBy = 1): void {
    const {least, most} = this.#host.latencyMs;
    this.#requests++;
    this.#after(Math.ceil(this.#draw(least, most) / divideBy), run);
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
      if (!isInstant(request)) {
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
      else if (this.#hinted) this.#sleep(this.#draw(1, maxHintMs, hintDraw), 'woken');
      else if (request.args.still !== undefined) this.#restFor(Math.min(request.args.ms, 60_000), request.args.still);
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
    const answer = next();
    if (asksHistory(request)) this.#host.stillness?.askedHistory();
    if (isDeed(request, answer.ok)) this.#acted = true;
    return answer;
  }

  #end(state: ProgramState): void {
    this.#state = state;
    this.#pending = undefined;
    this.#host.onEnd(state);
  }
}

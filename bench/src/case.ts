// What a benchmark consists of: one piece of work, done by ourselves and by others, with answers that can be compared.

/** A way to do the work inside this process: the harness repeats it and looks at the clock. */
export interface HereSide {
  readonly kind: 'here';
  /** Shown to people and stated in the floors. */
  readonly name: string;
  /** Sides of one family are also compared as one, by their fastest. */
  readonly family: string;
  /** What the work answers, as bytes; every side of a case must answer the same. */
  readonly answer: () => Promise<Uint8Array>;
  /** Does the work `times` times. A side that is asynchronous returns a promise. */
  readonly run: (times: number) => undefined | Promise<void>;
}

/** A way to do the work in a process of its own, which measures itself. */
export interface ElsewhereSide {
  readonly kind: 'elsewhere';
  readonly name: string;
  readonly family: string;
  readonly answer: () => Promise<Uint8Array>;
  /** Nanoseconds that one unit took in a fresh process, over about `milliseconds` if the work can be repeated. */
  readonly measure: (milliseconds: number) => Promise<number>;
}

export type Side = HereSide | ElsewhereSide;

/** A side that this machine cannot run. */
export type SkippedSide = {readonly name: string; readonly why: string};

/** Work whose time is compared. */
export interface TimedCase {
  readonly kind: 'timed';
  readonly name: string;
  /** One line: the work, the same for every side. */
  readonly title: string;
  /** What one unit is, such as `derivation`. */
  readonly unit: string;
  /** Units that one `run(1)` of a side does. */
  readonly units: number;
  readonly ours: Side;
  readonly rivals: readonly Side[];
  readonly skipped: readonly SkippedSide[];
}

/** Something whose size is compared with a budget; its ratio is the budget divided by the size. */
export interface SizeCase {
  readonly kind: 'size';
  readonly name: string;
  readonly title: string;
  /** What the budget is called in results and floors, such as `12 KB`. */
  readonly against: string;
  readonly budgetBytes: number;
  readonly bytes: number;
}

/** How much of something is done in a second of processor time; its ratio is the rate itself. */
export interface RateCase {
  readonly kind: 'rate';
  readonly name: string;
  readonly title: string;
  /** What one of them is called in results and floors, such as `1 rotation a second`. */
  readonly against: string;
  /** Does the work of one round; how many were done, and what else people may want to know. */
  readonly take: (round: number) => {readonly done: number; readonly note: string};
}

export type Case = TimedCase | SizeCase | RateCase;

/** A case that is loaded only when it is measured; loading may compile programs and start WebAssembly. */
export interface CaseFile {
  readonly name: string;
  readonly load: () => Promise<Case>;
}

/** Work as a function, before it is made a side. `T` is whatever this kind of work answers. */
export interface Way<T> {
  readonly name: string;
  readonly family: string;
  readonly work: () => T | Promise<T>;
}

/** Makes a side of a way. `bytesOf` turns an answer into the bytes that are compared. */
export function sideOf<T>({name, family, work}: Way<T>, bytesOf: (answer: T) => Uint8Array): HereSide {
  return {
    kind: 'here',
    name,
    family,
    answer: async () => bytesOf(await work()),
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const answer = work();
        if (answer instanceof Promise) return finish(answer, work, times - i - 1);
      }
      return undefined;
    },
  };
}

/** The rest of an asynchronous side's run: each piece of work begins when the one before has answered. */
async function finish(first: Promise<unknown>, work: () => unknown, more: number): Promise<void> {
  await first;
  for (let i = 0; i < more; i++) await work();
}

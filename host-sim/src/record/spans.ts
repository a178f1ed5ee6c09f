// What holds from one moment to the next: equal neighbours are one span, and what held for no time at all is none.

import type {Span} from './model.ts';

export interface Spans<T> {
  /** From now on it is `value`; `undefined`: nothing holds. */
  readonly set: (atMs: number, value: T | undefined) => void;
  /** All spans up to the end of the run. */
  readonly close: (atMs: number) => readonly (Span & {readonly value: T})[];
  /** Spans that were left out for their number. */
  readonly dropped: () => number;
}

interface Held<T> extends Span {
  readonly value: T;
  readonly text: string;
}

/**
 * @param most spans that are kept; the oldest ones go first
 * @param blinkMs what is shorter than this and gives way to what was there before it is left out
 */
export function createSpans<T>(most: number, blinkMs = 0): Spans<T> {
  const spans: Held<T>[] = [];
  let open: Omit<Held<T>, 'toMs'> | undefined;
  let dropped = 0;
  const end = (atMs: number): void => {
    const ended = open;
    open = undefined;
    if (ended === undefined || ended.fromMs === atMs) return;
    spans.push({...ended, toMs: atMs});
    if (spans.length <= most) return;
    spans.shift();
    dropped++;
  };
  return {
    set(atMs, value) {
      const text = value === undefined ? '' : JSON.stringify(value);
      if (open?.text === text) return;
      end(atMs);
      if (value === undefined) return;
      if (isBlink(spans, {atMs, text, blinkMs})) spans.pop();
      const last = spans.at(-1);
      // What came between was over in no time, or in so little that nobody would have seen it.
      const goesOn = last?.text === text && atMs - last.toMs < Math.max(1, blinkMs);
      open = goesOn ? spans.pop() : {fromMs: atMs, value, text};
    },
    close(atMs) {
      end(atMs);
      return spans.map(({fromMs, toMs, value}) => ({fromMs, toMs, value}));
    },
    dropped: () => dropped,
  };
}

/** Whether the last span was a blink between two of `text`. */
function isBlink(
  spans: readonly Held<unknown>[],
  {atMs, text, blinkMs}: {readonly atMs: number; readonly text: string; readonly blinkMs: number},
): boolean {
  const [before, blink] = spans.slice(-2);
  if (before === undefined || blink === undefined || blink.toMs !== atMs) return false;
  return before.text === text && before.toMs === blink.fromMs && blink.toMs - blink.fromMs < blinkMs;
}

// What goes on over a while in a rehearsal, as a generator that says for what it waits; the run's own clock resumes it.

import type {Scheduler} from '../scheduler.ts';

/** For so long; until something holds, given up after `limitMs`; or until something that was begun calls back. */
export type Pause =
  | {readonly kind: 'for'; readonly ms: number}
  | {readonly kind: 'until'; readonly holds: () => boolean; readonly limitMs: number; readonly everyMs: number}
  | {readonly kind: 'call'; readonly begin: (resume: (answer: boolean) => void) => void};

/** Resumed with whether what it waited for came to pass. */
export type Scene<T> = Generator<Pause, T, boolean>;

/** What is waited for is looked at this often, ms. */
const lookMs = 1_000;

export function* waitFor(ms: number): Scene<void> {
  if (ms > 0) yield {kind: 'for', ms};
}

export function* waitUntil(holds: () => boolean, limitMs: number, everyMs = lookMs): Scene<boolean> {
  return holds() || (yield {kind: 'until', holds, limitMs, everyMs});
}

/** Plays a scene from now on; `done` gets its outcome. Its first part happens at once. */
export function play<T>(scheduler: Scheduler, entity: string, scene: Scene<T>, done: (value: T) => void): void {
  const go = (answer: boolean): void => {
    const turn = scene.next(answer);
    if (turn.done === true) done(turn.value);
    else wait(turn.value);
  };
  const wait = (pause: Pause): void => {
    switch (pause.kind) {
      case 'for':
        scheduler.after(Math.ceil(pause.ms), entity, () => go(true));
        return;
      case 'until':
        look(pause, scheduler.nowMs + pause.limitMs);
        return;
      case 'call':
        pause.begin((answer) => scheduler.after(0, entity, () => go(answer)));
        return;
      default:
        pause satisfies never;
    }
  };
  const look = (pause: Extract<Pause, {kind: 'until'}>, limitMs: number): void => {
    if (pause.holds()) go(true);
    else if (scheduler.nowMs >= limitMs) go(false);
    else {
      const delayMs = Math.min(pause.everyMs, Math.max(1, limitMs - scheduler.nowMs));
      scheduler.after(Math.ceil(delayMs), entity, () => look(pause, limitMs));
    }
  };
  go(true);
}

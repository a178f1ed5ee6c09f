// Wall and monotonic time, and the only timer of a loop. A hint or the program's end cuts a sleep short; a hint that
// comes between two sleeps cuts the next one, so that none is lost.

import {failed, maxSleepMs, ok, type Ports} from '@etcd-encryption/rotation';
import {Cron} from 'croner';

export type ClockPorts = Pick<Ports, 'clock.now' | 'clock.nextStart' | 'clock.sleep'>;

export interface Clock {
  readonly ports: ClockPorts;
  /** A hint: something may have changed. */
  readonly wake: () => void;
  /** The program shall end: this and every later sleep answers `stop` at once. */
  readonly stop: () => void;
}

/** `signal` stops the clock when it is aborted. */
export function createClock(options: {readonly signal?: AbortSignal} = {}): Clock {
  let hinted = false;
  let stopped = options.signal?.aborted === true;
  const sleepers = new Set<() => void>();
  const rouse = (): void => {
    for (const end of [...sleepers]) end();
  };
  const wake = (): void => {
    hinted = true;
    rouse();
  };
  const stop = (): void => {
    stopped = true;
    rouse();
  };
  options.signal?.addEventListener('abort', stop, {once: true});

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        sleepers.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      sleepers.add(end);
    });

  return {
    ports: {
      'clock.now': async () => ok({wallMs: Date.now(), monotonicMs: performance.now()}),
      'clock.nextStart': async ({cron, timeZone, afterMs}) => {
        try {
          const next = new Cron(cron, {timezone: timeZone, mode: '5-part', paused: true}).nextRun(new Date(afterMs));
          return ok(next?.getTime());
        } catch (error) {
          return failed('invalid', error instanceof Error ? error.message : 'a cron rule that cannot be read');
        }
      },
      'clock.sleep': async ({ms}) => {
        if (Number.isNaN(ms)) return failed('invalid', 'ms: expected a number, got NaN');
        if (!stopped && !hinted) await pause(Math.min(Math.max(ms, 0), maxSleepMs));
        if (stopped) return ok('stop');
        const woken = hinted;
        hinted = false;
        return ok(woken ? 'woken' : 'slept');
      },
    },
    wake,
    stop,
  };
}

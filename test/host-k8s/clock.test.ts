// Sleeps end by time, by a hint, or because the program ends; no hint is lost.

import {createClock} from '@etcd-encryption/host-k8s';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
});
afterEach(() => {
  vi.useRealTimers();
});

/** Starts a sleep; `ended` says what with, or undefined while it lasts. */
function startSleep(clock: ReturnType<typeof createClock>, ms: number) {
  const sleep = {ended: undefined as string | undefined};
  void clock.ports['clock.sleep']({ms}).then((result) => {
    sleep.ended = expectValue(result);
  });
  return sleep;
}

test('the time is over ⇒ slept, not before', async () => {
  const sleep = startSleep(createClock(), 5_000);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(sleep.ended).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(sleep.ended).toBe('slept');
});

test.for([3_600_000, 2_147_483_648, Number.POSITIVE_INFINITY])('%d ms ⇒ a minute', async (ms) => {
  const sleep = startSleep(createClock(), ms);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(sleep.ended).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(sleep.ended).toBe('slept');
});

test.for([0, -1, Number.NEGATIVE_INFINITY])('%d ms ⇒ slept at once', async (ms) => {
  const sleep = startSleep(createClock(), ms);
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(sleep.ended).toBe('slept');
});

test('a hint during a sleep ⇒ woken, and no timer stays', async () => {
  const clock = createClock();
  const sleep = startSleep(clock, 30_000);
  await vi.advanceTimersByTimeAsync(10);
  clock.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(sleep.ended).toBe('woken');
  expect(vi.getTimerCount()).toBe(0);
});

test('a hint between two sleeps ⇒ the next one is woken, the one after is not', async () => {
  const clock = createClock();
  clock.wake();
  clock.wake();
  expect(expectValue(await clock.ports['clock.sleep']({ms: 30_000}))).toBe('woken');
  const sleep = startSleep(clock, 100);
  await vi.advanceTimersByTimeAsync(100);
  expect(sleep.ended).toBe('slept');
});

test('the program ends ⇒ stop now and always', async () => {
  const clock = createClock();
  const sleep = startSleep(clock, 30_000);
  await vi.advanceTimersByTimeAsync(10);
  clock.stop();
  await vi.advanceTimersByTimeAsync(0);
  expect(sleep.ended).toBe('stop');
  expect(expectValue(await clock.ports['clock.sleep']({ms: 30_000}))).toBe('stop');
});

test('a signal is aborted, before or during a sleep ⇒ stop', async () => {
  const controller = new AbortController();
  const sleep = startSleep(createClock({signal: controller.signal}), 30_000);
  await vi.advanceTimersByTimeAsync(10);
  controller.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(sleep.ended).toBe('stop');
  const late = createClock({signal: controller.signal});
  expect(expectValue(await late.ports['clock.sleep']({ms: 30_000}))).toBe('stop');
});

test('no number ⇒ invalid', async () => {
  expectError(await createClock().ports['clock.sleep']({ms: Number.NaN}), 'invalid');
});

test('the wall clock jumps back ⇒ the monotonic one does not', async () => {
  const {ports} = createClock();
  vi.setSystemTime(2_000_000_000_000);
  const first = expectValue(await ports['clock.now']({}));
  vi.setSystemTime(1_000_000_000_000);
  const second = expectValue(await ports['clock.now']({}));
  expect([first.wallMs, second.wallMs]).toEqual([2_000_000_000_000, 1_000_000_000_000]);
  expect(second.monotonicMs).toBeGreaterThanOrEqual(first.monotonicMs);
});

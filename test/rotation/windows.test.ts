// Which windows are open now: offsets by cluster, windows that deny, and what cannot be read.

import {createClock} from '@etcd-encryption/host-k8s';
import {createSimPorts, createSimulation} from '@etcd-encryption/host-sim';
import {
  absent,
  driveSync,
  type Fact,
  makeStatus,
  readWindows,
  seen,
  startOffsetMs,
  unknown,
  type WindowsNow,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {deepFreeze, hour, minute, now, observe, restingRing, specOf} from './fixtures.ts';
import {planOf} from './reached.ts';

const ports = createSimPorts(createSimulation({seed: 1, nodes: 1, oracles: []}).cluster, {program: 'calendar'});
const saturdays = {action: 'allow', cron: '0 2 * * 6', durationMs: 4 * hour, timeZone: 'UTC'} as const;
const opensAtMs = Date.parse('2026-03-28T02:00:00Z');
const cluster = 'cluster-1';
const offsetMs = startOffsetMs(cluster, saturdays.durationMs);

type Rules = ReturnType<typeof specOf>['windows'];
const look = (wallMs: number, windows: Rules, clusterId: Fact<string> = seen(cluster)): Fact<WindowsNow> =>
  driveSync(readWindows(seen({outcome: 'ok', spec: specOf({windows})}), clusterId, {wallMs, monotonicMs: 0}), ports);
const said = (fact: Fact<WindowsNow>): WindowsNow => {
  if (fact.state !== 'seen') throw new Error(`expected what the windows say, got ${JSON.stringify(fact)}`);
  return fact.value;
};

describe('windows', () => {
  test('none in the spec ⇒ absent, and no calendar is asked', () => {
    expect(look(now, [])).toEqual(absent);
  });

  test.each([
    ['a ms before it opens here', opensAtMs + offsetMs - 1, false, opensAtMs + offsetMs],
    ['it opens here', opensAtMs + offsetMs, true, opensAtMs + 4 * hour],
    ['a ms before its end', opensAtMs + 4 * hour - 1, true, opensAtMs + 4 * hour],
    ['its end', opensAtMs + 4 * hour, false, opensAtMs + 7 * 24 * hour + offsetMs],
  ])('%s ⇒ open or not, and when that changes', (_, wallMs, isOpen, changesAtMs) => {
    expect(said(look(wallMs, [saturdays]))).toMatchObject({isOpen, changesAtMs});
  });

  test('a denying window within an allowing one ⇒ closed while it lasts, from its very start', () => {
    const denying = {action: 'deny', cron: '0 4 * * 6', durationMs: hour, timeZone: 'UTC'} as const;
    const at = (ms: number): boolean => said(look(opensAtMs + ms, [saturdays, denying])).isOpen;
    expect([at(2 * hour - 1), at(2 * hour), at(3 * hour - 1), at(3 * hour)]).toEqual([true, false, false, true]);
    expect(said(look(opensAtMs + 2 * hour, [saturdays, denying])).why).toContain('0 4 * * 6');
  });

  test('denying windows alone ⇒ open outside them', () => {
    const denying = {...saturdays, action: 'deny'} as const;
    expect(said(look(opensAtMs - 1, [denying])).isOpen).toBe(true);
    expect(said(look(opensAtMs, [denying])).isOpen).toBe(false);
  });

  test('an allowing window that never begins ⇒ closed, with no time to look again at', () => {
    expect(said(look(now, [{...saturdays, cron: '0 0 30 2 *'}]))).toEqual({
      isOpen: false,
      why: 'no allowing window ever opens',
    });
  });

  test('a rule that no calendar reads, or no cluster id ⇒ unknown, naming the rule', () => {
    const strange = look(now, [saturdays, {...saturdays, timeZone: 'Mars/Base'}]);
    expect(strange).toMatchObject({state: 'unknown', why: expect.stringContaining('spec.windows[1]')});
    expect(look(now, [saturdays], unknown('no answer')).state).toBe('unknown');
  });

  test('any cluster ⇒ its offset is always the same, within a quarter of the window and an hour', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({min: minute, max: 48 * hour}), (id, durationMs) => {
        const offset = startOffsetMs(id, durationMs);
        expect(startOffsetMs(id, durationMs)).toBe(offset);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset).toBeLessThan(Math.min(durationMs / 4, hour));
      }),
    );
  });

  test('forty clusters ⇒ at most four of them begin in the same minute', () => {
    const minutes = Array.from({length: 40}, (_, index) => {
      const id = `7c1d8a52-0000-4000-8000-${String(index).padStart(12, '0')}`;
      return Math.floor(startOffsetMs(id, 4 * hour) / minute);
    });
    const most = Math.max(...minutes.map((each) => minutes.filter((other) => other === each).length));
    expect(most).toBeLessThanOrEqual(4);
  });

  test('both hosts read the same calendar', async () => {
    const rule = {cron: '30 3 * * 0', timeZone: 'America/New_York', afterMs: opensAtMs};
    expect(await createClock().ports['clock.nextStart'](rule)).toEqual(ports['clock.nextStart'](rule));
  });
});

describe('the cryptoperiod', () => {
  const closed = seen({isOpen: false, changesAtMs: now + hour, why: 'the next window opens at noon'});
  const condition = (rotationIntervalMs: number, windows: Rules = [saturdays]) => {
    const o = observe({ring: restingRing(), spec: {rotationIntervalMs, windows}, facts: {windows: closed}});
    return makeStatus(planOf(deepFreeze(o)), o, undefined).conditions.find(({type}) => type === 'CryptoperiodOK');
  };

  test('the interval has passed and the window is closed ⇒ a condition of its own says until when', () => {
    expect(condition(hour)).toMatchObject({status: 'False', reason: 'WaitingForWindow'});
    expect(condition(hour)?.message).toContain('the next window opens at noon');
  });

  test('the interval has not passed ⇒ in order; without windows ⇒ no such condition', () => {
    expect(condition(36_500 * 24 * hour)).toMatchObject({status: 'True'});
    expect(condition(36_500 * 24 * hour, [])).toBeUndefined();
  });
});

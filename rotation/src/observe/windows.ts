// Whether a window of `spec.windows` is open now, worked out from when each rule's next window begins.

import {absent, type Fact, seen, unknown} from '../model/fact.ts';
import type {ReadSpec} from '../model/spec.ts';
import {formatTime} from '../model/time-text.ts';
import {startOffsetMs, type WindowRule, type WindowsNow} from '../model/windows.ts';
import {ask, type Instant, type Step} from '../ports.ts';

/** A rule and where the moment lies in it. */
interface Standing {
  readonly rule: WindowRule;
  readonly isInside: boolean;
  /** When that changes, Unix ms. */
  readonly changesAtMs: number | undefined;
}

/** Absent where the spec has no windows; unknown where a rule cannot be read, or the cluster has no id to spread by. */
export function* readWindows(spec: Fact<ReadSpec>, clusterId: Fact<string>, {wallMs}: Instant): Step<Fact<WindowsNow>> {
  const rules = spec.state === 'seen' && spec.value.outcome === 'ok' ? spec.value.spec.windows : [];
  if (rules.length === 0) return absent;
  if (clusterId.state !== 'seen') return unknown('the cluster id, by which windows begin, is not known');
  const standings: Standing[] = [];
  for (const [index, rule] of rules.entries()) {
    const offsetMs = rule.action === 'allow' ? startOffsetMs(clusterId.value, rule.durationMs) : 0;
    // The first one that is not over: it lasts until after now.
    const {cron, timeZone, durationMs} = rule;
    const answer = yield* ask('clock.nextStart', {cron, timeZone, afterMs: wallMs - durationMs});
    if (!answer.ok) return unknown(`spec.windows[${index}]: ${answer.error.message}`);
    standings.push(standingAt(rule, answer.value, {wallMs, offsetMs}));
  }
  return seen(judge(standings));
}

function standingAt(
  rule: WindowRule,
  startMs: number | undefined,
  {wallMs, offsetMs}: {readonly wallMs: number; readonly offsetMs: number},
): Standing {
  if (startMs === undefined) return {rule, isInside: false, changesAtMs: undefined};
  const opensAtMs = startMs + offsetMs;
  const isInside = opensAtMs <= wallMs;
  return {rule, isInside, changesAtMs: isInside ? startMs + rule.durationMs : opensAtMs};
}

/** Open while no denying window is, and an allowing one is where there are any. */
function judge(standings: readonly Standing[]): WindowsNow {
  const changes = standings.flatMap(({changesAtMs}) => changesAtMs ?? []);
  const changing = changes.length === 0 ? {} : {changesAtMs: Math.min(...changes)};
  const denying = standings.find(({rule, isInside}) => rule.action === 'deny' && isInside);
  if (denying !== undefined) {
    const until = denying.changesAtMs === undefined ? '' : ` until ${formatTime(denying.changesAtMs)}`;
    return {isOpen: false, ...changing, why: `a denying window (${denying.rule.cron}) is open${until}`};
  }
  const allowing = standings.filter(({rule}) => rule.action === 'allow');
  if (allowing.length === 0 || allowing.some(({isInside}) => isInside))
    return {isOpen: true, ...changing, why: 'a window is open'};
  const openings = allowing.flatMap(({changesAtMs}) => changesAtMs ?? []);
  const why =
    openings.length === 0
      ? 'no allowing window ever opens'
      : `the next window opens at ${formatTime(Math.min(...openings))}`;
  return {isOpen: false, ...changing, why};
}

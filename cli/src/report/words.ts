// The words of the report: what its marks and states mean.

import type {LaneInterval, Mark, MarkKind, Recording, Span} from '@etcd-encryption/host-sim';
import {clockText, durationText} from './time-text.ts';

/** As a recording names values that no key encrypts. */
export const clearName = 'clear';

export const kindWords: Readonly<Record<MarkKind, string>> = {
  deed: 'dangerous deed (publish, activate, drop)',
  step: 'step of our programs',
  operator: 'an operator, or the timeline of the rehearsal',
  fault: 'fault',
  failover: 'failover: a side becomes Active or Standby',
  violation: 'something that had to hold did not',
};

export const verdictWords: Readonly<Record<Recording['verdict']['state'], string>> = {
  passed: 'passed',
  violated: 'violated',
  vacuous: 'vacuous',
};

/** `0:12:05 · east · e1 · fault: agent-e1 is killed` */
export const markText = ({atMs, cluster, node, kind, what, text}: Mark): string =>
  [clockText(atMs), cluster, node, `${kind}, ${what}: ${text}`].filter((part) => part !== '').join(' · ');

export const spanText = ({fromMs, toMs}: Span): string =>
  `${clockText(fromMs)} to ${clockText(toMs)} (${durationText(toMs - fromMs)})`;

export const keyWord = (key: string): string => (key === clearName ? 'clear values' : key);

export function laneText(place: string, interval: LaneInterval): string {
  const {state, writeKey, readKeys} = interval;
  const when = `${place} · ${spanText(interval)}`;
  if (state === 'down') return `${when}: no process answers`;
  const reads = readKeys.length === 0 ? 'reads nothing else' : `reads also ${readKeys.map(keyWord).join(', ')}`;
  return `${when}: ${state}, writes ${keyWord(writeKey)}, ${reads}`;
}

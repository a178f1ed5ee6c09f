// The words for what a cluster is at, seen on plain rotations.

import {createRun, type Rehearsal, type RunEvent} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {at, minuteMs, pairWith, soloWith, times} from './small.ts';

/** Phases that a cluster passes through until `limitMs`, repeats left out. */
function phasesOf(rehearsal: Rehearsal, cluster: string, {limitMs, prepared}: {limitMs: number; prepared: boolean}) {
  const seen: string[] = [];
  const listen = ({kind, cluster: whose, what}: RunEvent): void => {
    const [, phase = ''] = /^phase (\w+)$/.exec(what) ?? [];
    if (kind === 'fact' && whose === cluster) seen.push(phase);
  };
  const timeline = [at(0, {kind: 'advance', byMs: limitMs})];
  const run = createRun({...rehearsal, timeline}, {seed: 1, times, prepared, listen});
  run.runUntil(limitMs);
  expect(run.violation).toBeUndefined();
  return seen.filter((phase, index) => phase !== seen[index - 1]);
}

/** Whether the words occur in this order, whatever stands between them. */
const hasInOrder = (seen: readonly string[], words: readonly string[]): boolean => {
  let next = 0;
  for (const word of seen) if (word === words[next]) next++;
  return next === words.length;
};

test('one cluster under the random strategy ⇒ two rotations in the order of the book, and r1 is dropped', () => {
  const seen = phasesOf(soloWith(), 'solo', {limitMs: 60 * minuteMs, prepared: false});
  const rotation = ['Mint', 'Distribute', 'Activate', 'Converge', 'Migrate', 'Verify', 'Idle'];
  expect(seen).toSatisfy((all: readonly string[]) => hasInOrder(all, [...rotation, ...rotation, 'Drop']));
});

test('an Active whose next key waits ⇒ it activates, and only then publishes and distributes the one after it', () => {
  const long = {limitMs: 30 * minuteMs, prepared: true};
  const active = phasesOf(pairWith(), 'east', long);
  expect(active).toSatisfy((all: readonly string[]) =>
    hasInOrder(all, ['Preflight', 'Activate', 'Converge', 'Migrate', 'Verify', 'Publish', 'Distribute', 'Idle']),
  );
  const standby = phasesOf(pairWith(), 'west', long);
  expect(standby).toSatisfy((all: readonly string[]) =>
    hasInOrder(all, ['Activate', 'Converge', 'Migrate', 'Verify', 'Idle']),
  );
  expect(standby).not.toContain('Publish');
});

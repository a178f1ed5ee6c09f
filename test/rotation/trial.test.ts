// A file of a new kind on the one node that tries it, while its server is down and with it the way to the API.

import {type NodeObservation, unknown} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {hashOf, layoutOf, minute, observeNode, r1, r2, rendered, restingRing, ringOf} from './fixtures.ts';
import {nodePlanOf} from './reached.ts';

const before = rendered(restingRing());
const tried = rendered(ringOf({keys: [r2, r1], layout: layoutOf([r2, r1], r1.id)}));
const marker = {v: 1, trial: 'trial-1', file: hashOf(tried), before: hashOf(before)};

/** The agent began after its server had ended, and knows the earlier file from its backups. */
function alone(facts: Partial<NodeObservation>, downMs = minute): NodeObservation {
  const {lastLoadedHash: _, ...present} = observeNode({ring: restingRing(), file: tried, loaded: before});
  return {
    ...present,
    ring: unknown('connect ECONNREFUSED'),
    evidence: unknown('connect ECONNREFUSED'),
    serverDown: 'connect ECONNREFUSED',
    downSinceMs: present.now.monotonicMs - downMs,
    known: new Map([before, tried].map((blocks) => [hashOf(blocks), blocks])),
    ...facts,
  };
}

const deeds = (o: NodeObservation) => nodePlanOf(o).actions;

test('a server that is down on a file on trial ⇒ the file before is put back after a while', () => {
  expect(deeds(alone({tried: marker}))).toEqual([
    {do: 'restoreFile', hash: hashOf(before), why: 'its server does not start with this file', refused: true},
  ]);
  expect(deeds(alone({tried: marker}, 5_000))).toEqual([]);
});

test('a server that is down on a file that is not on trial ⇒ the file stays', () => {
  expect(deeds(alone({}))).toEqual([]);
  expect(deeds(alone({tried: {...marker, file: hashOf(before)}}))).toEqual([{do: 'endTrial'}]);
});

test('a file on trial that its server has loaded ⇒ the trial is over before anything else', () => {
  const o = observeNode({ring: restingRing(), file: before, facts: {tried: {...marker, file: hashOf(before)}}});
  expect(deeds(o)).toEqual([{do: 'endTrial'}]);
});

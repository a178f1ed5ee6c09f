// What the agent's report carries on from one server process to the next.

import {newAgentMemory} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {makeReport} from '../../rotation/src/act/report.ts';
import {planNode} from '../../rotation/src/plan/node.ts';
import {now, observeNode, r1, reportOf, restingRing} from './fixtures.ts';

const startedAtMs = now - 3_600_000;

test.each([
  ['of the same process, whose start is told 900 ms off', startedAtMs + 900, 50, 120],
  ['of another process', startedAtMs + 60_000, 50, 150],
  ['that fell, though the start is told as before', startedAtMs, 10, 110],
  ['of a server that cannot be asked', undefined, 0, 100],
])(
  '100 encryptions in all, 30 of them by the last process, and a counter %s ⇒ none is lost',
  (_, start, count, sum) => {
    const ring = restingRing();
    const memory = newAgentMemory('n1', [], []);
    const byName = {[r1.name]: 30};
    memory.lastReport = reportOf('n1', ring, {encryptions: {[r1.name]: 100}, counters: {startedAtMs, byName}});
    const asked = observeNode({ring, evidence: {processStartMs: start, encryptions: {[r1.name]: count}}});
    const o = start === undefined ? {...asked, evidence: {state: 'unknown', why: 'ECONNREFUSED'} as const} : asked;
    const report = makeReport(memory, o, planNode(o));
    expect(report.encryptions).toEqual({[r1.name]: sum});
    const kept = {startedAtMs, byName};
    expect(report.counters).toEqual(start === undefined ? kept : {startedAtMs: start, byName: {[r1.name]: count}});
  },
);

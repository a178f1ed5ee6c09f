// When an agent rests: a Standby's ring keeps its last scan until the next one, and that keeps nobody awake.

import type {NodeReport, Ring} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {now} from '../fixtures.ts';
import {AgentNode, ringWith} from './agent-node.ts';

const scan: NonNullable<Ring['scan']> = {id: 'scan-4-7', resources: ['secrets'], node: 'n1', deep: false, atMs: now};
const answered: NonNullable<NodeReport['scan']> = {
  id: scan.id,
  counts: {secrets: {clear: 2}},
  revision: 9,
  startedAtMs: now,
  completedAtMs: now,
};

/** Whether an agent with nothing else to do wants its next period soon. */
function isAwake(asked: Ring['scan'], answer?: NodeReport['scan']): boolean {
  const node = new AgentNode({ring: ringWith(asked === undefined ? {} : {scan: asked})});
  node.placeFile([]);
  node.memory.scan = answer;
  return node.run(3);
}

test.each<[string, Ring['scan'], NodeReport['scan'], boolean]>([
  ['no scan is asked for', undefined, undefined, false],
  ['a scan is asked of this node', scan, undefined, true],
  ['another one was answered', scan, {...answered, id: 'scan-4-6'}, true],
  ['it was answered', scan, answered, false],
  ['a scan is asked of another node', {...scan, node: 'n2'}, undefined, false],
  ['values shall be opened, and were only counted', {...scan, deep: true}, answered, true],
])('%s ⇒ the agent is awake or rests', (_what, asked, answer, awake) => {
  expect(isAwake(asked, answer)).toBe(awake);
});

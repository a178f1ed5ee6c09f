// `forget-node` on a simulated cluster: refused for a server that lives, done for one that is gone.

import {annotation, ourNamespace, ringResource} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {UsageError} from '../../cli/src/verb.ts';
import {forgetNodeVerb} from '../../cli/src/verbs/forget-node.ts';
import {expectValue} from '../ports/answers.ts';
import {runVerb} from './command.ts';
import {installed, runRotations, type SimulatedCluster} from './simulated-cluster.ts';

const ringOf = ({person}: SimulatedCluster) =>
  expectValue(person['store.get']({resource: ringResource, namespace: ourNamespace, name: 'default'}));

test('a server that renews its lease ⇒ refused with the reason, and the request is taken back', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const ran = await runVerb(forgetNodeVerb(cluster.open), 'node-2', '--yes');
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/^requested: node-2 \d{4}-/);
  expect(ran.out).toBe('refused: node-2: its server renews its lease; the request is taken back\n');
  expect(ringOf(cluster)?.metadata.annotations?.[annotation.forgetNode]).toBeUndefined();
  cluster.simulation.powerLoss('node-2');
  cluster.simulation.runFor(300_000);
  expect(ringOf(cluster)?.spec).toMatchObject({forgotten: []});
});

test('a server that is gone ⇒ forgotten; once more ⇒ it is said that it was', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  cluster.simulation.powerLoss('node-2');
  cluster.simulation.runFor(120_000);
  const ran = await runVerb(forgetNodeVerb(cluster.open), 'node-2', '--yes');
  expect(ran.out).toBe('node-2 is forgotten\n');
  expect(ran.code).toBe(0);
  expect(ringOf(cluster)?.spec).toMatchObject({forgotten: [{node: 'node-2'}]});
  const again = await runVerb(forgetNodeVerb(cluster.open), 'node-2', '--yes');
  expect(again.code).toBe(0);
  expect(again.out).toMatch(/^node-2 was forgotten at \S+Z already\n$/);
});

test('a server that ended in order just now, its lease with it ⇒ forgotten once that has lasted', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const {simulation} = cluster;
  simulation.runFor(120_000);
  simulation.killProgram('agent-node-2');
  simulation.cluster.node('node-2').stop(1_000);
  const askedAtMs = simulation.nowMs;
  const ran = await runVerb(forgetNodeVerb(cluster.open), 'node-2', '--yes');
  expect(ran.out).toBe('node-2 is forgotten\n');
  expect(simulation.nowMs - askedAtMs).toBeGreaterThanOrEqual(40_000);
});

test('the status calls it down, and no controller is there to answer ⇒ that is no refusal, and the request stays', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  cluster.simulation.powerLoss('node-2');
  cluster.simulation.runFor(300_000);
  cluster.simulation.killProgram('controller');
  const ran = await runVerb(forgetNodeVerb(cluster.open), 'node-2', '--yes');
  expect(ran.out).toMatch(/^not yet: .*; the request stays$/m);
  expect(ringOf(cluster)?.metadata.annotations?.[annotation.forgetNode]).toMatch(/^node-2 /);
});

test('nobody to ask and no --yes, no node, or an unknown one ⇒ usage error, nothing is written', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  for (const args of [['node-2'], ['--yes'], ['node-9', '--yes']]) {
    const ran = await runVerb(forgetNodeVerb(cluster.open), ...args);
    expect(ran.error, args.join(' ')).toBeInstanceOf(UsageError);
  }
  expect(ringOf(cluster)?.metadata.annotations ?? {}).toEqual({});
});

test('no ring ⇒ an error that says so', async () => {
  const {open} = installed({}, {controller: false});
  const ran = await runVerb(forgetNodeVerb(open), 'node-2', '--yes');
  expect(String(ran.error)).toContain('there is no ring yet');
});

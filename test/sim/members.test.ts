// Who counts, on a simulated cluster: lists that come back empty or shortened, an address that nobody claims, and a
// server that ends in order and takes its lease with it.

import type {Decorator, Simulation} from '@etcd-encryption/host-sim';
import {type Arguments, annotation, failed, ok, type Result} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';

const minuteMs = 60_000;

/** A cluster with revision 1 complete, whose next rotation somebody asks for. */
function rotating(program: Decorator): {readonly cluster: EngineCluster; readonly heal: () => void} {
  const cluster = new EngineCluster({simulation: {pollMs: 10_000}});
  cluster.complete(1);
  const heal = cluster.simulation.decorate('controller', program);
  cluster.annotate('config', annotation.rotate, 'drill');
  return {cluster, heal};
}

const listOf =
  (plural: string, answer: (page: Result<unknown>) => Result<unknown>): Decorator =>
  (op, args, next) =>
    op === 'store.list' && (args as Arguments<'store.list'>).resource.plural === plural ? answer(next()) : next();
const empty = (): Result<unknown> => ok({items: [], resourceVersion: '1'});

const slice =
  (answer: (slice: Result<unknown>) => Result<unknown>): Decorator =>
  (op, args, next) =>
    op === 'store.get' && (args as Arguments<'store.get'>).resource.plural === 'endpointslices'
      ? answer(next())
      : next();

describe('a list of members that cannot be right', () => {
  test.each([
    [
      'leases come back empty',
      listOf('leases', empty),
      'ReadFailed: server leases: none in kube-system, not even of the server that answers; is feature APIServerIdentity off?',
    ],
    [
      'endpoints come back empty',
      slice(() => ok({metadata: {name: 'kubernetes'}, endpoints: []})),
      'ReadFailed: endpoints of the kubernetes service: EndpointSlice default/kubernetes holds no address',
    ],
    [
      'endpoints cannot be read',
      slice(() => failed('denied', 'forbidden')),
      'ReadFailed: endpoints of the kubernetes service: denied: forbidden',
    ],
    [
      'endpoints hold an address that nobody claims',
      slice(() => ok({metadata: {name: 'kubernetes'}, endpoints: [{addresses: ['10.9.9.9']}]})),
      'UnknownMember: server 10.9.9.9 (endpoint of the kubernetes service) has no agent',
    ],
  ])(
    '%s while a rotation is asked for ⇒ nothing is activated and it is named; healed ⇒ it completes',
    (_, fault, said) => {
      const {cluster, heal} = rotating(fault);
      cluster.simulation.runFor(10 * minuteMs);
      expect(cluster.said).toContain(said);
      expect(cluster.ring.rotation?.activatedAtMs).toBeUndefined();
      expect(cluster.ring.history[0]?.revision).toBe(1);
      heal();
      cluster.complete(2);
    },
  );

  test.each([
    ['no Node is labelled', listOf('nodes', empty)],
    ['servers write no endpoints', slice(() => ok(undefined))],
  ])('%s ⇒ the rotation completes', (_, fault) => {
    rotating(fault).cluster.complete(2);
  });
});

describe('a server ends in order, and its lease with it', () => {
  const node = 'n3';
  const stopped = (): {readonly cluster: EngineCluster; readonly stoppedAtMs: number} => {
    const cluster = new EngineCluster({simulation: {pollMs: 10_000}});
    cluster.complete(1);
    cluster.simulation.killProgram(`agent-${node}`);
    cluster.simulation.cluster.node(node).stop(1_000);
    cluster.annotate('ring', annotation.forgetNode, `${node} now`);
    return {cluster, stoppedAtMs: cluster.simulation.nowMs};
  };
  const forgotten = ({ring}: EngineCluster): readonly string[] => ring.forgotten.map((each) => each.node);
  const elapsed = ({nowMs}: Simulation, sinceMs: number): number => nowMs - sinceMs;

  test('forgotten at once ⇒ not known yet for 40 s of its absence, then it no longer counts', () => {
    const {cluster, stoppedAtMs} = stopped();
    cluster.until('the answer', () => cluster.said.includes(`ForgetRefused: ${node}: whether its server lives is not`));
    cluster.until('it is forgotten', () => forgotten(cluster).includes(node), 5 * minuteMs);
    const took = elapsed(cluster.simulation, stoppedAtMs);
    expect(took).toBeGreaterThanOrEqual(40_000);
    expect(took).toBeLessThan(40_000 + 30_000 + 5_000);
    expect(cluster.ring.refusedForget).toBeUndefined();
  });

  test('it is back within half a minute, as after a reboot ⇒ refused, and it goes on counting', () => {
    const {cluster} = stopped();
    cluster.simulation.runFor(28_000);
    cluster.simulation.cluster.node(node).start();
    cluster.simulation.restartProgram(`agent-${node}`);
    cluster.simulation.runFor(5 * minuteMs);
    expect(forgotten(cluster)).toEqual([]);
    expect(cluster.said).toContain(`ForgetRefused: ${node}: its server renews its lease`);
    expect(cluster.ring.refusedForget).toBe(`${node} now`);
    cluster.annotate('config', annotation.rotate, 'drill');
    cluster.complete(2);
  });
});

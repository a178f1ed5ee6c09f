// What goes wrong in a seed's world. Each kind draws from a stream of its own, so that leaving one out does not change
// when the others strike. The shipped engine must bear all of them.

import {
  type Arguments,
  failed,
  leaseResource,
  nodeReportResource,
  ok,
  type StoredObject,
} from '@etcd-encryption/rotation';
import type {Stream} from '../prng.ts';
import type {Decorator} from '../program.ts';
import type {Simulation} from '../run.ts';
import type {Cluster} from '../world/cluster.ts';
import type {SimNode} from '../world/node.ts';

export type FaultName =
  | 'kill'
  | 'nodeDown'
  | 'powerLoss'
  | 'restart'
  | 'slowPoll'
  | 'lostAnswers'
  | 'secondLeader'
  | 'noReports'
  | 'slowDeeds'
  /** As slow agents, but the leader. */
  | 'slowLeader';

/** Kinds that are drawn; the others only strike where they are aimed. */
export const drawnFaults: readonly FaultName[] = [
  'kill',
  'nodeDown',
  'powerLoss',
  'restart',
  'slowPoll',
  'lostAnswers',
  'secondLeader',
  'slowDeeds',
];

/** Two programs of this kind run, so that a leader can be overtaken. */
export const controllers = ['controller-a', 'controller-b'] as const;
export const agentOf = (node: string): string => `agent-${node}`;

export interface FaultHost {
  readonly simulation: Simulation;
  /** Where they strike. */
  readonly cluster: Cluster;
  /** The controllers that run there. */
  readonly leaders: readonly string[];
  /** The agent's program on a node. */
  readonly agentOf: (node: string) => string;
  /** Faults begin before this, ms; what lasts ends by itself. */
  readonly untilMs: number;
}

/** Lets a kind of fault strike now and then. */
export function strike(kind: FaultName, host: FaultHost): void {
  const {simulation, untilMs} = host;
  const draws = simulation.world.random.stream('faults', kind);
  if (kind === 'slowDeeds' || kind === 'slowLeader') return;
  const next = (): void => {
    const delayMs = draws.integer(1_000, meanMs[kind] * 2);
    if (simulation.nowMs + delayMs > untilMs) return;
    simulation.world.scheduler.after(delayMs, `faults/${kind}`, () => {
      happen(kind, host, draws);
      next();
    });
  };
  next();
}

type Recurring = Exclude<FaultName, 'slowDeeds' | 'slowLeader'>;

/** Mean time between two of a kind, ms. */
const meanMs: Readonly<Record<Recurring, number>> = {
  kill: 20_000,
  nodeDown: 90_000,
  powerLoss: 60_000,
  restart: 60_000,
  slowPoll: 60_000,
  lostAnswers: 60_000,
  secondLeader: 60_000,
  noReports: 30_000,
};

function happen(kind: Recurring, {simulation, cluster, leaders, agentOf: agent}: FaultHost, draws: Stream): void {
  const {nodes} = cluster;
  const node = draws.pick(nodes);
  const lastsMs = draws.integer(5_000, 90_000);
  const programs = [...leaders, ...nodes.map(({name}) => agent(name))];
  switch (kind) {
    case 'kill':
      simulation.restartProgram(draws.pick(programs), draws.integer(0, 5_000));
      return;
    case 'nodeDown':
      loseNode(simulation, node, {loss: 0, forMs: 2 * lastsMs});
      return;
    case 'powerLoss':
      loseNode(simulation, node, {loss: 0.9, forMs: Math.ceil(lastsMs / 4)});
      return;
    case 'restart':
      if (node.server !== undefined) node.restart(draws.integer(0, longestDrainMs));
      return;
    case 'slowPoll':
      pausePolls(simulation, node, lastsMs);
      return;
    case 'lostAnswers':
      during(simulation, draws.pick(programs), {decorator: loseAnswers(draws), forMs: lastsMs});
      return;
    case 'secondLeader':
      if (leaders.includes(controllers[1]))
        during(simulation, controllers[1], {decorator: believesItLeads, forMs: Math.ceil(lastsMs / 3)});
      return;
    case 'noReports':
      for (const program of leaders) during(simulation, program, {decorator: hideReports, forMs: lastsMs});
      return;
    default:
      kind satisfies never;
  }
}

/** A stopping server may commit what it has begun for this long, ms. */
const longestDrainMs = 25_000;

function loseNode(simulation: Simulation, {name, server}: SimNode, how: {loss: number; forMs: number}): void {
  // At most one node is away, as long as its server is not.
  if (server === undefined) return;
  simulation.powerLoss(name, how.loss);
  simulation.world.scheduler.after(how.forMs, `faults/${name}`, () => simulation.boot(name, 1_000));
}

function pausePolls({world}: Simulation, node: SimNode, forMs: number): void {
  node.settings.automaticReload = false;
  world.scheduler.after(forMs, `faults/${node.name}`, () => {
    node.settings.automaticReload = true;
    node.server?.noticeFile();
  });
}

function during(
  simulation: Simulation,
  program: string,
  {decorator, forMs}: {decorator: Decorator; forMs: number},
): void {
  const heal = simulation.decorate(program, decorator);
  simulation.world.scheduler.after(forMs, `faults/${program}`, heal);
}

/** One request in ten to the API has no answer, whether it took effect or not. */
const loseAnswers =
  (draws: Stream): Decorator =>
  (op, _args, next) => {
    if (!op.startsWith('store.') || !draws.chance(0.1)) return next();
    if (draws.chance(0.5)) next();
    return failed('ambiguous', 'the connection was lost', {reason: 'ECONNRESET'});
  };

/** Lists of node reports come back empty, as from a cache that has not been filled. */
const hideReports: Decorator = (op, args, next) => {
  const {resource} = args as Partial<Arguments<'store.list'>>;
  return op === 'store.list' && resource?.plural === nodeReportResource.plural
    ? ok({items: [], resourceVersion: '1'})
    : next();
};

/** The lease tells it that it leads, whoever else does. */
const believesItLeads: Decorator = (op, args, next) => {
  const {resource, object, name} = args as Partial<Arguments<'store.get'> & Arguments<'store.replace'>>;
  if (resource?.plural !== leaseResource.plural || resource.group !== leaseResource.group) return next();
  if (op === 'store.get' && name !== undefined) {
    const answer = next();
    if (!answer.ok || answer.value === undefined) return answer;
    const lease = answer.value as StoredObject & {readonly spec: object};
    return ok({...lease, spec: {...lease.spec, holderIdentity: controllers[1]}});
  }
  return op === 'store.replace' ? ok(object) : next();
};

// Two clusters of a disaster-recovery pair, as they are run today: one Active, one Standby with the Synchronizer on it,
// users who follow the platform's domain, and the steps of a failover by the book. Who is Active is what this script
// says; what programs make of the signs they see is theirs.

import {Simulation, type SimulationOptions} from './run.ts';
import type {Side, SideOptions} from './side.ts';
import type {Cluster} from './world/cluster.ts';
import {mirrorNamespace} from './world/mirror-signs.ts';
import type {NodeOptions} from './world/node.ts';
import {createReplicationRule, type ReplicationRule} from './world/replication.ts';
import {compareSides, type Difference, restoreSnapshot, type Snapshot} from './world/snapshot.ts';
import {Synchronizer, type SynchronizerOptions} from './world/synchronizer.ts';
import {Users} from './world/users.ts';

/** By name: the one that begins as the Active is `east`, unless a pair gives its sides other names. */
export type SideName = 'east' | 'west';

export interface PairSideOptions extends Omit<SideOptions, 'name' | 'nodes' | 'isReplicated' | 'active'> {
  /** How many control-plane nodes (`e1`, `e2`, … and `w1`, …), or each of them. */
  readonly nodes?: number | readonly NodeOptions[];
}

/** `objects` and `users` are of the replicated namespace; those of a side are its own, in `default`. */
export interface PairOptions extends Omit<SimulationOptions, 'clusters' | 'clusterName' | 'nodes' | 'active'> {
  /** The side that begins as the Active. */
  readonly east?: PairSideOptions;
  /** The side that begins as the Standby. */
  readonly west?: PairSideOptions;
  readonly replication?: SynchronizerOptions & {readonly rule?: ReplicationRule};
  /** False: the Synchronizer is installed by whoever makes the pair, once both sides are as they shall begin. */
  readonly installed?: boolean;
}

/** Namespace of what is replicated. */
export const replicatedNamespace = 'apps';

export class Pair<Name extends string = SideName> {
  readonly simulation: Simulation;
  /** Who works in the replicated namespace, at the side that the platform's domain points to. */
  readonly users: Users;
  /** By the side that it runs on. */
  readonly synchronizers: Readonly<Record<Name, Synchronizer>>;
  /** The one that began as the Active, then the other. */
  readonly names: readonly [Name, Name];

  constructor(
    names: readonly [Name, Name],
    {east, west, replication = {}, objects = {}, users, installed = true, ...options}: PairOptions,
  ) {
    const {rule, ...mirror} = replication;
    const [first, second] = names;
    const isReplicated = createReplicationRule(rule);
    const common = {...options, isReplicated, namespaces: [mirrorNamespace, replicatedNamespace]};
    this.names = names;
    this.simulation = new Simulation({
      ...common,
      clusters: [
        {...east, name: first, nodes: nodesOf('e', 1, east?.nodes), active: true},
        {...west, name: second, nodes: nodesOf('w', 2, west?.nodes), active: false},
      ],
    });
    const clusters = [this.cluster(first), this.cluster(second)] as const;
    const onSecond = new Synchronizer(clusters[0], clusters[1], mirror);
    const onFirst = new Synchronizer(clusters[1], clusters[0], mirror);
    this.synchronizers = {[first]: onFirst, [second]: onSecond} as Record<Name, Synchronizer>;
    this.users = new Users(clusters[0], {...users, namespace: replicatedNamespace, name: 'pair'});
    for (const [resource, count] of Object.entries(objects)) this.users.populate(resource, count);
    if (installed) onSecond.install('at once');
  }

  side(name: Name): Side {
    return this.simulation.side(name);
  }

  cluster(name: Name): Cluster {
    return this.side(name).cluster;
  }

  /** The Synchronizer that runs, or would run, on a side. */
  synchronizer(name: Name): Synchronizer {
    return this.synchronizers[name];
  }

  /** The side beside this one. */
  other(name: Name): Name {
    const [first, second] = this.names;
    return name === first ? second : first;
  }

  /** Sides that are an Active by the script: one, or both between a failover and the next installation. */
  get active(): readonly Name[] {
    return this.names.filter((name) => this.cluster(name).active);
  }

  /** Says who is Active from now on; the steps below say it themselves. */
  setActive(...active: readonly Name[]): void {
    for (const name of this.names) this.cluster(name).setActive(active.includes(name));
  }

  /** Missed and surplus keys on one side, seen from the other. */
  compare(to: Name): Difference {
    return compareSides(this.cluster(this.other(to)), this.cluster(to));
  }

  /**
   * By the book: the Synchronizer goes, then the domain points to this side. Both are Actives from now on, the old one
   * until a Synchronizer is installed on it. With `planned` the users pause until everything has been copied.
   * @returns whether, when planned, the backlog became empty in `limitMs`; otherwise nothing is done
   */
  failover(to: Name, mode: 'planned' | 'unplanned' = 'unplanned', limitMs = 3_600_000): boolean {
    if (mode === 'planned' && !this.#drain(this.synchronizer(to), limitMs)) return false;
    this.takeOver(to);
    return true;
  }

  /** The step of a failover by which this side becomes an Active: no Synchronizer here, and the users come. */
  takeOver(to: Name): void {
    this.synchronizer(to).uninstall();
    this.cluster(to).setActive(true);
    this.users.moveTo(this.cluster(to));
  }

  /** The Synchronizer is installed on this side, which is a Standby from now on, and the other one the Active. */
  follow(standby: Name): void {
    this.synchronizer(this.other(standby)).uninstall();
    this.setActive(this.other(standby));
    this.synchronizer(standby).install();
  }

  /** One side's etcd is put back; a Synchronizer that read it begins again. */
  restore(name: Name, snapshot: Snapshot): void {
    const reader = this.synchronizer(this.other(name));
    reader.kill();
    restoreSnapshot(this.cluster(name), snapshot);
    reader.start();
  }

  #drain(synchronizer: Synchronizer, limitMs: number): boolean {
    const {simulation} = this;
    this.users.pause();
    const drained = simulation.runUntil(() => synchronizer.backlog === 0, simulation.nowMs + limitMs);
    this.users.resume();
    return drained;
  }
}

/** Makes a pair in which nothing has gone wrong yet: everything is copied, the Synchronizer runs on `west`. */
export const createPair = (options: PairOptions): Pair => new Pair(sideNames, options);

/** As {@link createPair}, with other names: the one that begins as the Active, then the other. */
export const createNamedPair = (names: readonly [string, string], options: PairOptions): Pair<string> =>
  new Pair(names, options);

const sideNames = ['east', 'west'] as const;

const nodesOf = (prefix: string, subnet: number, nodes: number | readonly NodeOptions[] = 3): readonly NodeOptions[] =>
  typeof nodes === 'number'
    ? Array.from({length: nodes}, (_, index) => ({
        name: `${prefix}${index + 1}`,
        address: `10.${subnet}.0.${index + 1}`,
      }))
    : nodes;

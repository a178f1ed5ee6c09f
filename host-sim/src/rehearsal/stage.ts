// What every deed of a rehearsal works with: the world, a random stream of its own, a way to say that a fault struck,
// and what has to be put right at the end.

import type {Scheduler} from '../scheduler.ts';
import type {ManagedCluster} from './managed.ts';
import type {DeedKind, FaultClass, Phase} from './model.ts';
import {phaseOf} from './phase.ts';
import type {Strike} from './result.ts';
import type {RehearsalWorld} from './world.ts';

/** One line for people about something that happened. */
export interface RunEvent {
  readonly atMs: number;
  readonly cluster?: string;
  readonly node?: string;
  readonly what: string;
  readonly kind: 'deed' | 'fault' | 'fact' | 'verdict';
}

export interface Told {
  readonly what: string;
  readonly node?: string;
  readonly deed: DeedKind;
}

export interface Stage {
  readonly world: RehearsalWorld;
  readonly scheduler: Scheduler;
  readonly strikes: readonly Strike[];
  /** Strikes with the deeds that they come from. */
  readonly struck: readonly {readonly deed: DeedKind; readonly strike: Strike}[];
  /** Nodes that are away, until they are booted. */
  readonly away: Set<string>;
  /** Notes that a fault struck a cluster now, and says so. */
  readonly strike: (fault: FaultClass, managed: ManagedCluster, told: Told) => Phase;
  readonly tell: (event: Omit<RunEvent, 'atMs'>) => void;
  /** What is called once at the end, unless it was called before; the answer calls it now. */
  readonly heals: (heal: () => void) => () => void;
  /** Puts everything right. */
  readonly healAll: () => void;
}

export function createStage(world: RehearsalWorld, listen: ((event: RunEvent) => void) | undefined): Stage {
  const {scheduler} = world.simulation.world;
  const strikes: Strike[] = [];
  const struck: {deed: DeedKind; strike: Strike}[] = [];
  const healers = new Set<() => void>();
  const tell = (event: Omit<RunEvent, 'atMs'>): void => listen?.({atMs: scheduler.nowMs, ...event});
  return {
    world,
    scheduler,
    strikes,
    struck,
    away: new Set(),
    tell,
    strike(fault, managed, {what, node, deed}) {
      const phase = phaseOf(managed);
      const strike = {fault, phase, role: managed.role(), cluster: managed.name, atMs: scheduler.nowMs};
      strikes.push(strike);
      struck.push({deed, strike});
      world.simulation.world.trace.record(scheduler.nowMs, managed.name, `fault-${fault}`, node ?? '');
      tell({cluster: managed.name, what, kind: 'fault', ...(node === undefined ? {} : {node})});
      world.enliven();
      return phase;
    },
    heals(heal) {
      const once = (): void => {
        if (healers.delete(once)) heal();
      };
      healers.add(once);
      return once;
    },
    healAll() {
      for (const heal of [...healers]) heal();
    },
  };
}

/** The cluster of a name. @throws RangeError where the file has none of it */
export function clusterOf({world: {clusters}}: Stage, name: string): ManagedCluster {
  const found = clusters.find((managed) => managed.name === name);
  if (found === undefined) throw new RangeError(`cluster: expected one of the rehearsal, got ${name}`);
  return found;
}

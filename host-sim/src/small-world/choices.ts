// What each choice can look at and change. A choice that looks at the same parts of two worlds does the same in both, so
// it has to be walked in one of them only; what oracles look at counts as looked at.

import type {Actor, Cut} from './actor.ts';
import {tickMs} from './cluster.ts';
import type {Slot} from './parts.ts';
import type {SmallWorldScene} from './world.ts';

/**
 * What goes wrong: a program dies or is not told the truth ({@link Cut}), stands still in the middle of something while time
 * passes, or its node loses its power.
 */
export type FaultKind = Cut | 'pause' | 'power';

/** One choice, as one line for people: `controller-n`, `agent-n1: crash after`, `time`, `n1 loses its power`. */
export interface Choice {
  readonly name: string;
  /** Choices of the same word do the same; its name, unless given. */
  readonly does?: string;
  /** Slots that it looks at, or that are changed; others stay as they are. */
  readonly sees: readonly number[];
  /** Of these, what it looks at only in some worlds; what else it sees decides whether it does. */
  readonly maySee: readonly number[];
  /** Whether it looked at those, the last time that it was taken. */
  readonly didSee: (scene: SmallWorldScene) => boolean;
  /** Slots that only grow older with it, each by itself. */
  readonly ages: readonly number[];
  /** What goes wrong with it; undefined where nothing does. */
  readonly fault: FaultKind | undefined;
  /** Whether a world offers it, by what its parts say. */
  readonly isOpen: (textOf: (slot: number) => string) => boolean;
  /** Answers whether it came about as it is named. */
  readonly take: (scene: SmallWorldScene) => boolean;
}

export interface Plan {
  readonly slots: readonly Slot[];
  readonly choices: readonly Choice[];
}

const nodeParts = ['report', 'server', 'disk', 'agent'] as const;

/** The parts of a world and the choices in it: the same for all worlds of one kind. */
export function planOf({clusters, pair}: SmallWorldScene, rotations: number): Plan {
  const slots: Slot[] = [{of: 'clock', name: '', cluster: ''}];
  if (pair !== undefined) slots.push({of: 'mirror', name: '', cluster: ''});
  for (const {cluster} of clusters) {
    const {name} = cluster;
    slots.push({of: 'store', name, cluster: name}, {of: 'controller', name, cluster: name});
    for (const node of cluster.nodes)
      for (const part of nodeParts) slots.push({of: part, name: node.name, cluster: name});
  }
  const choices = clusters.flatMap(({cluster}, at) => clusterChoices(slots, cluster.name, {at, rotations}));
  return {slots, choices: [...choices, ...timeChoices(slots)]};
}

const cuts: readonly Cut[] = ['crash before', 'crash after', 'crash midway', 'unknown answer'];

interface Where {
  /** Number of the cluster. */
  readonly at: number;
  readonly rotations: number;
}

function clusterChoices(slots: readonly Slot[], cluster: string, where: Where): readonly Choice[] {
  const find = (test: (slot: Slot) => boolean): number[] => slots.flatMap((slot, index) => (test(slot) ? [index] : []));
  const shared = find(({of, cluster: its}) => of === 'clock' || of === 'mirror' || (of === 'store' && its === cluster));
  const servers = find(({of, cluster: its}) => of === 'server' && its === cluster);
  const reports = find(({of, cluster: its}) => of === 'report' && its === cluster);
  const [controller = 0] = find(({of, name}) => of === 'controller' && name === cluster);
  const [store = 0] = find(({of, name}) => of === 'store' && name === cluster);
  const nodes = slots.filter(({of, cluster: its}) => of === 'server' && its === cluster).map(({name}) => name);
  const isUnfinished: Choice['isOpen'] = (textOf) => !textOf(store).startsWith('flags over');
  const choices: Choice[] = [];
  const programs = [
    ...nodes.map((node, index) => {
      const own = find(({of, name}) => name === node && of !== 'server' && of !== 'store' && of !== 'controller');
      const [slot = 0] = find(({of, name}) => of === 'agent' && name === node);
      const actor = (scene: SmallWorldScene): Actor => actorAt(scene.clusters[where.at]?.agents[index]);
      return {
        name: `agent-${node}`,
        slot,
        sees: [...shared, ...servers, ...own],
        maySee: [] as number[],
        actor,
        isOpen: always,
      };
    }),
    {
      name: `controller-${cluster}`,
      slot: controller,
      sees: [...shared, ...servers, ...reports, controller],
      maySee: reports,
      actor: (scene: SmallWorldScene): Actor => actorAt(scene.clusters[where.at]?.controller),
      isOpen: isUnfinished,
    },
  ];
  const didSee = (scene: SmallWorldScene): boolean => scene.clusters[where.at]?.readReports() === true;
  for (const {name, slot, sees, maySee, actor, isOpen} of programs) {
    const common = {sees, maySee, didSee, ages: []};
    choices.push({...common, name, fault: undefined, isOpen, take: (scene) => actor(scene).go()});
    choices.push(
      ...nodes.slice(1).map((node) => ({...common, ...throughOther({name, slot, actor, node, at: where.at, servers})})),
    );
    choices.push(
      ...cuts.map((cut): Choice => {
        const isCut: Choice['isOpen'] = (textOf) => isOpen(textOf) && canBeCut(cut, textOf(slot));
        return {...common, name: `${name}: ${cut}`, fault: cut, isOpen: isCut, take: (scene) => actor(scene).go(cut)};
      }),
    );
  }
  for (const node of nodes) choices.push(powerChoice(slots, node, {shared, servers}));
  const asks: Choice['isOpen'] = (textOf) => textOf(store).startsWith('flags done');
  const ask = (scene: SmallWorldScene): boolean => {
    scene.clusters[where.at]?.askToRotate();
    return true;
  };
  return [
    ...choices,
    {
      name: `somebody asks ${cluster}`,
      sees: shared,
      ...unconditional,
      ages: [],
      fault: undefined,
      isOpen: asks,
      take: ask,
    },
  ];
}

const unconditional = {maySee: [], didSee: () => false} as const;
const always = (): boolean => true;

function actorAt(actor: Actor | undefined): Actor {
  if (actor === undefined) throw new RangeError('actor: expected one of this world, got none');
  return actor;
}

/** A program that rests has only a memory to lose, and one that is gone has none. */
function canBeCut(cut: Cut, text: string): boolean {
  switch (cut) {
    case 'crash before':
      return !text.startsWith('gone');
    case 'crash midway':
      return true;
    case 'crash after':
    case 'unknown answer':
      return text.startsWith('pending');
    default:
      return cut satisfies never;
  }
}

interface Routed {
  readonly name: string;
  readonly slot: number;
  readonly actor: (scene: SmallWorldScene) => Actor;
  readonly node: string;
  readonly at: number;
  readonly servers: readonly number[];
}

/** Whichever server answers matters only where something is encrypted and the servers differ. */
function throughOther({
  name,
  slot,
  actor,
  node,
  at,
  servers,
}: Routed): Pick<Choice, 'name' | 'fault' | 'isOpen' | 'take'> {
  return {
    name: `${name}: through ${node}`,
    fault: undefined,
    isOpen: (textOf) =>
      textOf(slot).startsWith('pending') &&
      textOf(slot).includes('store.rewrite') &&
      new Set(servers.map((server) => loadedIn(textOf(server)))).size > 1,
    take: (scene) => {
      const cluster = scene.clusters[at];
      cluster?.route(node);
      const cameAbout = actor(scene).go();
      cluster?.route(undefined);
      return cameAbout;
    },
  };
}

const loadedIn = (server: string): string => /loaded (\S*)/.exec(server)?.[1] ?? '';

/** The node comes back at once: its server starts within a step of time. */
function powerChoice(
  slots: readonly Slot[],
  node: string,
  {shared, servers}: {readonly shared: readonly number[]; readonly servers: readonly number[]},
): Choice {
  const own = slots.flatMap(({of, name}, index) => (name === node && (of === 'agent' || of === 'disk') ? [index] : []));
  const server = slots.findIndex(({of, name}) => of === 'server' && name === node);
  return {
    name: `${node} loses its power`,
    sees: [...shared, ...servers, ...own],
    ...unconditional,
    ages: [],
    fault: 'power',
    isOpen: (textOf) => textOf(server).startsWith('up'),
    take: ({simulation, actors}) => {
      for (const actor of actors) if (actor.setup.node === node) actor.crash();
      simulation.powerLoss(node, 1);
      simulation.boot(node, 0);
      return true;
    },
  };
}

/** Time passes where every program rests; over one that is in the middle of something it passes as a fault. */
function timeChoices(slots: readonly Slot[]): readonly Choice[] {
  const moved = ['clock', 'mirror', 'store', 'server'];
  const indices = (isMoved: boolean): number[] =>
    slots.flatMap(({of}, index) => (of !== 'disk' && moved.includes(of) === isMoved ? [index] : []));
  const programs = slots.flatMap(({of}, index) => (of === 'agent' || of === 'controller' ? [index] : []));
  const isBusy: Choice['isOpen'] = (textOf) => programs.some((slot) => textOf(slot).startsWith('pending'));
  const common = {does: 'time', sees: indices(true), ...unconditional, ages: indices(false), take: pass};
  return [
    {...common, name: 'time', fault: undefined, isOpen: (textOf) => !isBusy(textOf)},
    {...common, name: 'time passes over a program', fault: 'pause', isOpen: isBusy},
  ];
}

function pass({simulation, clusters}: SmallWorldScene): boolean {
  simulation.runFor(tickMs);
  for (const {touch} of clusters) touch();
  return true;
}

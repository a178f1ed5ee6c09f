// Tries everything: from each state every program that can go on, every fault that is left and a step of time, each
// state once, until no untried way is left. A way leads through states by what was chosen, so it can be walked again.

import {InvariantViolation, type ViolationDetail} from '../oracles/violation.ts';
import type {Actor, Cut} from './actor.ts';
import {hashState} from './canonical.ts';
import {createSmallWorld, type SmallWorldOptions, type SmallWorldScene, tickMs} from './world.ts';

/** One choice, as one line for people: `controller-n`, `agent-n1: crash after`, `time`, `n1 loses its power`. */
export type Choice = string;

export interface SearchOptions extends SmallWorldOptions {
  /** Rotations that end a way. */
  readonly rotations: number;
  /** Most faults on one way. */
  readonly faults: number;
  /** Asked now and then; the search ends early when it answers false. */
  readonly goOn?: (progress: SearchProgress) => boolean;
}

export interface SearchProgress {
  readonly states: number;
  /** Steps that were tried. */
  readonly steps: number;
  /** States with untried choices. */
  readonly open: number;
}

export interface SearchResult extends SearchProgress {
  /** Every way was tried to its end. */
  readonly isComplete: boolean;
  /** States in which the rotations are complete. */
  readonly ends: number;
  /** States from which, by what was tried, no end can be reached; 0 while the search is not complete. */
  readonly stuck: number;
  /** Ways that led elsewhere when they were walked again: the text of a state leaves something out that matters. */
  readonly strays: number;
  readonly violation: {readonly detail: ViolationDetail; readonly way: readonly Choice[]} | undefined;
}

/** A state and how to come there. */
interface Found {
  readonly hash: string;
  readonly way: readonly Choice[];
  readonly untried: Choice[];
}

/** A world somewhere on its way. */
interface Live {
  readonly scene: SmallWorldScene;
  readonly way: Choice[];
  faults: number;
  hash: string;
}

const cuts: readonly Cut[] = ['crash before', 'crash after', 'unknown answer'];
const lookEvery = 16;

export function searchSmallWorld(options: SearchOptions): SearchResult {
  const search = new Search(options);
  return search.run();
}

class Search {
  readonly #options: SearchOptions;
  readonly #edges = new Map<string, Set<string>>();
  readonly #ends = new Set<string>();
  readonly #open: Found[] = [];
  #steps = 0;
  #strays = 0;
  #live: Live;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#live = this.#begin();
    this.#visit();
  }

  run(): SearchResult {
    for (let found = this.#open.at(-1); found !== undefined; found = this.#open.at(-1)) {
      const choice = found.untried.shift();
      if (choice === undefined) {
        this.#open.pop();
        continue;
      }
      const violation = this.#try(found, choice);
      if (violation !== undefined) return this.#result(violation);
      if (this.#steps % lookEvery === 0 && this.#options.goOn?.(this.#progress) === false) break;
    }
    return this.#result(undefined);
  }

  get #progress(): SearchProgress {
    const open = this.#open.reduce((sum, {untried}) => sum + (untried.length > 0 ? 1 : 0), 0);
    return {states: this.#edges.size, steps: this.#steps, open};
  }

  #begin(): Live {
    const scene = createSmallWorld(this.#options);
    const live = {scene, way: [], faults: this.#options.faults, hash: ''};
    live.hash = hashOf(live);
    return live;
  }

  /** One choice from a state that was found; the world is brought there first, unless it is there. */
  #try(found: Found, choice: Choice): SearchResult['violation'] {
    try {
      if (this.#live.hash !== found.hash) this.#walk(found);
      take(this.#live, choice);
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      return {detail: error.detail, way: [...this.#live.way, choice]};
    }
    this.#steps++;
    this.#live.hash = hashOf(this.#live);
    this.#edges.get(found.hash)?.add(this.#live.hash);
    if (!this.#edges.has(this.#live.hash)) this.#visit();
    return undefined;
  }

  #walk({way, hash}: Found): void {
    this.#live = this.#begin();
    for (const choice of way) take(this.#live, choice);
    this.#live.hash = hashOf(this.#live);
    if (this.#live.hash !== hash) this.#strays++;
  }

  /** A state that is new: an end, or one to go on from. */
  #visit(): void {
    const {hash, way, scene, faults} = this.#live;
    this.#edges.set(hash, new Set());
    if (isEnd(scene, this.#options.rotations)) this.#ends.add(hash);
    else this.#open.push({hash, way: [...way], untried: choicesOf(scene, faults)});
  }

  #result(violation: SearchResult['violation']): SearchResult {
    const progress = this.#progress;
    const isComplete = violation === undefined && progress.open === 0;
    return {
      ...progress,
      isComplete,
      ends: this.#ends.size,
      stuck: isComplete ? this.#countStuck() : 0,
      strays: this.#strays,
      violation,
    };
  }

  #countStuck(): number {
    const before = new Map<string, string[]>();
    for (const [from, to] of this.#edges) {
      for (const each of to) before.set(each, [...(before.get(each) ?? []), from]);
    }
    const reached = new Set(this.#ends);
    const queue = [...this.#ends];
    for (let hash = queue.pop(); hash !== undefined; hash = queue.pop()) {
      for (const from of before.get(hash) ?? []) {
        if (reached.has(from)) continue;
        reached.add(from);
        queue.push(from);
      }
    }
    return this.#edges.size - reached.size;
  }
}

const hashOf = ({scene, faults}: Live): string =>
  hashState({
    clusters: scene.clusters,
    actors: scene.actors,
    more: [`faults ${faults}`, `backlog ${scene.pair?.simulation === undefined ? 0 : backlogOf(scene)}`],
    tickMs,
  });

const backlogOf = ({pair}: SmallWorldScene): number =>
  pair === undefined ? 0 : Object.values(pair.synchronizers).reduce((sum, {backlog}) => sum + backlog, 0);

/** Time is last: a way goes on as far as it can at one moment before time passes. */
function choicesOf({actors, clusters}: SmallWorldScene, faults: number): Choice[] {
  const going = actors.map(({setup: {name}}) => name);
  if (faults === 0) return [...going, 'time'];
  const cut = actors
    .filter(({pending}) => pending !== undefined)
    .flatMap(({setup: {name}}) => cuts.map((how) => `${name}: ${how}`));
  const power = clusters.flatMap(({nodes}) =>
    nodes.filter(({server}) => server !== undefined).map(({name}) => `${name} loses its power`),
  );
  return [...going, ...cut, ...power, 'time'];
}

function take(live: Live, choice: Choice): void {
  const {scene} = live;
  live.way.push(choice);
  if (choice === 'time') {
    scene.simulation.runFor(tickMs);
    return;
  }
  const [name = '', how] = choice.split(': ');
  const actor = scene.actors.find(({setup}) => setup.name === name);
  if (actor !== undefined) {
    if (how !== undefined) live.faults--;
    actor.go(how as Cut | undefined);
    return;
  }
  live.faults--;
  losePower(scene, choice.replace(' loses its power', ''));
}

/** The node comes back at once: its server starts within a step of time. */
function losePower({simulation, actors}: SmallWorldScene, node: string): void {
  for (const actor of actors) if (actor.setup.node === node) crash(actor);
  simulation.powerLoss(node, 1);
  simulation.boot(node, 0);
}

const crash = (actor: Actor): void => actor.crash();

const isEnd = ({clusters, ringOf}: SmallWorldScene, rotations: number): boolean =>
  clusters.every((cluster) => {
    const ring = ringOf(cluster);
    return ring !== undefined && ring.rotation === undefined && ring.history.length >= rotations;
  });

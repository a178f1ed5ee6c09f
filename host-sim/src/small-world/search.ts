// Tries everything: from each state every program that can go on, every fault that is left and a step of time, each
// state once, until no untried choice is left. What a choice does depends on what it looks at alone: it is walked in one
// world and known in all that look alike to it. A world is walked to from its beginning.

import {InvariantViolation, type ViolationDetail} from '../oracles/violation.ts';
import {type Choice, type FaultKind, type Plan, planOf} from './choices.ts';
import {Effects} from './effects.ts';
import {Numbering, numbered, type Part, type Place, Shapes} from './names.ts';
import {partsOf} from './sight.ts';
import {Unknown} from './unknown.ts';
import {createSmallWorld, type SmallWorldOptions, type SmallWorldScene} from './world.ts';

export interface SearchOptions extends SmallWorldOptions {
  /** Rotations that end a way. */
  readonly rotations: number;
  /** Most faults on one way. */
  readonly faults: number;
  /** Kinds of them; all, unless given. Ways with one fault are those of each kind. */
  readonly faultKinds?: readonly FaultKind[];
  /** Asked now and then; the search ends early when it answers false. */
  readonly goOn?: (progress: SearchProgress) => boolean;
}

export interface SearchProgress {
  readonly states: number;
  /** Choices from a state that were tried. */
  readonly steps: number;
  /** Of these, what had to be walked since nothing alike was known. */
  readonly walked: number;
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
  /** Ways to such states, a few. */
  readonly stuckWays: readonly (readonly string[])[];
  /** Ways that led elsewhere when they were walked: the text of a state leaves something out that matters. */
  readonly strays: number;
  readonly violation: {readonly detail: ViolationDetail; readonly way: readonly string[]} | undefined;
}

/** A state, and how to come there. */
interface State {
  readonly places: readonly Place[];
  readonly faults: number;
  readonly from: number;
  readonly by: Choice | undefined;
  readonly depth: number;
  /** Where the choices lead that lead elsewhere. */
  readonly next: Map<number, Choice>;
}

/** A world somewhere on its way. */
interface Live {
  readonly scene: SmallWorldScene;
  parts: readonly Part[];
  /** Number of the state that it is in. */
  state: number;
}

const lookEvery = 256;
/** States that are looked at for one to go on to; further away it is as well to begin again. */
const maxLooked = 2_000;
const shownStuck = 3;

export function searchSmallWorld(options: SearchOptions): SearchResult {
  return new Search(options).run();
}

class Search {
  readonly #options: SearchOptions;
  readonly #plan: Plan;
  readonly #shapes: Shapes;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #effects: Effects;
  readonly #ends: number[] = [];
  /** States whose choices were not looked at. */
  readonly #fresh: number[] = [];
  readonly #unknown = new Unknown();
  #steps = 0;
  #walked = 0;
  #strays = 0;
  /** From the live world to the next choice that is walked, where it goes on from there. */
  #route: readonly Choice[] = [];
  #live: Live;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#shapes = new Shapes(options.kind === 'pair' ? 'derived' : 'drawn');
    const scene = createSmallWorld(options);
    this.#plan = planOf(scene, options.rotations);
    this.#effects = new Effects(this.#plan.slots);
    const parts = this.#partsOf(scene);
    const {places} = numbered(parts, new Numbering<string>());
    const state = this.#reach(places, {faults: options.faults, from: -1, by: undefined});
    this.#live = {scene, parts, state};
  }

  run(): SearchResult {
    for (let turn = 1; ; turn++) {
      if (turn % lookEvery === 0 && this.#options.goOn?.(this.#progress) === false) return this.#result(undefined);
      const state = this.#fresh.pop();
      if (state !== undefined) {
        this.#expand(state);
        continue;
      }
      const next = this.#nextUnknown();
      if (next === undefined) {
        if (this.#fresh.length > 0) continue;
        return this.#result(undefined);
      }
      const violation = this.#walk(next.state, next.choice);
      if (violation !== undefined) return this.#result(violation);
    }
  }

  get #progress(): SearchProgress {
    const open = this.#unknown.states + this.#fresh.length;
    return {states: this.#states.length, steps: this.#steps, walked: this.#walked, open};
  }

  /** A choice that nothing is known of by now: one that the live world is near to, or else near to the beginning. */
  #nextUnknown(): {readonly state: number; readonly choice: Choice} | undefined {
    for (let next = this.#unknown.take(this.#ahead()); next !== undefined; next = this.#unknown.take(this.#ahead())) {
      if (!this.#follow(next.state, next.choice)) return next;
    }
    return undefined;
  }

  /** The state with unknown choices that the live world is nearest to; its own where there is none. */
  #ahead(): number {
    const {state} = this.#live;
    this.#route = [];
    if (state < 0 || this.#unknown.has(state)) return state;
    const cameFrom = new Map<number, Came>();
    const queue = [state];
    for (let at = 0; at < queue.length && queue.length < maxLooked; at++) {
      const from = queue[at] ?? state;
      for (const [to, by] of this.#stateOf(from).next) {
        if (to === state || cameFrom.has(to)) continue;
        cameFrom.set(to, {from, by});
        queue.push(to);
        if (!this.#unknown.has(to)) continue;
        this.#route = routeTo(to, cameFrom);
        return to;
      }
    }
    return state;
  }

  #expand(number: number): void {
    const state = this.#stateOf(number);
    const textOf = (slot: number): string => this.#shapes.textOf(state.places[slot]?.shape ?? -1);
    const unknown: Choice[] = [];
    for (const choice of this.#plan.choices) {
      if (!this.#mayFail(state, choice) || !choice.isOpen(textOf)) continue;
      if (!this.#follow(number, choice)) unknown.push(choice);
    }
    if (unknown.length > 0) this.#unknown.put(number, state.depth, unknown);
  }

  #mayFail({faults}: State, {fault}: Choice): boolean {
    const {faultKinds} = this.#options;
    return fault === undefined || (faults > 0 && faultKinds?.includes(fault) !== false);
  }

  /** Goes where a choice leads, if that is known. */
  #follow(number: number, choice: Choice): boolean {
    const state = this.#stateOf(number);
    const effect = this.#effects.apply(state.places, choice);
    if (effect.outcome === 'unknown') return false;
    this.#steps++;
    if (effect.outcome === 'nothing') return true;
    const to = this.#reach(effect.places, {faults: state.faults - costOf(choice), from: number, by: choice});
    if (to !== number && !state.next.has(to)) state.next.set(to, choice);
    return true;
  }

  /** The state with these parts; a new one is put down. */
  #reach(places: readonly Place[], {faults, from, by}: Pick<State, 'faults' | 'from' | 'by'>): number {
    const {places: own, key: text} = numbered(places, new Numbering<number | string>());
    const key = `${faults} ${text}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#states.length;
    const depth = from < 0 ? 0 : this.#stateOf(from).depth + 1;
    this.#numbers.set(key, number);
    this.#states.push({places: own, faults, from, by, depth, next: new Map()});
    if (this.#isEnd(own)) this.#ends.push(number);
    else this.#fresh.push(number);
    return number;
  }

  #isEnd(places: readonly Place[]): boolean {
    return this.#plan.slots.every(
      ({of}, slot) => of !== 'store' || this.#shapes.textOf(places[slot]?.shape ?? -1).startsWith('flags over'),
    );
  }

  /** Takes a choice in a real world and learns what it does. */
  #walk(number: number, choice: Choice): SearchResult['violation'] {
    try {
      if (this.#live.state !== number) this.#goTo(number);
      if (this.#live.state !== number) return undefined;
      const before = this.#live.parts;
      this.#live.state = -1;
      choice.didSee(this.#live.scene);
      const cameAbout = choice.take(this.#live.scene);
      const didSee = choice.didSee(this.#live.scene);
      this.#live.parts = this.#partsOf(this.#live.scene);
      this.#walked++;
      this.#effects.learn(choice, {before, after: this.#live.parts, cameAbout, didSee});
    } catch (error) {
      if (!(error instanceof InvariantViolation)) throw error;
      return {detail: error.detail, way: [...this.#wayTo(number), choice].map(({name}) => name)};
    }
    this.#follow(number, choice);
    this.#live.state = this.#numberOf(this.#live.parts, this.#stateOf(number).faults - costOf(choice));
    return undefined;
  }

  /** The number of a world's state, -1 where it was never reached. */
  #numberOf(parts: readonly Part[], faults: number): number {
    const {key} = numbered(parts, new Numbering<string>());
    return this.#numbers.get(`${faults} ${key}`) ?? -1;
  }

  /** Walks a new world to a state; the live one is elsewhere afterwards if the way led elsewhere. */
  #goTo(number: number): void {
    const goesOn = this.#route.length > 0;
    const scene = goesOn ? this.#live.scene : createSmallWorld(this.#options);
    const way = goesOn ? this.#route : this.#wayTo(number);
    for (const {take} of way) take(scene);
    const parts = this.#partsOf(scene);
    const state = this.#numberOf(parts, this.#stateOf(number).faults);
    this.#live = {scene, parts, state};
    if (state !== number) this.#strays++;
  }

  #wayTo(number: number): readonly Choice[] {
    const way: Choice[] = [];
    for (let at = this.#stateOf(number); at.by !== undefined; at = this.#stateOf(at.from)) way.push(at.by);
    return way.reverse();
  }

  #stateOf(number: number): State {
    const state = this.#states[number];
    if (state === undefined) throw new RangeError(`state: expected one of ${this.#states.length}, got ${number}`);
    return state;
  }

  #partsOf(scene: SmallWorldScene): readonly Part[] {
    return partsOf(scene, this.#plan, this.#shapes, this.#options.rotations);
  }

  #result(violation: SearchResult['violation']): SearchResult {
    const progress = this.#progress;
    const isComplete = violation === undefined && progress.open === 0 && this.#strays === 0;
    const stuck = isComplete ? stuckIn(this.#states, this.#ends) : [];
    return {
      ...progress,
      isComplete,
      ends: this.#ends.length,
      stuck: stuck.length,
      stuckWays: stuck.slice(0, shownStuck).map((number) => this.#wayTo(number).map(({name}) => name)),
      strays: this.#strays,
      violation,
    };
  }
}

const costOf = ({fault}: Choice): number => (fault === undefined ? 0 : 1);

interface Came {
  readonly from: number;
  readonly by: Choice;
}

function routeTo(state: number, cameFrom: ReadonlyMap<number, Came>): readonly Choice[] {
  const route: Choice[] = [];
  for (let came = cameFrom.get(state); came !== undefined; came = cameFrom.get(came.from)) route.push(came.by);
  return route.reverse();
}

/** States from which no end is reached. */
function stuckIn(states: readonly State[], ends: readonly number[]): readonly number[] {
  const before: number[][] = states.map(() => []);
  states.forEach(({next}, from) => {
    for (const to of next.keys()) before[to]?.push(from);
  });
  const reached = new Set(ends);
  const queue = [...ends];
  for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
    for (const from of before[number] ?? []) {
      if (reached.has(from)) continue;
      reached.add(from);
      queue.push(from);
    }
  }
  return states.flatMap((_, number) => (reached.has(number) ? [] : [number]));
}

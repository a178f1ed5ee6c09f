// What choices do, by the parts that they look at: walked once, known in every state in which these parts are alike. A
// name that was not seen before is a new one in each of them.

import type {Choice} from './choices.ts';
import {Numbering, numbered, type Part, type Place} from './names.ts';
import type {Slot} from './parts.ts';

/** What a choice makes of what it looks at; names beyond those that it saw are new. */
interface Effect {
  readonly places: readonly Place[];
  readonly cameAbout: boolean;
}

/** What was seen of a choice that was walked. */
export interface Walked {
  readonly before: readonly Part[];
  readonly after: readonly Part[];
  /** Whether it went as it is named: a program that was to die midway may have had no midway. */
  readonly cameAbout: boolean;
  /** Whether it looked at what it need not look at. */
  readonly didSee: boolean;
}

export type Outcome =
  | {readonly outcome: 'unknown'}
  /** Nothing comes of it that another choice does not do. */
  | {readonly outcome: 'nothing'}
  | {readonly outcome: 'leads'; readonly places: readonly Place[]};

/** Numbers of names that a state did not have; a state has fewer names. */
const firstNew = 1_000_000;

export class Effects {
  readonly #slots: readonly Slot[];
  readonly #known = new Map<string, Effect>();
  /** By shape: what a part becomes with a step of time. */
  readonly #aged = new Map<number, Place>();

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  /** Where a choice leads from a state with these parts. */
  apply(state: readonly Place[], choice: Choice): Outcome {
    const found = this.#find(state, choice);
    if (found === undefined) return {outcome: 'unknown'};
    const {effect, names, slots} = found;
    const places = [...state];
    for (const slot of choice.ages) {
      const place = state[slot] ?? nowhere;
      const then = this.#aged.get(place.shape);
      if (then === undefined) return {outcome: 'unknown'};
      places[slot] = {shape: then.shape, names: then.names.map((name) => place.names[name] ?? firstNew + name)};
    }
    if (!effect.cameAbout) return {outcome: 'nothing'};
    slots.forEach((slot, index) => {
      const place = effect.places[index];
      if (place === undefined) return;
      places[slot] = {shape: place.shape, names: place.names.map((name) => names[name] ?? firstNew + name)};
    });
    return {outcome: 'leads', places};
  }

  /** @throws RangeError where it changed what it does not look at: then the slots of the choice are wrong */
  learn({name, does = name, sees, maySee, ages}: Choice, {before, after, cameAbout, didSee}: Walked): void {
    before.forEach((part, slot) => {
      if (sees.includes(slot) || ages.includes(slot) || isSame(part, after[slot])) return;
      const {of, name: whose} = this.#slots[slot] ?? {};
      throw new RangeError(`${name}: expected that ${of} ${whose} stays as it is, it changed`);
    });
    const slots = didSee ? sees : surelySeen(sees, maySee);
    const numbering = new Numbering<string>();
    const {key} = numbered(partsAt(before, slots), numbering);
    const {places} = numbered(partsAt(after, slots), numbering);
    this.#known.set(keyOf(does, slots, key), {places, cameAbout});
    for (const slot of ages) {
      const own = new Numbering<string>();
      const [part] = numbered(partsAt(before, [slot]), own).places;
      const [then] = numbered(partsAt(after, [slot]), own).places;
      if (part !== undefined && then !== undefined) this.#aged.set(part.shape, then);
    }
  }

  /** By what it surely looks at, or by all that it may look at. */
  #find(
    state: readonly Place[],
    {name, does = name, sees, maySee}: Choice,
  ): {readonly effect: Effect; readonly names: readonly number[]; readonly slots: readonly number[]} | undefined {
    for (const slots of maySee.length === 0 ? [sees] : [surelySeen(sees, maySee), sees]) {
      const numbering = new Numbering<number>();
      const seen = slots.map((slot) => state[slot] ?? nowhere);
      const effect = this.#known.get(keyOf(does, slots, numbered(seen, numbering).key));
      if (effect !== undefined) return {effect, names: numbering.names, slots};
    }
    return undefined;
  }
}

const keyOf = (does: string, slots: readonly number[], key: string): string => `${does}|${slots.length}|${key}`;
const surelySeen = (sees: readonly number[], maySee: readonly number[]): readonly number[] =>
  maySee.length === 0 ? sees : sees.filter((slot) => !maySee.includes(slot));

const nowhere: Place = {shape: -1, names: []};
const nothing: Part = {shape: -1, names: []};
const partsAt = (parts: readonly Part[], slots: readonly number[]): readonly Part[] =>
  slots.map((slot) => parts[slot] ?? nothing);
const isSame = (a: Part, b: Part | undefined): boolean =>
  b !== undefined && a.shape === b.shape && a.names.join() === b.names.join();

// Choices that have to be walked since nothing is known of what they do, nearest to the beginning first.

import type {Choice} from './choices.ts';

/** By the state before them; states by how long the way to them is. */
export class Unknown {
  readonly #choices = new Map<number, Choice[]>();
  readonly #byDepth: number[][] = [];
  #least = 0;

  has(state: number): boolean {
    return this.#choices.has(state);
  }

  /** States with such choices. */
  get states(): number {
    return this.#choices.size;
  }

  put(state: number, depth: number, choices: Choice[]): void {
    this.#choices.set(state, choices);
    while (this.#byDepth.length <= depth) this.#byDepth.push([]);
    this.#byDepth[depth]?.push(state);
    this.#least = Math.min(this.#least, depth);
  }

  /** One of `here` if there is any, else one of the nearest state. */
  take(here: number): {readonly state: number; readonly choice: Choice} | undefined {
    if (this.#choices.has(here)) return this.#of(here);
    for (; this.#least < this.#byDepth.length; this.#least++) {
      const states = this.#byDepth[this.#least] ?? [];
      for (let state = states.at(-1); state !== undefined; state = states.at(-1)) {
        if (this.#choices.has(state)) return this.#of(state);
        states.pop();
      }
    }
    return undefined;
  }

  #of(state: number): {readonly state: number; readonly choice: Choice} | undefined {
    const choices = this.#choices.get(state) ?? [];
    const choice = choices.shift();
    if (choices.length === 0) this.#choices.delete(state);
    return choice === undefined ? undefined : {state, choice};
  }
}

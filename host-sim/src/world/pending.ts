// What a Synchronizer has still to copy, in the order in which it will. Each value counts as needed by the other side
// until it is copied or given up.

import type {Need} from './need.ts';
import type {StoredValue} from './stored-value.ts';

/** A change of one key that has not been copied. */
export interface Change {
  readonly key: string;
  /** Undefined for a deletion. */
  readonly value: StoredValue | undefined;
  readonly committedAtMs: number;
  /** Not copied before this, nor before any change that stands in front of it. */
  readonly dueAtMs: number;
}

interface Waiting extends Change {
  readonly over: () => void;
}

/** Longest stretch of copied changes that is kept before the list is cut. */
const cutAt = 1_024;

export class Pending {
  readonly #need: Need;
  #waiting: Waiting[] = [];
  #done = 0;

  /** @param need of the cluster that will receive the changes */
  constructor(need: Need) {
    this.#need = need;
  }

  get size(): number {
    return this.#waiting.length - this.#done;
  }

  get first(): Change | undefined {
    return this.#waiting[this.#done];
  }

  push(change: Change): void {
    const {key, value} = change;
    const over = value === undefined ? nothing : this.#need.await(key, value.tag);
    this.#waiting.push({...change, over});
  }

  /** Takes the first change away, after `copy` has been done with it, so that its key is needed without a gap. */
  shift(copy: (change: Change) => void): void {
    const first = this.#waiting[this.#done];
    if (first === undefined) return;
    this.#done++;
    copy(first);
    first.over();
    if (this.#done < cutAt) return;
    this.#waiting.splice(0, this.#done);
    this.#done = 0;
  }

  /** Puts other changes in the place of all; keys that both need are needed without a gap. */
  replace(changes: readonly Change[]): void {
    const given = this.#waiting.slice(this.#done);
    this.#waiting = [];
    this.#done = 0;
    for (const change of changes) this.push(change);
    for (const {over} of given) over();
  }

  /** Deletions that wait. */
  deletions(): readonly Change[] {
    return this.#waiting.slice(this.#done).filter(({value}) => value === undefined);
  }
}

const nothing = (): void => {};

// What a text says before anyone asks whether it is a configuration: the common result of the JSON and YAML readers.

import type {Problem, ProblemReason} from './problem.ts';

/** A value of JSON. Numbers keep their spelling, because Go reads them by it. */
export type Tree =
  | {readonly kind: 'mapping'; readonly entries: readonly Entry[]}
  | {readonly kind: 'list'; readonly items: readonly Tree[]}
  | {readonly kind: 'text'; readonly value: string}
  | {readonly kind: 'number'; readonly spelling: string}
  | {readonly kind: 'boolean'}
  | {readonly kind: 'nothing'};

/** A member of a mapping. `name` is undefined for a YAML key that is no text. */
export type Entry = {readonly name: string | undefined; readonly value: Tree};

/** What ends the reading of a text at its first fault. Thrown inside this folder only; `parse.ts` catches it. */
export class Refusal {
  readonly problem: Problem;

  constructor(reason: ProblemReason, message: string) {
    this.problem = {path: '', reason, message};
  }
}

/** The only tree without content. */
export const nothing: Tree = {kind: 'nothing'};

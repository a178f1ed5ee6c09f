// The marks of a recording: from the rings, from the trace, and from whoever drives the run; in bounded number.

import {maxMarks} from '../limits.ts';
import type {Mark, MarkKind} from './model.ts';

export interface Marks {
  readonly add: (mark: Mark) => void;
  /** Adds what the trace tells, unless whoever drives the run tells of the same moment and cluster in better words. */
  readonly addTraced: (mark: Mark) => void;
  /** Adds what whoever drives the run tells. */
  readonly tell: (mark: Mark) => void;
  /** By time. */
  readonly sorted: () => readonly Mark[];
  /** What was left out, in sentences. */
  readonly cuts: () => readonly string[];
}

/** When there are too many, the oldest of the least telling kind goes first. */
const leastTelling: readonly MarkKind[] = ['step', 'operator', 'fault', 'deed', 'failover'];

/** @param listen told of each mark at once, also where a better one for the same moment may come */
export function createMarks(listen: (mark: Mark) => void = () => {}): Marks {
  const marks: Mark[] = [];
  const traced = new WeakSet<Mark>();
  const told = new Set<string>();
  const dropped = new Map<MarkKind, number>();
  const add = (mark: Mark): void => {
    listen(mark);
    marks.push(mark);
    if (marks.length <= maxMarks) return;
    const kind = leastTelling.find((each) => marks.some((kept) => kept.kind === each)) ?? 'violation';
    marks.splice(
      marks.findIndex((kept) => kept.kind === kind),
      1,
    );
    dropped.set(kind, (dropped.get(kind) ?? 0) + 1);
  };
  const isToldTwice = (mark: Mark): boolean => traced.has(mark) && told.has(momentOf(mark));
  return {
    add,
    addTraced(mark) {
      traced.add(mark);
      add(mark);
    },
    tell(mark) {
      told.add(momentOf(mark));
      add(mark);
    },
    sorted: () => marks.filter((mark) => !isToldTwice(mark)).sort((a, b) => a.atMs - b.atMs),
    cuts: () =>
      [...dropped].map(([kind, count]) => {
        return `${count} marks of kind ${kind}, the oldest ones first: at most ${maxMarks} marks are kept`;
      }),
  };
}

const momentOf = ({atMs, cluster, kind}: Mark): string => `${atMs} ${cluster} ${kind}`;

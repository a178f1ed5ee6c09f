// Plays the timeline of a rehearsal. An `at` counts from the start and begins a chain of its own; what stands behind it
// counts from the entry before, so chains go on beside each other. A fact that does not come ends its chain.

import {perform} from './deeds/perform.ts';
import type {Backups} from './deeds/restore.ts';
import type {Deed, Fact, TimelineEntry} from './model.ts';
import {isFact} from './phase.ts';
import {play, type Scene, waitFor, waitUntil} from './scene.ts';
import {clusterOf, type Stage} from './stage.ts';

export interface TimelineOptions {
  readonly backups: Backups;
  /** Longest that an entry waits for its fact, ms. */
  readonly factLimitMs: number;
  /** Called with each deed that came to pass, when it did. */
  readonly did: (deed: Deed) => void;
}

export interface Timeline {
  /** Calls back once every chain has come to its end; what is armed may still strike. */
  readonly whenOver: (then: () => void) => void;
  /** Places of entries with a deed that did not come to pass yet. */
  readonly missed: () => readonly number[];
}

interface Placed {
  readonly entry: TimelineEntry;
  readonly index: number;
}

export function startTimeline(stage: Stage, timeline: readonly TimelineEntry[], options: TimelineOptions): Timeline {
  const left = timeline.map(({deeds}) => deeds.length);
  const came = (index: number): void => {
    left[index] = (left[index] ?? 0) - 1;
  };
  const isDone = ({index}: Placed): boolean => (left[index] ?? 0) <= 0;
  const chains = chainsOf(timeline);
  let running = chains.length;
  const waiting: (() => void)[] = [];
  for (const [number, chain] of chains.entries()) {
    play(stage.scheduler, `rehearsal/${number}`, playChain(stage, chain, {...options, came, isDone}), () => {
      running--;
      if (running === 0) for (const then of waiting.splice(0)) then();
    });
  }
  const whenOver = (then: () => void): void => {
    if (running === 0) then();
    else waiting.push(then);
  };
  return {whenOver, missed: () => left.flatMap((count, index) => (count > 0 ? [index] : []))};
}

function chainsOf(timeline: readonly TimelineEntry[]): readonly (readonly Placed[])[] {
  const chains: Placed[][] = [];
  for (const [index, entry] of timeline.entries()) {
    const last = chains.at(-1);
    if (last === undefined || entry.kind === 'at') chains.push([{entry, index}]);
    else last.push({entry, index});
  }
  return chains;
}

/** What is armed gets so long to strike before everything is put right, ms. */
const armedMs = 600_000;
const armedLookMs = 10_000;

interface ChainOptions extends TimelineOptions {
  readonly came: (index: number) => void;
  /** Whether every deed of an entry came to pass. */
  readonly isDone: (placed: Placed) => boolean;
}

/** Ends when what the file gives a time has had it. */
function* playChain(
  stage: Stage,
  chain: readonly Placed[],
  {backups, factLimitMs, did, came, isDone}: ChainOptions,
): Scene<void> {
  let endMs = 0;
  for (const {entry, index} of chain) {
    if (!(yield* isReached(stage, entry, factLimitMs))) return;
    for (const deed of entry.deeds) {
      stage.tell({what: textOf(deed), kind: 'deed'});
      const done = (): void => {
        came(index);
        did(deed);
      };
      if ('forMs' in deed) endMs = Math.max(endMs, stage.scheduler.nowMs + (deed.forMs ?? 0));
      yield* perform(stage, deed, {came: done, backups});
    }
  }
  yield* waitFor(endMs - stage.scheduler.nowMs);
  yield* waitUntil(() => chain.every(isDone), armedMs, armedLookMs);
}

function* isReached(stage: Stage, entry: TimelineEntry, factLimitMs: number): Scene<boolean> {
  switch (entry.kind) {
    case 'at':
      yield* waitFor(entry.atMs - stage.scheduler.nowMs);
      return true;
    case 'after':
      yield* waitFor(entry.delayMs);
      return true;
    case 'when':
      return yield* isSeen(stage, entry.fact, factLimitMs);
    default:
      return entry satisfies never;
  }
}

/** Waits for a fact; whether it came in time. It is looked at whenever anything that it rests on changes. */
function* isSeen(stage: Stage, fact: Fact, limitMs: number): Scene<boolean> {
  const managed = clusterOf(stage, fact.cluster);
  if (isFact(managed, fact)) return true;
  return yield {
    kind: 'call',
    begin: (resume) => {
      let isOpen = true;
      const end = (answer: boolean): void => {
        if (!isOpen) return;
        isOpen = false;
        resume(answer);
      };
      managed.onFact(() => {
        if (isOpen && isFact(managed, fact)) end(true);
      });
      stage.scheduler.after(limitMs, 'rehearsal/fact', () => end(false));
    },
  };
}

/** `failover to=west mode=planned`, for people. */
function textOf({kind, ...rest}: Deed): string {
  const words = Object.entries(rest).map(([field, value]) => `${field}=${plain(value)}`);
  return [kind, ...words].join(' ');
}

const plain = (value: unknown): string =>
  typeof value === 'object' && value !== null ? Object.values(value).join('/') : String(value);

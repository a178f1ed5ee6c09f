// What a run of many seeds came to, and what went wrong in one of them, as people read it.

import type {Violation} from '@etcd-encryption/host-sim';
import {cleanLine} from '../table.ts';
import {clockTime} from '../time-words.ts';
import type {Outcome} from './json-lines.ts';
import type {Totals} from './tally.ts';

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** One line: what came out, over how much, at what pace, and by what it is known again. */
export function formatVerdict(outcome: Outcome, totals: Totals): string {
  const {seeds, violations, vacuous, cells, rotations, unreadable, rotationsPerSecond, traceHash} = totals;
  return [
    `${outcome}: ${counted(seeds, 'seed')}`,
    ...(violations > 0 ? [counted(violations, 'violation')] : []),
    ...(vacuous > 0 ? [`${vacuous} vacuous`] : []),
    counted(rotations, 'rotation'),
    `${counted(unreadable, 'value')} unreadable`,
    `${cells.hit} of ${counted(cells.all, 'cell')} hit`,
    `${rotationsPerSecond} rotations/s`,
    `trace ${traceHash}`,
  ].join(', ');
}

export interface ToldViolation {
  readonly violation: Violation;
  readonly seed: number;
  /** The command line that runs this seed again. */
  readonly replay: string;
  /** Path of the smallest rehearsal that fails alike, and what is left of it. */
  readonly shrunk?: {readonly file: string; readonly deeds: number};
  /** The same as the text of a file. */
  readonly smallest?: string;
}

/** A block of lines: the invariant, where and when, why, and how to see it again. */
export function formatViolation({violation, seed, replay, shrunk, smallest}: ToldViolation): string {
  const {name, cluster, node, key, explanation, atMs} = violation;
  const rows: readonly (readonly [string, string])[] = [
    ['seed', String(seed)],
    ['time', clockTime(atMs)],
    ['cluster', cluster],
    ['node', node],
    ['key', key],
    ['cause', explanation],
    ['replay', replay],
    ...(shrunk === undefined ? [] : [['shrunk', `${shrunk.file} (${counted(shrunk.deeds, 'deed')})`] as const]),
  ];
  const shown = rows.filter(([, text]) => text !== '');
  return [
    `violation: ${cleanLine(name)}`,
    ...shown.map(([label, text]) => `  ${label.padEnd(7)}  ${cleanLine(text)}`),
    ...(smallest === undefined ? [] : ['  the smallest rehearsal found that fails alike:', '', smallest.trimEnd(), '']),
  ].join('\n');
}

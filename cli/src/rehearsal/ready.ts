// The rehearsals that are shipped with the command: a file's name without its ending is what people call it by.

import {readdirSync, readFileSync} from 'node:fs';
import type {Rehearsal} from '@etcd-encryption/host-sim';
import {parseRehearsal, problemText} from './read.ts';

const folder = new URL('../../rehearsals/', import.meta.url);
const ending = '.yaml';

/** Their names, sorted. */
export const readyNames = (): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .toSorted();

/** Path of a ready rehearsal; `undefined` when none has this name. */
export const readyFile = (name: string): URL | undefined =>
  readyNames().includes(name) ? new URL(`${name}${ending}`, folder) : undefined;

/** All of them in the order of their names. @throws Error for one that is not good, which is a fault of this release */
export function readyRehearsals(): readonly Rehearsal[] {
  return readyNames().map((name) => {
    const read = parseRehearsal(readFileSync(new URL(`${name}${ending}`, folder), 'utf8'));
    if (read.outcome === 'ok') return read.rehearsal;
    throw new Error(read.problems.map((problem) => problemText(`${name}${ending}`, problem)).join('\n'));
  });
}

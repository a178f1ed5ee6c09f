// Counts of stored values by key name, and how they are shown.

import {readStoredPrefix} from '@etcd-encryption/crypto/stored-value';
import type {Census} from './stage.ts';

/** Counts raw values of etcd by the key name in front of them. */
export function countValues(values: Iterable<Uint8Array>): Census {
  const counts = new Map<string, number>();
  for (const value of values) {
    const read = readStoredPrefix(value);
    const name =
      read.outcome === 'named' ? read.keyName : read.outcome === 'plain' ? 'clear' : `other:${read.provider}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return sortCensus(counts);
}

/** Oldest revision first, what is no key of ours before them. */
export const sortCensus = (counts: Iterable<readonly [string, number]>): Census =>
  Object.fromEntries([...counts].sort(([a], [b]) => revisionOf(a) - revisionOf(b) || (a < b ? -1 : 1)));

const revisionOf = (name: string): number => Number(/^r(\d+)-/.exec(name)?.[1] ?? 0);

/** One line for each key name, zero for those that were there before. */
export function formatCensus(census: Census, earlier: readonly string[]): string {
  const names = [...new Set([...earlier, ...Object.keys(census)])];
  const width = Math.max(...names.map((name) => name.length));
  const rows = names.map((name) => `  ${name.padEnd(width)}  ${String(census[name] ?? 0).padStart(6)}`);
  return ['  values in etcd by key name:', ...rows].join('\n');
}

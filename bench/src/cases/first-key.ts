// The first key of a fresh process, from the call that makes the backend: what a command that derives one key waits for.

import type {CaseFile, ElsewhereSide} from '../case.ts';
import {runChild} from '../child.ts';
import {processesPerSample} from '../limits.ts';

export const firstKey: CaseFile = {
  name: 'first-key',
  load: async () => ({
    kind: 'timed',
    name: 'first-key',
    title: 'the first key of a fresh process, self-test of known answers included where there is one',
    unit: 'first key',
    units: 1,
    ours: side('ours'),
    rivals: [side('noble'), side('noble in our library')],
    skipped: [],
  }),
};

function side(name: 'ours' | 'noble' | 'noble in our library'): ElsewhereSide {
  return {
    kind: 'elsewhere',
    name,
    family: name,
    answer: async () => Buffer.from((await run(name)).key, 'hex'),
    measure: () => quickestOf(name),
  };
}

/**
 * The quickest of a few processes: which other programs held one up cannot be told, for an engine that has just begun
 * also waits for its own threads.
 */
async function quickestOf(name: string): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < processesPerSample; i++) quickest = Math.min(quickest, (await run(name)).nanoseconds);
  return quickest;
}

async function run(name: string): Promise<{nanoseconds: number; key: string}> {
  return (await runChild('first-key.ts', [name])) as {nanoseconds: number; key: string};
}

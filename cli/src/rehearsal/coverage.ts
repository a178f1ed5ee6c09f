// What of a rehearsal came to pass in no seed: then it proves nothing about it, however often it passed.

import type {Rehearsal, SeedResult} from '@etcd-encryption/host-sim';

export interface Coverage {
  readonly add: (result: SeedResult) => void;
  /** Entries of the timeline, and expected moments, that came in no seed; a line each. */
  readonly never: () => readonly string[];
}

export function createCoverage({timeline, expect}: Rehearsal): Coverage {
  const entries = new Map(timeline.map((entry, index) => [index, entry]));
  const moments = new Map(expect.flatMap((each, index) => (each.kind === 'sometimes' ? [[index, each.moment]] : [])));
  return {
    add: ({missed, moments: seen}) => {
      for (const index of entries.keys()) if (!missed.includes(index)) entries.delete(index);
      for (const index of seen) moments.delete(index);
    },
    never: () => [
      ...[...entries].map(
        ([index, {deeds}]) => `timeline[${index}] never came to pass: ${deeds.map(({kind}) => kind).join(', ')}`,
      ),
      ...[...moments].map(([index, {deed, during}]) => `expect[${index}] never came true: ${deed}During(${during})`),
    ],
  };
}

// What all clusters of one run share: time, randomness, the trace and the reader of configuration files.

import {defaultEpochMs} from '../limits.ts';
import {createRandom, type Random} from '../prng.ts';
import {Scheduler} from '../scheduler.ts';
import {Trace} from '../trace.ts';
import {createFileReader, type FileView} from './configuration.ts';

export interface World {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  /** Wall time at virtual time zero, Unix ms. */
  readonly epochMs: number;
  readonly readBytes: (bytes: Uint8Array) => FileView;
}

export function createWorld({seed, epochMs = defaultEpochMs}: {seed: number; epochMs?: number}): World {
  return {
    scheduler: new Scheduler(),
    random: createRandom(seed),
    trace: new Trace(),
    epochMs,
    readBytes: createFileReader(),
  };
}

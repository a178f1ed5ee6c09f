// Runs a seed on the simulator for the command: with every line that people read of it, or recorded as a page shows it.

import {
  type Mark,
  type Recording,
  type Rehearsal,
  recordRehearsal,
  recordRun,
  runRehearsal,
  type SeedResult,
} from '@etcd-encryption/host-sim';
import type {RunRehearsal} from './play.ts';

/** As the simulator runs it; for who listens, with what the programs decided and reached. */
export const runSeed: RunRehearsal = (rehearsal, {seed, listen}) => {
  if (listen === undefined) return runRehearsal(rehearsal, {seed});
  const tell = ({atMs, cluster, node, kind, what, text}: Mark): void => {
    // Of everything else the run tells itself.
    if (kind !== 'deed' && kind !== 'step') return;
    listen({atMs, cluster, node, kind: 'fact', what: kind === 'deed' ? `${what} ${text}` : text});
  };
  const {run} = recordRun(rehearsal, {seed, listen}, tell);
  run.runUntil(() => run.over);
  return run.result();
};

/** Plays a seed once more, which is the same run. */
export const recordSeed = (rehearsal: Rehearsal, {seed}: SeedResult): Recording =>
  recordRehearsal(rehearsal, {seed}).recording;

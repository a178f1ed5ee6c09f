// The second act of the demonstration: an Active/Standby pair, two rotations that the Standby follows, a failover by the
// book, and a rotation by the new Active; told as it goes, and drawn as a page at the end.

import {setImmediate} from 'node:timers/promises';
import {type Mark, type RecordedRun, type Recording, type Rehearsal, recordRun} from '@etcd-encryption/host-sim';
import {createNarrator, type Narrator} from './narrator.ts';
import type {Tally} from './stage.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** As a rehearsal file would say it. */
const pairRehearsal: Rehearsal = {
  metadata: {
    name: 'demo',
    explanation:
      'Two rotations on the Active that the Standby follows by deriving the same keys, then a failover by the book and a ' +
      'rotation by the new Active, which the old one follows. Users write and read all the while.',
  },
  seeds: {from: 1, count: 1},
  settings: {
    keyStrategy: 'deterministic',
    rotationIntervalMs: hourMs,
    approvalDelayMs: 10 * minuteMs,
    promotionGraceMs: hourMs,
  },
  clusters: [
    {
      name: 'east',
      role: 'active',
      nodes: ['e1', 'e2', 'e3'],
      objects: [
        {resource: 'secrets', count: 60},
        {resource: 'configmaps', count: 30},
      ],
      writes: {count: 30, per: 'm'},
    },
    {name: 'west', role: 'standby', nodes: ['w1', 'w2', 'w3'], localObjects: [{resource: 'secrets', count: 20}]},
  ],
  replication: {from: 'east', to: 'west', lag: {meanMs: 5_000, maxMs: minuteMs}},
  timeline: [
    {kind: 'at', atMs: 90 * minuteMs, deeds: [{kind: 'failover', to: 'west', mode: 'planned'}]},
    {kind: 'after', delayMs: 10 * minuteMs, deeds: [{kind: 'installSynchronizer', cluster: 'east'}]},
  ],
  chaos: {profile: 'none'},
  expect: [
    {kind: 'within', limitMs: 3 * minuteMs, of: 'failover', cluster: 'west', is: {unreadable: 0}},
    {kind: 'eventually', goal: 'rotated', cluster: 'west'},
    {kind: 'eventually', goal: 'converged', lineages: 1},
  ],
};

export interface PairOptions {
  readonly seed: number;
  readonly out: (text: string) => void;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

export interface PairOutcome {
  /** Rotations that completed, of both sides together. */
  readonly rotations: number;
  readonly tally: Tally;
  /** Why it is no success, in a sentence. */
  readonly problem?: string;
  readonly recording: Recording;
}

/** Plays all of it. */
export async function playPair(options: PairOptions): Promise<PairOutcome> {
  let nowMs = 0;
  const narrator = createNarrator({...options, nowMs: () => nowMs});
  narrator.heading('a pair: east is Active, west is Standby; the etcd Synchronizer copies values from east to west');
  const recorded = recordRun(pairRehearsal, {seed: options.seed}, (mark) => {
    nowMs = mark.atMs;
    tellMark(narrator, mark);
  });
  await runToEnd(recorded, options.signal);
  const {result, recording} = recorded.finish();
  const {violation, missed} = result;
  const problem =
    violation !== undefined
      ? `${violation.name}: ${violation.explanation}`
      : missed.length > 0
        ? 'a step of the failover never came to pass'
        : undefined;
  const tally = tallyOf(recorded);
  return {rotations: result.rotations, tally, recording, ...(problem === undefined ? {} : {problem})};
}

/** Time passes in pieces, so that the run can be broken off. */
async function runToEnd({run}: RecordedRun, signal: AbortSignal): Promise<void> {
  while (!run.over) {
    signal.throwIfAborted();
    run.runUntil(run.nowMs + minuteMs);
    await setImmediate();
  }
}

function tallyOf({run}: RecordedRun): Tally {
  const {
    reads = 0,
    lists = 0,
    writes = 0,
    failedReads = 0,
    wrongContent = 0,
    failedWrites = 0,
  } = run.pair?.users.counts ?? {};
  return {reads: reads + lists, writes, failedReads: failedReads + wrongContent, failedWrites};
}

const toldSteps: readonly string[] = ['follow', 'converged', 'complete'];
/** What an operator does in this act, by the deed of the timeline. */
const operatorSays: Readonly<Record<string, string>> = {
  failover: 'fails over by the book: users pause, the Synchronizer goes, the platform’s domain points to west',
  installSynchronizer: 'installs the Synchronizer on east, which is the Standby from now on',
};
const deedWords: Readonly<Record<string, string>> = {
  publish: 'publishes a SeedBundle',
  activate: 'changes the write key',
  drop: 'drops a key',
};

/** What is worth a line; the page has all of it. */
function tellMark({line}: Narrator, {cluster, kind, what, text}: Mark): void {
  if (kind === 'violation') line(cluster, text, 'bad');
  else if (kind === 'deed') line(cluster, `${deedWords[what] ?? what}: ${text}`);
  else if (kind === 'step' && toldSteps.includes(what)) line(cluster, text, what === 'complete' ? 'good' : 'work');
  else if (kind === 'operator' && operatorSays[what] !== undefined) line('operator', operatorSays[what], 'wait');
}

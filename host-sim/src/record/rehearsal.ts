// Runs one seed of a rehearsal and records it.

import type {Rehearsal} from '../rehearsal/model.ts';
import {isVacuous, type SeedResult} from '../rehearsal/result.ts';
import {createRun, type Run, type RunOptions} from '../rehearsal/run.ts';
import type {RunEvent} from '../rehearsal/stage.ts';
import type {Mark, Recording, Setting, Verdict} from './model.ts';
import {createRecorder, type Recorder} from './recorder.ts';

export interface RecordedSeed {
  readonly result: SeedResult;
  readonly recording: Recording;
}

/**
 * As `runRehearsal`, with a recording beside the result; the trace hash is the same.
 * @throws RangeError where the rehearsal names what it has not
 */
export function recordRehearsal(rehearsal: Rehearsal, options: RunOptions): RecordedSeed {
  const {run, finish} = recordRun(rehearsal, options);
  run.runUntil(() => run.over);
  return finish();
}

export interface RecordedRun {
  /** Nothing has happened in it yet. */
  readonly run: Run;
  /** Ends the recording where the run is now. */
  readonly finish: () => RecordedSeed;
}

/** For whoever drives a run: it is recorded from its beginning. @param tell told of each mark as it is made */
export function recordRun(rehearsal: Rehearsal, options: RunOptions, tell?: (mark: Mark) => void): RecordedRun {
  let recorder: Recorder | undefined;
  let fault = '';
  const listen = (event: RunEvent): void => {
    if (recorder !== undefined) note(recorder, event, fault);
    options.listen?.(event);
  };
  const run = createRun(rehearsal, {...options, listen});
  run.simulation.world.trace.listen(({event}) => {
    if (event.startsWith('fault-')) fault = event.slice('fault-'.length);
  });
  const {name, explanation} = rehearsal.metadata;
  const made = createRecorder(run.simulation, {
    title: name,
    ...(explanation === undefined ? {} : {explanation}),
    ...(tell === undefined ? {} : {listen: tell}),
    seed: options.seed,
    settings: settingsOf(rehearsal),
    phaseOf: run.phaseOf,
  });
  recorder = made;
  const finish = (): RecordedSeed => {
    const result = run.result();
    return {result, recording: made.finish(verdictOf(result))};
  };
  return {run, finish};
}

/** @param fault class of the fault that the trace told last */
function note({mark}: Recorder, {atMs, cluster = '', node = '', what: text, kind}: RunEvent, fault: string): void {
  // Phases are bands.
  if (kind === 'fact') return;
  mark({atMs, cluster, node, text, ...signOf(kind, text, fault)});
}

function signOf(kind: Exclude<RunEvent['kind'], 'fact'>, text: string, fault: string): Pick<Mark, 'kind' | 'what'> {
  switch (kind) {
    case 'deed':
      return {kind: 'operator', what: text.split(' ')[0] ?? ''};
    case 'fault':
      return {kind: fault === 'failover' ? 'failover' : 'fault', what: fault};
    case 'verdict':
      return {kind: 'violation', what: 'violated'};
    default:
      return kind satisfies never;
  }
}

function verdictOf(result: SeedResult): Verdict {
  const {violation, missed, rotations, unreadable} = result;
  if (violation !== undefined) {
    const {name, explanation, cluster, node, key} = violation;
    const where = [cluster, node, key].filter((part) => part !== '').join(', ');
    return {state: 'violated', text: `${name}: ${explanation}${where === '' ? '' : ` (${where})`}.`};
  }
  if (isVacuous(result)) {
    return {state: 'vacuous', text: `Nothing broke, but ${missed.length} entries of the timeline never came to pass.`};
  }
  return {state: 'passed', text: `${rotations} rotations completed, ${unreadable} values unreadable at the end.`};
}

function settingsOf({settings, clusters, replication}: Rehearsal): readonly Setting[] {
  const said = Object.entries(settings).map(([name, value]) => ({name: spaced(name), value: plain(name, value)}));
  const sides = clusters.map(({name, role, nodes}) => ({name, value: `${role}, ${nodes.length} servers`}));
  const lag = replication?.lag;
  if (lag === undefined) return [...said, ...sides];
  const value = `${durationOf(lag.meanMs)} on average, at most ${durationOf(lag.maxMs)}`;
  return [...said, ...sides, {name: 'replication lag', value}];
}

/** `rotationIntervalMs` → `rotation interval` */
const spaced = (name: string): string =>
  name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function plain(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('Ms')) return durationOf(value);
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** In the largest unit that gives a whole number. */
function durationOf(ms: number): string {
  const units = [
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const;
  const unit = units.find(([size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms} ms` : `${ms / unit[0]}${unit[1]}`;
}

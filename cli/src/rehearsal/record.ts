// Plays one seed once more, which is the same run, and records it for the report.

import {createRecorder, createRun, type Recording, type Rehearsal, type SeedResult} from '@etcd-encryption/host-sim';
import {formatDuration} from '@etcd-encryption/rotation';
import {outcomeOf} from '../run-output/json-lines.ts';

/** @param result what this seed came to */
export function recordSeed(rehearsal: Rehearsal, result: SeedResult): Recording {
  const {seed} = result;
  const {name, explanation} = rehearsal.metadata;
  const run = createRun(rehearsal, {
    seed,
    listen: ({atMs, cluster = '', node = '', what, kind}) => {
      if (kind === 'fault') recorder.mark({atMs, cluster, node, kind, what: firstWord(what), text: what});
      if (kind === 'verdict') recorder.mark({atMs, cluster, node, kind: 'violation', what: 'violation', text: what});
    },
  });
  const recorder = createRecorder(run.simulation, {
    title: name,
    ...(explanation === undefined ? {} : {explanation}),
    seed,
    settings: settingsOf(rehearsal),
    phaseOf: run.phaseOf,
  });
  run.runUntil(() => run.over);
  return recorder.finish(verdictOf(result));
}

const firstWord = (text: string): string => text.split(' ')[0] ?? '';

function verdictOf(result: SeedResult): Parameters<ReturnType<typeof createRecorder>['finish']>[0] {
  const {violation, rotations, traceHash} = result;
  if (violation !== undefined)
    return {
      state: 'violated',
      text: `${violation.name} does not hold on ${violation.node || violation.cluster}: ${violation.explanation}`,
    };
  const text = `${rotations} rotations; trace ${traceHash}.`;
  return outcomeOf(result) === 'vacuous'
    ? {state: 'vacuous', text: `Nothing broke, and not everything planned came to pass. ${text}`}
    : {state: 'passed', text: `Everything held: ${text}`};
}

function settingsOf({settings, clusters, replication}: Rehearsal): readonly {name: string; value: string}[] {
  const said = 'keyStrategy' in settings ? Object.entries(settings) : [];
  const {lag} = replication ?? {};
  return [
    ...said.map(([name, value]) => ({name: name.replace(/Ms$/, ''), value: shown(name, value)})),
    ...clusters.map(({name, role, nodes}) => ({name, value: `${role}, ${nodes.length} nodes`})),
    ...(lag === undefined
      ? []
      : [{name: 'replication lag', value: `${shown('Ms', lag.meanMs)}, at most ${shown('Ms', lag.maxMs)}`}]),
  ];
}

const shown = (name: string, value: unknown): string => {
  if (name.endsWith('Ms') && typeof value === 'number') return formatDuration(value);
  return Array.isArray(value) ? value.join(', ') : String(value);
};

// The ready rehearsals are read without a problem, stand in canonical form, and say in two sentences what they are for.

import {readdirSync, readFileSync} from 'node:fs';
import type {Rehearsal} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {parseRehearsal, problemText} from '../../../cli/src/rehearsal/read.ts';
import {formatRehearsal} from '../../../cli/src/rehearsal/write.ts';

const folder = new URL('../../../cli/rehearsals/', import.meta.url);
const files = readdirSync(folder).toSorted();
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

function rehearsalOf(file: string): Rehearsal {
  const read = parseRehearsal(textOf(file));
  if (read.outcome === 'ok') return read.rehearsal;
  throw new Error(read.problems.map((problem) => problemText(file, problem)).join('\n'));
}

const deedsOf = ({timeline}: Rehearsal) => timeline.flatMap(({deeds}) => deeds);

test('the folder ⇒ the rehearsals of a pair, by name', () => {
  expect(files).toEqual([
    'both-active-for-a-week.yaml',
    'busy-writers.yaml',
    'clocks-apart.yaml',
    'crash-in-each-phase.yaml',
    'etcd-restored.yaml',
    'failback.yaml',
    'failover-in-each-phase.yaml',
    'failover-with-an-hour-of-backlog.yaml',
    'key-compromised.yaml',
    'node-away-for-nine-rotations.yaml',
    'node-down-when-due.yaml',
    'planned-failover.yaml',
    'resource-added-and-removed.yaml',
    'resource-removed-and-interrupted.yaml',
    'restored-from-before-twelve-rotations.yaml',
    'root-replaced.yaml',
    'servers-late-to-load.yaml',
    'stall-and-burst.yaml',
    'synchronizer-uninstalled-for-an-upgrade.yaml',
    'unplanned-failover.yaml',
  ]);
});

describe.each(files)('%s', (file) => {
  test('read ⇒ a rehearsal of the file’s name with two sentences', () => {
    const {metadata} = rehearsalOf(file);
    expect(`${metadata.name}.yaml`).toBe(file);
    expect(metadata.explanation).toMatch(/^[A-Z][^.]+\. [A-Z][^.]+\.$/);
  });

  test('written again ⇒ the same bytes', () => {
    expect(formatRehearsal(rehearsalOf(file))).toBe(textOf(file));
  });

  test('what has to hold ⇒ something always and one lineage in the end', () => {
    const {expect: expected} = rehearsalOf(file);
    expect(expected).toContainEqual({kind: 'always', invariant: 'dropAfterNeed'});
    expect(expected).toContainEqual({kind: 'eventually', goal: 'converged', lineages: 1});
  });
});

test('failover in each phase ⇒ one failover in every phase of an Active, and one expectation for each', () => {
  const {timeline, expect: expected} = rehearsalOf('failover-in-each-phase.yaml');
  const phases = ['Preflight', 'Activate', 'Converge', 'Migrate', 'Verify', 'Publish', 'Distribute', 'Drop'];
  const met = timeline.flatMap((entry) => (entry.kind === 'when' ? [entry.fact.phase] : []));
  const awaited = expected.flatMap((each) => (each.kind === 'sometimes' ? [each.moment.during] : []));
  expect(met).toEqual(phases);
  expect(awaited).toEqual(phases);
});

test('a node away for nine rotations ⇒ away for nine intervals', () => {
  const {timeline, settings} = rehearsalOf('node-away-for-nine-rotations.yaml');
  const awayMs = timeline.slice(1).reduce((sum, entry) => sum + (entry.kind === 'after' ? entry.delayMs : 0), 0);
  const intervalMs = 'keyStrategy' in settings ? settings.rotationIntervalMs : undefined;
  expect(intervalMs).toBe(168 * 3_600_000);
  expect(awayMs).toBeGreaterThan(9 * 168 * 3_600_000);
});

test('the Synchronizer uninstalled ⇒ over the moment at which a rotation is due', () => {
  const [first, second] = rehearsalOf('synchronizer-uninstalled-for-an-upgrade.yaml').timeline;
  const goneMs = first?.kind === 'at' ? first.atMs : Number.NaN;
  const backMs = second?.kind === 'after' ? goneMs + second.delayMs : Number.NaN;
  expect(goneMs).toBeLessThan(168 * 3_600_000);
  expect(backMs).toBeGreaterThan(168 * 3_600_000);
});

test('the root replaced ⇒ on one side by mistake, then on both on purpose', () => {
  expect(deedsOf(rehearsalOf('root-replaced.yaml'))).toEqual([
    {kind: 'rootReplaced', clusters: ['west'], onPurpose: false},
    {kind: 'rootReplaced', clusters: ['east', 'west'], onPurpose: true},
  ]);
});

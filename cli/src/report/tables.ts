// Everything that the charts show, once more as tables: for readers without a pointer, without a script, or with a
// search to make.

import type {ClusterRecording, Recording, ValueStep} from '@etcd-encryption/host-sim';
import {bundleLabel} from './chart-bands.ts';
import {maxTableRows} from './limits.ts';
import {type Child, el, type Markup} from './markup.ts';
import {clockText, durationText} from './time-text.ts';
import {keyWord} from './words.ts';

export function drawTables(recording: Recording, markId: (at: number) => string): Markup {
  return el(
    'div',
    {class: 'tables'},
    marksTable(recording, markId),
    ...recording.clusters.flatMap((cluster) => [
      lanesTable(cluster),
      bandsTable(cluster),
      ...(cluster.bundles.length === 0 ? [] : [bundlesTable(cluster)]),
      valuesTable(cluster),
    ]),
  );
}

interface Row {
  readonly id?: string;
  readonly look?: string;
  readonly cells: readonly Child[];
}

function table(summary: string, head: readonly string[], rows: readonly Row[]): Markup {
  const shown = rows.slice(0, maxTableRows);
  const missing = rows.length - shown.length;
  return el(
    'details',
    {},
    el('summary', {}, `${summary} (${rows.length})`),
    el(
      'div',
      {class: 'wide'},
      el(
        'table',
        {},
        el('thead', {}, el('tr', {}, ...head.map((cell) => el('th', {scope: 'col'}, cell)))),
        el(
          'tbody',
          {},
          ...shown.map(({id, look, cells}) => el('tr', {id, class: look}, ...cells.map((cell) => el('td', {}, cell)))),
        ),
      ),
    ),
    missing === 0 ? undefined : el('p', {}, `${missing} more lines are not shown.`),
  );
}

const marksTable = ({marks}: Recording, markId: (at: number) => string): Markup =>
  table(
    'What happened',
    ['time', 'cluster', 'node', 'kind', 'what', 'in words'],
    marks.map(({atMs, cluster, node, kind, what, text}, at) => ({
      id: markId(at),
      look: kind,
      cells: [clockText(atMs), cluster, node, kind, what, text],
    })),
  );

const lanesTable = ({name, lanes}: ClusterRecording): Markup =>
  table(
    `${name}: what each server had loaded`,
    ['server', 'from', 'to', 'state', 'writes', 'reads also'],
    lanes.flatMap(({node, intervals}) =>
      intervals.map(({fromMs, toMs, state, writeKey, readKeys}) => ({
        cells: [node, clockText(fromMs), clockText(toMs), state, keyWord(writeKey), readKeys.map(keyWord).join(', ')],
      })),
    ),
  );

const bandsTable = ({name, roles, phases}: ClusterRecording): Markup =>
  table(
    `${name}: role and phase`,
    ['from', 'to', 'for', 'role or phase'],
    [...roles, ...phases]
      .sort((a, b) => a.fromMs - b.fromMs)
      .map(({fromMs, toMs, name: band}) => ({
        cells: [clockText(fromMs), clockText(toMs), durationText(toMs - fromMs), band],
      })),
  );

const bundlesTable = ({name, bundles}: ClusterRecording): Markup =>
  table(
    `${name}: SeedBundle that it followed`,
    ['from', 'to', 'bundle', 'what'],
    bundles.map((bundle) => ({
      cells: [clockText(bundle.fromMs), clockText(bundle.toMs), bundle.bundle, bundleLabel(bundle)],
    })),
  );

/** One line for each moment at which another set of keys had values; the chart shows what lies between. */
function valuesTable({name, values}: ClusterRecording): Markup {
  const rows = values.steps.filter((step, at) => isTelling(step, values.steps[at - 1], values.steps[at + 1]));
  return table(
    `${name}: values by key`,
    ['time', ...values.keys.map(keyWord)],
    rows.map(({atMs, counts}) => ({cells: [clockText(atMs), ...values.keys.map((_, at) => String(counts[at] ?? 0))]})),
  );
}

const isTelling = (step: ValueStep, before: ValueStep | undefined, after: ValueStep | undefined): boolean =>
  before === undefined ||
  after === undefined ||
  usedKeys(step) !== usedKeys(before) ||
  usedKeys(step) !== usedKeys(after);

const usedKeys = ({counts}: ValueStep): string => counts.map((count) => (count === 0 ? '-' : '+')).join('');

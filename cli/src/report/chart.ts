// The chart of one recording: a column of labels that stays, and the drawing, which scrolls where it is wide.

import type {Mark, Recording} from '@etcd-encryption/host-sim';
import {createTimeAxis} from './axis.ts';
import {drawAxis, drawMoments} from './chart-axis.ts';
import {drawBundles, drawPhases, drawRoles} from './chart-bands.ts';
import {drawLane, type LaneLook} from './chart-lanes.ts';
import {drawMarks} from './chart-marks.ts';
import {drawBacklog, drawValues, niceTop} from './chart-values.ts';
import {createKeyStyles} from './key-styles.ts';
import {type ClusterLayout, type Layout, layOut, type Place} from './layout.ts';
import {labelWidth, sideMargin} from './limits.ts';
import {el, join, type Markup, round} from './markup.ts';
import {clearName} from './words.ts';

export interface ChartOptions {
  /** Id of a mark's line in the table, by its place in the recording; absent: marks are no links. */
  readonly markId?: (at: number) => string;
  /** Id of the chart's heading. */
  readonly labelledBy?: string;
}

export function drawChart(recording: Recording, options: Required<ChartOptions>): Markup {
  const {labels, drawing} = drawChartParts(recording, options);
  return el('div', {class: 'chart'}, labels, el('div', {class: 'scroll'}, drawing));
}

export interface ChartParts {
  /** The column of labels, `labelWidth` wide. */
  readonly labels: Markup;
  readonly drawing: Markup;
  readonly width: number;
  readonly height: number;
}

export function drawChartParts(recording: Recording, {markId, labelledBy}: ChartOptions): ChartParts {
  const axis = createTimeAxis(recording);
  const layout = layOut(recording, axis);
  const look: LaneLook = {axis, styleOf: createKeyStyles(allKeys(recording))};
  const places = new Map(recording.marks.map((mark, at) => [mark, at]));
  const idOf = (mark: Mark): string | undefined => markId?.(places.get(mark) ?? 0);
  const width = axis.width + 2 * sideMargin;
  const drawing = el(
    'svg',
    {
      class: 'drawing',
      width,
      height: layout.height,
      viewBox: `${-sideMargin} 0 ${round(width)} ${layout.height}`,
      role: 'group',
      'aria-labelledby': labelledBy,
    },
    drawAxis(layout),
    layout.common === undefined ? undefined : drawMarks('run/marks', layout.common.placed, idOf),
    ...layout.clusters.map((cluster) => drawCluster(cluster, {look, layout, idOf})),
    drawMoments(recording, layout),
  );
  return {labels: drawLabels(layout), drawing, width, height: layout.height};
}

/** Every key of a recording, each once: clear values, then adopted keys, then ours by revision. */
export function allKeys({clusters}: Recording): readonly string[] {
  const keys = clusters.flatMap(({lanes, values}) => [
    ...values.keys,
    ...lanes.flatMap(({intervals}) => intervals.flatMap(({writeKey, readKeys}) => [writeKey, ...readKeys])),
  ]);
  return [...new Set(keys)].filter((key) => key !== '').sort((a, b) => ageOf(a) - ageOf(b));
}

const ageOf = (key: string): number => (key === clearName ? -1 : Number(/^r(\d+)-/.exec(key)?.[1] ?? 0));

interface ClusterLook {
  readonly look: LaneLook;
  readonly layout: Layout;
  readonly idOf: (mark: Mark) => string | undefined;
}

function drawCluster(rows: ClusterLayout, {look, layout, idOf}: ClusterLook): Markup {
  const {cluster} = rows;
  const {axis} = layout;
  const {name} = cluster;
  return el(
    'g',
    {class: 'cluster', 'data-cluster': name},
    el('line', {class: 'line', x1: 0, x2: axis.width, y1: rows.title.y + 2, y2: rows.title.y + 2}),
    rows.roles === undefined ? undefined : drawRoles(name, cluster.roles, rows.roles, axis),
    drawPhases(name, cluster.phases, rows.phases, axis),
    drawMarks(`${name}/marks`, rows.marks.placed, idOf),
    ...rows.lanes.map((lane) => drawLane(name, lane, look)),
    rows.bundles === undefined ? undefined : drawBundles(name, cluster.bundles, rows.bundles, axis),
    drawValues(cluster, rows.values, look),
    rows.backlog === undefined ? undefined : drawBacklog(cluster, rows.backlog, axis),
  );
}

function drawLabels(layout: Layout): Markup {
  return el(
    'svg',
    {class: 'labels', width: labelWidth, height: layout.height, 'aria-hidden': 'true'},
    el('text', {class: 'small', x: labelWidth - 10, y: 31, 'text-anchor': 'end'}, 'h:mm:ss'),
    layout.common === undefined ? undefined : label('timeline', layout.common, layout.common.height - 7),
    ...layout.clusters.map(labelsOf),
  );
}

function labelsOf({cluster, ...rows}: ClusterLayout): Markup {
  const values = niceTop(Math.max(1, ...cluster.values.steps.map(({counts}) => counts.reduce((a, b) => a + b, 0))));
  const backlog = Math.max(0, ...cluster.backlog.map(({count}) => count));
  return join([
    el('line', {class: 'line', x1: 0, x2: labelWidth, y1: rows.title.y + 2, y2: rows.title.y + 2}),
    el('text', {class: 'name', x: 0, y: rows.title.y + 21}, cluster.name),
    rows.roles === undefined ? undefined : label('role', rows.roles, 13),
    label('phase', rows.phases, 13),
    label('what happened', rows.marks, rows.marks.height - 7),
    ...rows.lanes.map((lane) => label(lane.lane.node, lane, 11, 'small server')),
    rows.bundles === undefined ? undefined : label('SeedBundle', rows.bundles, 13),
    scaleLabels('values by key', rows.values, values),
    rows.backlog === undefined ? undefined : scaleLabels('still to copy', rows.backlog, backlog),
  ]);
}

const label = (text: string, {y}: Place, down: number, look = 'small'): Markup =>
  el('text', {class: look, x: labelWidth - 10, y: y + down, 'text-anchor': 'end'}, text);

function scaleLabels(text: string, place: Place, most: number): Markup {
  return join([
    label(text, place, place.height / 2 + 4),
    label(String(most), place, 9),
    label('0', place, place.height),
  ]);
}

// Which rows a chart has and where each one stands. One cluster after the other, the same rows in the same order.

import type {ClusterRecording, Lane, Mark, Recording} from '@etcd-encryption/host-sim';
import type {TimeAxis} from './axis.ts';
import {
  axisHeight,
  backlogHeight,
  bandHeight,
  clusterGap,
  clusterTitleHeight,
  markSize,
  maxMarkLevels,
  readStripHeight,
  rowGap,
  valuesHeight,
  writeBandHeight,
} from './limits.ts';

export interface Place {
  readonly y: number;
  readonly height: number;
}

export interface PlacedMark {
  readonly mark: Mark;
  readonly x: number;
  /** Middle of its sign. */
  readonly y: number;
}

export interface LaneRow extends Place {
  readonly lane: Lane;
}

export interface ClusterLayout {
  readonly cluster: ClusterRecording;
  readonly title: Place;
  /** Absent where there is only one cluster. */
  readonly roles?: Place;
  readonly phases: Place;
  readonly marks: Place & {readonly placed: readonly PlacedMark[]};
  readonly lanes: readonly LaneRow[];
  readonly bundles?: Place;
  readonly values: Place;
  readonly backlog?: Place;
}

export interface Layout {
  readonly axis: TimeAxis;
  readonly height: number;
  readonly clusters: readonly ClusterLayout[];
  /** Marks that are of no cluster, above all of them. */
  readonly common?: Place & {readonly placed: readonly PlacedMark[]};
}

export function layOut(recording: Recording, axis: TimeAxis): Layout {
  const rows = createRows(axisHeight + rowGap);
  const shared = recording.marks.filter(({cluster}) => cluster === '');
  const common = shared.length === 0 ? undefined : placeMarks(shared, axis, rows);
  const clusters = recording.clusters.map((cluster) =>
    layOutCluster(cluster, {marks: recording.marks.filter((mark) => mark.cluster === cluster.name), axis, rows}),
  );
  return {axis, height: rows.bottom(), clusters, ...(common === undefined ? {} : {common})};
}

interface Rows {
  readonly next: (height: number, gap?: number) => Place;
  readonly bottom: () => number;
}

function createRows(top: number): Rows {
  let y = top;
  return {
    next(height, gap = rowGap) {
      const place = {y, height};
      y += height + gap;
      return place;
    },
    bottom: () => y,
  };
}

interface Surroundings {
  readonly marks: readonly Mark[];
  readonly axis: TimeAxis;
  readonly rows: Rows;
}

function layOutCluster(cluster: ClusterRecording, {marks, axis, rows}: Surroundings): ClusterLayout {
  const title = rows.next(clusterTitleHeight, 2);
  const roles = cluster.roles.length === 0 ? undefined : rows.next(bandHeight, 3);
  const phases = rows.next(bandHeight);
  const placed = placeMarks(marks, axis, rows);
  const reads = Math.max(0, ...cluster.lanes.flatMap(({intervals}) => intervals.map(({readKeys}) => readKeys.length)));
  const laneHeight = writeBandHeight + readStripHeight * reads;
  const lanes = cluster.lanes.map((lane) => ({lane, ...rows.next(laneHeight)}));
  const bundles = cluster.bundles.length === 0 ? undefined : rows.next(bandHeight);
  const values = rows.next(valuesHeight);
  const backlog = cluster.backlog.some(({count}) => count > 0) ? rows.next(backlogHeight) : undefined;
  rows.next(clusterGap - rowGap, 0);
  return {
    cluster,
    title,
    phases,
    marks: placed,
    lanes,
    values,
    ...(roles === undefined ? {} : {roles}),
    ...(bundles === undefined ? {} : {bundles}),
    ...(backlog === undefined ? {} : {backlog}),
  };
}

/** Each mark at its time; where its sign would touch another one it stands a level higher, as long as there is one. */
function placeMarks(marks: readonly Mark[], axis: TimeAxis, rows: Rows): ClusterLayout['marks'] {
  const ends: number[] = [];
  const levelled = marks.map((mark) => {
    const x = axis.x(mark.atMs);
    const level = freeLevel(ends, x);
    ends[level] = x + markSize;
    return {mark, x, level};
  });
  const place = rows.next(Math.max(1, ends.length) * markSize + 4);
  const placed = levelled.map(({mark, x, level}) => ({
    mark,
    x,
    y: place.y + place.height - (level + 0.5) * markSize - 2,
  }));
  return {...place, placed};
}

/** Lowest level that is free at `x`, or the one that will be first. */
function freeLevel(ends: readonly number[], x: number): number {
  const free = ends.findIndex((end) => end <= x);
  if (free >= 0) return free;
  if (ends.length < maxMarkLevels) return ends.length;
  return ends.indexOf(Math.min(...ends));
}

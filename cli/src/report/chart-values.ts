// Live values by the key that wrote them, as stacked areas, oldest key at the bottom; and what is still to be copied.

import type {ClusterRecording, CountStep, ValueStep} from '@etcd-encryption/host-sim';
import type {TimeAxis} from './axis.ts';
import {drawKey, type LaneLook} from './chart-lanes.ts';
import type {Place} from './layout.ts';
import {letterWidth} from './limits.ts';
import {el, join, type Markup, round} from './markup.ts';
import {keyWord} from './words.ts';

/** One piece of an area: from `x` to `to` between two heights, pixels. */
export interface Piece {
  readonly x: number;
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Area {
  readonly key: string;
  /** Without the pieces in which there is no such value. */
  readonly pieces: readonly Piece[];
  readonly most: number;
}

export interface ValueAreas {
  readonly areas: readonly Area[];
  /** Number of values at the top of the place. */
  readonly scale: number;
}

/** Where the areas of a cluster's values are. */
export function placeValues({values}: ClusterRecording, place: Place, axis: TimeAxis): ValueAreas {
  const scale = niceTop(Math.max(1, ...values.steps.map(({counts}) => sum(counts))));
  const pixel = place.height / scale;
  const columns = columnsOf(values.steps, axis);
  const areas = values.keys.map((key, at) => ({
    key,
    most: Math.max(0, ...values.steps.map(({counts}) => counts[at] ?? 0)),
    pieces: columns.flatMap(({x, to, counts}) => {
      const count = counts[at] ?? 0;
      if (count === 0) return [];
      const bottom = place.y + place.height - sum(counts.slice(0, at)) * pixel;
      return [{x, to, bottom, top: bottom - count * pixel}];
    }),
  }));
  return {areas, scale};
}

export function drawValues(cluster: ClusterRecording, place: Place, {axis, styleOf}: LaneLook): Markup {
  const {areas, scale} = placeValues(cluster, place, axis);
  const shown = areas.filter(({pieces}) => pieces.length > 0);
  return el(
    'g',
    {'data-row': `${cluster.name}/values`},
    el('rect', {class: 'ground', x: 0, y: place.y, width: axis.width, height: place.height}),
    ...shown.map((area) =>
      el(
        'g',
        {class: 'item area', role: 'img', 'data-key': area.key},
        el('title', {}, `${cluster.name} · values under ${keyWord(area.key)}: at most ${area.most} of ${scale}`),
        drawKey(styleOf(area.key), {d: pathOf(area.pieces)}, 'path'),
      ),
    ),
    ...shown.map(drawAreaName),
  );
}

/** Steps by pixel: of those that fall into one, the last. */
function columnsOf(
  steps: readonly ValueStep[],
  axis: TimeAxis,
): readonly {x: number; to: number; counts: readonly number[]}[] {
  const columns: {x: number; counts: readonly number[]}[] = [];
  for (const {atMs, counts} of steps) {
    const x = round(axis.x(atMs));
    const last = columns.at(-1);
    if (last !== undefined && x - last.x < 0.5) last.counts = counts;
    else columns.push({x, counts});
  }
  return columns.map(({x, counts}, at) => ({x, counts, to: columns[at + 1]?.x ?? axis.width}));
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** The next number of one or two digits and zeros, so that the scale reads well. */
export function niceTop(most: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(most)) - 1);
  return Math.ceil(most / unit) * unit;
}

/** One closed outline for each run of pieces that touch: along the tops, and back along the bottoms. */
function pathOf(pieces: readonly Piece[]): string {
  return runsOf(pieces)
    .map((run) => {
      const [first] = run;
      if (first === undefined) return '';
      const there = run.map(({top, to}) => `V${round(top)}H${round(to)}`).join('');
      const back = run
        .toReversed()
        .map(({bottom, x}) => `V${round(bottom)}H${round(x)}`)
        .join('');
      return `M${round(first.x)} ${round(first.bottom)}${there}${back}Z`;
    })
    .join('');
}

function runsOf(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last?.at(-1)?.to === piece.x) last.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

const nameHeight = 12;

/** Its name in the widest place where it has room; nowhere when there is none. */
function drawAreaName({key, pieces}: Area): Markup | undefined {
  const room = roomiest(pieces);
  const text = [key, key.split('-')[0] ?? ''].find((each) => each.length * letterWidth + 8 <= room.to - room.x);
  if (text === undefined || text === '') return undefined;
  const y = (room.top + room.bottom) / 2 + 4;
  return el('text', {class: 'small on-key', x: (room.x + room.to) / 2, y, 'text-anchor': 'middle'}, text);
}

/** Run of pieces that share enough height for a name: where it is wide, and not only just high enough. */
function roomiest(pieces: readonly Piece[]): Piece {
  let best: Piece = {x: 0, to: 0, top: 0, bottom: 0};
  for (const [from, first] of pieces.entries()) {
    let room = first;
    for (const next of [first, ...pieces.slice(from + 1)]) {
      const shared = {
        x: room.x,
        to: next.to,
        top: Math.max(room.top, next.top),
        bottom: Math.min(room.bottom, next.bottom),
      };
      if ((next !== first && next.x !== room.to) || shared.bottom - shared.top < nameHeight) break;
      room = shared;
      if (roominess(room) > roominess(best)) best = room;
    }
  }
  return best;
}

/** More height than this helps a name no more, px. */
const amplyHigh = 3 * nameHeight;

const roominess = ({x, to, top, bottom}: Piece): number => (to - x) * Math.min(bottom - top, amplyHigh);

/** What the Synchronizer has still to bring, as one line of steps. */
export function drawBacklog(cluster: ClusterRecording, place: Place, axis: TimeAxis): Markup {
  const most = Math.max(1, ...cluster.backlog.map(({count}) => count));
  const bottom = place.y + place.height;
  const y = (count: number): number => round(bottom - (count / most) * (place.height - 2));
  const [first, ...rest] = cluster.backlog;
  const start = `M${round(axis.x(first?.atMs ?? 0))} ${y(first?.count ?? 0)}`;
  const steps = rest.map(({atMs, count}: CountStep) => `H${round(axis.x(atMs))}V${y(count)}`).join('');
  return el(
    'g',
    {'data-row': `${cluster.name}/backlog`},
    el(
      'g',
      {class: 'item', role: 'img'},
      el('title', {}, `${cluster.name} · values that the Synchronizer had still to bring: at most ${most}`),
      el('rect', {class: 'ground', x: 0, y: place.y, width: axis.width, height: place.height}),
      join([el('path', {class: 'backlog', d: `${start}${steps}H${round(axis.width)}`})]),
    ),
  );
}

// The tables that people read.

import type {RateCase, SizeCase, TimedCase} from './case.ts';
import type {Floor} from './floors.ts';
import type {Measured, SideTime} from './measure.ts';
import type {TakenRate} from './rate.ts';
import {type ResultRow, rateRow} from './results.ts';

/** Widths of a table with times, and of one without. */
const withTimes = [30, 12, 12, 11, 20, 18];
const withoutTimes = [54, 11, 20, 18];

/** One table: ourselves, every other side, what was skipped and why. */
export function timedTable(timed: TimedCase, measured: Measured, floors: readonly Floor[]): string {
  const {ours, rivals, comparisons, disturbed} = measured;
  const timeOf = new Map(rivals.map((side) => [side.name, side]));
  return [
    `\n${timed.title}`,
    line(withTimes, `ns for one ${timed.unit}`, 'median', 'best round', 'we are', 'min … max', 'floor, aim'),
    line(withTimes, `ours: ${ours.name}`, ...nanoseconds(ours)),
    ...comparisons.map((each) => {
      const floor = floors.find((one) => one.case === timed.name && one.against === each.against);
      const time = timeOf.get(each.against);
      return line(
        withTimes,
        each.against,
        ...(time === undefined ? ['', ''] : nanoseconds(time)),
        ...ratioCells(each),
        limits(floor),
      );
    }),
    ...timed.skipped.map(({name, why}) => `  ${name}: skipped, because ${why}`),
    ...(disturbed > 0 ? [`  other programs disturbed ${Math.ceil(100 * disturbed)} % of the rounds`] : []),
  ].join('\n');
}

export function sizeTable({name, title, against, budgetBytes, bytes}: SizeCase, floors: readonly Floor[]): string {
  const floor = floors.find((one) => one.case === name && one.against === against);
  return `\n${title}\n  ${bytes} bytes of ${budgetBytes} (${against}): ${times(budgetBytes / bytes)}  ${limits(floor)}`;
}

export function rateTable(rate: RateCase, taken: TakenRate, floors: readonly Floor[]): string {
  const row = rateRow(rate, taken);
  const floor = floors.find((one) => one.case === rate.name && one.against === rate.against);
  return [
    `\n${rate.title}`,
    line(withoutTimes, rate.against, ...ratioCells(row), limits(floor)),
    ...taken.notes.map((note) => `  ${note}`),
  ].join('\n');
}

/** Rows of results without times: of another Node or another runner. */
export function rowsTable(title: string, rows: readonly ResultRow[], floors: readonly Floor[]): string {
  return [
    `\n${title}`,
    ...rows.map((row) => {
      const floor = floors.find((one) => one.case === row.case && one.against === row.against);
      return line(withoutTimes, `${row.case} against ${row.against}`, ...ratioCells(row), limits(floor));
    }),
  ].join('\n');
}

/** The first cell to the left, the others to the right of their columns. */
function line(widths: readonly number[], ...cells: readonly string[]): string {
  const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
  return `  ${padded.join('')}`.trimEnd();
}

function nanoseconds({medianNs, bestNs}: SideTime): [string, string] {
  return [whole(medianNs), whole(bestNs)];
}

function ratioCells({ratio, min, max}: Pick<ResultRow, 'ratio' | 'min' | 'max'>): [string, string] {
  return [times(ratio), `${min.toFixed(2)} … ${max.toFixed(2)}`];
}

function limits(floor: Floor | undefined): string {
  if (floor === undefined) return '';
  return floor.aim === undefined ? `${floor.floor} ×` : `${floor.floor} ×, ${floor.aim} ×`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

// The floors that measured ratios must not fall under, and the check against them.

import {readFileSync} from 'node:fs';
import type {ResultRow} from './results.ts';

/** At least so many times faster than the other; `aim` is what was meant when the floor was set. */
export type Floor = {readonly case: string; readonly against: string; readonly floor: number; readonly aim?: number};

/** What a check found of one floor. */
export type FloorOutcome =
  | {readonly kind: 'holds'; readonly floor: Floor; readonly row: ResultRow}
  | {readonly kind: 'under'; readonly floor: Floor; readonly row: ResultRow}
  | {readonly kind: 'not measured'; readonly floor: Floor};

/** @throws Error if the file is not a list of floors */
export function readFloors(file: string): Floor[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(parsed) || !parsed.every(isFloor))
    throw new Error(`${file}: expected a list of {case, against, floor, aim?}, got something else`);
  return parsed;
}

function isFloor(value: unknown): value is Floor {
  if (typeof value !== 'object' || value === null) return false;
  const {case: name, against, floor, aim} = value as Record<string, unknown>;
  const positive = (number: unknown) => typeof number === 'number' && number > 0;
  return (
    typeof name === 'string' && typeof against === 'string' && positive(floor) && (aim === undefined || positive(aim))
  );
}

/** Compares medians with floors; the floor itself holds. */
export function checkFloors(floors: readonly Floor[], rows: readonly ResultRow[]): FloorOutcome[] {
  return floors.map((floor) => {
    const row = rows.find((one) => one.case === floor.case && one.against === floor.against);
    if (row === undefined) return {kind: 'not measured', floor};
    return {kind: row.ratio >= floor.floor ? 'holds' : 'under', floor, row};
  });
}

/** One line for each floor that does not hold, with the case, the floor and what was measured. */
export function formatOutcome(outcome: FloorOutcome): string {
  const {case: name, against, floor} = outcome.floor;
  switch (outcome.kind) {
    case 'holds':
      return `holds         ${name} against ${against}: floor ${floor} ×, got ${outcome.row.ratio} ×`;
    case 'under':
      return `UNDER         ${name} against ${against}: floor ${floor} ×, got ${outcome.row.ratio} ×`;
    case 'not measured':
      return `not measured  ${name} against ${against}: floor ${floor} ×`;
    default:
      return outcome satisfies never;
  }
}

// The table of cells, and that seeds are aimed at all that can be.

import {
  aimOf,
  type Cell,
  cellOf,
  cells,
  faultClasses,
  impossible,
  phases,
  possibleCells,
} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';

test('every fault class in every phase and role is a cell, once', () => {
  expect(cells).toHaveLength(faultClasses.length * phases.length * 3);
  expect(new Set(cells.map(cellOf)).size).toBe(cells.length);
});

test('a cell can be, or there is one sentence on why it cannot', () => {
  const reasons = cells.map(impossible).filter((reason) => reason !== undefined);
  expect(reasons.length + possibleCells.length).toBe(cells.length);
  for (const reason of reasons) expect(reason).toMatch(/^[A-Z][^.;]+[.]$|^[A-Z][^.]+; [^.]+[.]$/);
});

test.each<[Cell, RegExp]>([
  [{fault: 'crash', phase: 'Mint', role: 'Active'}, /derived/],
  [{fault: 'clock', phase: 'Mint', role: 'Standby'}, /derived/],
  [{fault: 'rootSwap', phase: 'Mint', role: 'single'}, /none comes from a root/],
  [{fault: 'powerLoss', phase: 'Publish', role: 'Standby'}, /publishes nothing/],
  [{fault: 'stall', phase: 'Idle', role: 'single'}, /no other side/],
  [{fault: 'failover', phase: 'Migrate', role: 'single'}, /no other side/],
])('%o ⇒ it cannot be', (cell, reason) => {
  expect(impossible(cell)).toMatch(reason);
});

test.each<Cell>([
  {fault: 'crash', phase: 'Mint', role: 'single'},
  {fault: 'failover', phase: 'Activate', role: 'Active'},
  {fault: 'restore', phase: 'Migrate', role: 'Standby'},
  {fault: 'powerLoss', phase: 'Publish', role: 'Active'},
])('%o ⇒ it can be', (cell) => {
  expect(impossible(cell)).toBeUndefined();
});

test('seeds in a row, twice as many as there are possible cells ⇒ each is aimed at once, and half of them aim at none', () => {
  const aims = Array.from({length: 2 * possibleCells.length}, (_, seed) => aimOf(seed + 1_000));
  const aimed = aims.filter((aim) => aim !== undefined).map(cellOf);
  expect(aimed.toSorted()).toEqual(possibleCells.map(cellOf).toSorted());
});

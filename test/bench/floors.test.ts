// The check against the floors, with results that are made up: by itself and as the command does it.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {checkFloors, formatOutcome, readFloors} from '../../bench/src/floors.ts';
import {type ResultRow, readResults, writeResults} from '../../bench/src/results.ts';
import {root} from '../../scripts/workspace.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => rmSync(folder, {recursive: true}));

const floor = {case: 'made-up', against: 'a', floor: 4.5, aim: 7};
const row = (ratio: number): ResultRow => ({case: 'made-up', against: 'a', ratio, min: 1, max: 99, rounds: 15});

describe('checkFloors', () => {
  test('a median at or above the floor ⇒ holds, whatever the least and the greatest were', () => {
    expect(checkFloors([floor], [row(4.5)])).toEqual([{kind: 'holds', floor, row: row(4.5)}]);
  });

  test('a median under the floor ⇒ is under', () => {
    expect(checkFloors([floor], [row(4.499)])).toEqual([{kind: 'under', floor, row: row(4.499)}]);
  });

  test('the case was measured against others only ⇒ not measured', () => {
    expect(checkFloors([floor], [{...row(9), against: 'b'}])).toEqual([{kind: 'not measured', floor}]);
  });

  test('under a floor ⇒ the line names the case, the floor and what was measured', () => {
    const [outcome] = checkFloors([floor], [row(4)]);
    expect(outcome && formatOutcome(outcome)).toBe('UNDER         made-up against a: floor 4.5 ×, got 4 ×');
  });
});

describe('files', () => {
  test('floors that are no list of floors ⇒ are refused with the file', () => {
    const file = join(folder, 'floors.json');
    for (const text of [
      '{}',
      '[{"case": "a", "against": "b"}]',
      '[{"case": "a", "against": "b", "floor": 0}]',
      '[null]',
    ]) {
      writeFileSync(file, text);
      expect(() => readFloors(file), text).toThrow(`${file}: expected a list of {case, against, floor, aim?}`);
    }
  });

  test('results ⇒ are read as they were written', () => {
    const results = {node: '24.0.0', cpu: 'made up', cases: [row(2)]};
    writeResults(join(folder, 'results.json'), results);
    expect(readResults(join(folder, 'results.json'))).toEqual(results);
  });

  test('results of another form ⇒ are refused with the file', () => {
    const file = join(folder, 'other.json');
    for (const text of [
      '[]',
      '{"node": "1", "cpu": "c"}',
      '{"node": "1", "cases": []}',
      '{"node": "1", "cpu": "c", "cases": [{"case": "a"}]}',
    ]) {
      writeFileSync(file, text);
      expect(() => readResults(file), text).toThrow(`${file}: expected {node, cpu, cases}`);
    }
  });
});

describe('npm run bench -- --check --from', () => {
  const floors = readFloors(join(root, 'bench', 'floors.json'));
  const atFloors = floors.map((one) => ({
    case: one.case,
    against: one.against,
    ratio: one.floor,
    min: 0,
    max: 99,
    rounds: 15,
  }));

  function runCheck(cases: readonly ResultRow[]) {
    const file = join(folder, 'from.json');
    writeResults(file, {node: '24.0.0', cpu: 'made up', cases});
    const args = [join(root, 'bench', 'src', 'main.ts'), '--check', '--from', file];
    return spawnSync(process.execPath, args, {encoding: 'utf8', timeout: 60_000});
  }

  test('every floor is met ⇒ exit code 0', () => {
    const {status, stdout} = runCheck(atFloors);
    expect(stdout).not.toContain('UNDER');
    expect(status).toBe(0);
  });

  test('one ratio is under its floor ⇒ exit code 1, with the case, the floor and the ratio', () => {
    const [first, ...others] = atFloors;
    if (first === undefined) throw new Error('expected a floor, got none');
    const {status, stdout} = runCheck([{...first, ratio: first.ratio - 0.01}, ...others]);
    expect(stdout).toContain(
      `UNDER         ${first.case} against ${first.against}: floor ${first.ratio} ×, got ${first.ratio - 0.01} ×`,
    );
    expect(status).toBe(1);
  });
});

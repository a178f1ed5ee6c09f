// `npm run bench`: measures every case, prints the tables, writes results.json and, with --check, fails under a floor.
// What the options mean and how to read the tables stands in README.md.

import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Case, CaseFile, TimedCase} from './case.ts';
import {cases} from './cases/index.ts';
import {runChild} from './child.ts';
import {checkFloors, type Floor, formatOutcome, readFloors} from './floors.ts';
import {rateRounds} from './limits.ts';
import {thisMachine} from './machine.ts';
import {fullEffort, measureCase} from './measure.ts';
import {caseOnNode, nodeProgram} from './nodes.ts';
import {type Options, readOptions} from './options.ts';
import {takeRate} from './rate.ts';
import {rateTable, rowsTable, sizeTable, timedTable} from './report.ts';
import {type ResultRow, rateRow, readResults, rowsOf, sizeRow, writeResults} from './results.ts';
import {measureWithBenchmark} from './runners/benchmark.ts';
import {measureWithTinybench} from './runners/tinybench.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(
    args,
    cases.map(({name}) => name),
  );
  const floors = readFloors(join(folder, 'floors.json'));
  if (options.from !== undefined) return check(floors, readResults(options.from).cases);
  const machine = thisMachine();
  console.log(`Node ${machine.node}, ${machine.cpu}, ${options.rounds} rounds`);
  const rows = await measureAll(chosen(options), options, floors);
  for (const major of options.nodes) rows.push(...(await measureOnNode(major, options, floors)));
  if (options.runner === 'own' && options.only.length === 0)
    writeResults(join(folder, 'results.json'), {...machine, cases: rows});
  return options.check ? check(floors, rows) : 0;
}

function chosen({only}: Options): readonly CaseFile[] {
  return cases.filter(({name}) => only.length === 0 || only.includes(name));
}

async function measureAll(
  files: readonly CaseFile[],
  options: Options,
  floors: readonly Floor[],
): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const file of files) {
    const loaded = await file.load();
    rows.push(...(await measureOne(loaded, options, floors)));
  }
  return rows;
}

async function measureOne(loaded: Case, options: Options, floors: readonly Floor[]): Promise<ResultRow[]> {
  switch (loaded.kind) {
    case 'size':
      console.log(sizeTable(loaded, floors));
      return [sizeRow(loaded)];
    case 'rate': {
      const taken = takeRate(loaded, rateRounds);
      console.log(rateTable(loaded, taken, floors));
      return [rateRow(loaded, taken)];
    }
    case 'timed':
      return options.runner === 'own' ? measureOwn(loaded, options, floors) : measureForeign(loaded, options.runner);
    default:
      return loaded satisfies never;
  }
}

async function measureOwn(timed: TimedCase, {rounds}: Options, floors: readonly Floor[]): Promise<ResultRow[]> {
  const measured = await measureCase(timed, fullEffort(rounds));
  console.log(timedTable(timed, measured, floors));
  return rowsOf(timed.name, measured);
}

async function measureForeign(timed: TimedCase, runner: 'tinybench' | 'benchmark'): Promise<ResultRow[]> {
  const rows = await (runner === 'tinybench' ? measureWithTinybench(timed) : measureWithBenchmark(timed));
  if (rows.length > 0) console.log(rowsTable(`${timed.title}, under ${runner}`, rows, []));
  return rows;
}

async function measureOnNode(major: string, {rounds}: Options, floors: readonly Floor[]): Promise<ResultRow[]> {
  const program = await nodeProgram(major);
  const measured = (await runChild('other-node.ts', [String(rounds)], program)) as {version: string; rows: ResultRow[]};
  const rows = measured.rows.map((row) => ({...row, case: caseOnNode(row.case, major)}));
  console.log(rowsTable(`the kernel under Node ${measured.version}`, rows, floors));
  return rows;
}

function check(floors: readonly Floor[], rows: readonly ResultRow[]): number {
  const outcomes = checkFloors(floors, rows);
  console.log(`\n${outcomes.map(formatOutcome).join('\n')}`);
  return outcomes.some(({kind}) => kind === 'under') ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));

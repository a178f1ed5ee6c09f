// `npm test`: the checks, the real control plane's programs and all tests, one part after the other, with the minutes
// each took. The last line counts the tests of all parts. `npm test -- check fast` runs only the named parts.
import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {endProgramsOnSignal, runCommand} from './command.ts';
import {addCounts, formatCounts, noTests, readCounts, type TestCounts} from './test-report.ts';
import {root} from './workspace.ts';

interface Part {
  readonly name: string;
  readonly what: string;
  readonly command: readonly [string, ...string[]];
  /** Where vitest writes its report, when the part is a vitest run. */
  readonly report?: string;
  /** A part that has to hold before this one makes sense. */
  readonly needs?: string;
}

type Outcome = 'ok' | 'FAILED' | 'NOT RUN';

interface PartResult {
  readonly part: Part;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly counts: TestCounts | undefined;
}

const reportFolder = join(root, '.cache', 'test');

const parts: readonly Part[] = [
  {name: 'check', what: 'types, format, lint, imports, purity, unused code', command: ['node', 'scripts/check.ts']},
  {
    name: 'control-plane',
    what: "the real control plane's programs",
    command: ['node', 'test/control-plane/main.ts', 'build'],
  },
  vitestPart({name: 'fast', what: 'tests without servers'}),
  vitestPart({name: 'real', what: 'tests on the real control plane', needs: 'control-plane'}),
];

function vitestPart(part: Pick<Part, 'name' | 'what' | 'needs'>): Part {
  const report = join(reportFolder, `${part.name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return {...part, report, command: ['vitest', 'run', '--project', part.name, ...reporters]};
}

async function runPart(part: Part, earlier: readonly PartResult[]): Promise<PartResult> {
  const need = earlier.find((result) => result.part.name === part.needs);
  if (need !== undefined && need.outcome !== 'ok') {
    console.log(`\n== ${part.name}: not run, because ${need.part.name} failed`);
    return {part, outcome: 'NOT RUN', seconds: 0, counts: undefined};
  }
  console.log(`\n== ${part.name}: ${part.what}`);
  if (part.report !== undefined) rmSync(part.report, {force: true});
  const [command, ...args] = part.command;
  const {code, seconds} = await runCommand(command, args);
  const counts = part.report === undefined ? undefined : readCounts(part.report);
  return {part, outcome: code === 0 ? 'ok' : 'FAILED', seconds, counts};
}

function formatTable(results: readonly PartResult[]): string {
  const rows = results.map(({part, outcome, seconds, counts}) => {
    const minutes = (seconds / 60).toFixed(1).padStart(7);
    return `${part.name.padEnd(14)}${minutes} min  ${outcome.padEnd(8)}${counts === undefined ? '' : formatCounts(counts)}`;
  });
  const total = results.reduce((sum, {seconds}) => sum + seconds, 0);
  return [...rows, `${'total'.padEnd(14)}${(total / 60).toFixed(1).padStart(7)} min`]
    .map((row) => row.trimEnd())
    .join('\n');
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    console.error(`No part ${unknown.join(', ')}; there are ${parts.map(({name}) => name).join(', ')}`);
    return 2;
  }
  endProgramsOnSignal();
  mkdirSync(reportFolder, {recursive: true});
  const results: PartResult[] = [];
  for (const part of parts.filter(({name}) => names.length === 0 || names.includes(name))) {
    results.push(await runPart(part, results));
  }
  const broken = results.filter(({outcome}) => outcome !== 'ok');
  console.log(`\n${formatTable(results)}\n`);
  if (broken.length > 0) console.log(`not ok: ${broken.map(({part}) => part.name).join(', ')}`);
  console.log(formatCounts(results.reduce((sum, {counts}) => addCounts(sum, counts ?? noTests), noTests)));
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

// `npm run check`: everything that can be said about the sources without running them. All parts run even when one
// fails; `npm run check -- imports purity` runs only the named ones.
import {performance} from 'node:perf_hooks';
import {endProgramsOnSignal, runCommand} from './command.ts';
import {checkGeneratedFiles} from './generate.ts';
import {checkAllImports} from './import-rules.ts';
import {checkAllPurity} from './purity-rules.ts';
import {formatViolation, readPackages, type Violation} from './workspace.ts';

interface Part {
  readonly name: string;
  readonly what: string;
  /** Returns what to print when the part fails, undefined when it holds. */
  readonly run: () => Promise<string | undefined>;
}

const parts: readonly Part[] = [
  {name: 'types', what: 'tsc -b', run: () => runTool('tsc', ['-b'])},
  {
    name: 'format',
    what: 'biome ci: format and lint',
    run: () => runTool('biome', ['ci', '--colors=off', '--error-on-warnings']),
  },
  {name: 'imports', what: 'each folder imports what it may', run: async () => list(checkAllImports(readPackages()))},
  {name: 'purity', what: 'no clock, randomness or timer where none belongs', run: async () => list(checkAllPurity())},
  {
    name: 'unused',
    what: 'knip: unused files, exports and dependencies',
    run: () => runTool('knip', ['--no-progress', '--no-config-hints']),
  },
  {name: 'generated', what: 'generated files are up to date', run: async () => list(await checkGeneratedFiles())},
];

async function runTool(command: string, args: readonly string[]): Promise<string | undefined> {
  const {code, output} = await runCommand(command, args, {quiet: true});
  return code === 0 ? undefined : `${output.trimEnd()}\n${command} ended with exit code ${code}`;
}

function list(violations: readonly Violation[]): string | undefined {
  return violations.length === 0 ? undefined : violations.map(formatViolation).join('\n');
}

async function runPart({name, what, run}: Part): Promise<boolean> {
  const started = performance.now();
  const failure = await run().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${name.padEnd(10)}${seconds} s  ${what}`);
  if (failure !== undefined) console.error(`${failure}\n`);
  return failure === undefined;
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    console.error(`No check ${unknown.join(', ')}; there are ${parts.map(({name}) => name).join(', ')}`);
    return 2;
  }
  endProgramsOnSignal();
  let failed = 0;
  for (const part of parts.filter(({name}) => names.length === 0 || names.includes(name))) {
    if (!(await runPart(part))) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

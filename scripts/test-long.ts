// `npm run test:long -- <proof> [--seed N] [--fresh]`: a proof's full run. Stopped runs go on where they were as long
// as commit and seed are the same; a finished run leaves a record under docs/evidence/.
import {randomInt} from 'node:crypto';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {parseArgs} from 'node:util';
import {endProgramsOnSignal, runCommand} from './command.ts';
import {describeCommit, describeMachine, formatEvidence} from './evidence.ts';
import {type ProofState, proofVariables, readProofState, writeProofState} from './proof-run.ts';
import {type Proof, proofs} from './proofs.ts';
import {formatCounts, noTests, readCounts} from './test-report.ts';
import {root} from './workspace.ts';

interface Request {
  readonly proof: Proof;
  readonly seed: number | undefined;
  readonly fresh: boolean;
}

/** Reads the command line; a string is what to tell the caller instead of running. */
export function readRequest(args: readonly string[], known: readonly Proof[] = proofs): Request | string {
  const usage = `npm run test:long -- <proof> [--seed N] [--fresh]\n\nproofs:\n${known
    .map(({name, describe}) => `  ${name.padEnd(12)}${describe}`)
    .join('\n')}`;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${usage}`;
  }
  const {values, positionals} = parsed;
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) return usage;
  const proof = known.find((one) => one.name === name);
  if (proof === undefined) return `There is no proof "${name}".\n\n${usage}`;
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    return `--seed must be a whole number, got "${values.seed}"\n\n${usage}`;
  }
  return {proof, seed, fresh: values.fresh === true};
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {seed: {type: 'string'}, fresh: {type: 'boolean'}},
  });
}

/** The state to go on from: the one on disk when it is about the same commit and seed, else a new one. */
export function resumeState(
  found: ProofState | undefined,
  wanted: {readonly proof: string; readonly commit: string; readonly seed: number | undefined; readonly now: string},
): ProofState {
  const sameSeed = wanted.seed === undefined || wanted.seed === found?.seed;
  if (found !== undefined && found.commit === wanted.commit && sameSeed) return found;
  return {
    proof: wanted.proof,
    commit: wanted.commit,
    seed: wanted.seed ?? randomInt(2 ** 32),
    startedAt: wanted.now,
    slices: {},
  };
}

async function runProof({proof, seed, fresh}: Request): Promise<number> {
  const folder = join(root, '.cache', 'test-long');
  const stateFile = join(folder, `${proof.name}.json`);
  const report = join(folder, `${proof.name}-report.json`);
  rmSync(report, {force: true});
  const found = fresh ? undefined : readProofState(stateFile);
  const start = resumeState(found, {proof: proof.name, commit: describeCommit(), seed, now: new Date().toISOString()});
  writeProofState(stateFile, start);
  const done = Object.keys(start.slices).length;
  console.log(`${proof.name}: seed ${start.seed}, ${done === 0 ? 'from the start' : `${done} slices done before`}`);
  const result = await runCommand(
    'vitest',
    ['run', proof.run.file, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    {
      env: {
        ...proof.run.env,
        [proofVariables.long]: '1',
        [proofVariables.seed]: String(start.seed),
        [proofVariables.state]: stateFile,
      },
    },
  );
  const counts = readCounts(report) ?? noTests;
  console.log(formatCounts(counts));
  if (result.code !== 0 || counts.passed === 0) {
    console.error(`${proof.name} did not hold or did not finish; the same command goes on where it stopped`);
    return 1;
  }
  const earlier = Object.values(start.slices).reduce((sum, slice) => sum + slice.seconds, 0);
  writeEvidence({proof, state: readProofState(stateFile) ?? start, counts, seconds: earlier + result.seconds});
  rmSync(stateFile, {force: true});
  return 0;
}

function writeEvidence(
  outcome: Pick<Parameters<typeof formatEvidence>[0], 'proof' | 'state' | 'counts' | 'seconds'>,
): void {
  const finishedAt = new Date().toISOString();
  const file = join(root, 'docs', 'evidence', `${outcome.proof.name}-${finishedAt.slice(0, 10)}.md`);
  mkdirSync(join(root, 'docs', 'evidence'), {recursive: true});
  writeFileSync(file, formatEvidence({...outcome, finishedAt, machine: describeMachine(), node: process.version}));
  console.log(`wrote ${relative(root, file)}`);
}

async function main(args: readonly string[]): Promise<number> {
  const request = readRequest(args);
  if (typeof request === 'string') {
    console.error(request);
    return 2;
  }
  endProgramsOnSignal();
  return runProof(request);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

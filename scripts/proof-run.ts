// How far a proof's full run has come. A proof splits its work into slices with fixed names; a slice that is done is
// written down, so that a run that was stopped goes on where it was. Without `npm run test:long` the same test runs
// its small share and writes nothing.
import {existsSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {performance} from 'node:perf_hooks';

/** What a slice counted, such as `{inputs: 65536}`; the evidence sums the counts by name. */
export type SliceCounts = Readonly<Record<string, number>>;

/** The state of a full run on disk. It only counts for the same commit and the same seed. */
export interface ProofState {
  readonly proof: string;
  readonly commit: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly slices: Readonly<Record<string, DoneSlice>>;
}

/** A slice that is done: how long it took and what it counted. */
export interface DoneSlice {
  readonly seconds: number;
  readonly counts: SliceCounts;
}

/** A proof's view of its run. */
export interface ProofRun {
  /** Whether the full run is wanted. */
  readonly long: boolean;
  /** The seed of everything random in the run. */
  readonly seed: number;
  /** Does one slice of the work, unless an earlier run did it; false when it was done before. */
  readonly slice: (name: string, work: () => SliceCounts | Promise<SliceCounts>) => Promise<boolean>;
}

/** The seed of small runs: always the same, so that `npm test` is repeatable. */
const smallSeed = 1;

/** The names of the variables that `npm run test:long` hands to the proof. */
export const proofVariables = {long: 'EEM_LONG', seed: 'EEM_SEED', state: 'EEM_PROOF_STATE'} as const;

/** The run that the environment asks for: `EEM_LONG=1` with a state file is the full one. */
export function openProofRun(env: Readonly<Record<string, string | undefined>> = process.env): ProofRun {
  const seed = Number(env[proofVariables.seed] ?? smallSeed);
  const stateFile = env[proofVariables.state];
  const long = env[proofVariables.long] === '1';
  return {
    long,
    seed,
    slice: async (name, work) => {
      if (!long || stateFile === undefined) {
        await work();
        return true;
      }
      if (readProofState(stateFile)?.slices[name] !== undefined) return false;
      const started = performance.now();
      const counts = await work();
      recordSlice(stateFile, name, {seconds: (performance.now() - started) / 1000, counts});
      return true;
    },
  };
}

/** The state on disk, undefined when there is none. */
export function readProofState(file: string): ProofState | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProofState) : undefined;
}

/** Writes the state whole or not at all. */
export function writeProofState(file: string, state: ProofState): void {
  mkdirSync(dirname(file), {recursive: true});
  const written = `${file}.${process.pid}`;
  writeFileSync(written, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(written, file);
}

function recordSlice(file: string, name: string, done: DoneSlice): void {
  const state = readProofState(file);
  if (state === undefined)
    throw new RangeError(`${file} has gone; npm run test:long writes it before the proof starts`);
  writeProofState(file, {...state, slices: {...state.slices, [name]: done}});
}

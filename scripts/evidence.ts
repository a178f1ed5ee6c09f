// The record of a full run: what ran, where, from which sources and what came out.
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cpus, release, totalmem, type} from 'node:os';
import type {ProofState} from './proof-run.ts';
import type {Proof} from './proofs.ts';
import {formatCounts, type TestCounts} from './test-report.ts';
import {root} from './workspace.ts';

/** The machine of a run, as lines of the record. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(1);
  return `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${memory} GiB, ${type()} ${release()}`;
}

/** The commit that the sources are at; when they differ from it, with a digest of the difference. */
export function describeCommit(): string {
  const sources = ['--', '.', ':!docs/evidence'];
  const git = (args: readonly string[]) => execFileSync('git', args, {cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28});
  const head = git(['rev-parse', 'HEAD']).trim();
  const changed = git(['status', '--porcelain', ...sources]);
  if (changed === '') return head;
  const digest = createHash('sha256')
    .update(changed)
    .update(git(['diff', 'HEAD', ...sources]));
  return `${head} with uncommitted changes (${digest.digest('hex').slice(0, 12)})`;
}

export interface EvidenceInput {
  readonly proof: Proof;
  readonly state: ProofState;
  readonly counts: TestCounts;
  readonly seconds: number;
  readonly finishedAt: string;
  readonly machine: string;
  readonly node: string;
}

/** The Markdown text of docs/evidence/<proof>-<date>.md. */
export function formatEvidence({proof, state, counts, seconds, finishedAt, machine, node}: EvidenceInput): string {
  const slices = Object.values(state.slices).map((slice) => slice.counts);
  const names = [...new Set(slices.flatMap((slice) => Object.keys(slice)))].toSorted();
  const sums = names.map((name) => [name, slices.reduce((sum, slice) => sum + (slice[name] ?? 0), 0)] as const);
  const rows: readonly (readonly [string, string])[] = [
    ['command', `\`npm run test:long -- ${proof.name} --seed ${state.seed}\``],
    ['tests', formatCounts(counts)],
    ...sums.map(([name, sum]) => [name, String(sum)] as const),
    ['slices', String(slices.length)],
    ['started', state.startedAt],
    ['finished', finishedAt],
    ['minutes', (seconds / 60).toFixed(1)],
    ['seed', String(state.seed)],
    ['commit', state.commit],
    ['machine', machine],
    ['Node', node],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n');
  return `# ${proof.name}, ${finishedAt.slice(0, 10)}\n\n${proof.describe}\n\n| | |\n|---|---|\n${table}\n`;
}

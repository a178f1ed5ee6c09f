// The command line of the benchmark.

import {parseArgs} from 'node:util';
import {defaultRounds, leastCheckedRounds} from './limits.ts';

const runners = ['own', 'tinybench', 'benchmark'] as const;

/** Who measures: our alternating rounds, or one of two known packages. */
export type Runner = (typeof runners)[number];

export interface Options {
  /** Whether floors are checked; only of what `runner` `own` measures. */
  readonly check: boolean;
  readonly runner: Runner;
  readonly rounds: number;
  /** Names of the only cases to measure, all of them when empty. */
  readonly only: readonly string[];
  /** Major versions of other Nodes to measure beside this one. */
  readonly nodes: readonly string[];
  /** A results.json to check instead of measuring. */
  readonly from?: string;
}

/** @throws TypeError or RangeError that names the option, what was expected and what came */
export function readOptions(args: readonly string[], caseNames: readonly string[]): Options {
  const {values} = parseArgs({
    args: [...args],
    strict: true,
    options: {
      check: {type: 'boolean', default: false},
      runner: {type: 'string', default: 'own'},
      rounds: {type: 'string', default: String(defaultRounds)},
      only: {type: 'string', multiple: true, default: []},
      node: {type: 'string', multiple: true, default: []},
      from: {type: 'string'},
    },
  });
  const runner = runners.find((name) => name === values.runner);
  if (runner === undefined) throw refused('runner', runners.join(', '), values.runner);
  const rounds = Number(values.rounds);
  const least = values.check ? leastCheckedRounds : 1;
  if (!Number.isSafeInteger(rounds) || rounds < least)
    throw refused('rounds', `a whole number from ${least}`, values.rounds);
  const unknown = values.only.find((name) => !caseNames.includes(name));
  if (unknown !== undefined) throw refused('only', `one of ${caseNames.join(', ')}`, unknown);
  if (runner !== 'own' && (values.check || values.node.length > 0))
    throw refused('runner', 'own together with --check or --node', runner);
  if (values.from !== undefined && !values.check) throw refused('from', 'no file without --check', values.from);
  const from = values.from === undefined ? {} : {from: values.from};
  return {check: values.check, runner, rounds, only: values.only, nodes: values.node, ...from};
}

function refused(option: string, expected: string, got: string): RangeError {
  return new RangeError(`--${option}: expected ${expected}, got ${JSON.stringify(got)}`);
}

// What a verb of the command is: its options, its help, and what it does. Exit codes: 0 done, 1 finding, 2 usage or bad
// input, 3 vacuous, 4 unreachable or denied.

import type {ParseArgsConfig} from 'node:util';

export type ExitCode = 0 | 1 | 2 | 3 | 4;

export interface VerbInput {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** After the verb's name in the usage line, e.g. `FILE`. */
  readonly takes?: string;
  /** Most positional arguments; 0 unless given. */
  readonly positionals?: number;
  readonly options: Readonly<Record<string, VerbOption>>;
  readonly run: (input: VerbInput) => Promise<ExitCode>;
}

export type VerbOption = NonNullable<ParseArgsConfig['options']>[string] & {
  /** What it means, with its value's form and default. */
  readonly help: string;
};

/** Bad input: what was expected and what was there, never a secret. Ends in exit code 2. */
export class UsageError extends Error {}

/** The cluster could not be asked, or refused. Ends in exit code 4. */
export class UnreachableError extends Error {}

/** A required text option. @throws UsageError when it is missing */
export function requireText(input: VerbInput, name: string): string {
  const value = input.values[name];
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name}: expected a value, got none`);
  return value;
}

/** An optional text option; empty counts as absent. */
export function optionalText(input: VerbInput, name: string): string | undefined {
  const value = input.values[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

// Runs one verb as the command does, with its output kept instead of printed.

import {parseArgs} from 'node:util';
import type {ExitCode, Verb, VerbInput} from '../../cli/src/verb.ts';

export interface Ran {
  readonly code: ExitCode | undefined;
  readonly out: string;
  readonly err: string;
  /** What the verb threw. */
  readonly error?: unknown;
}

export async function runVerb(verb: Verb, ...args: readonly string[]): Promise<Ran> {
  const options = Object.fromEntries(
    Object.entries(verb.options).map(([name, {help: _, ...option}]) => [name, option]),
  );
  const {values, positionals} = parseArgs({args: [...args], options, allowPositionals: true, strict: true});
  let [out, err] = ['', ''];
  const ran = (code: ExitCode | undefined, error?: unknown): Ran => ({
    code,
    out,
    err,
    ...(error === undefined ? {} : {error}),
  });
  try {
    const code = await verb.run({
      values: values as VerbInput['values'],
      positionals,
      out: (text) => {
        out += text.endsWith('\n') ? text : `${text}\n`;
      },
      err: (text) => {
        err += text.endsWith('\n') ? text : `${text}\n`;
      },
      signal: new AbortController().signal,
    });
    return ran(code);
  } catch (error) {
    return ran(undefined, error);
  }
}

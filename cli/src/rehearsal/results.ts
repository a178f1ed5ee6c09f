// The results of a rehearsal as files for others: JUnit's XML for CI, a page for people.

import {writeFile} from 'node:fs/promises';
import {isVacuous, type Recording, type SeedResult} from '@etcd-encryption/host-sim';
import {renderReport} from '../report/report.ts';
import {type JunitCase, writeJunit} from '../run-output/junit.ts';
import {optionalText, UsageError, type VerbInput, type VerbOption} from '../verb.ts';
import type {Played} from './play.ts';
import {violationText} from './tell.ts';

export const resultOptions: Readonly<Record<string, VerbOption>> = {
  junit: {type: 'string', help: 'FILE that gets the results as JUnit’s XML'},
  html: {type: 'string', help: 'FILE that gets a page with the failed seeds, or with the first one'},
};

export interface ResultFiles {
  /** Notes a seed that took so many seconds. */
  readonly add: (result: SeedResult, seconds: number) => void;
  /** Writes what was asked for. @throws UsageError where it cannot be written any more */
  readonly close: (played: Played) => Promise<void>;
}

export interface ResultContext {
  /** Name of the rehearsal. */
  readonly suite: string;
  /** Path or name, as it was asked for. */
  readonly asked: string;
  /** Plays a seed once more and records it. */
  readonly record: (result: SeedResult) => Recording;
}

/**
 * Begins the files that the options ask for.
 * @throws UsageError where one cannot be written: now, not after hours of work
 */
export async function openResultFiles(input: VerbInput, context: ResultContext): Promise<ResultFiles> {
  const cases: JunitCase[] = [];
  let first: SeedResult | undefined;
  const write = async (recordings: () => readonly Recording[]): Promise<void> => {
    const [junit, html] = ['junit', 'html'].map((name) => optionalText(input, name));
    if (junit !== undefined) await writeResult('junit', junit, writeJunit(cases));
    if (html !== undefined) await writeResult('html', html, renderReport(recordings()));
  };
  await write(() => []);
  return {
    add: (result, seconds) => {
      first ??= result;
      cases.push(caseOf(result, seconds, context));
    },
    close: (played) => {
      cases.push(coverageCase(context.suite, played));
      const shown = played.failed.length > 0 || first === undefined ? played.failed : [first];
      return write(() => shown.map(context.record));
    },
  };
}

function caseOf(result: SeedResult, seconds: number, {suite, asked}: ResultContext): JunitCase {
  const {seed, violation} = result;
  const common = {suite, name: `seed ${seed}`, seconds};
  if (violation !== undefined) {
    const message = `${violation.name}: ${violation.explanation}`;
    return {...common, failure: {message, text: violationText(result, asked)}};
  }
  return isVacuous(result) ? {...common, skipped: 'not every planned deed came to pass'} : common;
}

/** Seeds that pass prove nothing about what came to pass in none of them. */
function coverageCase(suite: string, {never}: Played): JunitCase {
  const common = {suite, name: 'everything planned came to pass', seconds: 0};
  return never.length === 0 ? common : {...common, failure: {message: 'vacuous', text: never.join('\n')}};
}

/** @throws UsageError where it cannot be written */
export async function writeResult(option: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--${option}: expected a file that can be written, got ${file}: ${code}`);
  }
}

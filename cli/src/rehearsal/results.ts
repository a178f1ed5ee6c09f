// The results of a rehearsal as files for others: JUnit's XML for CI, a page for people.

import {writeFile} from 'node:fs/promises';
import {isVacuous, type SeedResult} from '@etcd-encryption/host-sim';
import type {JunitCase} from '../run-output/junit.ts';
import {UsageError} from '../verb.ts';
import type {Played} from './play.ts';
import {violationText} from './tell.ts';

export interface CaseContext {
  /** Name of the rehearsal. */
  readonly suite: string;
  readonly seconds: number;
  /** Path or name, as it was asked for. */
  readonly asked: string;
}

export function caseOf(result: SeedResult, {suite, seconds, asked}: CaseContext): JunitCase {
  const {seed, violation} = result;
  const common = {suite, name: `seed ${seed}`, seconds};
  if (violation !== undefined) {
    const message = `${violation.name}: ${violation.explanation}`;
    return {...common, failure: {message, text: violationText(result, asked)}};
  }
  return isVacuous(result) ? {...common, skipped: 'not every planned deed came to pass'} : common;
}

/** Seeds that pass prove nothing about what came to pass in none of them. */
export function coverageCase(suite: string, {never}: Played): JunitCase {
  const common = {suite, name: 'everything planned came to pass', seconds: 0};
  return never.length === 0 ? common : {...common, failure: {message: 'vacuous', text: never.join('\n')}};
}

/** Writes what an option asks for. @throws UsageError where the file cannot be written */
export async function writeResult(option: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
    throw new UsageError(`--${option}: expected a file that can be written, got ${file}: ${code}`);
  }
}

// What vitest's JSON report says, in the numbers that the scripts print.
import {existsSync, readFileSync} from 'node:fs';

/** Tests of one or more runs. A test file that could not even be loaded counts as one failed test. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: TestCounts = {passed: 0, failed: 0, skipped: 0};

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {readonly status: string; readonly assertionResults: readonly {status: string}[]}[];
}

/** The counts of a report file; undefined when the run ended before it wrote one. */
export function readCounts(file: string): TestCounts | undefined {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const unloaded = report.testResults.filter(
    ({status, assertionResults}) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return {passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped};
}

export function formatCounts({passed, failed, skipped}: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

// The closing line of `npm test`: what vitest reports, summed, with nothing failed left uncounted.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {addCounts, formatCounts, readCounts} from '../../scripts/test-report.ts';

function countsOf(report: unknown) {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
  return readCounts(join(folder, 'report.json'));
}

test('a run with passed, failed, skipped and planned tests ⇒ planned ones count as skipped', () => {
  const report = {numPassedTests: 4, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1};
  const testResults = [{status: 'failed', assertionResults: [{status: 'passed'}, {status: 'failed'}]}];
  expect(countsOf({...report, testResults})).toEqual({passed: 4, failed: 1, skipped: 3});
});

test('a test file that could not be loaded ⇒ counts as one failed test', () => {
  const report = {numPassedTests: 4, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0};
  expect(countsOf({...report, testResults: [{status: 'failed', assertionResults: []}]})?.failed).toBe(1);
});

test('no report ⇒ no counts', () => {
  expect(readCounts('/nonexistent/report.json')).toBeUndefined();
});

test('two runs ⇒ one plain line', () => {
  const sum = addCounts({passed: 1, failed: 2, skipped: 3}, {passed: 10, failed: 20, skipped: 30});
  expect(formatCounts(sum)).toBe('11 passed, 22 failed, 33 skipped');
});

// JUnit's XML says what came out of each case, and is XML whatever the texts hold.

import {expect, test} from 'vitest';
import {writeJunit} from '../../../cli/src/run-output/junit.ts';

test('a passed, a failed and a skipped case of two suites ⇒ each in its suite, counted', () => {
  const xml = writeJunit([
    {suite: 'failback', name: 'seed 1', seconds: 0.25},
    {suite: 'failover', name: 'seed 1', seconds: 1, skipped: 'nothing struck'},
    {suite: 'failback', name: 'seed 2', seconds: 0.5, failure: {message: 'S1 readable', text: 'seed 2\nnode w1'}},
  ]);
  expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" skipped="1" time="1.750">
  <testsuite name="failback" tests="2" failures="1" errors="0" skipped="0" time="0.750">
    <testcase classname="failback" name="seed 1" time="0.250"/>
    <testcase classname="failback" name="seed 2" time="0.500">
      <failure message="S1 readable">seed 2
node w1</failure>
    </testcase>
  </testsuite>
  <testsuite name="failover" tests="1" failures="0" errors="0" skipped="1" time="1.000">
    <testcase classname="failover" name="seed 1" time="1.000">
      <skipped message="nothing struck"/>
    </testcase>
  </testsuite>
</testsuites>
`);
});

test('texts with marks of XML and characters that it cannot hold ⇒ escaped and replaced', () => {
  const xml = writeJunit([{suite: 'a"<&>', name: 'b\u0000c\ud800d\ufffe\u{1f511}', seconds: 0}]);
  expect(xml).toContain('classname="a&quot;&lt;&amp;&gt;" name="b?c\ufffdd?\u{1f511}"');
});

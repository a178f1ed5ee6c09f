// The deeds that are faults: each is read as what it says, and what it must not say is named with its place.

import type {Deed} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {example, problemsOf} from './example.ts';

const hour = 3_600_000;

/** The example with a timeline of this one deed, which begins in column 18 of line 11. */
const withDeed = (deed: string): string =>
  example
    .replace(/timeline:\n[\s\S]*(?=chaos)/, `timeline:\n  - {at: 1h, do: ${deed}}\n`)
    .replace(/ {2}- \{within.*\n/, '')
    .replace(/ {2}- \{sometimes.*\n/, '');

const east = {cluster: 'east'} as const;
const good: readonly (readonly [string, Deed])[] = [
  ['{crash: east/controller}', {kind: 'crash', target: {...east, program: 'controller'}}],
  ['{crash: w2/agent, after: deed}', {kind: 'crash', target: {node: 'w2', program: 'agent'}, after: 'deed'}],
  ['{crash: east/scanner, before: deed}', {kind: 'crash', target: {...east, program: 'scanner'}, before: 'deed'}],
  ['{crash: e3/server}', {kind: 'crash', target: {node: 'e3', program: 'server'}}],
  ['{unknownAnswer: e1/agent}', {kind: 'unknownAnswer', target: {node: 'e1', program: 'agent'}}],
  [
    '{staleView: east/controller, for: 90s}',
    {kind: 'staleView', target: {...east, program: 'controller'}, forMs: 90_000},
  ],
  [
    '{missedEvents: w1/agent, for: 2h}',
    {kind: 'missedEvents', target: {node: 'w1', program: 'agent'}, forMs: 2 * hour},
  ],
  ['{powerLoss: {node: e2, for: 10m}}', {kind: 'powerLoss', node: 'e2', forMs: 600_000}],
  ['{clock: {of: west, by: -1h}}', {kind: 'clock', of: 'west', byMs: -hour}],
  ['{clock: {of: e1, by: 40s}}', {kind: 'clock', of: 'e1', byMs: 40_000}],
  ['{resync: replication}', {kind: 'resync', what: 'replication'}],
  ['{loseDeletes: replication, for: 1h}', {kind: 'loseDeletes', what: 'replication', forMs: hour}],
  ['{surplusKey: {cluster: west}}', {kind: 'surplusKey', cluster: 'west'}],
  ['{editFile: {node: w3}}', {kind: 'editFile', node: 'w3'}],
  ['{cutFile: {node: e2}}', {kind: 'cutFile', node: 'e2'}],
  ['{stopSynchronizer: {cluster: west, for: 5m}}', {kind: 'stopSynchronizer', cluster: 'west', forMs: 300_000}],
  ['{stateRoot: {cluster: west}}', {kind: 'stateRoot', cluster: 'west'}],
  [
    '{stateRole: {cluster: west, role: Active, on: ring}}',
    {kind: 'stateRole', cluster: 'west', role: 'Active', on: 'ring'},
  ],
];

test.each(good)('%s ⇒ that deed', (text, deed) => {
  const read = parseRehearsal(withDeed(text));
  expect(read).toMatchObject({outcome: 'ok', rehearsal: {timeline: [{kind: 'at', atMs: hour, deeds: [deed]}]}});
});

const program = 'CLUSTER/controller, CLUSTER/scanner or NODE/agent';
const more = 'expected a duration such as 20m, more than 0 and at most 87600h';
const deed = 'r.yaml:11:';
const bad: readonly (readonly [string, string])[] = [
  [
    '{crash: east/controller, after: deed, before: deed}',
    `${deed}64: timeline[0].do.before: expected one of after and before, got both`,
  ],
  [
    '{crash: e1/server, before: deed}',
    `${deed}45: timeline[0].do.before: expected a program of ours, which does deeds, got "deed"`,
  ],
  ['{crash: e1/agent, after: poll}', `${deed}43: timeline[0].do.after: expected deed, got "poll"`],
  ['{unknownAnswer: e1/server}', `${deed}34: timeline[0].do.unknownAnswer: expected ${program}, got "e1/server"`],
  [
    '{unknownAnswer: e9/agent}',
    `${deed}34: timeline[0].do.unknownAnswer: expected one of the nodes e1, e2, e3, w1, w2, w3 before /agent, got "e9/agent"`,
  ],
  [
    '{unknownAnswer: e1/agent, for: 1m}',
    `${deed}44: timeline[0].do: expected only the fields unknownAnswer, got "for"`,
  ],
  ['{staleView: east/controller}', `${deed}18: timeline[0].do.for: ${more}, got nothing`],
  [
    '{staleView: north/scanner, for: 1m}',
    `${deed}30: timeline[0].do.staleView: expected one of the clusters east, west before /scanner, got "north/scanner"`,
  ],
  ['{missedEvents: w1/agent, for: 0s}', `${deed}48: timeline[0].do.for: ${more}, got "0s"`],
  ['{missedEvents: w1, for: 1m}', `${deed}33: timeline[0].do.missedEvents: expected ${program}, got "w1"`],
  ['{powerLoss: {node: e2}}', `${deed}30: timeline[0].do.powerLoss.for: ${more}, got nothing`],
  [
    '{powerLoss: {node: east, for: 1m}}',
    `${deed}37: timeline[0].do.powerLoss.node: expected one of the nodes e1, e2, e3, w1, w2, w3, got "east"`,
  ],
  [
    '{clock: {of: north, by: 1m}}',
    `${deed}31: timeline[0].do.clock.of: expected one of east, west, e1, e2, e3, w1, w2, w3, got "north"`,
  ],
  [
    '{clock: {of: east, by: soon}}',
    `${deed}41: timeline[0].do.clock.by: expected a duration such as 40s or -40s, at most 87600h either way, got "soon"`,
  ],
  ['{resync: west}', `${deed}27: timeline[0].do.resync: expected replication, got "west"`],
  ['{loseDeletes: replication}', `${deed}18: timeline[0].do.for: ${more}, got nothing`],
  [
    '{surplusKey: {cluster: w1}}',
    `${deed}41: timeline[0].do.surplusKey.cluster: expected one of the clusters east, west, got "w1"`,
  ],
  ['{editFile: {node: w3, for: 1m}}', `${deed}40: timeline[0].do.editFile: expected only the fields node, got "for"`],
  ['{editFile: w3}', `${deed}29: timeline[0].do.editFile: expected {node: NODE}, got "w3"`],
];

test.each(bad)('%s ⇒ is named with its place', (text, problem) => {
  expect(problemsOf(withDeed(text))).toEqual([problem]);
});

describe('one cluster alone', () => {
  const single = (text: string): readonly string[] =>
    problemsOf(
      withDeed(text)
        .replace(/ {2}west: .*\n/, '')
        .replace(/replication: .*\n/, ''),
    );

  test.each([
    [
      '{resync: replication}',
      'r.yaml:9:27: timeline[0].do.resync: expected a pair of clusters for this, got one cluster',
    ],
    [
      '{loseDeletes: replication, for: 1h}',
      'r.yaml:9:32: timeline[0].do.loseDeletes: expected a pair of clusters for this, got one cluster',
    ],
    [
      '{surplusKey: {cluster: east}}',
      'r.yaml:9:41: timeline[0].do.surplusKey.cluster: expected a pair of clusters for this, got only east',
    ],
  ])('%s ⇒ is refused', (text, problem) => {
    expect(single(text)).toEqual([problem]);
  });
});

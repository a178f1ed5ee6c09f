// A rehearsal file is read as what it says; what it must not say is named with line, column, expected and got.

import {describe, expect, test} from 'vitest';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {changed, example, problemsOf} from './example.ts';

const minute = 60_000;
const hour = 60 * minute;

test('the example ⇒ every part as data', () => {
  expect(parseRehearsal(example)).toEqual({
    outcome: 'ok',
    rehearsal: {
      metadata: {name: 'failover-during-activation'},
      seeds: {from: 1, count: 500},
      settings: {
        keyStrategy: 'deterministic',
        rotationIntervalMs: 168 * hour,
        approvalDelayMs: 30 * minute,
        resources: ['secrets', 'configmaps'],
      },
      clusters: [
        {
          name: 'east',
          role: 'active',
          nodes: ['e1', 'e2', 'e3'],
          objects: [
            {resource: 'secrets', count: 800},
            {resource: 'configmaps', count: 400},
          ],
          writes: {count: 2, per: 's'},
        },
        {
          name: 'west',
          role: 'standby',
          nodes: ['w1', 'w2', 'w3'],
          localObjects: [{resource: 'secrets', count: 60}],
          clockSkewMs: 40_000,
        },
      ],
      replication: {from: 'east', to: 'west', lag: {meanMs: 20_000, maxMs: 5 * minute}},
      timeline: [
        {kind: 'at', atMs: hour, deeds: [{kind: 'down', node: 'w3', forMs: 36 * hour}]},
        {
          kind: 'when',
          fact: {cluster: 'east', phase: 'Activate', loadedOn: 1},
          deeds: [
            {kind: 'stall', what: 'replication', forMs: 20 * minute},
            {kind: 'crash', target: {cluster: 'east', program: 'controller'}, after: 'deed'},
          ],
        },
        {kind: 'after', delayMs: 5 * minute, deeds: [{kind: 'failover', to: 'west', mode: 'unplanned'}]},
        {kind: 'after', delayMs: 24 * hour, deeds: [{kind: 'failback', to: 'east'}]},
      ],
      chaos: {profile: 'none'},
      expect: [
        {kind: 'always', invariant: 'readable'},
        {
          kind: 'within',
          limitMs: 3 * minute,
          of: 'failover',
          cluster: 'west',
          is: {role: 'Active', unreadable: 0},
        },
        {kind: 'eventually', goal: 'converged', lineages: 1},
        {kind: 'sometimes', moment: {deed: 'failover', during: 'Activate'}},
      ],
    },
  });
});

test('a world that is in a hurry and prepared ⇒ its times, and that it is', () => {
  const text = example.replace(
    'chaos:',
    'world: {poll: 10s, compaction: 1m, drain: 0s, minAge: 5m, adopted: true, prepared: true}\nchaos:',
  );
  const read = parseRehearsal(text);
  expect(read.outcome === 'ok' && read.rehearsal.world).toEqual({
    pollMs: 10_000,
    compactionMs: minute,
    drainMs: 0,
    minAgeMs: 5 * minute,
    adopted: true,
    prepared: true,
  });
});

test('a cluster that is slow and takes no keys of ours ⇒ how slow, and that it does not', () => {
  const read = parseRehearsal(
    example.replace('writes: 2/s', 'writes: 2/s, lateWrites: {percent: 90, max: 55s}, refusesAesGcm: true'),
  );
  expect(read).toMatchObject({
    outcome: 'ok',
    rehearsal: {clusters: [{lateWrites: {percent: 90, maxMs: 55_000}, refusesAesGcm: true}, {name: 'west'}]},
  });
});

test('what may be left out ⇒ no timeline, no chaos, one seed', () => {
  const read = parseRehearsal(`{apiVersion: rehearsal/v1, kind: Rehearsal, metadata: {name: short}, seed: 4711,
    fromConfig: eec.yaml, clusters: {one: {role: active, nodes: [n1]}}, expect: []}`);
  expect(read).toEqual({
    outcome: 'ok',
    rehearsal: {
      metadata: {name: 'short'},
      seeds: {from: 4711, count: 1},
      settings: {fromConfig: 'eec.yaml'},
      clusters: [{name: 'one', role: 'active', nodes: ['n1']}],
      timeline: [],
      chaos: {profile: 'none'},
      expect: [],
    },
  });
});

describe('fields and types', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'an unknown field',
      'kind: Rehearsal',
      'kind: Rehearsal\ncolour: red',
      'r.yaml:3:1: expected only the fields apiVersion, kind, metadata, seed, seeds, settings, fromConfig, clusters, replication, world, chaos, timeline, expect, got "colour"',
    ],
    [
      'an unknown field of a deed',
      'node: w3, for: 36h',
      'node: w3, until: 36h',
      'r.yaml:11:36: timeline[0].do.down: expected only the fields node, for, got "until"',
    ],
    [
      'a field twice',
      'kind: Rehearsal',
      'kind: Rehearsal\nkind: Rehearsal',
      'r.yaml:3:1: expected each field once, got "kind" again',
    ],
    ['a missing field', 'role: active,', '', 'r.yaml:7:9: clusters.east.role: expected active or standby, got nothing'],
    [
      'a word for a list',
      '[e1, e2, e3]',
      'e1',
      'r.yaml:7:32: clusters.east.nodes: expected a list of 1 to 5 names, got "e1"',
    ],
    [
      'a list for a map',
      '{name: failover-during-activation}',
      '[name]',
      'r.yaml:3:11: metadata: expected {name: NAME}, got a list',
    ],
    [
      'a text for a number',
      'count: 500',
      'count: "500"',
      'r.yaml:4:25: seeds.count: expected a whole number from 1 to 1000000000, got "500"',
    ],
    [
      'a part of an object',
      'secrets: 800',
      'secrets: 0.5',
      'r.yaml:7:65: clusters.east.objects.secrets: expected a whole number from 0 to 1000000, got 0.5',
    ],
    [
      'an alias',
      '{mean: 20s, max: 5m}',
      '*lag',
      'r.yaml:9:42: replication.lag: expected {mean: DURATION, max: DURATION}, got an alias',
    ],
    [
      'another version',
      'rehearsal/v1',
      'rehearsal/v2',
      'r.yaml:1:13: apiVersion: expected rehearsal/v1, got "rehearsal/v2"',
    ],
    [
      'a name that is no label',
      'failover-during-activation',
      'Failover',
      'r.yaml:3:18: metadata.name: expected a name of a-z, 0-9 and - that begins with a letter, got "Failover"',
    ],
    [
      'a resource that cannot be encrypted',
      '[secrets, configmaps]',
      '[secrets, Events]',
      'r.yaml:5:105: settings.resources[1]: expected a resource that can be encrypted, such as secrets or leases.coordination.k8s.io, got "Events"',
    ],
    [
      'a resource twice',
      '[secrets, configmaps]',
      '[secrets, secrets]',
      'r.yaml:5:105: settings.resources[1]: expected each resource once, got "secrets" again',
    ],
    [
      'a rate by the day',
      'writes: 2/s',
      'writes: 2/d',
      'r.yaml:7:96: clusters.east.writes: expected a rate such as 2/s, 30/m or 1/h, from 1 to 1000, got "2/d"',
    ],
    [
      'seed beside seeds',
      'seeds: {from',
      'seed: 3\nseeds: {from',
      'r.yaml:5:1: expected either seed or seeds, got both',
    ],
    [
      'neither settings nor fromConfig',
      'settings: {keyStrategy: deterministic, rotationInterval: 168h, approvalDelay: 30m, resources: [secrets, configmaps]}',
      '',
      'r.yaml:1:1: expected either settings or fromConfig, got neither',
    ],
    [
      'chaos of no kind',
      '{profile: none}',
      '{}',
      'r.yaml:16:8: chaos: expected either profile or classes, got neither',
    ],
    [
      'an unknown class of faults',
      '{profile: none}',
      '{classes: [crash, flood]}',
      'r.yaml:16:26: chaos.classes[1]: expected crash, unknownAnswer, powerLoss, nodeDown, staleView, missedEvent, clock, stall, resync, lostDelete, surplusKey, operatorEdit, pause, forgetNode, rootSwap, restore or failover, got "flood"',
    ],
  ];
  test.each(cases)('%s ⇒ is named with its place', (_, from, to, problem) => {
    expect(changed(from, to)).toEqual([problem]);
  });
});

test('several problems ⇒ all at once, in the order of the file', () => {
  const text = example
    .replace('168h', '7d')
    .replace('phase: Activate', 'phase: Activation')
    .replace('always: readable', 'always: legible')
    .replace('seeds: {from: 1', 'seeds: {from: one');
  expect(problemsOf(text)).toEqual([
    'r.yaml:4:15: seeds.from: expected a whole number from 0 to 9007199254740991, got "one"',
    'r.yaml:5:58: settings.rotationInterval: expected a duration such as 20m, more than 0 and at most 87600h, got "7d"',
    'r.yaml:12:34: timeline[1].when.phase: expected Idle, Preflight, Mint, Publish, Distribute, Activate, Converge, Migrate, Verify or Drop, got "Activation"',
    'r.yaml:18:14: expect[0].always: expected readable, writeAfterRead, dropAfterNeed, known, oneName, lineage, oneHand, trueStatus, content, quietStandby, file, secrecy or budget, got "legible"',
  ]);
});

test('parts in another order than they name each other ⇒ problems in the order of the file', () => {
  const [timeline = ''] = /timeline:\n[\s\S]*(?=chaos)/.exec(example) ?? [];
  const text = timeline.replace('node: w3', 'node: w4') + example.replace(timeline, '').replace('168h', '7d');
  expect(problemsOf(text).map((problem) => problem.split(': ')[1])).toEqual([
    'timeline[0].do.down.node',
    'settings.rotationInterval',
  ]);
});

test('a tag that YAML does not know ⇒ is refused, although its value would do', () => {
  expect(changed('role: active', 'role: !mine active')).toEqual([
    'r.yaml:7:16: expected YAML 1.2, got a problem: Unresolved tag: !mine',
  ]);
});

test('text that is no YAML ⇒ the first place that is not', () => {
  expect(changed('[e1, e2, e3]', '[e1, e2, e3')[0]).toMatch(/^r\.yaml:7:\d+: expected YAML 1\.2, got a problem: /);
});

test('two documents ⇒ are refused', () => {
  expect(problemsOf(`${example}---\n${example}`)[0]).toMatch(/^r\.yaml:22:1: expected YAML 1\.2, got a problem: /);
});

test('a value whose tag makes it no text, number or truth ⇒ is refused', () => {
  expect(changed('count: 500', 'count: !!binary aGk=')).toEqual([
    'r.yaml:4:34: seeds.count: expected a whole number from 1 to 1000000000, got a value of another type',
  ]);
});

test('a line break of Windows ⇒ columns and lines as before it', () => {
  expect(problemsOf(example.replaceAll('\n', '\r\n').replace('168h', '7d'))).toEqual([
    'r.yaml:5:58: settings.rotationInterval: expected a duration such as 20m, more than 0 and at most 87600h, got "7d"',
  ]);
});

test('nothing at all ⇒ a rehearsal is expected', () => {
  expect(problemsOf('')).toEqual(['r.yaml:1:1: expected a rehearsal, got nothing']);
});

test('a file that is too long ⇒ is refused unread', () => {
  expect(problemsOf('#'.repeat(131_073))).toEqual(['r.yaml:1:1: expected at most 131072 characters, got 131073']);
});

test('more problems than anyone reads ⇒ the first 50', () => {
  expect(problemsOf(example.replace('- {always: readable}', '- {always: 0}\n  '.repeat(60)))).toHaveLength(50);
});

test('a long text in the wrong place ⇒ is cut in the problem', () => {
  expect(changed('rehearsal/v1', 'x'.repeat(100))).toEqual([
    `r.yaml:1:13: apiVersion: expected rehearsal/v1, got "${'x'.repeat(60)}…"`,
  ]);
});

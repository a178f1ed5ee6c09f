// Names in a rehearsal file mean something that the file declares, and its entries can happen in their order.

import {describe, expect, test} from 'vitest';
import {changed, example, problemsOf} from './example.ts';

/** The problems of this timeline in the example. */
const timed = (...entries: readonly string[]): readonly string[] =>
  problemsOf(
    example.replace(/timeline:\n[\s\S]*(?=chaos)/, `timeline:\n${entries.map((each) => `  - ${each}\n`).join('')}`),
  ).filter((problem) => !problem.includes(' expect['));

describe('names', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'a node that no cluster has',
      'node: w3',
      'node: w4',
      'r.yaml:11:32: timeline[0].do.down.node: expected one of the nodes e1, e2, e3, w1, w2, w3, got "w4"',
    ],
    [
      'a cluster that is not there',
      'to: west, mode',
      'to: wset, mode',
      'r.yaml:14:37: timeline[2].do.failover.to: expected one of the clusters east, west, got "wset"',
    ],
    [
      'a program of a cluster that is not there',
      'crash: east/controller',
      'crash: e1/controller',
      'r.yaml:13:50: timeline[1].do[1].crash: expected one of the clusters east, west before /controller, got "e1/controller"',
    ],
    [
      'a program of a node that is not there',
      'crash: east/controller',
      'crash: east/agent',
      'r.yaml:13:50: timeline[1].do[1].crash: expected one of the nodes e1, e2, e3, w1, w2, w3 before /agent, got "east/agent"',
    ],
    [
      'a program that does not exist',
      'crash: east/controller',
      'crash: east/kubelet',
      'r.yaml:13:50: timeline[1].do[1].crash: expected CLUSTER/controller, CLUSTER/scanner, NODE/agent or NODE/server, got "east/kubelet"',
    ],
    [
      'a node in both clusters',
      '[w1, w2, w3]',
      '[w1, w2, e3]',
      'r.yaml:8:41: clusters.west.nodes[2]: expected each node once in the file, got "e3" again',
    ],
    [
      'a fact that more nodes have loaded than there are',
      'loadedOn: 1',
      'loadedOn: 4',
      'r.yaml:12:54: timeline[1].when.loadedOn: expected at most the 3 nodes of east, got 4',
    ],
    [
      'two Actives at the start',
      'role: standby',
      'role: active',
      'r.yaml:7:3: clusters: expected exactly one cluster with role active at the start, got 2 of them',
    ],
    [
      'objects of a Standby that the Synchronizer would overwrite',
      'localObjects: ',
      'objects: ',
      'r.yaml:8:55: clusters.west.objects: expected no objects on a standby, whose objects come by replication, got a map',
    ],
    [
      'replication to where it comes from',
      'to: west, lag',
      'to: east, lag',
      'r.yaml:9:31: replication.to: expected the standby, got "east"',
    ],
    [
      'an expectation about a deed that nobody does',
      'of: failover',
      'of: restore',
      'r.yaml:19:22: expect[1].of: expected a deed of the timeline, got restore, which stands nowhere there',
    ],
    [
      'a moment that cannot come',
      'failoverDuring(Activate)',
      'restoreDuring(Activate)',
      'r.yaml:21:17: expect[3].sometimes: expected a deed of the timeline, got restore, which stands nowhere there',
    ],
    [
      'an expectation of nothing',
      '{role: Active, unreadable: 0}',
      '{}',
      'r.yaml:19:51: expect[1].is: expected at least one of role, phase, unreadable, failoverReady, got none',
    ],
  ];
  test.each(cases)('%s ⇒ is named with its place', (_, from, to, problem) => {
    expect(changed(from, to)).toEqual([problem]);
  });

  test('a deed that faults may do ⇒ may be waited for', () => {
    const text = example.replace('profile: none', 'profile: light').replace('of: failover', 'of: restore');
    expect(problemsOf(text)).toEqual([]);
  });

  test('clusters with a problem ⇒ no second problem for each of their names', () => {
    expect(changed('nodes: [w1, w2, w3]', 'nodes: []')).toEqual([
      'r.yaml:8:32: clusters.west.nodes: expected a list of 1 to 5 names, got 0 items',
    ]);
  });

  test('a pair deed with one cluster ⇒ is refused', () => {
    const text = example
      .replace(/ {2}west: .*\n/, '')
      .replace(/replication: .*\n/, '')
      .replace('{down: {node: w3, for: 36h}}', '{stall: replication, for: 1h}')
      .replaceAll('to: west', 'to: east')
      .replace('cluster: west', 'cluster: east');
    expect(problemsOf(text)).toEqual([
      'r.yaml:9:26: timeline[0].do.stall: expected a pair of clusters for this, got one cluster',
      'r.yaml:11:18: timeline[1].do[0].stall: expected a pair of clusters for this, got one cluster',
      'r.yaml:12:37: timeline[2].do.failover.to: expected a pair of clusters for this, got only east',
      'r.yaml:13:38: timeline[3].do.failback.to: expected a pair of clusters for this, got only east',
    ]);
  });
});

describe('time', () => {
  const rotate = '{rotate: {cluster: east}}';

  test('a time before the entry above ⇒ is refused', () => {
    expect(timed(`{at: 5h, do: ${rotate}}`, `{at: 4h, do: ${rotate}}`)).toEqual([
      'r.yaml:12:10: timeline[1].at: expected at least 5h0m0s, when the entries above are over at the earliest, got "4h"',
    ]);
  });

  test('a time before what waits and advances lead to ⇒ is refused', () => {
    const entries = [
      `{at: 1h, do: [{advance: 2h}, ${rotate}]}`,
      `{when: {cluster: east, phase: Drop}, do: ${rotate}}`,
      `{after: 30m, do: ${rotate}}`,
    ];
    expect(timed(...entries, `{at: 3h29m, do: ${rotate}}`)).toEqual([
      'r.yaml:14:10: timeline[3].at: expected at least 3h30m0s, when the entries above are over at the earliest, got "3h29m"',
    ]);
    expect(timed(...entries, `{at: 3h30m, do: ${rotate}}`)).toEqual([]);
  });

  test('two times that go backwards ⇒ both are named', () => {
    const problems = timed(`{at: 5h, do: ${rotate}}`, `{at: 4h, do: ${rotate}}`, `{at: 3h, do: ${rotate}}`);
    expect(problems.map((problem) => problem.split(': ')[1])).toEqual(['timeline[1].at', 'timeline[2].at']);
  });

  test('two triggers, or none ⇒ are refused', () => {
    expect(timed(`{at: 5h, after: 1h, do: ${rotate}}`, `{do: ${rotate}}`, '{}')).toEqual([
      'r.yaml:11:14: timeline[0]: expected an entry with one of at, after, when, got both at and after',
      'r.yaml:12:5: timeline[1]: expected an entry with one of at, after, when, got "do"',
      'r.yaml:13:5: timeline[2]: expected an entry with one of at, after, when, got an empty map',
    ]);
  });

  test('an entry that does nothing ⇒ is refused', () => {
    expect(timed('{at: 5h, do: []}')).toEqual([
      'r.yaml:11:18: timeline[0].do: expected a deed, or a list of 1 to 16 of them, got 0 items',
    ]);
  });
});

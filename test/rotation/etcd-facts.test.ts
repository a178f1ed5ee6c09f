// What agents and scanners ask etcd beside its values, and how it gets into the node's report.

import {
  driveSync,
  failed,
  type NodeObservation,
  type NodeReport,
  newAgentMemory,
  nodeReportResource,
  ok,
  type Ring,
  ringResource,
  type SyncPorts,
  scannerLoop,
} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {askEtcd, type EtcdFacts} from '../../rotation/src/act/etcd-facts.ts';
import {makeReport, writeReport} from '../../rotation/src/act/report.ts';
import {planNode} from '../../rotation/src/plan/node.ts';
import {FakeStore} from './fake-store.ts';
import {now, observeNode, r1, r2, reportOf, restingRing, ringAt} from './fixtures.ts';

const proof = {key: r1.id, by: 'scan-4-1', revision: '950', atMs: now};
const ringWith = (...revisions: readonly string[]): Ring =>
  restingRing([r2, r1], {clean: revisions.map((revision) => ({...proof, revision}))});

function asked(ring: Ring, known: EtcdFacts, ports: Partial<SyncPorts>): {facts: EtcdFacts; revisions: number[]} {
  const revisions: number[] = [];
  const facts = driveSync(askEtcd(ring, known), {
    'etcd.isCompacted': ({revision}) => {
      revisions.push(revision);
      return ok(revision < 960);
    },
    ...ports,
  });
  return {facts, revisions};
}

test('proofs in the ring ⇒ each is asked for, what is gone is not asked again', () => {
  const {facts} = asked(ringWith('950', '970'), {}, {});
  expect(facts).toEqual({
    compaction: [
      {by: 'scan-4-1', revision: '950', gone: true},
      {by: 'scan-4-1', revision: '970', gone: false},
    ],
  });
  expect(asked(ringWith('950', '970'), facts, {}).revisions).toEqual([970]);
});

test('what is known is of another proof ⇒ asked', () => {
  const known = {compaction: [{by: 'scan-3-1', revision: '950', gone: true}]};
  expect(asked(ringWith('950'), known, {}).revisions).toEqual([950]);
});

test('a revision that is no number, or etcd does not answer ⇒ nothing is said of it', () => {
  expect(asked(ringWith('opaque'), {}, {})).toEqual({facts: {}, revisions: []});
  const mute: Partial<SyncPorts> = {'etcd.isCompacted': () => failed('unavailable', 'no')};
  expect(asked(ringWith('950'), {}, mute).facts).toEqual({});
});

const space = (dbSize: number, dbSizeInUse: number, dbSizeQuota: number): Partial<SyncPorts> => ({
  'etcd.status': () => ok({dbSize, dbSizeInUse, dbSizeQuota}),
});

test('a rotation has begun ⇒ parts of the quota, rounded up', () => {
  expect(asked(ringAt('minting'), {}, space(901, 791, 1_000)).facts.etcdSpace).toEqual({
    inUsePercent: 80,
    filePercent: 91,
  });
});

test.each([
  ['no rotation is under way', restingRing(), space(9, 9, 10)],
  ['etcd tells no quota', ringAt('converged'), space(9, 9, 0)],
  ['etcd does not answer', ringAt('converged'), {'etcd.status': () => failed('unavailable', 'no')}],
] as [string, Ring, Partial<SyncPorts>][])('%s ⇒ nothing is said of its space', (_, ring, ports) => {
  expect(asked(ring, {}, ports).facts.etcdSpace).toBeUndefined();
});

/** The scanner of n1 for one turn, then a report of its agent, which reads no etcd itself. */
test('a separate scanner ⇒ what etcd told it is in the report, also after the agent’s next one', () => {
  const store = new FakeStore();
  const ring = {...ringAt('converged'), clean: [proof]};
  store.put(ringResource, {metadata: {name: 'default'}, spec: ring});
  store.put(nodeReportResource, {metadata: {name: 'n1'}, status: reportOf('n1', ring)});
  const status = (): NodeReport => store.get(nodeReportResource, 'n1')?.status as NodeReport;
  const scan = (ports: Partial<SyncPorts>): void =>
    driveSync(scannerLoop({node: 'n1', etcdPrefix: '/registry'}), {
      ...store.ports,
      ...ports,
      'clock.sleep': () => ok('stop'),
    });
  const told = {compaction: [{...proof, gone: true}].map(({by, revision, gone}) => ({by, revision, gone}))};
  scan({'etcd.isCompacted': () => ok(true), ...space(900, 500, 1_000)});
  expect(status()).toMatchObject({can: ['scan'], ...told, etcdSpace: {inUsePercent: 50, filePercent: 90}});

  const memory = newAgentMemory('n1', [], []);
  memory.lastReport = reportOf('n1', ring);
  memory.lastReportAtMs = 0;
  memory.reportObject = store.get(nodeReportResource, 'n1');
  const o = observeNode({ring});
  driveSync(writeReport(memory, makeReport(memory, o, planNode(o)), 60_000), store.ports);
  expect(status()).toMatchObject({can: ['scan'], ...told, etcdSpace: {inUsePercent: 50, filePercent: 90}});

  store.put(ringResource, {metadata: {name: 'default'}, spec: restingRing([r2, r1])});
  scan({});
  expect(status()).not.toHaveProperty('compaction');
  expect(status()).not.toHaveProperty('etcdSpace');
});

test('the server keeps some resources in another etcd ⇒ the report says so', () => {
  const o = observeNode({ring: restingRing(), platform: {etcdOverrides: ['/events']}});
  const memory = newAgentMemory('n1', [], []);
  expect(makeReport(memory, o, planNode(o)).etcdOverrides).toEqual(['/events']);
});

test('the manifest cannot be read for a while ⇒ the report says what it said last', () => {
  const memory = newAgentMemory('n1', [], []);
  memory.lastReport = reportOf('n1', restingRing(), {etcdOverrides: ['/events']});
  const overrides = (o: NodeObservation) => makeReport(memory, o, planNode(o)).etcdOverrides;
  const o = observeNode({ring: restingRing()});
  expect(overrides({...o, platform: {state: 'unknown', why: 'EIO'}})).toEqual(['/events']);
  expect(overrides(observeNode({ring: restingRing(), platform: {address: '', problem: 'it is missing'}}))).toEqual([
    '/events',
  ]);
  expect(overrides(o)).toBeUndefined();
});

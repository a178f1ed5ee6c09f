// The scanner's loop: it holds an etcd client and no key, answers the ring's scan requests for its node with counts of
// prefixes, and writes them into the node's report beside what the agent says.

import {askEtcd, type EtcdFacts} from '../act/etcd-facts.ts';
import {scanPrefixes} from '../act/scan.ts';
import {busyPeriodMs} from '../limits.ts';
import type {NodeReport} from '../model/node.ts';
import {readNodeReport} from '../model/node.ts';
import {nodeReportResource, ourNamespace} from '../model/resource-types.ts';
import {same} from '../model/same.ts';
import {readRingFact} from '../observe/shared-objects.ts';
import {ask, demand, type Step} from '../ports.ts';

export interface ScannerSettings {
  readonly node: string;
  readonly etcdPrefix: string;
}

/** Runs until the clock port says `stop`. */
export function* scannerLoop(settings: ScannerSettings): Step<void> {
  let answered: NodeReport['scan'];
  let facts: EtcdFacts = {};
  for (;;) {
    const ring = yield* readRingFact();
    const request = ring.state === 'seen' ? ring.value.scan : undefined;
    if (
      ring.state === 'seen' &&
      request !== undefined &&
      !request.deep &&
      request.node === settings.node &&
      answered?.id !== request.id
    ) {
      const counted = yield* scanPrefixes(
        request,
        settings.etcdPrefix,
        ring.value.keys.map(({name}) => name),
      );
      yield* demand('trace.event', {
        event: {event: 'scanner.scan', node: settings.node, outcome: counted.ok ? 'done' : counted.error.message},
      });
      if (counted.ok) answered = counted.value;
    }
    if (ring.state === 'seen') facts = yield* askEtcd(ring.value, facts);
    yield* publish(settings.node, answered, facts);
    if ((yield* demand('clock.sleep', {ms: busyPeriodMs})) === 'stop') return;
  }
}

/** Adds what etcd said to the report, and that this node can scan; a conflict is left to the next turn. */
function* publish(node: string, scan: NodeReport['scan'], facts: EtcdFacts): Step<void> {
  const answer = yield* ask('store.get', {resource: nodeReportResource, namespace: ourNamespace, name: node});
  if (!answer.ok || answer.value === undefined) return;
  const read = readNodeReport(answer.value);
  if (read.outcome !== 'ok') return;
  const {compaction: _c, etcdSpace: _s, ...report} = read.report;
  const can = report.can.includes('scan') ? report.can : [...report.can, 'scan' as const];
  const status: NodeReport = {...report, can, ...(scan === undefined ? {} : {scan}), ...facts};
  if (same(status, read.report)) return;
  yield* ask('store.replace', {resource: nodeReportResource, object: {...answer.value, status}});
}

// Whether etcd's history is gone up to a clean proof. etcd itself is believed first; the API's word on `events` counts
// only where no node reads etcd, and never where servers keep some resources in another etcd, since it speaks of that one.

import {compactionAskMs, compactionProofDeadlineMs} from '../limits.ts';
import type {CleanProof} from '../model/ring.ts';
import {etcdReaders} from './etcd-readers.ts';
import {type Outcome, wait} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

/** Nodes whose servers keep some resources in another etcd. */
const splitNodes = ({members}: View): readonly string[] =>
  members.filter(({report}) => (report.etcdOverrides ?? []).length > 0).map(({node}) => node);

/** Who says that history up to a proof is gone; `undefined` while nobody does who can know. */
export function compactedBy(view: View, {by, revision}: CleanProof): 'etcd' | 'events-410' | undefined {
  const readers = etcdReaders(view, 'scan');
  if (readers.length > 0) {
    const answers = readers.flatMap(({report}) => report.compaction ?? []);
    return answers.some((each) => each.by === by && each.revision === revision && each.gone) ? 'etcd' : undefined;
  }
  if (splitNodes(view).length > 0) return undefined;
  return view.observation.compacted.includes(revision) ? 'events-410' : undefined;
}

/** Asks the API, or waits for the word of a node that reads etcd. */
export function awaitCompaction(view: View, open: readonly CleanProof[]): Outcome {
  const now = view.observation.now.wallMs;
  const late = open.some(({atMs}) => now - atMs > compactionProofDeadlineMs);
  const revisions = [...new Set(open.map(({revision}) => revision))].sort();
  const reason = late ? 'HistoryNotCompacted' : 'DropWaiting';
  const message = `history up to revision ${revisions.join(', ')} is still there`;
  if (etcdReaders(view, 'scan').length > 0)
    return {kind: 'wait', reasons: [because(reason, message)], wakeInMs: compactionAskMs};
  const split = splitNodes(view);
  if (split.length > 0) {
    const why = `${split.join(', ')}: --etcd-servers-overrides is set and no node reads etcd, so nothing tells whether history is gone`;
    return wait(because('HistoryNotCompacted', why, split));
  }
  return {kind: 'act', action: {do: 'askCompaction', revisions}, reason: because(reason, message)};
}

// The example of the rehearsal file's description, with every part that a file can have, and what is wrong with changed ones.

import {parseRehearsal, problemText} from '../../../cli/src/rehearsal/read.ts';

export const example = `apiVersion: rehearsal/v1
kind: Rehearsal
metadata: {name: failover-during-activation}
seeds: {from: 1, count: 500}            # or seed: 4711
settings: {keyStrategy: deterministic, rotationInterval: 168h, approvalDelay: 30m, resources: [secrets, configmaps]}
clusters:
  east: {role: active,  nodes: [e1, e2, e3], objects: {secrets: 800, configmaps: 400}, writes: 2/s}
  west: {role: standby, nodes: [w1, w2, w3], localObjects: {secrets: 60}, clockSkew: 40s}
replication: {from: east, to: west, lag: {mean: 20s, max: 5m}}
timeline:
  - {at: 1h, do: {down: {node: w3, for: 36h}}}
  - when: {cluster: east, phase: Activate, loadedOn: 1}
    do: [{stall: replication, for: 20m}, {crash: east/controller, after: deed}]
  - {after: 5m, do: {failover: {to: west, mode: unplanned}}}
  - {after: 24h, do: {failback: {to: east}}}
chaos: {profile: none}                  # none | light | full | {classes: [...]}
expect:
  - {always: readable}
  - {within: 3m, of: failover, cluster: west, is: {role: Active, unreadable: 0}}
  - {eventually: converged, lineages: 1}
  - {sometimes: failoverDuring(Activate)}
`;

export function problemsOf(text: string): readonly string[] {
  const read = parseRehearsal(text);
  return read.outcome === 'ok' ? [] : read.problems.map((problem) => problemText('r.yaml', problem));
}

/** The problems of the example after one part of it was changed. */
export function changed(from: string, to: string): readonly string[] {
  if (!example.includes(from)) throw new RangeError(`from: expected a part of the example, got ${from}`);
  return problemsOf(example.replace(from, to));
}

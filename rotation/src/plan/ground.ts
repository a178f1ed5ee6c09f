// The first rules: whether there is ground to stand on. Leadership, cluster, schema, configuration, ring and epoch.
// They work before there is a view, so they read the observation itself.

import {emptyLayout} from '../model/layout.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {isAnotherLine, type Ring, ringVersion, type SeenRing} from '../model/ring.ts';
import type {Spec} from '../model/spec.ts';
import {changeRing, type Outcome, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';

export type Ground = {readonly outcome: Outcome} | {readonly spec: Spec; readonly ring: Ring};

const stop = (outcome: Outcome): Ground => ({outcome});

/** Everything a plan needs before it looks at nodes, or what it waits for. */
export function readGround(o: ClusterObservation): Ground {
  if (!o.leading) return stop(wait(because('NotLeading', 'another controller holds the lease')));
  if (o.clusterId.state !== 'seen') return stop(wait(because('ReadFailed', `cluster id: ${why(o.clusterId)}`)));
  if (o.spec.state === 'absent')
    return stop(wait(because('ConfigurationMissing', 'create an EtcdEncryptionConfig named default')));
  if (o.spec.state === 'unknown') return stop(wait(because('ReadFailed', `configuration: ${o.spec.why}`)));
  if (o.spec.value.outcome === 'invalid')
    return stop(wait(because('ConfigurationInvalid', o.spec.value.problems.join('; '))));
  if (o.pruned.state === 'unknown') return stop(wait(because('ReadFailed', `installed CRDs: ${o.pruned.why}`)));
  if (o.pruned.state === 'seen' && o.pruned.value.length > 0) {
    return stop(
      wait(
        because('SchemaPruned', `installed CRDs lack ${o.pruned.value.slice(0, 5).join(', ')}; apply the present ones`),
      ),
    );
  }
  return readRingGround(o, o.spec.value.spec, o.clusterId.value);
}

const why = (fact: {state: string; why?: string}): string => fact.why ?? 'absent';

function readRingGround(o: ClusterObservation, spec: Spec, clusterId: string): Ground {
  if (o.ring.state === 'unknown') return stop(wait(because('ReadFailed', `ring: ${o.ring.why}`)));
  if (o.ring.state === 'absent') {
    if (spec.mode === 'observe') return {spec, ring: firstRing(o, clusterId)};
    if (o.reports.state !== 'seen') return stop(wait(because('ReadFailed', 'node reports are unknown')));
    const bad = unreadReport(o);
    if (bad !== undefined) return stop(wait(bad));
    const ring = firstRing(o, clusterId);
    return stop({
      kind: 'act',
      action: {do: 'createRing', ring},
      reason: because('EpochRaised', `epoch ${ring.epoch} begins`),
    });
  }
  const ring = o.ring.value;
  if (ring.clusterId !== clusterId) {
    return stop(wait(because('ForeignRing', `the ring names cluster ${ring.clusterId}, this is ${clusterId}`)));
  }
  if (o.reports.state === 'unknown') return stop(wait(because('ReadFailed', `node reports: ${o.reports.why}`)));
  if (spec.mode === 'observe') return {spec, ring};
  return epochGround(o, spec, ring);
}

/** A report that cannot be read may tell of a higher epoch: none begins beside it. */
function unreadReport(o: ClusterObservation): Reason | undefined {
  const forgotten = new Set(o.ring.state === 'seen' ? o.ring.value.forgotten.map(({node}) => node) : []);
  const [bad] = Object.entries(o.badReports)
    .filter(([name]) => !forgotten.has(name))
    .sort();
  return bad === undefined
    ? undefined
    : because('ReadFailed', `what ${bad[0]} saw of the ring is not known: ${bad[1]}`, [bad[0]]);
}

function epochGround(o: ClusterObservation, spec: Spec, ring: Ring): Ground {
  const past = seenBefore(o);
  if (past.some((seen) => isAnotherLine(ring, seen))) return stop(afterRestore(o, ring, past));
  if (o.ownEpoch === ring.epoch) return {spec, ring};
  const bad = unreadReport(o);
  if (bad !== undefined) return stop(wait(bad));
  const raised = {epoch: ring.epoch + 1, begunAtVersion: ring.version + 1, gate: undefined};
  return stop(changeRing(ring, raised, because('EpochRaised', `epoch ${ring.epoch + 1} begins`)));
}

/** What nodes and this process saw of the ring; also what came after a snapshot that etcd was restored to. */
const seenBefore = (o: ClusterObservation): readonly SeenRing[] => [
  ...(o.seenRing === undefined ? [] : [o.seenRing]),
  ...(o.reports.state === 'seen' ? o.reports.value : []).map(({report: {highest}}) => ({
    epoch: highest.epoch,
    version: highest.version ?? 0,
  })),
];

const highestOf = (values: readonly number[]): number => Math.max(0, ...values);

/**
 * The restored ring goes on above all that was seen. A rotation that had not changed the write key begins anew, and so
 * does the trial of a file: its node may write with a key by now that the trial would take away.
 */
function afterRestore(o: ClusterObservation, ring: Ring, past: readonly SeenRing[]): Outcome {
  const highest = highestOf(past.map(({epoch}) => epoch));
  const version = highestOf([ring.version, ...past.map((seen) => seen.version)]);
  const undone = ring.rotation !== undefined && ring.rotation.activatedAtMs === undefined ? ring.rotation : undefined;
  return changeRing(
    {...ring, version},
    {
      epoch: Math.max(highest, ring.epoch) + 1,
      begunAtVersion: version + 1,
      restored: {atMs: o.now.wallMs, merged: false},
      gate: undefined,
      trial: undefined,
      scan: undefined,
      proof: undefined,
      minting: undefined,
      publishing: undefined,
      clean: [],
      ...(undone === undefined ? {} : {rotation: undefined}),
      ...(undone?.request === undefined ? {} : {handledRequest: undefined}),
    },
    because('RestoreSeen', `nodes saw epoch ${highest}, the ring has ${ring.epoch}`),
  );
}

/** A new ring: nothing known but the cluster; above every epoch that a node ever saw. */
function firstRing(o: ClusterObservation, clusterId: string): Ring {
  const past = seenBefore(o);
  const epoch = highestOf(past.map((seen) => seen.epoch)) + 1;
  const version = highestOf(past.map((seen) => seen.version)) + 1;
  return {
    v: ringVersion,
    clusterId,
    epoch,
    version,
    begunAtVersion: version,
    keys: [],
    layout: emptyLayout,
    proven: [],
    history: [],
    stoppedWriting: {},
    clean: [],
    certificates: [],
    members: [],
    forgotten: [],
    accepted: [],
    refusals: [],
    settings: {writeMode: 'rename'},
    ...(epoch > 1 ? {restored: {atMs: o.now.wallMs, merged: false}} : {}),
  };
}

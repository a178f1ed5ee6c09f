// The clusters of a rehearsal: who begins as what, with which nodes, objects and users; and what is copied between them.

import type {ClusterPlan, LateWrites, ObjectCount, Replication} from '@etcd-encryption/host-sim';
import {type Codec, checked, integer, mapped, oneOf, yesOrNo} from './codec.ts';
import {may, named, need, record} from './composite.ts';
import {maxClusters, maxObjects} from './limits.ts';
import {entriesOf, fieldPlace, itemPlaces, type Place, quote, type Reading, report} from './place.ts';
import {duration, name, nodeNames, pairedCluster, positiveDuration, rate, resource, signedDuration} from './values.ts';

const amount = integer(0, maxObjects);

interface Count {
  readonly name: string;
  readonly count: number;
}

/** `{secrets: 800, configmaps: 400}`. */
const objects: Codec<readonly ObjectCount[]> = mapped(
  named<Count>(
    {expected: 'a map from resources to how many objects there are', key: resource, least: 0, most: 100},
    mapped(
      amount,
      (count) => ({count}),
      ({count}) => count,
    ),
  ),
  (counts): readonly ObjectCount[] => counts.map(({name, count}) => ({resource: name, count})),
  (counts) => counts.map(({resource, count}) => ({name: resource, count})),
);

const lateWrites = record<LateWrites>('{percent: NUMBER, max: DURATION}', {
  percent: need('percent', integer(1, 100)),
  maxMs: need('max', positiveDuration),
});

const cluster = checked(
  record<Omit<ClusterPlan, 'name'>>('a cluster with role and nodes', {
    role: need('role', oneOf(['active', 'standby'])),
    nodes: need('nodes', nodeNames),
    objects: may('objects', objects),
    localObjects: may('localObjects', objects),
    writes: may('writes', rate),
    lateWrites: may('lateWrites', lateWrites),
    refusesAesGcm: may('refusesAesGcm', yesOrNo),
    clockSkewMs: may('clockSkew', signedDuration),
  }),
  ({role, ...rest}, place, reading) => {
    if (role === 'active') return;
    for (const field of ['objects', 'writes'] as const) {
      if (rest[field] !== undefined)
        report(reading, fieldPlace(place, field), `no ${field} on a standby, whose objects come by replication`);
    }
  },
);

/** Notes them for everything that names a cluster or a node further down. */
export const clusters: Codec<readonly ClusterPlan[]> = checked(
  named<ClusterPlan>(
    {expected: 'a map with an active cluster and at most one standby', key: name, least: 1, most: maxClusters},
    cluster,
  ),
  (plans, place, reading) => {
    const before = reading.findings.length;
    checkRoles(plans, place, reading);
    checkNodes(place, reading);
    if (reading.findings.length === before) reading.clusters = new Map(plans.map((plan) => [plan.name, plan]));
  },
);

function checkRoles(plans: readonly ClusterPlan[], place: Place, reading: Reading): void {
  const active = plans.filter(({role}) => role === 'active');
  if (active.length !== 1)
    report(reading, place, 'exactly one cluster with role active at the start', `${active.length} of them`);
}

/** A node's name says which cluster it is of, so it stands once in the whole file. */
function checkNodes(place: Place, reading: Reading): void {
  const seen = new Set<unknown>();
  for (const entry of entriesOf(place)) {
    for (const node of itemPlaces(fieldPlace(entry.value, 'nodes'))) {
      const written = name.read(node, reading);
      if (written === undefined) continue;
      if (seen.has(written)) report(reading, node, 'each node once in the file', `${quote(written)} again`);
      seen.add(written);
    }
  }
}

const lag = checked(
  record<{readonly meanMs: number; readonly maxMs: number}>('{mean: DURATION, max: DURATION}', {
    meanMs: need('mean', duration),
    maxMs: need('max', duration),
  }),
  ({meanMs, maxMs}, place, reading) => {
    if (maxMs < meanMs) report(reading, fieldPlace(place, 'max'), 'at least the mean');
  },
);

export const replication: Codec<Replication> = checked(
  record<Replication>('{from: CLUSTER, to: CLUSTER}', {
    from: need('from', pairedCluster),
    to: need('to', pairedCluster),
    lag: may('lag', lag),
  }),
  ({from, to}, place, reading) => {
    const roleOf = (cluster: string): string | undefined => reading.clusters?.get(cluster)?.role;
    if (roleOf(from) === 'standby') report(reading, fieldPlace(place, 'from'), 'the active cluster');
    if (roleOf(to) === 'active') report(reading, fieldPlace(place, 'to'), 'the standby');
  },
);

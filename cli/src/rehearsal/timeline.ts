// What happens in a rehearsal and when. Deeds of one entry happen in their order, at one moment unless time is let pass
// between them; entries happen in the order of the file.

import {type Deed, type Fact, phases, type TimelineEntry} from '@etcd-encryption/host-sim';
import {formatDuration} from '@etcd-encryption/rotation';
import {type Codec, checked, integer, oneOf, yesOrNo} from './codec.ts';
import {type Fields, inside, list, may, need, oneOrMore, record, tagged} from './composite.ts';
import {maxDeeds, maxNodes, maxTimelineEntries} from './limits.ts';
import {fieldPlace, type Place, type Reading, report} from './place.ts';
import {
  clusterName,
  clusterNames,
  crashTarget,
  duration,
  nodeName,
  pairedCluster,
  placeName,
  positiveDuration,
  programTarget,
  resourceOrAll,
  signedDuration,
} from './values.ts';

export const phase = oneOf(phases);

type Of<K extends Deed['kind']> = Omit<Extract<Deed, {readonly kind: K}>, 'kind'>;
interface InCluster {
  readonly cluster: string;
}
interface OfNode {
  readonly node: string;
}
const inCluster = (kind: Deed['kind'], cluster = clusterName): Codec<InCluster> =>
  inside(kind, record('{cluster: CLUSTER}', {cluster: need('cluster', cluster)} as Fields<InCluster>));
const ofNode = (kind: Deed['kind']): Codec<OfNode> =>
  inside(kind, record('{node: NODE}', {node: need('node', nodeName)} as Fields<OfNode>));
const ofResource = (kind: 'addResource' | 'removeResource'): Codec<Of<typeof kind>> =>
  inside(
    kind,
    record<Of<typeof kind>>('{resource: RESOURCE, clusters: CLUSTERS}', {
      resource: need('resource', resourceOrAll),
      clusters: need('clusters', clusterNames),
    }),
  );

const rootReplaced = inside(
  'rootReplaced',
  record<Of<'rootReplaced'>>('{clusters: CLUSTERS, onPurpose: true or false}', {
    clusters: need('clusters', clusterNames),
    onPurpose: need('onPurpose', yesOrNo),
  }),
);
const failover = inside(
  'failover',
  record<Of<'failover'>>('{to: CLUSTER, mode: planned or unplanned}', {
    to: need('to', pairedCluster),
    mode: need('mode', oneOf(['planned', 'unplanned'])),
  }),
);
const restore = inside(
  'restore',
  record<Of<'restore'>>('{cluster: CLUSTER, age: DURATION}', {
    cluster: need('cluster', clusterName),
    ageMs: need('age', positiveDuration),
  }),
);
/** Only a pair has one. */
const pairedReplication = checked(oneOf(['replication']), (_, place, reading) => {
  if (reading.clusters !== undefined && reading.clusters.size < 2)
    report(reading, place, 'a pair of clusters for this', 'one cluster');
});
const stall = record<Of<'stall'>>('{stall: replication, for: DURATION}', {
  what: need('stall', pairedReplication),
  forMs: need('for', positiveDuration),
});
const crash = checked(
  record<Of<'crash'>>('{crash: TARGET, after: deed} or {crash: TARGET, before: deed}', {
    target: need('crash', crashTarget),
    after: may('after', oneOf(['deed'])),
    before: may('before', oneOf(['deed'])),
  }),
  ({target, after, before}, place, reading) => {
    if (after !== undefined && before !== undefined)
      report(reading, fieldPlace(place, 'before'), 'one of after and before', 'both');
    if (target.program === 'server' && (after ?? before) !== undefined)
      report(
        reading,
        fieldPlace(place, after === undefined ? 'before' : 'after'),
        'a program of ours, which does deeds',
      );
  },
);

const deed: Codec<Deed> = tagged<Deed>('a deed', {
  down: inside(
    'down',
    record<Of<'down'>>('{node: NODE, for: DURATION}', {
      node: need('node', nodeName),
      forMs: may('for', positiveDuration),
    }),
  ),
  up: ofNode('up'),
  stall,
  crash,
  unknownAnswer: record<Of<'unknownAnswer'>>('{unknownAnswer: TARGET}', {
    target: need('unknownAnswer', programTarget),
  }),
  staleView: record<Of<'staleView'>>('{staleView: TARGET, for: DURATION}', {
    target: need('staleView', programTarget),
    forMs: need('for', positiveDuration),
  }),
  missedEvents: record<Of<'missedEvents'>>('{missedEvents: TARGET, for: DURATION}', {
    target: need('missedEvents', programTarget),
    forMs: need('for', positiveDuration),
  }),
  powerLoss: inside(
    'powerLoss',
    record<Of<'powerLoss'>>('{node: NODE, for: DURATION}', {
      node: need('node', nodeName),
      forMs: need('for', positiveDuration),
    }),
  ),
  clock: inside(
    'clock',
    record<Of<'clock'>>('{of: CLUSTER or NODE, by: DURATION}', {
      of: need('of', placeName),
      byMs: need('by', signedDuration),
    }),
  ),
  resync: record<Of<'resync'>>('{resync: replication}', {what: need('resync', pairedReplication)}),
  loseDeletes: record<Of<'loseDeletes'>>('{loseDeletes: replication, for: DURATION}', {
    what: need('loseDeletes', pairedReplication),
    forMs: need('for', positiveDuration),
  }),
  surplusKey: inCluster('surplusKey', pairedCluster),
  editFile: ofNode('editFile'),
  cutFile: ofNode('cutFile'),
  failover,
  failback: inside('failback', record<Of<'failback'>>('{to: CLUSTER}', {to: need('to', pairedCluster)})),
  restore,
  rootReplaced,
  stateRoot: inCluster('stateRoot'),
  stateRole: inside(
    'stateRole',
    record<Of<'stateRole'>>('{cluster: CLUSTER, role: Active or Standby, on: ring or config}', {
      cluster: need('cluster', pairedCluster),
      role: need('role', oneOf(['Active', 'Standby'])),
      on: need('on', oneOf(['ring', 'config'])),
    }),
  ),
  addResource: ofResource('addResource'),
  removeResource: ofResource('removeResource'),
  uninstallSynchronizer: inCluster('uninstallSynchronizer', pairedCluster),
  installSynchronizer: inCluster('installSynchronizer', pairedCluster),
  stopSynchronizer: inside(
    'stopSynchronizer',
    record<Of<'stopSynchronizer'>>('{cluster: CLUSTER, for: DURATION}', {
      cluster: need('cluster', pairedCluster),
      forMs: need('for', positiveDuration),
    }),
  ),
  compromised: inCluster('compromised'),
  pause: inCluster('pause'),
  resume: inCluster('resume'),
  rotate: inCluster('rotate'),
  forgetNode: ofNode('forgetNode'),
  advance: record<Of<'advance'>>('{advance: DURATION}', {byMs: need('advance', positiveDuration)}),
});

const deeds: Codec<readonly Deed[]> = oneOrMore(deed, {
  expected: `a deed, or a list of 1 to ${maxDeeds} of them`,
  most: maxDeeds,
});

const fact: Codec<Fact> = checked(
  record<Fact>('{cluster: CLUSTER, phase: PHASE}', {
    cluster: need('cluster', clusterName),
    phase: need('phase', phase),
    loadedOn: may('loadedOn', integer(0, maxNodes)),
  }),
  ({cluster, loadedOn}, place, reading) => {
    const nodes = reading.clusters?.get(cluster)?.nodes.length;
    if (nodes !== undefined && loadedOn !== undefined && loadedOn > nodes)
      report(reading, fieldPlace(place, 'loadedOn'), `at most the ${nodes} nodes of ${cluster}`);
  },
);

type At<K extends TimelineEntry['kind']> = Omit<Extract<TimelineEntry, {readonly kind: K}>, 'kind'>;
const entry: Codec<TimelineEntry> = tagged<TimelineEntry>('an entry', {
  at: record<At<'at'>>('{at: DURATION, do: DEEDS}', {atMs: need('at', duration), deeds: need('do', deeds)}),
  after: record<At<'after'>>('{after: DURATION, do: DEEDS}', {
    delayMs: need('after', duration),
    deeds: need('do', deeds),
  }),
  when: record<At<'when'>>('{when: FACT, do: DEEDS}', {fact: need('when', fact), deeds: need('do', deeds)}),
});

/** Notes the kinds of its deeds for the expectations that name one. */
export const timeline: Codec<readonly TimelineEntry[]> = checked(
  list(entry, {
    expected: 'a list of entries {at, after or when, do}',
    most: maxTimelineEntries,
    check: checkTimes,
  }),
  (entries, _, reading) => {
    reading.deeds = new Set(entries.flatMap((each) => each.deeds.map(({kind}) => kind)));
  },
);

/** An entry with a stated time must not come before what stands above it, as early as that can possibly be. */
function checkTimes(entries: readonly (TimelineEntry | undefined)[], places: readonly Place[], reading: Reading): void {
  let earliestMs = 0;
  for (const [index, each] of entries.entries()) {
    const place = places[index];
    if (each === undefined || place === undefined) continue;
    if (each.kind === 'at' && each.atMs < earliestMs) {
      const least = formatDuration(earliestMs);
      report(reading, fieldPlace(place, 'at'), `at least ${least}, when the entries above are over at the earliest`);
      continue;
    }
    if (each.kind === 'at') earliestMs = each.atMs;
    if (each.kind === 'after') earliestMs += each.delayMs;
    for (const done of each.deeds) if (done.kind === 'advance') earliestMs += done.byMs;
  }
}

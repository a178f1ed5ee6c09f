// The whole rehearsal file. Its parts are read in the order in which they name each other, whatever the file's order.

import {
  type Chaos,
  type ClusterPlan,
  type Expectation,
  faultClasses,
  type Rehearsal,
  type Replication,
  type Seeds,
  type Settings,
  type TimelineEntry,
  type WorldPlan,
} from '@etcd-encryption/host-sim';
import {clusters, replication} from './clusters.ts';
import {type Codec, checked, integer, mapped, oneOf, yesOrNo} from './codec.ts';
import {exactlyOne, list, may, need, record} from './composite.ts';
import {expectations} from './expectations.ts';
import {maxRevisions, maxSeeds} from './limits.ts';
import {fieldPlace, report} from './place.ts';
import {timeline} from './timeline.ts';
import {duration, eachOnce, explanation, filePath, name, positiveDuration, resources} from './values.ts';

const seedNumber = integer(0, Number.MAX_SAFE_INTEGER);
const seeds = checked(
  record<Seeds>('{from: NUMBER, count: NUMBER}', {
    from: need('from', seedNumber),
    count: need('count', integer(1, maxSeeds)),
  }),
  ({from, count}, place, reading) => {
    if (!Number.isSafeInteger(from + count - 1))
      report(reading, fieldPlace(place, 'from'), `seeds up to ${Number.MAX_SAFE_INTEGER}`);
  },
);

const settings = record<Settings>('a map of settings', {
  keyStrategy: need('keyStrategy', oneOf(['random', 'deterministic'])),
  rotationIntervalMs: may('rotationInterval', positiveDuration),
  approvalDelayMs: may('approvalDelay', duration),
  activationPolicy: may('activationPolicy', oneOf(['timed-approval', 'manual-approval', 'immediate'])),
  promotionGraceMs: may('promotionGrace', duration),
  standby: may('standby', oneOf(['expected', 'none'])),
  revisions: may('revisions', integer(1, maxRevisions)),
  resources: may('resources', resources),
});

const world = record<WorldPlan>('a map of what is not as in a real cluster', {
  pollMs: may('poll', positiveDuration),
  compactionMs: may('compaction', positiveDuration),
  drainMs: may('drain', duration),
  minAgeMs: may('minAge', duration),
  adopted: may('adopted', yesOrNo),
  prepared: may('prepared', yesOrNo),
});

interface ChaosFields {
  readonly profile?: 'none' | 'light' | 'full';
  readonly classes?: readonly (typeof faultClasses)[number][];
}
const chaosFields = record<ChaosFields>('{profile: none, light or full} or {classes: LIST}', {
  profile: may('profile', oneOf(['none', 'light', 'full'])),
  classes: may(
    'classes',
    list(oneOf(faultClasses), {
      expected: `a list of at least one of ${faultClasses.join(', ')}`,
      least: 1,
      most: faultClasses.length,
      check: eachOnce('class'),
    }),
  ),
});
const noChaos: Chaos = {profile: 'none'};
const chaos: Codec<Chaos> = mapped(
  exactlyOne(chaosFields, 'profile', 'classes'),
  ({profile, classes}) => (classes !== undefined ? {classes} : {profile: profile ?? 'none'}),
  (value) => value,
);

/** The fields as they stand in the file. */
interface FileFields {
  readonly apiVersion: 'rehearsal/v1';
  readonly kind: 'Rehearsal';
  readonly metadata: Rehearsal['metadata'];
  readonly seed?: number;
  readonly seeds?: Seeds;
  readonly settings?: Settings;
  readonly fromConfig?: string;
  readonly clusters: readonly ClusterPlan[];
  readonly replication?: Replication;
  readonly world?: WorldPlan;
  readonly chaos?: Chaos;
  readonly timeline?: readonly TimelineEntry[];
  readonly expect: readonly Expectation[];
}

/** Faults may do any deed, so that an expectation may wait for one that the timeline does not do. */
const chaosFirst: Codec<Chaos> = checked(chaos, (value, _, reading) => {
  reading.chaotic = !('profile' in value) || value.profile !== 'none';
});

const file = record<FileFields>('a rehearsal', {
  apiVersion: need('apiVersion', oneOf(['rehearsal/v1'])),
  kind: need('kind', oneOf(['Rehearsal'])),
  metadata: need(
    'metadata',
    record<Rehearsal['metadata']>('{name: NAME}', {
      name: need('name', name),
      explanation: may('explanation', explanation),
    }),
  ),
  seed: may('seed', seedNumber),
  seeds: may('seeds', seeds),
  settings: may('settings', settings),
  fromConfig: may('fromConfig', filePath),
  clusters: need('clusters', clusters),
  replication: may('replication', replication),
  world: may('world', world),
  chaos: may('chaos', chaosFirst),
  timeline: may('timeline', timeline),
  expect: need('expect', expectations),
});

/** A whole file; what it leaves out is filled in, and written back. */
export const rehearsalFile: Codec<Rehearsal> = mapped(
  exactlyOne(exactlyOne(file, 'seed', 'seeds'), 'settings', 'fromConfig'),
  fromFields,
  toFields,
);

function fromFields(fields: FileFields): Rehearsal {
  const {metadata, seed, seeds, settings, fromConfig, clusters, replication, world, chaos, timeline, expect} = fields;
  return {
    metadata,
    seeds: seeds ?? {from: seed ?? 0, count: 1},
    settings: settings ?? {fromConfig: fromConfig ?? ''},
    clusters,
    ...(replication === undefined ? {} : {replication}),
    ...(world === undefined ? {} : {world}),
    timeline: timeline ?? [],
    chaos: chaos ?? noChaos,
    expect,
  };
}

function toFields({seeds, settings, ...same}: Rehearsal): FileFields {
  return {
    apiVersion: 'rehearsal/v1',
    kind: 'Rehearsal',
    ...same,
    ...(seeds.count === 1 ? {seed: seeds.from} : {seeds}),
    ...('fromConfig' in settings ? {fromConfig: settings.fromConfig} : {settings}),
  };
}

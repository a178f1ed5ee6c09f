// Watches one cluster of a run: its servers, values, bundles, role and phase.

import type {Ring} from '@etcd-encryption/rotation';
import {maxBands, shownPhaseMs} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import {createKeyNames} from './key-names.ts';
import {watchLanes} from './lanes.ts';
import type {Band, BundleSpan, ClusterRecording, Mark, Span} from './model.ts';
import {ringMarks, watchRing} from './rings.ts';
import {createSpans, type Spans} from './spans.ts';
import {watchBacklog, watchValues} from './values.ts';

export interface ClusterWatch {
  readonly close: (atMs: number) => ClusterRecording;
  /** What was left out, in sentences. */
  readonly cuts: () => readonly string[];
}

export interface Surroundings {
  readonly add: (mark: Mark) => void;
  /** Hash of a bundle → the cluster that wrote it; shared by all of a run. */
  readonly writers: Map<string, string>;
  readonly paired: boolean;
  readonly resources: readonly string[];
  readonly phaseOf?: ((cluster: string) => string | undefined) | undefined;
}

export function watchCluster(cluster: Cluster, surroundings: Surroundings): ClusterWatch {
  const {paired, resources} = surroundings;
  const names = createKeyNames();
  const values = watchValues(cluster, names, resources);
  const lanes = watchLanes(cluster, names, values.resources);
  const roles = watchRoles(cluster, paired);
  const backlog = paired ? watchBacklog(cluster) : undefined;
  const {bundles, phases} = watchRingOf(cluster, roles, surroundings);
  return {
    close: (atMs) => ({
      name: cluster.name,
      lanes: lanes.close(atMs),
      values: values.close(),
      bundles: bundles.close(atMs).map(({value, ...span}) => ({...span, ...value})),
      roles: roles.close(atMs),
      phases: bandsOf(phases, atMs),
      backlog: backlog?.close() ?? [],
    }),
    cuts: () => [
      ...lanes.cuts(),
      ...values.cuts(),
      ...(backlog?.cuts() ?? []),
      ...(phases.dropped() === 0 ? [] : [`${cluster.name}: the ${phases.dropped()} oldest phases`]),
    ],
  };
}

type Followed = Omit<BundleSpan, keyof Span>;

interface RingSpans {
  readonly bundles: Spans<Followed>;
  readonly phases: Spans<string>;
}

function watchRingOf(cluster: Cluster, roles: Roles, {add, writers, phaseOf}: Surroundings): RingSpans {
  const {scheduler} = cluster.world;
  const bundles = createSpans<Followed>(maxBands);
  const phases = createSpans<string>(maxBands, shownPhaseMs);
  const seePhase = (said?: string): void => {
    const phase = phaseOf === undefined ? said : phaseOf(cluster.name);
    if (phase !== undefined && phase !== '') phases.set(scheduler.nowMs, phase);
  };
  watchRing(cluster, {
    onRing(ring, before) {
      for (const mark of ringMarks(ring, before)) add({atMs: scheduler.nowMs, cluster: cluster.name, ...mark});
      // Whoever recorded its hash first wrote it.
      for (const {hash} of ring.publications ?? []) if (!writers.has(hash)) writers.set(hash, cluster.name);
      bundles.set(scheduler.nowMs, followedIn(ring, writers));
      if (phaseOf !== undefined) seePhase();
    },
    onStatus(phase, role) {
      seePhase(phase);
      roles.said(role);
    },
  });
  if (phaseOf !== undefined) cluster.observe({onServer: () => seePhase()});
  return {bundles, phases};
}

function followedIn({following}: Ring, writers: ReadonlyMap<string, string>): Followed | undefined {
  if (following === undefined) return undefined;
  const {bundleId, generation, hash, entries} = following;
  return {
    writer: writers.get(hash) ?? '',
    bundle: bundleId.slice(0, 8),
    generation,
    revisions: entries.map(({revision}) => revision),
  };
}

interface Roles {
  /** What the cluster says of itself. */
  readonly said: (role: string) => void;
  readonly close: (atMs: number) => readonly Band[];
}

function watchRoles(cluster: Cluster, paired: boolean): Roles {
  const {scheduler} = cluster.world;
  const spans = createSpans<string>(maxBands);
  let told = '';
  const look = (): void => {
    if (!paired) return;
    const truth = cluster.active ? 'Active' : 'Standby';
    spans.set(scheduler.nowMs, told === '' || told === truth ? truth : `${truth}, says ${told}`);
  };
  look();
  cluster.observe({onRole: look});
  return {
    said(role) {
      told = role;
      look();
    },
    close: (atMs) => bandsOf(spans, atMs),
  };
}

const bandsOf = (spans: Spans<string>, atMs: number): readonly Band[] =>
  spans.close(atMs).map(({value, ...span}) => ({...span, name: value}));

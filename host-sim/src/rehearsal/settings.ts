// The config that the engine of a rehearsal gets, and the times of its world.

import {defaultRotationIntervalMs, formatDuration} from '@etcd-encryption/rotation';
import type {Rehearsal, Settings} from './model.ts';

export type Spec = Readonly<Record<string, unknown>>;

/** Times of the world that no file says; what is absent is as in a real cluster. */
export interface WorldTimes {
  readonly pollMs?: number;
  readonly compactionMs?: number;
  /** Latency of a request, ms. */
  readonly latencyMs?: {readonly least: number; readonly most: number};
  /** Longest that a request runs after its server was told to stop, as the engine is told, ms. */
  readonly drainMs?: number;
  /** `spec.retention.minAge`, ms. */
  readonly minAgeMs?: number;
}

const group = 'rehearsal';

/** Times of the world of a rehearsal: those that whoever runs it gives stand above its own. */
export const timesOf = ({world = {}}: Rehearsal, given: WorldTimes | undefined): WorldTimes => {
  const {prepared: _, adopted: _adopted, ...own} = world;
  return {...own, ...given};
};

/**
 * `spec` of the EtcdEncryptionConfig.
 * @param spec that of the file which the settings name
 * @throws RangeError where the settings name a file and no spec is given
 */
export function specOf({settings}: Rehearsal, times: WorldTimes, spec: Spec | undefined): Spec {
  if (!('fromConfig' in settings)) return specFrom(settings, times);
  if (spec === undefined)
    throw new RangeError(`settings.fromConfig: expected the spec of ${settings.fromConfig} beside it, got none`);
  return spec;
}

/** Between two rotations, ms. */
export const intervalOf = (settings: Rehearsal['settings']): number =>
  ('fromConfig' in settings ? undefined : settings.rotationIntervalMs) ?? defaultRotationIntervalMs;

/** Group id by which the keys of both sides are derived. */
export function groupOf(spec: Spec): string {
  const {deterministic} = spec as {readonly deterministic?: {readonly replicationGroupId?: string}};
  return deterministic?.replicationGroupId ?? group;
}

function specFrom(settings: Settings, {minAgeMs}: WorldTimes): Spec {
  const {rotationIntervalMs, revisions, resources = ['secrets', 'configmaps'], keyStrategy} = settings;
  const retention = {
    ...(revisions === undefined ? {} : {revisions}),
    ...(minAgeMs === undefined ? {} : {minAge: formatDuration(minAgeMs)}),
  };
  return {
    resources,
    type: 'aesgcm',
    keyStrategy,
    ...(rotationIntervalMs === undefined ? {} : {rotationInterval: formatDuration(rotationIntervalMs)}),
    ...(Object.keys(retention).length === 0 ? {} : {retention}),
    ...(keyStrategy === 'random' ? {} : {deterministic: deterministicFrom(settings)}),
  };
}

function deterministicFrom({approvalDelayMs, activationPolicy, promotionGraceMs, standby}: Settings): Spec {
  return {
    replicationGroupId: group,
    ...(approvalDelayMs === undefined ? {} : {approvalDelay: formatDuration(approvalDelayMs)}),
    ...(activationPolicy === undefined ? {} : {activationPolicy}),
    ...(promotionGraceMs === undefined ? {} : {promotionGrace: formatDuration(promotionGraceMs)}),
    ...(standby === undefined ? {} : {standby}),
  };
}

// A cluster's etcd becomes what it was: backups are taken now and then while some deed of the timeline may need them.

import {deleteDeployment, writeDeployment} from '../../world/mirror-signs.ts';
import {restoreSnapshot, type Snapshot, takeSnapshot} from '../../world/snapshot.ts';
import type {Deed, Rehearsal} from '../model.ts';
import {clusterOf, type Stage} from '../stage.ts';
import type {Came} from './came.ts';

export type Restore = Extract<Deed, {kind: 'restore'}>;

interface Backup {
  readonly atMs: number;
  readonly snapshot: Snapshot;
}

export type Backups = ReadonlyMap<string, readonly Backup[]>;

/** Between two backups, ms: a part of the age that is asked for, within these. */
const leastStepMs = 10_000;
const mostStepMs = 3_600_000;
const stepsInAge = 8;

/** The operator sees what came back with etcd and is no more, ms. */
const noticeMs = 30_000;

/** Takes backups of the clusters that may be restored, and keeps those that are not too old for any of the deeds. */
export function keepBackups({scheduler, world}: Stage, restores: readonly Restore[]): Backups {
  const backups = new Map<string, Backup[]>();
  for (const {name, cluster} of world.clusters) {
    const ages = restores.filter((deed) => deed.cluster === name).map(({ageMs}) => ageMs);
    if (ages.length === 0) continue;
    const kept: Backup[] = [];
    const stepMs = Math.ceil(Math.min(mostStepMs, Math.max(leastStepMs, Math.min(...ages) / stepsInAge)));
    const again = (): void => {
      kept.push({atMs: scheduler.nowMs, snapshot: takeSnapshot(cluster)});
      while ((kept[1]?.atMs ?? Number.POSITIVE_INFINITY) <= scheduler.nowMs - Math.max(...ages)) kept.shift();
      scheduler.after(stepMs, `${name}/backups`, again);
    };
    again();
    backups.set(name, kept);
  }
  return backups;
}

export const restoresIn = ({timeline}: Rehearsal): readonly Restore[] =>
  timeline.flatMap(({deeds}) => deeds.filter((deed): deed is Restore => deed.kind === 'restore'));

/** The newest backup that is as old as asked for is put back; without one that old nothing happens. */
export function restore(
  stage: Stage,
  {cluster: name, ageMs}: Restore,
  {backups, came}: {backups: Backups; came: Came},
): void {
  const {scheduler, world} = stage;
  const managed = clusterOf(stage, name);
  const backup = backups.get(name)?.findLast(({atMs}) => atMs <= scheduler.nowMs - ageMs);
  if (backup === undefined) return;
  stage.strike('restore', managed, {what: `etcd of ${name} is restored to ${backup.atMs} ms`, deed: 'restore'});
  if (world.pair === undefined) restoreSnapshot(managed.cluster, backup.snapshot);
  else world.pair.restore(name, backup.snapshot);
  // What was copied since the snapshot is gone: whoever restores a Standby has everything copied again.
  if (world.pair?.synchronizer(name).installed === true) world.pair.synchronizer(name).resync();
  const side = world.simulation.side(name);
  scheduler.after(noticeMs, `${name}/operator`, () => putSignsRight(stage, name));
  side.users.moveTo(side.cluster);
  if (world.users !== side.users && side.cluster.active) world.users.moveTo(side.cluster);
  came();
}

/** The Deployment of a Synchronizer that was taken away since, or installed since, is as the operator wants it again. */
function putSignsRight({world: {pair, simulation}}: Stage, name: string): void {
  if (pair === undefined) return;
  const {cluster} = simulation.side(name);
  if (pair.synchronizer(name).installed) writeDeployment(cluster);
  else deleteDeployment(cluster);
}

// Deeds around the Synchronizer: it stalls, copies everything again, loses deletions, goes and comes; and the failovers
// of product.md's book, which are deeds on it.

import {secretResource} from '@etcd-encryption/rotation';
import {type Pair, replicatedNamespace} from '../../pair.ts';
import type {Synchronizer} from '../../world/synchronizer.ts';
import {isFailoverReady} from '../managed.ts';
import type {Deed, FaultClass} from '../model.ts';
import {type Scene, waitFor, waitUntil} from '../scene.ts';
import {clusterOf, type Stage, type Told} from '../stage.ts';
import type {Came} from './came.ts';

type Of<K extends Deed['kind']> = Extract<Deed, {kind: K}>;

/** Longest that somebody waits until everything is copied, ms. */
const copiedLimitMs = 6 * 3_600_000;
/** Between the moment at which the domain points to a side and the installation on the other one, ms. */
const betweenMs = 60_000;

interface Mirror {
  readonly pair: Pair<string>;
  readonly synchronizer: Synchronizer;
  /** The side that it runs on. */
  readonly on: string;
}

/** What happens to the copying happens to both sides, each in a phase of its own. */
function strikeBoth(stage: Stage, {pair}: Mirror, fault: FaultClass, told: Told): void {
  for (const name of pair.names) stage.strike(fault, clusterOf(stage, name), told);
}

/** The Synchronizer that is installed; `undefined` where none is. */
function installed({world: {pair}}: Stage): Mirror | undefined {
  const on = pair?.names.find((name) => pair.synchronizer(name).installed);
  return pair === undefined || on === undefined ? undefined : {pair, on, synchronizer: pair.synchronizer(on)};
}

export function stall(stage: Stage, {forMs}: Of<'stall'>, came: Came): void {
  const mirror = installed(stage);
  if (mirror === undefined) return;
  strikeBoth(stage, mirror, 'stall', {what: `nothing is copied for ${forMs} ms`, deed: 'stall'});
  mirror.synchronizer.stall(forMs);
  stage.heals(() => mirror.synchronizer.endStall());
  came();
}

export function resync(stage: Stage, _deed: Of<'resync'>, came: Came): void {
  const mirror = installed(stage);
  if (mirror === undefined) return;
  strikeBoth(stage, mirror, 'resync', {what: 'everything is copied again', deed: 'resync'});
  mirror.synchronizer.resync();
  came();
}

export function loseDeletes(stage: Stage, {forMs}: Of<'loseDeletes'>, came: Came): void {
  const mirror = installed(stage);
  if (mirror === undefined) return;
  strikeBoth(stage, mirror, 'lostDelete', {what: `deletions are lost for ${forMs} ms`, deed: 'loseDeletes'});
  const {faults} = mirror.synchronizer;
  faults.losesDeletes = true;
  const end = stage.heals(() => {
    faults.losesDeletes = false;
  });
  stage.scheduler.after(forMs, 'rehearsal/mirror', end);
  came();
}

export function surplusKey(stage: Stage, {cluster: name}: Of<'surplusKey'>, came: Came): void {
  const managed = clusterOf(stage, name);
  if (managed.role() !== 'Standby') return;
  const metadata = {name: `surplus-${stage.scheduler.nowMs}`, namespace: replicatedNamespace};
  const object = {metadata, data: {content: 'of nobody'}};
  if (!managed.operator['store.create']({resource: secretResource, object}).ok) return;
  stage.strike('surplusKey', managed, {what: `${metadata.name} is on ${name} alone`, deed: 'surplusKey'});
  came();
}

export function uninstallSynchronizer(
  {world: {pair}}: Stage,
  {cluster}: Of<'uninstallSynchronizer'>,
  came: Came,
): void {
  if (pair?.synchronizer(cluster).installed !== true) return;
  pair.synchronizer(cluster).uninstall();
  came();
}

export function installSynchronizer({world: {pair}}: Stage, {cluster}: Of<'installSynchronizer'>, came: Came): void {
  if (pair === undefined || pair.synchronizer(cluster).installed) return;
  pair.follow(cluster);
  came();
}

export function stopSynchronizer(stage: Stage, {cluster, forMs}: Of<'stopSynchronizer'>, came: Came): void {
  const mirror = installed(stage);
  if (mirror?.on !== cluster) return;
  strikeBoth(stage, mirror, 'stall', {what: `the Synchronizer stops for ${forMs} ms`, deed: 'stopSynchronizer'});
  mirror.synchronizer.kill();
  const back = stage.heals(() => mirror.synchronizer.start());
  stage.scheduler.after(forMs, 'rehearsal/mirror', back);
  came();
}

export function* failover(stage: Stage, {to, mode}: Of<'failover'>, came: Came): Scene<void> {
  const {pair} = stage.world;
  if (pair === undefined || !pair.synchronizer(to).installed) return;
  if (mode === 'planned' && !(yield* isReady(stage, pair, to))) return;
  takeOver(stage, {pair, to, deed: 'failover'});
  came();
}

export function* failback(stage: Stage, {to}: Of<'failback'>, came: Came): Scene<void> {
  const {pair} = stage.world;
  if (pair === undefined) return;
  if (!pair.synchronizer(to).installed) pair.follow(to);
  yield* waitFor(betweenMs);
  if (!(yield* isReady(stage, pair, to))) return;
  takeOver(stage, {pair, to, deed: 'failback'});
  yield* waitFor(betweenMs);
  pair.follow(pair.other(to));
  came();
}

interface TakeOver {
  readonly pair: Pair<string>;
  readonly to: string;
  readonly deed: 'failover' | 'failback';
}

function takeOver(stage: Stage, {pair, to, deed}: TakeOver): void {
  for (const name of [pair.other(to), to]) {
    stage.strike('failover', clusterOf(stage, name), {what: `${to} takes over`, deed});
  }
  pair.takeOver(to);
}

/**
 * What the operator of a planned failover looks at: this side says that it follows and is ready; then users pause until
 * everything is copied, and what is surplus here is deleted, as the book asks.
 */
function* isReady(stage: Stage, pair: Pair<string>, to: string): Scene<boolean> {
  const standby = clusterOf(stage, to);
  const saysReady = (): boolean => standby.status()?.role === 'Standby' && isFailoverReady(standby);
  if (!(yield* waitUntil(saysReady, copiedLimitMs))) return false;
  pair.users.pause();
  const copied = yield* waitUntil(() => pair.synchronizer(to).backlog === 0, copiedLimitMs);
  pair.users.resume();
  if (!copied) return false;
  deleteSurplus(pair, to);
  return true;
}

/** Deletes what only this side has of what is replicated. */
export function deleteSurplus(pair: Pair<string>, on: string): void {
  const {etcd} = pair.cluster(on);
  for (const key of pair.compare(on).surplus) {
    const item = etcd.get(key);
    if (item !== undefined) etcd.delete(key, item.modRevision, 'user/operator');
  }
}

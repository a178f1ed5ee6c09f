// Deeds on one node: it goes away and comes back, loses its power, has its clock set or its file edited.

import {backupDirectory} from '@etcd-encryption/rotation';
import type {Disk, DiskNode} from '../../world/disk.ts';
import {faultActor} from '../../world/node.ts';
import {type ManagedCluster, nodeOf} from '../managed.ts';
import type {Deed} from '../model.ts';
import type {Stage} from '../stage.ts';
import type {Came} from './came.ts';

type Of<K extends Deed['kind']> = Extract<Deed, {kind: K}>;

/** A node is shut down in order and stays away. */
export const down = (stage: Stage, {node, forMs}: Of<'down'>, came: Came): void =>
  lose(stage, {node, forMs, loss: 0, fault: 'nodeDown', what: 'goes away'}, came);

export const powerLoss = (stage: Stage, {node, forMs}: Of<'powerLoss'>, came: Came): void =>
  lose(stage, {node, forMs, loss: lostAtPowerLoss, fault: 'powerLoss', what: 'loses its power'}, came);

export function up(stage: Stage, {node}: Of<'up'>, came: Came): void {
  if (boot(stage, node)) came();
}

/** Probability that what was not synced is lost with the power. */
const lostAtPowerLoss = 0.9;

interface Loss {
  readonly node: string;
  readonly forMs: number | undefined;
  readonly loss: number;
  readonly fault: 'nodeDown' | 'powerLoss';
  readonly what: string;
}

function lose(stage: Stage, {node, forMs, loss, fault, what}: Loss, came: Came): void {
  if (stage.away.has(node)) return;
  const {managed} = nodeOf(stage.world.clusters, node);
  stage.strike(fault, managed, {what: `${node} ${what}`, node, deed: fault === 'nodeDown' ? 'down' : 'powerLoss'});
  stage.away.add(node);
  stage.world.simulation.powerLoss(node, loss);
  came();
  const back = stage.heals(() => {
    boot(stage, node);
  });
  if (forMs !== undefined) stage.scheduler.after(forMs, `rehearsal/${node}`, back);
}

/** Starts a node that is away; whether it was. */
function boot({away, world, tell}: Stage, node: string): boolean {
  if (!away.delete(node)) return false;
  const {managed} = nodeOf(world.clusters, node);
  world.simulation.boot(node);
  world.enliven();
  tell({cluster: managed.name, node, what: `${node} comes back`, kind: 'deed'});
  return true;
}

/** Sets a wall clock: of a node, or of the controller of a cluster. */
export function clock(stage: Stage, {of, byMs}: Of<'clock'>, came: Came): void {
  const {clusters, simulation} = stage.world;
  const owner = clusters.find(({name}) => name === of);
  const what = `the clock of ${of} is set by ${byMs} ms`;
  if (owner === undefined) {
    const {managed, node} = nodeOf(clusters, of);
    stage.strike('clock', managed, {what, node: of, deed: 'clock'});
    node.settings.clockSkewMs += byMs;
    stage.heals(() => {
      node.settings.clockSkewMs -= byMs;
    });
  } else {
    stage.strike('clock', owner, {what, deed: 'clock'});
    const undo = simulation.decorate(owner.controller, (op, _args, next) => {
      const answer = next();
      if (op !== 'clock.now' || !answer.ok) return answer;
      const now = answer.value as {readonly wallMs: number; readonly monotonicMs: number};
      return {ok: true, value: {...now, wallMs: now.wallMs + byMs}};
    });
    stage.heals(undo);
  }
  came();
}

/** Somebody puts the last version of the file back that differs from the present one. */
export function editFile(stage: Stage, {node: name}: Of<'editFile'>, came: Came): void {
  const {managed, node} = nodeOf(stage.world.clusters, name);
  const older = olderFile(node.disk, node.path);
  if (older === undefined || stage.away.has(name)) return;
  stage.strike('operatorEdit', managed, {what: `an older file is put back on ${name}`, node: name, deed: 'editFile'});
  node.disk.place(node.path, older, {actor: faultActor});
  came();
}

/** Servers of a build that takes no AES-GCM keys, until others take their place at the end. */
export function refuseAesGcm(stage: Stage, {cluster}: ManagedCluster): void {
  for (const {settings} of cluster.nodes) {
    const {accepts} = settings;
    settings.accepts = (kind) => !kind.startsWith('aesgcm/') && accepts(kind);
    stage.heals(() => {
      settings.accepts = accepts;
    });
  }
}

/** Longest that is left of a file that is cut short, bytes. */
const longestStump = 200;

/** Something cuts the file short, as a full disk or an editor that dies does. */
export function cutFile(stage: Stage, {node: name}: Of<'cutFile'>, came: Came): void {
  const {managed, node} = nodeOf(stage.world.clusters, name);
  if (stage.away.has(name) || node.disk.find(node.path)?.kind !== 'file') return;
  stage.strike('operatorEdit', managed, {what: `the file of ${name} is cut short`, node: name, deed: 'cutFile'});
  const length = stage.world.simulation.world.random.stream(name, 'cut file').integer(0, longestStump);
  node.disk.truncate(node.path, length, faultActor);
  came();
}

function olderFile(disk: Disk, path: string): Uint8Array | undefined {
  const bytesOf = (node: DiskNode | undefined): Uint8Array | undefined =>
    node?.kind === 'file' ? node.now.bytes : undefined;
  const present = bytesOf(disk.find(path));
  const names = disk.list(backupDirectory);
  const backups = names.ok ? [...(names.value ?? [])].reverse() : [];
  return backups
    .map((name) => bytesOf(disk.find(`${backupDirectory}/${name}`)))
    .find((bytes) => bytes !== undefined && (present === undefined || !isSame(bytes, present)));
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

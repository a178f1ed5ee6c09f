// What an operator does through the API: pauses, asks for rotations, edits the list of resources, changes the root,
// forgets a node. What nobody answers, or somebody else was faster with, is tried again.

import {fingerprint, fromBase64, toBase64} from '@etcd-encryption/crypto';
import {annotation, type Ring, type StoredObject, secretResource} from '@etcd-encryption/rotation';
import type {SimNode} from '../../world/node.ts';
import {clearTag} from '../../world/stored-value.ts';
import {rootText} from '../derivable.ts';
import {annotate, type Edit, edit, type ManagedCluster, nodeOf} from '../managed.ts';
import type {Deed, DeedKind, FaultClass} from '../model.ts';
import {play, type Scene, waitFor, waitUntil} from '../scene.ts';
import {groupOf} from '../settings.ts';
import {clusterOf, type Stage} from '../stage.ts';
import {rootSecretWith} from '../world.ts';
import type {Came} from './came.ts';

type Of<K extends Deed['kind']> = Extract<Deed, {kind: K}>;

/** Longest that an operator tries, ms. */
export const patienceMs = 3_600_000;
/** Between two steps of one change on both sides, ms. */
const stepMs = 60_000;

export interface Change {
  readonly managed: ManagedCluster;
  readonly fault: FaultClass;
  readonly deed: DeedKind;
  readonly what: string;
  readonly node?: string;
  readonly apply: () => Edit;
}

/** Whether a change was made before the operator lost patience; the fault strikes when it is. */
export function* change(stage: Stage, {managed, fault, deed, what, node, apply}: Change): Scene<boolean> {
  const isDone = (): boolean => {
    if (apply() !== 'done') return false;
    stage.strike(fault, managed, {what, deed, ...(node === undefined ? {} : {node})});
    return true;
  };
  return yield* waitUntil(isDone, patienceMs);
}

/** A request with a text that no other one has. */
function* request(stage: Stage, {kind, cluster}: Of<'rotate' | 'compromised'>, text: string): Scene<boolean> {
  const managed = clusterOf(stage, cluster);
  return yield* change(stage, {
    managed,
    fault: 'operatorEdit',
    deed: kind,
    what: `a rotation is asked for: ${text}`,
    apply: () => annotate(managed, 'config', [annotation.rotate, text]),
  });
}

export function* rotate(stage: Stage, deed: Of<'rotate'>, came: Came): Scene<void> {
  if (yield* request(stage, deed, `requested-${stage.scheduler.nowMs}`)) came();
}

export function* compromised(stage: Stage, deed: Of<'compromised'>, came: Came): Scene<void> {
  if (yield* request(stage, deed, `compromised-${stage.scheduler.nowMs}`)) came();
}

export function* pause(stage: Stage, {cluster}: Of<'pause'>, came: Came): Scene<void> {
  const managed = clusterOf(stage, cluster);
  const isPaused = yield* change(stage, {
    managed,
    fault: 'pause',
    deed: 'pause',
    what: 'rotation is paused',
    apply: () => annotate(managed, 'config', [annotation.pause, 'rehearsed']),
  });
  if (!isPaused) return;
  came();
  stage.heals(() => insist(stage, () => annotate(managed, 'config', [annotation.pause, undefined])));
}

/** Tries until somebody answers, for as long as an operator has patience. */
export function insist({scheduler}: Stage, apply: () => Edit): void {
  play(
    scheduler,
    'rehearsal/operator',
    waitUntil(() => apply() !== 'refused', patienceMs),
    () => {},
  );
}

export function* resume(stage: Stage, {cluster}: Of<'resume'>, came: Came): Scene<void> {
  const managed = clusterOf(stage, cluster);
  const apply = (): Edit => annotate(managed, 'config', [annotation.pause, undefined]);
  if (yield* waitUntil(() => apply() === 'done', patienceMs)) came();
}

export function* addResource(stage: Stage, {resource, clusters}: Of<'addResource'>, came: Came): Scene<void> {
  const add = (present: readonly string[]): readonly string[] => [...new Set([...present, resource])];
  if (yield* editResources(stage, {deed: 'addResource', clusters, what: `${resource} is added`, next: add})) came();
}

export function* removeResource(stage: Stage, {resource, clusters}: Of<'removeResource'>, came: Came): Scene<void> {
  const remove = (present: readonly string[]): readonly string[] => present.filter((each) => each !== resource);
  if (yield* editResources(stage, {deed: 'removeResource', clusters, what: `${resource} is taken out`, next: remove}))
    came();
}

interface ResourcesEdit {
  readonly deed: DeedKind;
  readonly clusters: readonly string[];
  readonly what: string;
  readonly next: (present: readonly string[]) => readonly string[];
}

function* editResources(stage: Stage, {deed, clusters, what, next}: ResourcesEdit): Scene<boolean> {
  let all = true;
  for (const name of clusters) {
    const managed = clusterOf(stage, name);
    const apply = (): Edit => edit(managed, 'config', (object) => withResources(object, next));
    if (!(yield* change(stage, {managed, fault: 'operatorEdit', deed, what, apply}))) all = false;
  }
  return all;
}

function withResources(object: StoredObject, next: ResourcesEdit['next']): StoredObject {
  const spec = (object.spec ?? {}) as {readonly resources?: readonly string[]};
  return {...object, spec: {...spec, resources: next(spec.resources ?? [])}};
}

/** The Secret on each side first; on purpose, then the word on the Standby's ring, and then on the Active's. */
export function* rootReplaced(stage: Stage, {clusters, onPurpose}: Of<'rootReplaced'>, came: Came): Scene<void> {
  const {simulation, spec} = stage.world;
  const root = simulation.world.random.stream('operator', 'root key').bytes(32);
  const sides = clusters.map((name) => clusterOf(stage, name));
  for (const managed of sides) {
    const what = onPurpose ? 'the root is changed' : 'the root Secret is replaced by mistake';
    const before = rootOf(managed);
    const apply = (): Edit => replaceRoot(managed, root);
    if (!(yield* change(stage, {managed, fault: 'rootSwap', deed: 'rootReplaced', what, apply}))) return;
    if (!onPurpose) stage.heals(() => insist(stage, () => takeBack(managed, {mistake: root, before})));
  }
  const {rootCheck = ''} = fingerprint({rootKey: root, replicationGroupId: groupOf(spec)}, []);
  const inOrder = [...sides].sort((a, b) => Number(a.cluster.active) - Number(b.cluster.active));
  for (const managed of onPurpose ? inOrder : []) {
    yield* waitFor(stepMs);
    const apply = (): Edit => annotate(managed, 'ring', [annotation.rootCheck, rootCheck]);
    if (!(yield* waitUntil(() => apply() === 'done', patienceMs))) return;
  }
  came();
}

interface Mistake {
  readonly mistake: Uint8Array;
  readonly before: string | undefined;
}

/** The root of before is put back, unless there is yet another one. */
function takeBack(managed: ManagedCluster, {mistake, before}: Mistake): Edit {
  if (before === undefined || rootOf(managed) !== toBase64(mistake)) return 'absent';
  const read = fromBase64(before);
  return read.outcome === 'ok' ? replaceRoot(managed, read.bytes) : 'absent';
}

/** Base64 of the root key that lies in etcd. */
function rootOf({cluster}: ManagedCluster): string | undefined {
  const text = rootText(cluster);
  return text === '' ? undefined : text;
}

function replaceRoot({operator}: ManagedCluster, root: Uint8Array): Edit {
  const {data, metadata} = rootSecretWith(root);
  const {namespace = '', name} = metadata;
  const read = operator['store.get']({resource: secretResource, namespace, name});
  if (!read.ok) return 'refused';
  if (read.value === undefined) return 'absent';
  return operator['store.replace']({resource: secretResource, object: {...read.value, data}}).ok ? 'done' : 'refused';
}

export function* forgetNode(stage: Stage, {node}: Of<'forgetNode'>, came: Came): Scene<void> {
  const {managed} = nodeOf(stage.world.clusters, node);
  const done = yield* change(stage, {
    managed,
    fault: 'forgetNode',
    deed: 'forgetNode',
    what: `${node} shall be forgotten`,
    node,
    apply: () => annotate(managed, 'ring', [annotation.forgetNode, node]),
  });
  if (done) came();
}

/**
 * A node counts as a member, by the truth, until the ring says that it was forgotten, and again when the ring has it and
 * its server has loaded every write key: before that it is the named exception of a server that no agent gates.
 */
export function followMembership({world: {clusters}}: Stage): void {
  for (const managed of clusters) {
    const {cluster} = managed;
    managed.onFact(() => {
      const ring = managed.ring();
      if (ring === undefined) return;
      if (ring.forgotten.length === 0 && cluster.nodes.every(({settings}) => settings.member)) return;
      for (const node of cluster.nodes) {
        const isMember = node.settings.member ? !isForgotten(ring, node) : isBack(ring, node);
        if (node.settings.member !== isMember) cluster.setMember(node.name, isMember);
      }
    });
  }
}

const isIn = ({members}: Ring, {name}: SimNode): boolean => members.some(({node}) => node === name);

const isForgotten = (ring: Ring, node: SimNode): boolean =>
  !isIn(ring, node) && ring.forgotten.some((each) => each.node === node.name);

function isBack(ring: Ring, node: SimNode): boolean {
  const {server} = node;
  if (!isIn(ring, node) || server?.serves !== true) return false;
  const tags = new Map(ring.keys.map(({id, provider, name, check}) => [id, `${provider}/${name}/${check}`]));
  return ring.layout.resources.every(({resource, write}) => server.canRead(resource, tags.get(write) ?? clearTag));
}

// What a cluster's ring and status tell: which bundle it follows, in which phase it is, and what its controller did.
// Read from what was committed to etcd, as anybody could.

import {
  type CompletedRotation,
  configResource,
  ourNamespace,
  type RecordedDeed,
  type ResourceType,
  type Ring,
  readRing,
  ringResource,
  type StoredObject,
  singletonName,
} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {objectPath, resourceId} from '../world/kinds.ts';
import type {Mark} from './model.ts';

export type NewMark = Omit<Mark, 'atMs' | 'cluster'>;

export interface RingWatch {
  /** The ring changed; `before` is what it was. Told once at the beginning where there is one, with itself before it. */
  readonly onRing: (ring: Ring, before: Ring | undefined) => void;
  /** Phase and role of the cluster's own status. */
  readonly onStatus: (phase: string, role: string) => void;
}

/** Tells of each change of the ring and of the cluster's own status; a mirrored status is another cluster's. */
export function watchRing(cluster: Cluster, watch: RingWatch): void {
  let ring = presentRing(cluster);
  if (ring !== undefined) watch.onRing(ring, ring);
  cluster.observe({
    onCommit({current}, kind) {
      const object = current?.value.object;
      if (isOf(kind?.id, ringResource)) {
        const next = ringIn(object);
        if (next === undefined) return;
        watch.onRing(next, ring);
        ring = next;
      }
      if (isOf(kind?.id, configResource) && ring !== undefined) tellStatus(object, ring.clusterId, watch);
    },
  });
}

/** The ring of a run that did not begin at the beginning. */
function presentRing({etcd, kinds}: Cluster): Ring | undefined {
  const kind = kinds.find(ringResource);
  if (kind === undefined) return undefined;
  return ringIn(etcd.get(objectPath(kind, {namespace: ourNamespace, name: singletonName}))?.value.object);
}

const isOf = (id: string | undefined, resource: ResourceType): boolean => id === resourceId(resource);

function ringIn(object: StoredObject | undefined): Ring | undefined {
  const read = object === undefined ? undefined : readRing(object);
  return read?.outcome === 'ok' ? read.ring : undefined;
}

function tellStatus(object: StoredObject | undefined, clusterId: string, {onStatus}: RingWatch): void {
  const status = statusOf(object);
  if (status.clusterId !== clusterId) return;
  onStatus(typeof status.phase === 'string' ? status.phase : '', typeof status.role === 'string' ? status.role : '');
}

const statusOf = (object: StoredObject | undefined): Readonly<Record<string, unknown>> =>
  (object?.status ?? {}) as Readonly<Record<string, unknown>>;

/** What happened between two versions of a ring. */
export function ringMarks(ring: Ring, before: Ring | undefined): readonly NewMark[] {
  return [
    ...recordMarks(ring, before),
    ...rotationMarks(ring, before),
    ...otherMarks(ring, before),
    ...newIn(ring.history, before?.history ?? [], ({revision, completedAtMs}) => `${revision} ${completedAtMs}`).map(
      completed,
    ),
  ];
}

/** The rotation record's new lines: the dangerous deeds. */
const recordMarks = (ring: Ring, before: Ring | undefined): readonly NewMark[] =>
  newIn(ring.record ?? [], before?.record ?? [], ({hash}) => hash).map(recorded);

const recorded = ({deed, what, why}: RecordedDeed): NewMark => ({
  node: '',
  kind: 'deed',
  what: deed,
  text: `${what} (${why})`,
});

const completed = ({revision, key, rewritten, outcome}: CompletedRotation): NewMark => ({
  node: '',
  kind: 'step',
  what: 'complete',
  text: `rotation ${revision} is ${outcome === 'Complete' ? 'complete' : 'complete but for blocked objects'}: every value under ${key}, ${rewritten} rewritten`,
});

function rotationMarks({rotation}: Ring, before: Ring | undefined): readonly NewMark[] {
  if (rotation === undefined) return [];
  const last = before?.rotation?.revision === rotation.revision ? before.rotation : undefined;
  const marks: NewMark[] = [];
  const mark = (what: string, text: string): void => void marks.push({node: '', kind: 'step', what, text});
  if (last === undefined) mark('rotation begins', `rotation ${rotation.revision} begins: ${beginning(rotation)}`);
  if (rotation.convergedAtMs !== undefined && last?.convergedAtMs === undefined) {
    mark('converged', `every server has loaded ${rotation.key ?? 'the write key'} as its write key`);
  }
  if (rotation.verifiedBy !== undefined && last?.verifiedBy === undefined) {
    mark('verified', `no other key name is stored (${rotation.verifiedBy})`);
  }
  return marks;
}

const beginning = ({reason, requestedBy}: NonNullable<Ring['rotation']>): string =>
  requestedBy === undefined ? reason : `${reason}, asked for by ${requestedBy}`;

function otherMarks(ring: Ring, before: Ring | undefined): readonly NewMark[] {
  const marks: NewMark[] = [];
  const mark = (what: string, text: string, node = ''): void => void marks.push({node, kind: 'step', what, text});
  if (before !== undefined && ring.epoch > before.epoch)
    mark('new leader', `a new leader raised the epoch to ${ring.epoch}`);
  for (const {id, mintedBy} of newIn(ring.keys, before?.keys ?? [], ({id: each}) => each)) {
    if (mintedBy !== undefined) mark('mint', `${id} was made`, mintedBy);
  }
  if (ring.trial !== undefined && ring.trial.id !== before?.trial?.id) {
    mark('first node', 'a new kind of file goes to one node first', ring.trial.node);
  }
  const generation = ring.following?.generation;
  if (generation !== undefined && ring.following?.hash !== before?.following?.hash) {
    mark(
      'follow',
      `follows SeedBundle generation ${generation} with ${ring.following?.entries.at(-1)?.key ?? 'no key'}`,
    );
  }
  if (ring.restored !== undefined && ring.restored.atMs !== before?.restored?.atMs) {
    mark('restore seen', 'nodes hold a higher epoch or bundle than the ring: etcd was restored');
  }
  return marks;
}

function newIn<T>(after: readonly T[], before: readonly T[], idOf: (each: T) => string): readonly T[] {
  const known = new Set(before.map(idOf));
  return after.filter((each) => !known.has(idOf(each)));
}

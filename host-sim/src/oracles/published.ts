// S6 for what is published: one writer for each generation of a bundle id but where both sides are Actives by procedure,
// generations above everything that was accepted, accepted entries as they were, new ones by the chain of seeds, and
// another bundle id only where an operator announced its root.

import {fingerprint, fromBase64, hex, nextSeed, type Settings} from '@etcd-encryption/crypto';
import {annotation, type Ring, rootKeyField} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {Commit} from '../world/etcd.ts';
import type {SimNode} from '../world/node.ts';
import {forkedRevision, type Lineage, type Lineages} from './lineages.ts';
import {annotationIn, bundleTextIn, isProgram, ringIn, ringKey, type StateFile} from './own-objects.ts';
import type {Violate} from './violation.ts';

export interface PublicationHost {
  /** State files as they are now. */
  readonly states: ReadonlyMap<SimNode, StateFile>;
  readonly lineages: Lineages;
  readonly violate: Violate;
  /** For how long after it ceased to be Active a cluster may finish what it had begun, ms. */
  readonly graceMs: number;
}

/** Judges each SeedBundle that a program of the cluster writes, and takes note of every one that is there. */
export function createPublicationJudge(cluster: Cluster, host: PublicationHost): (commit: Commit) => void {
  const {lineages} = host;
  const {scheduler} = cluster.world;
  let activeUntilMs = cluster.active ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  cluster.observe({
    onRole() {
      activeUntilMs = cluster.active ? Number.POSITIVE_INFINITY : scheduler.nowMs + host.graceMs;
    },
  });
  return (commit) => {
    const next = lineages.read(bundleTextIn(commit.current));
    if (isProgram(commit.writer) && commit.current !== undefined) {
      if (next === undefined) host.violate({node: commit.writer, key: commit.key, explanation: 'it is no bundle'});
      else judge(cluster, {commit, next, wasActive: scheduler.nowMs <= activeUntilMs}, host);
    }
    if (next !== undefined) lineages.noteSeeds(next);
  };
}

interface Publication {
  readonly commit: Commit;
  readonly next: Lineage;
  readonly wasActive: boolean;
}

function judge(cluster: Cluster, publication: Publication, host: PublicationHost): void {
  const {commit, next} = publication;
  const stored = cluster.etcd.get(ringKey);
  const ring = ringIn(stored);
  const problem =
    secondWriter(cluster, publication, host.lineages) ??
    besideAccepted(next, host) ??
    otherId(next, ring, annotationIn(stored, annotation.rootCheck)) ??
    unchained(cluster, next, {ring, lineages: host.lineages});
  if (problem !== undefined) host.violate({node: commit.writer, key: next.id, explanation: problem});
}

/** One writer a generation; two only where both are Actives by procedure. */
function secondWriter({name}: Cluster, {next, wasActive}: Publication, {publishers}: Lineages): string | undefined {
  const key = `${next.id}/${next.generation}`;
  const first = publishers.get(key);
  publishers.set(key, first ?? {cluster: name, hash: next.hash, wasActive});
  if (first === undefined || first.hash === next.hash) return undefined;
  if (first.cluster !== name && first.wasActive && wasActive) return undefined;
  return `generation ${next.generation} was published before, by ${first.cluster}, with other bytes`;
}

/** What goes out stands above all that nodes accepted here, with every entry as it was, and ends no earlier. */
function besideAccepted(next: Lineage, {states, lineages}: PublicationHost): string | undefined {
  for (const [{name}, {bundle}] of states) {
    const accepted = lineages.read(bundle);
    if (accepted === undefined || accepted.id !== next.id || accepted.hash === next.hash) continue;
    if (next.generation <= accepted.generation)
      return `generation ${next.generation} is published, ${name} accepted ${accepted.generation}`;
    const forked = forkedRevision(accepted, next);
    if (forked !== undefined) return `revision ${forked} is published with another seed than ${name} accepted`;
    if (next.newest < accepted.newest)
      return `it ends with revision ${next.newest}, ${name} accepted ${accepted.newest}`;
  }
  return undefined;
}

function otherId(next: Lineage, ring: Ring | undefined, announced: string | undefined): string | undefined {
  const followed = ring?.following;
  if (followed === undefined || followed.bundleId === next.id || announced === next.rootCheck) return undefined;
  return `another bundle id than ${followed.bundleId} is published unasked`;
}

/** A seed that was never published is the chain's next, but for the first of an id and after a compromise. */
function unchained(
  cluster: Cluster,
  next: Lineage,
  {ring, lineages}: {readonly ring: Ring | undefined; readonly lineages: Lineages},
): string | undefined {
  const {publishing} = ring ?? {};
  const isFresh = publishing?.prepared?.hash === next.hash && publishing.kind !== 'next' && publishing.kind !== 'raise';
  if (isFresh) return undefined;
  for (const [revision, seed] of next.seeds) {
    if (lineages.knowsSeed(next, revision)) continue;
    const before = next.seeds.get(revision - 1);
    const root = settingsOf(cluster, ring);
    // Made under another root key than the one that is stored now: which seed follows cannot be told.
    if (root === undefined || fingerprint(root, []).rootCheck !== next.rootCheck) return undefined;
    const chained = before === undefined ? undefined : seedAfter(root, revision - 1, before);
    if (chained !== seed) return `the seed of revision ${revision} does not follow from the one before`;
  }
  return undefined;
}

/** What the cluster derives with, by the root Secret as it is stored; `undefined` where there is none. */
function settingsOf({etcd}: Cluster, ring: Ring | undefined): Settings | undefined {
  const derivation = ring?.settings.derivation;
  if (derivation === undefined) return undefined;
  const {rootSecret, replicationGroupId, dimension} = derivation;
  const object = etcd.get(`/registry/secrets/${rootSecret.namespace}/${rootSecret.name}`)?.value.object;
  const data = object?.data as Readonly<Record<string, string>> | undefined;
  const root = fromBase64(data?.[rootKeyField] ?? '');
  return root.outcome === 'ok' && root.bytes.length > 0
    ? {rootKey: root.bytes, replicationGroupId, dimension}
    : undefined;
}

/** The chain's next seed in hex. */
const seedAfter = (settings: Settings, revision: number, seed: string): string =>
  hex(nextSeed(settings, {revision, seed: bytesOf(seed)}));

const bytesOf = (digits: string): Uint8Array =>
  Uint8Array.from({length: digits.length / 2}, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );

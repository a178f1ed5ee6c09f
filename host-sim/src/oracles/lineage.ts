// S6, lineage: accepted generations never fall, accepted entries never change, a fork or another bundle is never adopted
// silently, both sides of a fork stay readable. A ledger of what the ring follows and what each node's state file holds;
// what is published is judged in published.ts. Another id is followed by a Standby under its own root, or where an
// operator announced the root; a node takes a fork, or what is no mere continuation, only when the ring followed it.

import {annotation, type FollowedBundle, type Ring} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import type {Commit} from '../world/etcd.ts';
import type {Observer} from '../world/observer.ts';
import type {KeyTag} from '../world/stored-value.ts';
import {forkedRevision, type Lineage, type Lineages, lineagesOf} from './lineages.ts';
import type {OracleOptions} from './options.ts';
import {
  annotationIn,
  bundleKey,
  isProgram,
  ringIn,
  ringKey,
  type StateChange,
  tagOf,
  watchStates,
} from './own-objects.ts';
import {createPublicationJudge} from './published.ts';
import {type Violate, violator} from './violation.ts';

/** What the cluster's rings have said so far, restored ones too. */
interface Followed {
  /** Hashes of bundles that a ring of this cluster followed. */
  readonly hashes: Set<string>;
  /** Keys of revisions that have another key too: both sides of a fork. */
  readonly forked: Set<KeyTag>;
  /** Keys that a certificate of some ring let go. */
  readonly released: Set<KeyTag>;
}

export function watchLineage(cluster: Cluster, {demotionGraceMs}: Required<OracleOptions>): Observer {
  const violate = violator(cluster, 'S6 lineage');
  const lineages = lineagesOf(cluster.world);
  const followed: Followed = {hashes: new Set(), forked: new Set(), released: new Set()};
  const everLoaded = new Set<KeyTag>();
  const states = watchStates(cluster, (change) => {
    judgeState(change, lineages, {followed, violate});
    const accepted = change.after === undefined ? undefined : lineages.read(change.after.bundle);
    if (accepted !== undefined) lineages.noteSeeds(accepted);
  });
  const judgePublication = createPublicationJudge(cluster, {states, lineages, violate, graceMs: demotionGraceMs});
  const {scheduler} = cluster.world;
  let roleSinceMs = Number.NEGATIVE_INFINITY;
  /** Whether a program that saw its role within the grace could still rightly take itself for a Standby. */
  const mayBeStandby = (): boolean => !cluster.active || scheduler.nowMs - roleSinceMs <= demotionGraceMs;
  return {
    onRole() {
      roleSinceMs = scheduler.nowMs;
    },
    onServer(_node, server) {
      for (const tag of server.loaded.tags) everLoaded.add(tag);
    },
    onCommit(commit) {
      if (commit.key === bundleKey) judgePublication(commit);
      if (commit.key !== ringKey) return;
      const [before, after] = [ringIn(commit.previous), ringIn(commit.current)];
      if (isProgram(commit.writer) && before !== undefined && after !== undefined)
        judgeRing({before, after, commit}, {violate, mayBeStandby});
      if (after !== undefined) note(after, followed);
    },
    onFile(node, before, actor) {
      if (followed.forked.size === 0 || !isProgram(actor) || node.file.state === 'refused') return;
      for (const tag of tagsOf(before)) {
        if (!followed.forked.has(tag) || followed.released.has(tag) || !everLoaded.has(tag)) continue;
        if (tagsOf(node.file).has(tag)) continue;
        violate({node: node.name, key: tag, explanation: 'one side of a fork left the file without a certificate'});
      }
    },
  };
}

const noTags: ReadonlySet<KeyTag> = new Set();
const tagsOf = (file: FileView): ReadonlySet<KeyTag> => (file.state === 'loadable' ? file.transformers.tags : noTags);

function note({following, keys, certificates}: Ring, {hashes, forked, released}: Followed): void {
  if (following === undefined) return;
  hashes.add(following.hash);
  for (const {key, check} of certificates) released.add(`aesgcm/${key}/${check}`);
  for (const key of keys) {
    if (key.derived !== true) continue;
    const other = keys.some(
      ({revision, derived, id}) => derived === true && revision === key.revision && id !== key.id,
    );
    if (other) forked.add(tagOf(key));
  }
}

interface RingChange {
  readonly before: Ring;
  readonly after: Ring;
  readonly commit: Commit;
}

interface RingJudge {
  readonly violate: Violate;
  readonly mayBeStandby: () => boolean;
}

function judgeRing(change: RingChange, judge: RingJudge): void {
  const {before, after, commit} = change;
  const [old, next] = [before.following, after.following];
  if (old === undefined || next === undefined) return;
  const say = (key: string, explanation: string): never => judge.violate({node: commit.writer, key, explanation});
  const keys = new Set(after.keys.map(({id}) => id));
  const released = new Set(after.certificates.map(({key}) => key));
  const lost = [...next.entries, ...old.entries].find(({key}) => !keys.has(key) && !released.has(key));
  if (lost !== undefined) say(lost.key, 'the ring lacks a key of a bundle that was accepted, and nothing let it go');
  if (old.hash === next.hash) return;
  if (old.bundleId !== next.bundleId) {
    if (!isOtherAllowed(change, judge))
      say(next.bundleId, `another bundle id than ${old.bundleId} is followed unasked`);
    return;
  }
  if (changedEntry(old, next) !== undefined) return;
  if (next.generation < old.generation)
    say(next.bundleId, `generation ${next.generation} is followed, ${old.generation} was accepted before`);
}

/** A rival under our own root for a Standby; another root's only where the operator said so on the ring. */
function isOtherAllowed({before, after, commit}: RingChange, {mayBeStandby}: RingJudge): boolean {
  const [old, next] = [before.following?.rootCheck, after.following?.rootCheck];
  if (next !== undefined && annotationIn(commit.current, annotation.rootCheck) === next) return true;
  return (old === undefined || old === next) && mayBeStandby();
}

/** A revision that both have with another key; both keys are in the ring by then, and the conditions name the fork. */
function changedEntry(old: FollowedBundle, next: FollowedBundle): number | undefined {
  const known = new Map(old.entries.map((entry) => [entry.revision, entry]));
  return next.entries.find(({revision, key, check}) => {
    const entry = known.get(revision);
    return entry !== undefined && (entry.key !== key || entry.check !== check);
  })?.revision;
}

interface StateJudge {
  readonly followed: Followed;
  readonly violate: Violate;
}

/** A node accepts what goes on from what it accepted before, or exactly what the ring follows; never a mere rollback. */
function judgeState({node, before, after, actor}: StateChange, lineages: Lineages, judge: StateJudge): void {
  if (!isProgram(actor) || before === undefined || after === undefined || before.bundle === after.bundle) return;
  const [old, next] = [lineages.read(before.bundle), lineages.read(after.bundle)];
  if (old === undefined) return;
  const say = (explanation: string): never => judge.violate({node: node.name, key: next?.id ?? old.id, explanation});
  if (next === undefined) {
    say('the bundle that was accepted is forgotten');
    return;
  }
  const problem = breakIn(old, next);
  if (problem === 'fell') say(`generation ${next.generation} is accepted, ${old.generation} was before`);
  else if (problem !== undefined && !judge.followed.hashes.has(next.hash)) say(problem);
}

/** What keeps a bundle from being a continuation of the one before; `undefined` when it is one. */
function breakIn(old: Lineage, next: Lineage): string | undefined {
  if (old.id !== next.id) return `another bundle id than ${old.id} is accepted unasked`;
  const forked = forkedRevision(old, next);
  if (forked !== undefined) return `another seed of revision ${forked} is accepted unasked`;
  if (next.generation < old.generation) return 'fell';
  if (next.generation === old.generation) return `other bytes of generation ${next.generation} are accepted unasked`;
  return next.newest < old.newest ? `revision ${old.newest} is forgotten unasked` : undefined;
}

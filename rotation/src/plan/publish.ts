// Publishing: a revision that others will follow, by the Active alone. A node makes the bundle at the ring's request, the
// ring records its hash, then the object is written at the version that was seen, then nodes read it back.

import {fromBase64} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {agentSilentMs, maxPublications} from '../limits.ts';
import type {BundleRef, PreparedBundle, PublishRequest} from '../model/bundle.ts';
import type {Ring} from '../model/ring.ts';
import {formatTime} from '../model/time-text.ts';
import {
  asWritten,
  derivationsOf,
  highestGeneration,
  isOurs,
  lastKnown,
  newestEntry,
  readingOf,
  rootCheckOf,
  writeRevision,
} from './bundles.ts';
import {isAnnounced, unsealedKeys} from './follow.ts';
import type {Member} from './membership.ts';
import {nextRevision} from './mint.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

export const publish: Rule = {name: 'publish', apply};

/** By how much the clock of a node that makes a bundle may be ahead of the controller's, ms. */
const maxAheadMs = 300_000;

/** What is to be published, and why. */
export type Publishing = Pick<PublishRequest, 'kind' | 'revision'>;

function apply(view: View): Outcome {
  if (deterministicOf(view) === undefined || roleOf(view).role !== 'Active') return pass;
  if (view.ring.publishing !== undefined)
    return withdraw(view, view.ring.publishing) ?? goOn(view, view.ring.publishing);
  if (view.ring.rotation !== undefined || view.ring.trial !== undefined) return pass;
  // Histories come first: they may show that an activation is under way.
  if (view.ring.restored?.merged === false) return pass;
  const due = publicationDue(view);
  if (due === undefined) return pass;
  if ('kind' in due && due.kind === 'wait') return due;
  return requestPublication(view, due as Publishing);
}

/** What the pair lacks: its first bundle, the one that was lost, or the revision after the present one. */
function publicationDue(view: View): Publishing | Extract<Outcome, {kind: 'wait'}> | undefined {
  const {ring, observation} = view;
  const followed = ring.following;
  const known = lastKnown(view);
  const check = rootCheckOf(view);
  if (observation.seedBundle.state === 'unknown') return undefined;
  if (known === undefined) return {kind: 'first', revision: nextRevision(view)};
  if (followed?.rootCheck !== undefined && check !== undefined && check !== followed.rootCheck) {
    if (isAnnounced(view, check)) {
      const unsealed = unsealedKeys(view);
      return unsealed === undefined
        ? {kind: 'first', revision: nextRevision(view)}
        : {kind: 'wait', reasons: [unsealed]};
    }
    const message = 'the root key changed; annotation root-check on the ring must name the new one';
    return {kind: 'wait', reasons: [because('RootChangeNotAnnounced', message)]};
  }
  if (isLost(view, known)) return {kind: 'raise', revision: newestEntry(acceptedMost(view, known))?.revision ?? 0};
  const reading = readingOf(view);
  if (followed === undefined || reading.state !== 'read' || reading.bundle.hash !== followed.hash) return undefined;
  // Where two sides' bundles were merged, the stored one may end earlier than what is followed.
  const newest = newestEntry(reading.bundle)?.revision ?? 0;
  if (newest > writeRevision(view)) return undefined;
  return nextPublication(view, followed, newest);
}

/** A node raises what it accepted itself: the highest of these bundles, or `known` where no node tells of one. */
function acceptedMost(view: View, known: BundleRef): BundleRef {
  const accepted = derivationsOf(view).flatMap(({derivation}) => derivation.accepted ?? []);
  const fitting = accepted.filter(({bundleId}) => bundleId === known.bundleId);
  return fitting.reduce((a, b) => (b.generation >= a.generation ? b : a), known);
}

/** The chained seed gives the next number and no other; where that is taken by another key, a fresh seed takes a higher one. */
function nextPublication(view: View, followed: BundleRef, newest: number): Publishing {
  const revision = nextRevision(view);
  const chained = derivationsOf(view).flatMap(({derivation: {accepted, next}}) =>
    accepted?.hash === followed.hash && next !== undefined ? [next.id] : [],
  );
  const taken = view.ring.keys.some((key) => key.revision > newest && !chained.includes(key.id));
  return taken ? {kind: 'fresh', revision} : {kind: 'next', revision: newest + 1};
}

/**
 * After a restore, or when the object is gone, older, broken or a rival's: the bundle that was known goes out once more,
 * above all.
 */
function isLost(view: View, known: BundleRef): boolean {
  const {restored, publications = []} = view.ring;
  const {seedBundle} = view.observation;
  if (restored?.merged === true && !publications.some(({atMs}) => atMs > restored.atMs)) return true;
  if (seedBundle.state !== 'seen') return true;
  if (seedBundle.value.hash === known.hash) return false;
  const reading = readingOf(view);
  if (reading.state === 'refused') return reading.outcome === 'malformed' || reading.outcome === 'tampered';
  if (reading.state !== 'read') return false;
  if (reading.bundle.bundleId !== known.bundleId) return isReplaceable(view, known, reading.bundle);
  return reading.bundle.generation < known.generation;
}

/**
 * A rival under our own root that lies here, since the mirror brought it before this side became the Active. Files have
 * its keys by then; histories must, since nobody can derive them once its seeds are gone.
 */
function isReplaceable(view: View, known: BundleRef, {hash, entries}: BundleRef): boolean {
  const isHeld = derivationsOf(view).some(({derivation}) => derivation.accepted?.hash === known.hash);
  if (!isHeld || isOurs(view, hash)) return false;
  return view.members.every(({report}) => entries.every(({key}) => report.history.includes(key)));
}

/** Asks a node for the bytes; whatever else the ring shall hold goes with the same change. */
export function requestPublication(
  view: View,
  {kind, revision}: Publishing,
  more: {readonly [K in keyof Ring]?: Ring[K] | undefined} = {},
): Outcome {
  const {ring, blockers} = view;
  if (blockers.length > 0) return wait(...blockers);
  const [maker] = makersOf(view, kind);
  if (maker === undefined) return wait(because('RootSecretNotReady', 'no node can make a SeedBundle'));
  const approvalDelayMs = deterministicOf(view)?.approvalDelayMs ?? 0;
  const id = `publish-${ring.epoch}-${ring.version}`;
  const publishing: PublishRequest = {id, node: maker.node, kind, revision, approvalDelayMs};
  return changeRing(
    ring,
    {publishing, ...more},
    because('Publishing', `${maker.node} makes the SeedBundle (${kind}, r${revision})`, [maker.node]),
  );
}

/** Nodes that can make a bundle, by name; for `raise`, those that know the highest one come first. */
function makersOf(view: View, kind: PublishRequest['kind']): readonly Member[] {
  const ready = view.members.filter(
    ({report, unchangedForMs}) => report.derivation?.root.state === 'ready' && unchangedForMs <= agentSilentMs,
  );
  if (kind !== 'raise') return ready;
  const generation = ({report}: Member): number => report.derivation?.accepted?.generation ?? 0;
  return [...ready].sort((a, b) => generation(b) - generation(a));
}

/**
 * Nobody can go on from a bundle of the old root once the nodes have another one: what was asked for and is not made yet
 * is asked for no more, and neither is the rotation that waits for its key.
 */
function withdraw({ring, ...view}: View, {prepared, kind}: PublishRequest): Outcome | undefined {
  const check = rootCheckOf({ring, ...view});
  const before = ring.following?.rootCheck;
  if (prepared !== undefined || kind === 'first' || check === undefined || before === undefined || check === before)
    return undefined;
  const isKeyless = ring.rotation !== undefined && ring.rotation.key === undefined;
  return changeRing(
    ring,
    {publishing: undefined, ...(isKeyless ? {rotation: undefined, handledRequest: undefined} : {})},
    because('RootChangeNotAnnounced', 'the root key changed before the SeedBundle was made: it is not made any more'),
  );
}

function goOn(view: View, publishing: PublishRequest): Outcome {
  if (publishing.prepared !== undefined) return write(view, publishing, publishing.prepared);
  const {ring, observation} = view;
  const makers = makersOf(view, publishing.kind);
  const maker = makers.find(({node}) => node === publishing.node);
  const prepared = maker?.report.derivation?.prepared;
  if (maker !== undefined && prepared?.id === publishing.id) {
    const problem = problemOf(view, publishing, prepared);
    if (problem !== undefined)
      return refuse(view, publishing, because('PreparedBundleWrong', `${maker.node}: ${problem}`, [maker.node]));
    const {bundleId, generation, hash} = prepared;
    const publication = {bundleId, generation, hash, atMs: observation.now.wallMs};
    return changeRing(
      ring,
      {
        publishing: {...publishing, prepared},
        publications: [publication, ...(ring.publications ?? [])].slice(0, maxPublications),
      },
      because('Publishing', `generation ${generation} is recorded before it is written`),
      {
        deed: 'publish',
        what: newestEntry(prepared)?.key ?? '',
        why: whyPublished(ring, publishing),
        facts: [roleOf(view).why, `bundle ${bundleId}, generation ${generation}: ${hash}`, `made by ${maker.node}`],
      },
    );
  }
  const other = makers[0];
  if (maker === undefined && other !== undefined) {
    const message = `${other.node} makes it instead of ${publishing.node}`;
    return changeRing(ring, {publishing: {...publishing, node: other.node}}, because('Publishing', message));
  }
  return wait(because('Publishing', `${publishing.node} makes the SeedBundle`, [publishing.node]));
}

/** Each node that can make a bundle is asked once, by a request of its own; after the last one's refusal it is waited. */
function refuse({ring, ...view}: View, publishing: PublishRequest, reason: Reason): Outcome {
  const makers = makersOf({ring, ...view}, publishing.kind);
  const next = makers[makers.findIndex(({node}) => node === publishing.node) + 1];
  if (next === undefined) return wait(reason);
  const id = `publish-${ring.epoch}-${ring.version}`;
  return changeRing(ring, {publishing: {...publishing, id, node: next.node}}, reason);
}

/** `fresh` answers a request; the others follow from what is stored. */
const whyPublished = ({rotation}: Ring, {kind}: PublishRequest): string =>
  kind === 'fresh' && rotation?.request !== undefined ? `${kind}: ${rotation.request}` : kind;

/** What is wrong with a bundle that a node made; a fork, a lower generation or other bytes must never go out. */
function problemOf(
  view: View,
  {kind, revision, approvalDelayMs}: PublishRequest,
  prepared: PreparedBundle,
): string | undefined {
  const {bytes, hash, bundleId, generation, entries} = prepared;
  const read = fromBase64(bytes);
  if (read.outcome !== 'ok' || sha256Hex(read.bytes) !== hash) return 'its bytes do not have its hash';
  const newest = newestEntry(prepared);
  if (newest?.revision !== revision) return `its newest revision is ${newest?.revision}, expected ${revision}`;
  const latestMs = view.observation.now.wallMs + approvalDelayMs + maxAheadMs;
  if (kind !== 'raise' && newest.activateAtMs > latestMs)
    return `r${revision} would write at ${formatTime(newest.activateAtMs)} at the earliest: that node's clock is ahead`;
  const known = lastKnown(view);
  if (kind === 'first')
    return bundleId === known?.bundleId || entries.length !== 1 ? 'it is not the first of a new bundle id' : undefined;
  if (bundleId !== known?.bundleId) return 'it has another bundle id';
  const highest = highestGeneration(view, bundleId);
  if (generation <= highest) return `its generation is ${generation}, expected above ${highest}`;
  const now = new Map(entries.map((entry) => [entry.revision, entry.key]));
  const changed = known.entries.filter((entry) => now.has(entry.revision) && now.get(entry.revision) !== entry.key);
  if (changed.length > 0) return `it has other keys for ${changed.map(({key}) => key).join(', ')}`;
  const oldest = entries[0]?.revision ?? 0;
  const lost = asWritten(view, known).entries.filter((entry) => entry.revision >= oldest && !now.has(entry.revision));
  return lost.length > 0 ? `it lacks ${lost.map(({key}) => key).join(', ')}` : undefined;
}

/** Written at the version that was seen; done when a node read the bytes back and they are followed. */
function write(view: View, publishing: PublishRequest, prepared: PreparedBundle): Outcome {
  const {ring, observation} = view;
  const {seedBundle} = observation;
  if (seedBundle.state === 'unknown') return wait(because('ReadFailed', `SeedBundle: ${seedBundle.why}`));
  if (seedBundle.state === 'seen' && seedBundle.value.hash === prepared.hash) {
    if (ring.following?.hash === prepared.hash) return finish(view, publishing, prepared);
    const {state} = readingOf(view);
    if (state !== 'refused')
      return wait(because('Publishing', `generation ${prepared.generation} is stored; no node has read it yet`));
    // It was made under a root key that was replaced since: nobody will ever read it, and another one takes its place.
    const message = `generation ${prepared.generation} cannot be read by the nodes any more; it is given up`;
    return changeRing(ring, {publishing: undefined, ...undone(ring)}, because('Publishing', message));
  }
  const reading = readingOf(view);
  const higher = reading.state === 'read' && reading.bundle.bundleId === prepared.bundleId ? reading.bundle : undefined;
  if (higher !== undefined && higher.generation >= prepared.generation && !isOurs(view, higher.hash))
    return changeRing(
      ring,
      {publishing: undefined, ...undone(ring)},
      because('Publishing', `generation ${higher.generation} of another cluster is stored; ours is not written`),
    );
  if (view.blockers.length > 0) return wait(...view.blockers);
  return {
    kind: 'act',
    action: {
      do: 'publishBundle',
      bytes: prepared.bytes,
      ...(seedBundle.state === 'seen' ? {resourceVersion: seedBundle.value.resourceVersion} : {}),
    },
    reason: because('Publishing', `generation ${prepared.generation}, up to r${publishing.revision}, is written`),
  };
}

/** A rotation that waited for this very revision has its key now. */
function finish({ring}: View, {revision}: PublishRequest, prepared: PreparedBundle): Outcome {
  const key = newestEntry(prepared)?.key;
  const waiting = ring.rotation !== undefined && ring.rotation.key === undefined && ring.rotation.revision === revision;
  const rotation = waiting && key !== undefined ? {rotation: {...ring.rotation, key}} : {};
  return changeRing(
    ring,
    {publishing: undefined, ...(rotation as {readonly rotation?: NonNullable<Ring['rotation']>})},
    because('Publishing', `generation ${prepared.generation}, up to r${revision}, is published`),
  );
}

/** A rotation that had no key yet begins anew, and so does the request that it was for. */
export function undone({rotation}: Ring): {readonly [K in keyof Ring]?: undefined} {
  if (rotation === undefined || rotation.key !== undefined) return {};
  return {rotation: undefined, ...(rotation.request === undefined ? {} : {handledRequest: undefined})};
}

// Following: what a bundle brings is read at once and in any role; which bundle is followed for writing is another
// matter, and needs a certain role (derivation.md, "Reading and following are two things").

import type {BundleEntryRef, BundleRef, FollowedBundle} from '../model/bundle.ts';
import {type KeyId, type KeyRef, keyObjectName} from '../model/key.ts';
import {annotation} from '../model/resource-types.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import {formatTime} from '../model/time-text.ts';
import {sortKeys} from './adopt.ts';
import {
  compareBundles,
  derivationsOf,
  disagreements,
  isAgreed,
  isOurs,
  keyOfEntry,
  newestEntry,
  readingOf,
  rootCheckOf,
  writeKeys,
} from './bundles.ts';
import {interval} from './due.ts';
import {changeRing, type Outcome, pass, passWith, type Rule} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

export const follow: Rule = {name: 'follow', apply};

function apply(view: View): Outcome {
  if (deterministicOf(view) === undefined) return pass;
  const {ring} = view;
  const keys = newKeys(view);
  if (keys.length > 0) {
    const names = keys.map(({name}) => name).join(', ');
    // What let a key go says nothing of it any more once it is back.
    const certificates = ring.certificates.filter(({key}) => !keys.some(({id}) => id === key));
    const next = {keys: sortKeys([...ring.keys, ...keys]), certificates};
    return changeRing(ring, next, because('Following', `${names} can be derived`));
  }
  const step = nextFollowed(view);
  if ('follow' in step) {
    const {follow: next} = step;
    const newest = newestEntry(next)?.key ?? 'nothing';
    const message = `generation ${next.generation} of bundle ${next.bundleId}, up to ${newest}`;
    return changeRing(ring, {following: next, leftWindow: leftWindow(view, next)}, because('Following', message));
  }
  return passWith(
    ...rootNotes(view),
    ...disagreements(view),
    ...bundleNotes(view),
    ...step.notes,
    ...forks(ring),
    ...activeSilence(view),
  );
}

/** Keys that nodes derive and the ring does not know. */
function newKeys(view: View): readonly RingKey[] {
  const found = new Map<KeyId, RingKey>();
  for (const key of derivable(view)) if (!view.keys.has(key.id) && !found.has(key.id)) found.set(key.id, key);
  return [...found.values()];
}

/** Every entry that a node reads or accepted, and, while we are not Active, the key after it by the chain of seeds. */
function derivable(view: View): readonly RingKey[] {
  if (!isAgreed(view)) return [];
  const reading = readingOf(view);
  const read = reading.state === 'read' ? reading.bundle.entries : [];
  const isDropped = new Set(view.ring.certificates.map(({key}) => key));
  const said = derivationsOf(view);
  const accepted = said.flatMap(({derivation}) => derivation.accepted?.entries ?? []);
  const {role, unread} = roleOf(view);
  const chained = role === 'Active' || unread === true ? [] : said.flatMap(({derivation}) => derivation.next ?? []);
  const earlier = accepted.filter(({key}) => !isDropped.has(key));
  const next = chained.filter(({id}) => !isDropped.has(id));
  return [...[...read, ...earlier].map(keyFrom), ...next.map((ref) => keyFromRef(view, ref))];
}

const keyFrom = (entry: BundleEntryRef): RingKey => ({
  ...keyOfEntry(entry),
  createdAtMs: entry.createdAtMs,
  derived: true,
});

const keyFromRef = ({observation}: View, {id, provider, name, check, revision, length}: KeyRef): RingKey => ({
  id,
  provider,
  name,
  check,
  revision,
  length,
  createdAtMs: observation.now.wallMs,
  derived: true,
});

type Step = {readonly follow: FollowedBundle} | {readonly notes: readonly Reason[]};

const keep = (...notes: readonly Reason[]): Step => ({notes});

/** The bundle to follow from now on, or what is said of the stored one while another is followed. */
function nextFollowed(view: View): Step {
  const reading = readingOf(view);
  const {role} = roleOf(view);
  if (reading.state !== 'read' || role === 'Unknown' || !isAgreed(view)) return keep();
  const {bundle} = reading;
  const followed = view.ring.following;
  if (followed === undefined) return {follow: followedFrom(view, bundle)};
  if (bundle.hash === followed.hash) return keep();
  const isPublished = role === 'Active' && view.ring.publications?.[0]?.hash === bundle.hash;
  if (isPublished) return {follow: followedFrom(view, bundle)};
  return nextByComparison(view, followed, bundle);
}

function nextByComparison(view: View, followed: FollowedBundle, bundle: BundleRef): Step {
  const outcome = compareBundles(followed, bundle);
  switch (outcome) {
    case 'unchanged':
      return keep();
    case 'accepted':
    case 'fork':
      return {follow: followedFrom(view, bundle)};
    case 'changed-entry':
      return {follow: followedFrom(view, mergeBundles(followed, bundle))};
    case 'rollback': {
      const what = `the stored SeedBundle has generation ${bundle.generation}, ${followed.generation} is followed`;
      return keep(because('BundleRollback', what));
    }
    case 'other-bundle':
      return nextOther(view, followed, bundle);
    default:
      return outcome satisfies never;
  }
}

/** A rival under our own root is followed by a Standby at once; one under another root only when it was announced. */
function nextOther(view: View, followed: FollowedBundle, bundle: BundleRef): Step {
  const what = `the stored SeedBundle has id ${bundle.bundleId}, ${followed.bundleId} is followed`;
  const check = rootCheckOf(view);
  if (roleOf(view).role === 'Active') return keep(because('BundleNotFollowed', `${what}; it is another cluster's`));
  const isOwnRoot = followed.rootCheck === undefined || followed.rootCheck === check;
  if (isOwnRoot) return {follow: followedFrom(view, bundle)};
  if (isAnnounced(view, check)) {
    const unsealed = unsealedKeys(view);
    return unsealed === undefined ? {follow: followedFrom(view, bundle)} : keep(unsealed);
  }
  return keep(
    because('RootChangeNotAnnounced', `${what}; the root key changed and annotation root-check does not say so`),
  );
}

/** Whether an operator announced the change to the root key that the nodes hold now. */
export const isAnnounced = ({observation}: View, check: string | undefined): boolean =>
  check !== undefined && observation.ringAnnotations[annotation.rootCheck] === check;

/** Under a new root no old key can be derived any more, so each must lie sealed before that root is taken; why not yet. */
export function unsealedKeys({ring, observation: {keyObjects}}: View): Reason | undefined {
  if (keyObjects.state !== 'seen')
    return because('ReadFailed', 'key objects could not be read, and the root key shall change');
  const sealed = new Set(keyObjects.value.map(({name}) => name));
  const names = ring.keys
    .filter((key) => key.derived === true && !sealed.has(keyObjectName(key)))
    .map(({name}) => name);
  if (names.length === 0) return undefined;
  return because('KeyNotSealed', `${names.join(', ')}: not sealed yet, and under the new root not to be derived`);
}

/** All entries, later times, the higher generation: no key is lost and none is activated earlier. */
function mergeBundles(followed: BundleRef, bundle: BundleRef): BundleRef {
  const entries = new Map(followed.entries.map((entry) => [entry.revision, entry]));
  for (const entry of bundle.entries) {
    const old = entries.get(entry.revision);
    const merged = {
      ...entry,
      createdAtMs: Math.max(entry.createdAtMs, old?.createdAtMs ?? 0),
      activateAtMs: Math.max(entry.activateAtMs, old?.activateAtMs ?? 0),
    };
    entries.set(entry.revision, merged);
  }
  return {
    ...bundle,
    generation: Math.max(followed.generation, bundle.generation),
    entries: [...entries.values()].sort((a, b) => a.revision - b.revision),
  };
}

function followedFrom(view: View, {bundleId, generation, hash, entries}: BundleRef): FollowedBundle {
  const {following} = view.ring;
  const rootCheck = rootCheckOf(view);
  const isOther = following !== undefined && (following.bundleId !== bundleId || following.otherLineage === true);
  const isWritten = writeKeys(view.ring).some((id) => entries.some(({key}) => key === id));
  return {
    bundleId,
    generation,
    hash,
    entries,
    sinceMs: view.observation.now.wallMs,
    ...(rootCheck === undefined ? {} : {rootCheck}),
    ...(isOther && !isWritten ? {otherLineage: true as const} : {}),
  };
}

/** Since when each derived key is in no followed bundle. */
function leftWindow({ring, observation}: View, next: BundleRef): Ring['leftWindow'] {
  const inside = new Set(next.entries.map(({key}) => key));
  const outside = ring.keys.filter(({id, derived}) => derived === true && !inside.has(id));
  return Object.fromEntries(outside.map(({id}) => [id, ring.leftWindow?.[id] ?? observation.now.wallMs]));
}

/** Nodes without a root key, and those that cannot use the one they have. */
function rootNotes(view: View): readonly Reason[] {
  const silent = view.members.filter(({report}) => report.derivation === undefined).map(({node}) => node);
  const notes = derivationsOf(view).flatMap(({node, derivation: {root}}) =>
    root.state === 'ready' ? [] : [because('RootSecretNotReady', `${node}: ${root.state}: ${root.why}`, [node])],
  );
  if (silent.length === 0) return notes;
  return [...notes, because('RootSecretNotReady', `${silent.join(', ')}: no word on the root Secret yet`, silent)];
}

function bundleNotes(view: View): readonly Reason[] {
  const reading = readingOf(view);
  if (reading.state !== 'refused') return [];
  const whose = view.observation.seedBundle.state === 'seen' && isOurs(view, view.observation.seedBundle.value.hash);
  const message = `${reading.outcome}: ${reading.detail}${whose ? ' (written by this cluster)' : ''}`;
  return [because('SeedBundleRefused', message)];
}

/** Two derived keys of one revision: both sides published it with other seeds. Both keys are kept. */
function forks({keys}: Ring): readonly Reason[] {
  const derived = keys.filter((key) => key.derived === true);
  const doubled = derived.filter(({revision, id}) =>
    derived.some((each) => each.revision === revision && each.id !== id),
  );
  if (doubled.length === 0) return [];
  const names = doubled.map(({name}) => name).sort();
  return [because('BundleFork', `${names.join(', ')}: other keys of the same revision; all are kept`)];
}

/** No bundle for two intervals: nobody is Active, or nothing is mirrored. A late word is a condition, never a step. */
export function activeSilence(view: View): readonly Reason[] {
  const {following} = view.ring;
  const agoMs = view.observation.now.wallMs - (following?.sinceMs ?? view.observation.now.wallMs);
  if (agoMs < 2 * interval(view) || roleOf(view).role === 'Active') return [];
  const since = formatTime(following?.sinceMs ?? 0);
  return [because('ActiveSilent', `no SeedBundle was published since ${since}, for two rotation intervals`)];
}

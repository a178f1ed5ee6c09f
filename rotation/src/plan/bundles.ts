// What is known of SeedBundles: how the stored one reads on the nodes, which keys it gives, whose it is, and what it is
// to the one that is followed. A controller cannot open bundles; it believes nodes that read the very bytes it sees.

import type {BundleEntryRef, BundleRef, DerivationReport, FollowedBundle} from '../model/bundle.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {isKey} from '../model/layout.ts';
import type {Ring} from '../model/ring.ts';
import {same} from '../model/same.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';

/** How the bundle in the API reads. */
export type BundleReading =
  | {readonly state: 'absent'}
  | {readonly state: 'unknown'; readonly why: string}
  /** Nodes give it another meaning, or some refuse what others read. */
  | {readonly state: 'disputed'; readonly nodes: readonly string[]}
  | {readonly state: 'refused'; readonly outcome: string; readonly detail: string}
  | {readonly state: 'read'; readonly bundle: BundleRef};

interface Said {
  readonly node: string;
  readonly derivation: DerivationReport;
}

/** What the members say of derivation, by node. */
export const derivationsOf = ({members}: View): readonly Said[] =>
  members.flatMap(({node, report: {derivation}}) => (derivation === undefined ? [] : [{node, derivation}]));

/** The stored bundle as the nodes read it; a report about other bytes says nothing of these. */
export function readingOf(view: View): BundleReading {
  const {seedBundle} = view.observation;
  if (seedBundle.state === 'absent') return seedBundle;
  if (seedBundle.state === 'unknown') return seedBundle;
  const {hash} = seedBundle.value;
  const about = derivationsOf(view).flatMap(({node, derivation}) => {
    // Without the root key a node only remembers what it read.
    const meaning = derivation.root.state === 'ready' ? meaningOf(derivation, hash) : undefined;
    return meaning === undefined ? [] : [{node, meaning}];
  });
  const [first] = about;
  if (first === undefined) return {state: 'unknown', why: 'no node has read it yet'};
  const others = about.filter(({meaning}) => !same(meaning, first.meaning));
  return others.length > 0 ? {state: 'disputed', nodes: about.map(({node}) => node)} : first.meaning;
}

function meaningOf({bundle}: DerivationReport, hash: string): BundleReading | undefined {
  if (bundle.state === 'read' && bundle.bundle.hash === hash) return {state: 'read', bundle: bundle.bundle};
  if (bundle.state !== 'refused' || bundle.hash !== hash) return undefined;
  return {state: 'refused', outcome: bundle.outcome, detail: bundle.detail};
}

/** Whether this cluster wrote these bytes: recorded in the ring before they were written, or made by a node here. */
export const isOurs = (view: View, hash: string): boolean =>
  (view.ring.publications ?? []).some((each) => each.hash === hash) ||
  derivationsOf(view).some(({derivation}) => derivation.prepared?.hash === hash);

/** The highest that is known here of the followed bundle id, by the ring and the nodes' state files. */
export function lastKnown(view: View): BundleRef | undefined {
  const {following} = view.ring;
  const accepted = derivationsOf(view).flatMap(({derivation}) => derivation.accepted ?? []);
  const fitting = accepted.filter(({bundleId}) => following === undefined || bundleId === following.bundleId);
  return fitting.reduce<BundleRef | undefined>(
    (a, b) => (a === undefined || b.generation > a.generation ? b : a),
    following,
  );
}

/** A bundle as its bytes have it: what is followed may hold entries of the one that was followed before (a merge). */
export function asWritten(view: View, bundle: BundleRef): BundleRef {
  const reading = readingOf(view);
  const written = [
    ...(reading.state === 'read' ? [reading.bundle] : []),
    ...derivationsOf(view).flatMap(({derivation}) => derivation.accepted ?? []),
  ];
  return written.find(({hash}) => hash === bundle.hash) ?? bundle;
}

/** Keys that a bundle still shows to others: of the followed one, and of the one that is stored. */
export function windowKeys(view: View): ReadonlySet<KeyId> {
  const reading = readingOf(view);
  const bundles = [view.ring.following, reading.state === 'read' ? reading.bundle : undefined];
  return new Set(bundles.flatMap((bundle) => bundle?.entries.map(({key}) => key) ?? []));
}

/** Highest generation that anybody here ever saw of a bundle id. */
export function highestGeneration(view: View, bundleId: string): number {
  const {following, publications = [], publishing} = view.ring;
  const reading = readingOf(view);
  const known: readonly (Pick<BundleRef, 'bundleId' | 'generation'> | undefined)[] = [
    following,
    publishing?.prepared,
    ...publications,
    ...(reading.state === 'read' ? [reading.bundle] : []),
    ...derivationsOf(view).map(({derivation}) => derivation.accepted),
  ];
  return Math.max(0, ...known.map((each) => (each?.bundleId === bundleId ? each.generation : 0)));
}

export const keyOfEntry = ({key, check, revision}: BundleEntryRef): KeyRef => ({
  id: key,
  provider: 'aesgcm',
  name: key,
  check,
  revision,
  length: 32,
});

export const newestEntry = (bundle: BundleRef | undefined): BundleEntryRef | undefined => bundle?.entries.at(-1);

/** Revision of the present write key; 0 while nothing of ours writes. */
export const writeRevision = ({ring, keys}: View): number =>
  Math.max(0, ...ring.layout.resources.map(({write}) => keys.get(write)?.revision ?? 0));

/** Keys that write now, by the ring. */
export const writeKeys = ({layout}: Ring): readonly KeyId[] => [
  ...new Set(layout.resources.map(({write}) => write).filter((write) => write !== 'own' && isKey(write))),
];

/** What a bundle is to the one that is followed (derivation.md, "Reading and following"), by names in place of seeds. */
export function compareBundles(
  followed: FollowedBundle,
  bundle: BundleRef,
): 'unchanged' | 'accepted' | 'rollback' | 'fork' | 'changed-entry' | 'other-bundle' {
  if (bundle.hash === followed.hash) return 'unchanged';
  if (bundle.bundleId !== followed.bundleId) return 'other-bundle';
  const before = new Map(followed.entries.map((entry) => [entry.revision, entry]));
  const common = bundle.entries.flatMap((now) => {
    const old = before.get(now.revision);
    return old === undefined ? [] : [{old, now}];
  });
  if (common.some(({old, now}) => old.key !== now.key || old.check !== now.check)) return 'fork';
  if (bundle.generation < followed.generation) return 'rollback';
  const newest = newestEntry(bundle)?.revision ?? 0;
  const forgotten = followed.entries.some(({revision}) => revision > newest);
  if (forgotten || bundle.generation === followed.generation || common.some(({old, now}) => !same(old, now)))
    return 'changed-entry';
  return 'accepted';
}

/** Root check that all nodes with a root key agree on; `undefined` where none has one or they differ. */
export function rootCheckOf(view: View): string | undefined {
  const checks = new Set(
    derivationsOf(view).flatMap(({derivation: {root}}) => (root.state === 'ready' ? [root.rootCheck] : [])),
  );
  const [check] = checks;
  return checks.size === 1 ? check : undefined;
}

/** Why the nodes cannot be believed about derived keys; empty when all hold the same root key and settings. */
export function disagreements(view: View): readonly Reason[] {
  const reading = readingOf(view);
  const disputed = reading.state === 'disputed' ? reading.nodes : [];
  const what = `${disputed.join(', ')} read different keys from the same SeedBundle`;
  return [
    ...otherRoots(view),
    ...(disputed.length === 0 ? [] : [because('DerivedKeysDiffer', what, disputed)]),
    ...doubledNames(view),
  ];
}

/** Nodes whose root key or settings are not those of the others. */
function otherRoots(view: View): readonly Reason[] {
  const ready = derivationsOf(view).flatMap(({node, derivation: {root}}) =>
    root.state === 'ready' ? [{node, root}] : [],
  );
  const [first] = ready;
  for (const tag of ['rootCheck', 'groupTag', 'dimensionTag'] as const) {
    const other = ready.filter(({root}) => root[tag] !== first?.root[tag]).map(({node}) => node);
    if (other.length === 0) continue;
    const what = tag === 'rootCheck' ? 'root key' : tag === 'groupTag' ? 'replication group' : 'dimension';
    return [because('RootSecretsDiffer', `${other.join(', ')} and ${first?.node} have another ${what}`, other)];
  }
  return [];
}

/** Nodes that were not heard: what they hold or read may contradict the others. */
export function unheardNodes(view: View): readonly string[] {
  const forgotten = new Set(view.ring.forgotten.map(({node}) => node));
  const unread = Object.keys(view.observation.badReports).filter((node) => !forgotten.has(node));
  const open = derivationsOf(view).filter(
    ({derivation: {root, bundle}}) =>
      root.state === 'unknown' || (root.state === 'ready' && bundle.state === 'unknown'),
  );
  return [...new Set([...unread, ...open.map(({node}) => node)])].sort();
}

/**
 * Whether every node was heard and all derive alike: what a single node derives with a wrong root key would stand in the
 * ring for ever, since no other node could hold it.
 */
export const isAgreed = (view: View): boolean =>
  unheardNodes(view).length === 0 && otherRoots(view).length === 0 && doubledNames(view).length === 0;

/** Two keys under one name: a name holds only half of a check value. */
function doubledNames(view: View): readonly Reason[] {
  const checks = new Map(view.ring.keys.map(({id, check}) => [id, check]));
  return derivationsOf(view).flatMap(({node, derivation: {bundle, accepted, next}}) => {
    const entries = [...(bundle.state === 'read' ? bundle.bundle.entries : []), ...(accepted?.entries ?? [])];
    const told = [...entries.map(keyOfEntry), ...(next === undefined ? [] : [next])];
    const other = told.filter(({id, check}) => {
      const known = checks.get(id) ?? check;
      checks.set(id, known);
      return known !== check;
    });
    const names = [...new Set(other.map(({name}) => name))].sort();
    if (names.length === 0) return [];
    return [because('DerivedKeysDiffer', `${node}: ${names.join(', ')} is another key than the one known`, [node])];
  });
}

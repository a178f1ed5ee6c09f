// L2: from any reachable state the clusters settle, and then nothing but heartbeats changes until something is due.
// Settled is a matter of truth: rings at rest, every member's server with exactly the ring's file, state files of the
// ring's epoch, and on both sides of a pair the same bundle with the next key loaded.

import type {Ring} from '@etcd-encryption/rotation';
import type {SimNode} from '../../world/node.ts';
import {type StateFile, tagOf, watchStates} from '../own-objects.ts';
import type {PromiseWatch, WatchedCluster} from './watched.ts';

/** Changes of a ring while it has settled, in {@link quietMs}: a Standby looks at its values, old keys are looked for. */
const maxQuietChanges = 120;
const quietMs = 600_000;

export interface Settling {
  readonly watches: readonly PromiseWatch[];
  /** Whether everything has been at rest for a while, or comes back to it after a rotation that was due. */
  readonly isQuiet: () => boolean;
  readonly judge: () => void;
}

export interface SettlingOptions {
  readonly healedAtMs: number;
  /** Longest that it may take, ms. */
  readonly limitMs: number;
}

export function watchSettling(clusters: readonly WatchedCluster[], {healedAtMs, limitMs}: SettlingOptions): Settling {
  const states = new Map(clusters.map((each) => [each, watchStates(each.cluster, () => {})] as const));
  let settledSinceMs: number | undefined;
  let everSettled = false;
  /** Rotations that began after everything had been at rest. */
  let begun = 0;
  let isChanged = true;
  const whyNot = (): string | undefined => whyUnsettled(clusters, states);
  const look = (): void => {
    if (!isChanged) return;
    isChanged = false;
    settledSinceMs = whyNot() === undefined ? (settledSinceMs ?? clusters[0]?.nowMs()) : undefined;
    everSettled ||= settledSinceMs !== undefined;
  };
  const watches = clusters.map((watched) =>
    watchQuiet(watched, {
      isSettled: () => settledSinceMs !== undefined,
      changed() {
        isChanged = true;
      },
      look,
      began() {
        if (everSettled) begun++;
      },
      disturbed() {
        isChanged = true;
        settledSinceMs = undefined;
      },
    }),
  );
  return {
    watches,
    isQuiet() {
      look();
      if (settledSinceMs === undefined) return false;
      return begun > 0 || (clusters[0]?.nowMs() ?? 0) - settledSinceMs >= quietMs;
    },
    judge() {
      const [first] = clusters;
      if (first === undefined) return;
      look();
      if (everSettled || first.nowMs() - healedAtMs < limitMs) return;
      first.broke('L2 settles', {explanation: `it never came to rest: ${whyNot()}`});
    },
  };
}

interface QuietHost {
  /** Something is another one: it is worth a look. */
  readonly changed: () => void;
  /** A rotation begins. */
  readonly began: () => void;
  /** Sees whether everything is at rest now. */
  readonly look: () => void;
  readonly isSettled: () => boolean;
  /** Something happened that nobody's program did, or that was due: it may settle anew. */
  readonly disturbed: () => void;
}

/** What programs change while everything is at rest and nothing is due. */
function watchQuiet(watched: WatchedCluster, host: QuietHost): PromiseWatch {
  const {changed, began, look, isSettled, disturbed} = host;
  const {cluster} = watched;
  let changes = 0;
  let sinceMs = 0;
  const say = (what: string): void =>
    watched.broke('L2 settles', {explanation: `everything was at rest and nothing due, and ${what}`});
  cluster.observe({
    onServer: disturbed,
    onRole: disturbed,
    onMembers: disturbed,
    onFile(node, _before, actor) {
      if (actor.startsWith('program/') && isSettled()) say(`the file of ${node.name} changed`);
      disturbed();
    },
  });
  const count = (): void => {
    const nowMs = watched.nowMs();
    if (nowMs - sinceMs > quietMs) {
      sinceMs = nowMs;
      changes = 0;
    }
    changes++;
    if (changes > maxQuietChanges) say(`the ring was changed ${changes} times within ${quietMs} ms`);
  };
  return {
    onConfig: disturbed,
    onStatus: look,
    onRing(before, after, {writer}) {
      changed();
      if (before?.rotation === undefined && after?.rotation !== undefined) began();
      if (!isSettled() || before === undefined || after === undefined) return;
      if (!writer.startsWith('program/')) {
        disturbed();
        return;
      }
      count();
      if (after.epoch !== before.epoch) say(`epoch ${after.epoch} began`);
      else if (isBegun(before, after) || after.layout.keys.length < before.layout.keys.length) disturbed();
      else if (after.following?.hash !== before.following?.hash) disturbed();
    },
  };
}

const isBegun = (before: Ring, after: Ring): boolean =>
  (before.rotation === undefined && after.rotation !== undefined) ||
  (before.publishing === undefined && after.publishing !== undefined);

type States = ReadonlyMap<WatchedCluster, ReadonlyMap<SimNode, StateFile>>;

/** What is not at rest, in a few words; `undefined` when all is. */
function whyUnsettled(clusters: readonly WatchedCluster[], states: States): string | undefined {
  for (const watched of clusters) {
    const why = restless(watched, states.get(watched) ?? new Map());
    if (why !== undefined) return `${watched.cluster.name}: ${why}`;
  }
  return whyApart(clusters);
}

function restless(watched: WatchedCluster, states: ReadonlyMap<SimNode, StateFile>): string | undefined {
  const ring = watched.ring();
  if (ring === undefined) return 'there is no ring';
  for (const what of ['rotation', 'publishing', 'trial', 'minting'] as const)
    if (ring[what] !== undefined) return `${what} is under way`;
  if (ring.history.length === 0) return 'no rotation was ever completed';
  for (const node of watched.cluster.nodes) {
    const why = node.settings.member ? whyNotCurrent(node, ring, states.get(node)) : undefined;
    if (why !== undefined) return `${node.name}: ${why}`;
  }
  return undefined;
}

const isOurs = (tag: string): boolean => /^aesgcm\/r\d+-/.test(tag);

/** What a member lacks of the ring's own file, loaded, or has beside it. */
function whyNotCurrent(node: SimNode, ring: Ring, state: StateFile | undefined): string | undefined {
  const {file, server} = node;
  if (server?.serves !== true) return 'its server does not serve';
  if (file.state !== 'loadable') return 'its file is not one that loads';
  if (server.loadedHash !== file.hash) return 'its server has not loaded its file';
  if (state !== undefined && state.epoch !== ring.epoch)
    return `its agent is at epoch ${state.epoch}, the ring at ${ring.epoch}`;
  const keys = new Map(ring.keys.map((key) => [key.id, tagOf(key)]));
  const missing = ring.layout.keys.find((id) => !file.transformers.tags.has(keys.get(id) ?? id));
  if (missing !== undefined) return `its file lacks ${missing}`;
  const wanted = new Set(ring.layout.keys.map((id) => keys.get(id)));
  const extra = [...file.transformers.tags].find((tag) => isOurs(tag) && !wanted.has(tag));
  if (extra !== undefined) return `its file still holds ${extra}`;
  const wrong = ring.layout.resources.find(({resource, write}) => {
    const tag = keys.get(write);
    return tag !== undefined && !resource.includes('*') && file.transformers.of(resource)[0]?.tag !== tag;
  });
  return wrong === undefined ? undefined : `it does not write ${wrong.resource} with ${wrong.write}`;
}

/** How the sides of a pair differ: one bundle, one write key, and the next key is in every file. */
function whyApart(clusters: readonly WatchedCluster[]): string | undefined {
  const following = clusters.map((each) => each.ring()?.following);
  if (following.every((each) => each === undefined)) return undefined;
  const [first] = following;
  const [one, other] = clusters.map((each) => each.cluster.name);
  if (following.some((each) => each?.hash !== first?.hash)) return `${one} and ${other} follow different bundles`;
  const writes = clusters.map((each) =>
    each
      .ring()
      ?.layout.resources.map(({write}) => write)
      .join(),
  );
  if (writes.some((each) => each !== writes[0])) return `${one} and ${other} write with different keys`;
  const newest = first?.entries.at(-1);
  const lacks = clusters.find((each) => newest !== undefined && each.ring()?.layout.keys.includes(newest.key) !== true);
  if (lacks !== undefined) return `${lacks.cluster.name} has not ${newest?.key} in its files`;
  const isPublished = newest !== undefined && writes[0]?.split(',').includes(newest.key) !== true;
  return isPublished ? undefined : 'the next revision is not published';
}

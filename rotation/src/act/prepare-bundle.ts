// The next SeedBundle is made at the ring's request and only kept and told: the ring records its bytes before the
// controller writes them, so what was made and lost was never published.

import {
  type BundleEntry,
  encodeSeedBundle,
  hex,
  nextSeed,
  type SeedBundle,
  type Settings,
  toBase64,
} from '@etcd-encryption/crypto';
import {maxBundleRevisions, publishedRevisions} from '../limits.ts';
import type {BundleRef, PublishRequest} from '../model/bundle.ts';
import type {Ring} from '../model/ring.ts';
import type {DerivationMemory} from '../observe/agent-memory.ts';
import {settingsWith} from '../observe/root-key.ts';
import {openBundle} from '../observe/seed-bundles.ts';
import {ask, demand, failed, ok, type Result, type Step} from '../ports.ts';
import type {NodeDeed} from './node-deed.ts';

const bundleIdLength = 16;
const seedLength = 32;

interface Making {
  readonly request: PublishRequest;
  readonly ring: Ring;
  readonly settings: Settings;
  /** The bundle accepted last and its keys by reference; absent for the first of an id. */
  readonly base: SeedBundle | undefined;
  readonly baseRef: BundleRef | undefined;
}

/** Makes the bundle of a request and remembers it; the report tells it. */
export function* prepareBundle(deed: NodeDeed, request: PublishRequest): Step<Result<undefined>> {
  const deriving = deed.memory.derivation;
  const ring = deed.observation.ring.state === 'seen' ? deed.observation.ring.value : undefined;
  if (deriving?.root === undefined || ring === undefined) return failed('unavailable', 'the root key is not held');
  const settings = settingsWith(deriving.settings, deriving.root.secret);
  const accepted = request.kind === 'first' ? undefined : acceptedBundle(deed);
  const making: Making = {request, ring, settings, base: accepted?.bundle, baseRef: accepted?.ref};
  const fit = doesNotFit(making);
  if (fit !== undefined) return failed('conflict', fit);
  const made = yield* makeBundle(making, highestGeneration(deed, making));
  return made.ok ? keep(deriving, making, made.value) : made;
}

/** The bundle of the state file, as it was opened when it was read. */
function acceptedBundle({
  memory,
  observation: {state},
}: NodeDeed): {readonly bundle: SeedBundle; readonly ref: BundleRef} | undefined {
  const text = state.state === 'seen' ? state.value.bundle : '';
  const content = memory.derivation?.opened.get(text)?.content;
  return content?.outcome === 'ok' ? content : undefined;
}

/** A request that was made for another bundle than the one that this node accepted is not answered. */
function doesNotFit({request: {kind, revision}, ring, base, baseRef}: Making): string | undefined {
  if (kind === 'first') return undefined;
  if (base === undefined) return 'this node has accepted no bundle to go on from';
  const {following} = ring;
  if (following !== undefined && following.bundleId !== baseRef?.bundleId)
    return `this node accepted bundle ${hex(base.bundleId)}, the ring follows ${following.bundleId}`;
  if (following !== undefined && following.generation > base.generation)
    return `this node accepted generation ${base.generation}, the ring follows ${following.generation}`;
  const newest = base.entries.at(-1)?.revision ?? 0;
  const fits = kind === 'raise' ? revision === newest : kind === 'next' ? revision === newest + 1 : revision > newest;
  return fits ? undefined : `revision ${revision} does not go on from ${newest}, the newest of the accepted bundle`;
}

/** The highest generation under the base's id that this node ever heard of. */
function highestGeneration({observation}: NodeDeed, {ring, baseRef}: Making): number {
  if (baseRef === undefined) return 0;
  const {bundleId: id, generation: accepted} = baseRef;
  const stored = observation.derivation?.bundle;
  const known = [
    ...(stored?.state === 'read' ? [stored.bundle] : []),
    ...(ring.following === undefined ? [] : [ring.following]),
    ...(ring.publications ?? []),
  ];
  return Math.max(accepted, ...known.filter(({bundleId}) => bundleId === id).map(({generation}) => generation));
}

function* makeBundle(making: Making, highest: number): Step<Result<SeedBundle>> {
  const {base, request} = making;
  const generation = highest + 1;
  if (request.kind === 'raise' && base !== undefined) return ok({...base, generation});
  const bundleId = base === undefined ? yield* randomBytes(bundleIdLength, []) : ok(base.bundleId);
  if (!bundleId.ok) return bundleId;
  const entry = yield* makeEntry(making);
  if (!entry.ok) return entry;
  return ok({bundleId: bundleId.value, generation, entries: [...windowOf(making), entry.value]});
}

function* makeEntry({request, settings, base}: Making): Step<Result<BundleEntry>> {
  const newest = base?.entries.at(-1);
  const known = base?.entries.map(({seed}) => seed) ?? [];
  const chained = request.kind === 'next' && newest !== undefined;
  const seed = chained ? ok(nextSeed(settings, newest)) : yield* randomBytes(seedLength, known);
  if (!seed.ok) return seed;
  const {wallMs} = yield* demand('clock.now', {});
  const createdAtMs = Math.floor(wallMs);
  const activateAtMs = createdAtMs + Math.max(0, Math.floor(request.approvalDelayMs));
  return ok({revision: request.revision, createdAtMs, activateAtMs, seed: seed.value});
}

/** Zeros, equal bytes or what is known already come from a broken generator: nothing is made from them. */
function* randomBytes(length: number, known: readonly Uint8Array[]): Step<Result<Uint8Array>> {
  const random = yield* ask('entropy.bytes', {length});
  if (!random.ok) return random;
  const bytes = Uint8Array.from(random.value);
  const broken = bytes.length !== length || bytes.every((byte) => byte === bytes[0]);
  const repeated = known.some((each) => hex(each) === hex(bytes));
  return broken || repeated
    ? failed('unavailable', 'the random bytes are constant, too few or those of a seed that exists')
    : ok(bytes);
}

/**
 * Entries that stay: the newest, and from the oldest on that this side still needs; none leaves between two. A key that
 * is proven clean here, with history gone up to the proof, stays in the files only until the bundle lets it go.
 */
function windowOf({base, baseRef, ring}: Making): readonly BundleEntry[] {
  const entries = base?.entries ?? [];
  const clean = new Set(ring.clean.filter(({compactedBy}) => compactedBy !== undefined).map(({key}) => key));
  const held = new Set(ring.keys.map(({id}) => id).filter((id) => !clean.has(id)));
  const oldest = baseRef?.entries.findIndex(({key}) => held.has(key)) ?? -1;
  const newest = Math.max(0, entries.length - publishedRevisions);
  const from = oldest < 0 ? newest : Math.min(oldest, newest);
  return entries.slice(from).slice(-(maxBundleRevisions - 1));
}

function keep(deriving: DerivationMemory, {request, settings}: Making, bundle: SeedBundle): Result<undefined> {
  let bytes: string;
  try {
    bytes = toBase64(encodeSeedBundle(bundle, settings));
  } catch (error) {
    return failed('invalid', error instanceof Error ? error.message : 'the bundle cannot be written');
  }
  const opened = openBundle(bytes, settings);
  if (opened.content.outcome !== 'ok') return failed('invalid', `it reads back as ${opened.content.outcome}`);
  for (const {secret} of opened.content.keys) secret.wipe();
  deriving.prepared = {...opened.content.ref, id: request.id, bytes};
  return ok(undefined);
}

// SeedBundles as an agent opens them: verified under its root key, every revision's key derived. Keys go into the
// agent's memory; what leaves are references.

import {
  type DataKey,
  decodeSeedBundle,
  deriveDataKeys,
  fromBase64,
  hex,
  nextSeed,
  type SeedBundle,
  type Settings,
  toBase64,
} from '@etcd-encryption/crypto';
import type {BundleOutcome, BundleRef} from '../model/bundle.ts';
import {absent, type Fact, seen, unread} from '../model/fact.ts';
import type {KeyRef} from '../model/key.ts';
import {refOf} from '../model/key-ring.ts';
import {ourNamespace, seedBundleResource, singletonName} from '../model/resource-types.ts';
import {ask, type Step} from '../ports.ts';
import {bundleHash} from './pair.ts';

/** A bundle's bytes and what they are under one root key. */
export interface OpenedBundle {
  /** Base64 of the bytes; empty where they are none. */
  readonly bytes: string;
  /** SHA-256 (lower hex) of the bytes, or of the text where it is no base64. */
  readonly hash: string;
  readonly content:
    | {readonly outcome: 'ok'; readonly bundle: SeedBundle; readonly ref: BundleRef; readonly keys: readonly DataKey[]}
    | {readonly outcome: Exclude<BundleOutcome, 'ok'>; readonly detail: string};
}

/** `spec.bundle` of the SeedBundle; an object without that text is an empty bundle. */
export function* readStoredBundle(): Step<Fact<string>> {
  const answer = yield* ask('store.get', {resource: seedBundleResource, namespace: ourNamespace, name: singletonName});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const {bundle} = (answer.value.spec ?? {}) as {readonly bundle?: unknown};
  return seen(typeof bundle === 'string' ? bundle : '');
}

/** Decodes, verifies and derives. */
export function openBundle(text: string, settings: Settings): OpenedBundle {
  const hash = bundleHash(text);
  const decoded = fromBase64(text);
  if (decoded.outcome !== 'ok') {
    const detail = `expected base64, got another character at place ${decoded.at + 1}`;
    return {bytes: '', hash, content: {outcome: 'malformed', detail}};
  }
  const bytes = toBase64(decoded.bytes);
  const read = decodeSeedBundle(decoded.bytes, settings);
  if (read.outcome !== 'ok') return {bytes, hash, content: read};
  const {bundle} = read;
  const keys = deriveDataKeys(settings, bundle.entries);
  return {bytes, hash, content: {outcome: 'ok', bundle, ref: refTo(bundle, hash, keys), keys}};
}

function refTo({bundleId, generation, entries}: SeedBundle, hash: string, keys: readonly DataKey[]): BundleRef {
  const refs = new Map<number, KeyRef>(keys.map((key) => [key.revision, refOf(key)]));
  return {
    bundleId: hex(bundleId),
    generation,
    hash,
    entries: entries.map(({revision, createdAtMs, activateAtMs}) => {
      const {id = '', check = ''} = refs.get(revision) ?? {};
      return {revision, key: id, check, createdAtMs, activateAtMs};
    }),
  };
}

/** The key after a bundle's newest, by the chain of seeds; the last revision of all has none. */
export function keyAfter({entries}: SeedBundle, settings: Settings): DataKey | undefined {
  const newest = entries.at(-1);
  if (newest === undefined || newest.revision === Number.MAX_SAFE_INTEGER) return undefined;
  const [key] = deriveDataKeys(settings, [{revision: newest.revision + 1, seed: nextSeed(settings, newest)}]);
  return key;
}

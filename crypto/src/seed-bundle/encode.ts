// Writes a SeedBundle and authenticates it. The caller brings id, generation, times and seeds: nothing here is random.

import type {Backend} from '../backend.ts';
import {defaultBackend} from '../backends/default.ts';
import {concat, requireBytes, typeName} from '../bytes.ts';
import {deriveBundleValues} from '../derivation/derive.ts';
import {type Settings, withSettings} from '../derivation/settings.ts';
import {bundleMacBytes} from '../limits.ts';
import {type BundleEntry, problemOf, type SeedBundle, writeUnsigned} from './layout.ts';

/**
 * The bytes of a bundle under these settings: 96 and 56 for each entry. Same input, same bytes.
 * @throws TypeError or RangeError that name the field, for settings of another form and for every bundle that
 * `decodeSeedBundle` would call malformed: 0 or 65 entries, revisions that do not rise, a seed that stands twice, …
 */
export function encodeSeedBundle(bundle: SeedBundle, settings: Settings, backend?: Backend): Uint8Array {
  const hashing = defaultBackend(backend);
  const copy = copyBundle(bundle);
  const problem = problemOf(copy);
  if (problem !== undefined) throw new RangeError(problem);
  return withSettings(settings, (open) => {
    const {macKey, ...tags} = deriveBundleValues(open, copy.bundleId, hashing);
    try {
      const unsigned = writeUnsigned(copy, tags);
      return concat(unsigned, hashing.hmacSha512(macKey, unsigned).subarray(0, bundleMacBytes));
    } finally {
      macKey.fill(0);
    }
  });
}

/** Copies before looking: memory that another thread shares may change between the look and the use. */
function copyBundle(bundle: SeedBundle): SeedBundle {
  const {bundleId, generation, entries} = bundle ?? {};
  requireBytes(bundleId, 'bundleId');
  if (!Array.isArray(entries)) throw new TypeError(`entries: expected an array, got ${typeName(entries)}`);
  return {bundleId: new Uint8Array(bundleId), generation, entries: Array.from(entries, copyEntry)};
}

function copyEntry(entry: BundleEntry, i: number): BundleEntry {
  const seed = entry?.seed;
  requireBytes(seed, `entries[${i}].seed`);
  return {...entry, seed: new Uint8Array(seed)};
}

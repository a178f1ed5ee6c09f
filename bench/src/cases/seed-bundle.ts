// What a Standby does with a bundle that arrives: it reads it, verifies it and derives the key of every entry.

import {
  type Backend,
  concat,
  type DataKey,
  decodeSeedBundle,
  deriveDataKeys,
  encodeSeedBundle,
  proveBackend,
  utf8,
} from '@etcd-encryption/crypto';
import {type CaseFile, sideOf, type TimedCase} from '../case.ts';
import {bytesFor, revisionSeeds, settings} from '../inputs.ts';
import {bundleEntries} from '../limits.ts';
import {ourBackend} from '../ours.ts';
import {loadRivals} from '../rivals/index.ts';
import {backendOf} from '../rivals/rival.ts';

export const seedBundle: CaseFile = {name: 'seed-bundle', load: seedBundleCase};

async function seedBundleCase(): Promise<TimedCase> {
  const bytes = madeBundle();
  const rivals = (await loadRivals()).map(({name, family, ...hashing}) => {
    const backend = proveBackend(backendOf({name, family, ...hashing}));
    return sideOf({name, family, work: () => keysOf(bytes, backend)}, bytesOf);
  });
  return {
    kind: 'timed',
    name: 'seed-bundle',
    title: `a SeedBundle of ${bundleEntries} entries: decode, verify, derive every key`,
    unit: 'bundle',
    units: 1,
    ours: sideOf({name: ourBackend.name, family: 'ours', work: () => keysOf(bytes, ourBackend)}, bytesOf),
    rivals,
    skipped: [],
  };
}

function madeBundle(): Uint8Array {
  const entries = revisionSeeds
    .slice(0, bundleEntries)
    .map(({revision, seed}) => ({revision, createdAtMs: revision, activateAtMs: revision + 1, seed}));
  return encodeSeedBundle({bundleId: bytesFor('bundle id', 16), generation: 1, entries}, settings, ourBackend);
}

function keysOf(bytes: Uint8Array, backend: Backend): DataKey[] {
  const decoded = decodeSeedBundle(bytes, settings, backend);
  if (decoded.outcome !== 'ok')
    throw new Error(`seed-bundle: expected a bundle from ${backend.name}, got ${decoded.outcome}`);
  return deriveDataKeys(settings, decoded.bundle.entries, backend);
}

function bytesOf(keys: readonly DataKey[]): Uint8Array {
  return concat(
    ...keys.flatMap(({name, checkValue, secret}) => [
      utf8(`${name} ${checkValue} `),
      secret.withBytes((bytes) => new Uint8Array(bytes)),
    ]),
  );
}

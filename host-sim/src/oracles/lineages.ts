// What all clusters of a run know of bundles together: every bundle's content, each text read once; who published which
// generation; and which seeds were ever published. Outlives programs, disks and restores.

import {fromBase64, hex, readUnverifiedSeedBundle} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import type {World} from '../world/world.ts';

/** A bundle by its bytes alone. */
export interface Lineage {
  /** 32 hex digits. */
  readonly id: string;
  readonly generation: number;
  /** SHA-256 of the bytes. */
  readonly hash: string;
  /** 16 hex digits. */
  readonly rootCheck: string;
  /** Seed in hex by revision, rising. */
  readonly seeds: ReadonlyMap<number, string>;
  readonly newest: number;
}

export interface Publisher {
  readonly cluster: string;
  readonly hash: string;
  /** Whether it was an Active by the script of the run when it published. */
  readonly wasActive: boolean;
}

export interface Lineages {
  /** What a bundle's text says; `undefined` for what is no bundle. */
  readonly read: (text: string) => Lineage | undefined;
  /** By bundle id and generation: who published it first. */
  readonly publishers: Map<string, Publisher>;
  /** Takes note of the seeds of a bundle that was published or accepted somewhere. */
  readonly noteSeeds: (lineage: Lineage) => void;
  /** Whether a revision of a bundle was seen with the seed that it has there. */
  readonly knowsSeed: (lineage: Lineage, revision: number) => boolean;
}

const byWorld = new WeakMap<World, Lineages>();

/** The lineages of a run, the same for each of its clusters. */
export function lineagesOf(world: World): Lineages {
  const known = byWorld.get(world) ?? newLineages();
  byWorld.set(world, known);
  return known;
}

function newLineages(): Lineages {
  const texts = new Map<string, Lineage | undefined>();
  const seeds = new Set<string>();
  const noted = new Set<string>();
  return {
    publishers: new Map(),
    noteSeeds(lineage) {
      if (noted.has(lineage.hash)) return;
      noted.add(lineage.hash);
      for (const revision of lineage.seeds.keys()) seeds.add(seedKey(lineage, revision));
    },
    knowsSeed: (lineage, revision) => seeds.has(seedKey(lineage, revision)),
    read(text) {
      if (texts.has(text)) return texts.get(text);
      const lineage = readLineage(text);
      texts.set(text, lineage);
      return lineage;
    },
  };
}

const seedKey = ({id, seeds}: Lineage, revision: number): string => `${id}/${revision}/${seeds.get(revision)}`;

function readLineage(text: string): Lineage | undefined {
  const decoded = fromBase64(text);
  const read = decoded.outcome === 'ok' ? readUnverifiedSeedBundle(decoded.bytes) : undefined;
  if (decoded.outcome !== 'ok' || read?.outcome !== 'ok') return undefined;
  const {bundle, tags} = read;
  return {
    id: hex(bundle.bundleId),
    generation: bundle.generation,
    hash: sha256Hex(decoded.bytes),
    rootCheck: hex(tags.rootCheck),
    seeds: new Map(bundle.entries.map(({revision, seed}) => [revision, hex(seed)])),
    newest: bundle.entries.at(-1)?.revision ?? 0,
  };
}

/** A revision that both have under another seed; `undefined` when none is. */
export function forkedRevision(before: Lineage, after: Lineage): number | undefined {
  for (const [revision, seed] of after.seeds) {
    const known = before.seeds.get(revision);
    if (known !== undefined && known !== seed) return revision;
  }
  return undefined;
}

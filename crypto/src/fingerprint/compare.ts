// Compares the fingerprints of two sides and names the first cause alone: under another root key every tag and every
// key differs, and a list of all that would hide the one thing that is to be corrected.

import type {Fingerprint} from './fingerprint.ts';

/** What differs between two sides. `a` and `b` are what each shows of it, or `none`. */
export type FingerprintDifference = {
  readonly what:
    | 'root key'
    | 'replication group id'
    | 'dimension'
    | 'seed bundle'
    | `revision ${number}`
    | `adopted key ${string}`;
  readonly a: string;
  readonly b: string;
  /** In one sentence: what it leads to or comes from. */
  readonly meaning: string;
};

/** The answer of `compareFingerprints`; `differences` is empty exactly if `same`. */
export type FingerprintComparison = {
  readonly same: boolean;
  readonly differences: readonly FingerprintDifference[];
};

/**
 * The first cause of all that differs: root key, then replication group id, dimension, bundle id, revisions whose keys
 * differ, generation, revisions that one side lacks, adopted keys. Several differences are told only of one cause.
 */
export function compareFingerprints(a: Fingerprint, b: Fingerprint): FingerprintComparison {
  const differences = causes.map((find) => find(a, b)).find((found) => found.length > 0) ?? [];
  return {same: differences.length === 0, differences};
}

type FindCause = (a: Fingerprint, b: Fingerprint) => readonly FingerprintDifference[];

const noKeyIsShared = 'no revision has the same key on both sides';

const causes: readonly FindCause[] = [
  (a, b) => field('root key', a.rootCheck, b.rootCheck, `the root Secrets differ: ${noKeyIsShared}`),
  (a, b) => field('replication group id', a.groupTag, b.groupTag, `these are two groups: ${noKeyIsShared}`),
  (a, b) => field('dimension', a.dimensionTag, b.dimensionTag, `the dimensions differ: ${noKeyIsShared}`),
  (a, b) => field('seed bundle', a.bundleId, b.bundleId, 'one side does not follow the other'),
  (a, b) => listed('revision', keysOf(a), keysOf(b), true, 'two keys of one revision: a fork'),
  (a, b) => field('seed bundle', generationOf(a), generationOf(b), 'one side has not received the newest one'),
  (a, b) => listed('revision', keysOf(a), keysOf(b), false, onlyOneSide),
  (a, b) => listed('adopted key', adoptedOf(a), adoptedOf(b), false, onlyOneSide),
];

const onlyOneSide = 'only one side can read what is written under it';

function field(
  what: FingerprintDifference['what'],
  a: string | undefined,
  b: string | undefined,
  meaning: string,
): readonly FingerprintDifference[] {
  return a === b ? [] : [{what, a: a ?? 'none', b: b ?? 'none', meaning}];
}

const generationOf = ({generation}: Fingerprint): string | undefined =>
  generation === undefined ? undefined : `generation ${generation}`;

/** Texts of both sides by revision or name; with `onBoth`, only of what both have. */
function listed<K extends number | string>(
  kind: 'revision' | 'adopted key',
  ofA: ReadonlyMap<K, string>,
  ofB: ReadonlyMap<K, string>,
  onBoth: boolean,
  meaning: string,
): readonly FingerprintDifference[] {
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .filter((key) => !onBoth || (ofA.has(key) && ofB.has(key)))
    .sort((x, y) => (x < y ? -1 : 1))
    .flatMap((key) => field(`${kind} ${key}` as FingerprintDifference['what'], ofA.get(key), ofB.get(key), meaning));
}

/** What a side has of each revision: usually one key, several after a fork, in the order of their check values. */
function keysOf({revisions}: Fingerprint): ReadonlyMap<number, string> {
  const keys = new Map<number, string[]>();
  for (const {revision, name, checkValue} of revisions) {
    const texts = keys.get(revision) ?? [];
    keys.set(revision, texts);
    texts.push(`${name} (check ${checkValue})`);
  }
  return new Map([...keys].map(([revision, texts]) => [revision, texts.sort().join(', ')]));
}

/** How many keys there are of each name: their highest number. */
function adoptedOf({adopted}: Fingerprint): ReadonlyMap<string, string> {
  const counts = new Map<string, string>();
  for (const {name, number} of adopted) counts.set(name, `${number}`);
  return counts;
}

// Where in a file a value stands, what is there, and what is wrong with it.

import type {ClusterPlan, DeedKind} from '@etcd-encryption/host-sim';
import {isAlias, isMap, isNode, isPair, isScalar, isSeq} from 'yaml';
import {maxGotLength} from './limits.ts';

export interface Place {
  /** A node of the YAML document; anything else is nothing. */
  readonly node: unknown;
  /** Of its first character in the text, UTF-16 units. */
  readonly offset: number;
  /** `clusters.east.nodes[0]`; empty for the whole file. */
  readonly path: string;
}

export interface Finding {
  readonly offset: number;
  readonly message: string;
}

/** What one reading knows of the file so far, for the parts that name other parts. */
export interface Reading {
  readonly findings: Finding[];
  /** By name; absent unless the clusters were read without a problem, and then nothing is looked up. */
  clusters?: ReadonlyMap<string, ClusterPlan>;
  /** Whether faults may happen that no timeline states. */
  chaotic?: boolean;
  /** Kinds of the timeline's deeds; absent where it has problems. */
  deeds?: ReadonlySet<DeedKind>;
}

/** Notes a problem; answers `undefined`, as every reader does then. */
export function report({findings}: Reading, place: Place, expected: string, got = describe(place.node)): undefined {
  const where = place.path === '' ? '' : `${place.path}: `;
  findings.push({offset: place.offset, message: `${where}expected ${expected}, got ${got}`});
  return undefined;
}

/** What a node is, in a few words. */
export function describe(node: unknown): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias';
  if (!isScalar(node) || node.value === null || node.value === undefined) return 'nothing';
  if (typeof node.value === 'string') return quote(node.value);
  if (typeof node.value !== 'number' && typeof node.value !== 'boolean') return 'a value of another type';
  return shorten(node.source ?? String(node.value));
}

export const quote = (text: string): string => JSON.stringify(shorten(text));

const shorten = (text: string): string => (text.length > maxGotLength ? `${text.slice(0, maxGotLength)}…` : text);

/** A key and its value as they stand in a map; the key is `undefined` when it is no text. */
export interface Entry {
  readonly key: string | undefined;
  readonly keyPlace: Place;
  readonly value: Place;
}

/** The entries of a map in the file's order; none when it is no map. */
export function entriesOf(place: Place): readonly Entry[] {
  if (!isMap(place.node)) return [];
  return place.node.items.filter(isPair).map((pair) => {
    const key = isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined;
    const offset = offsetOf(pair.key) ?? place.offset;
    const path = place.path === '' ? (key ?? '') : `${place.path}.${key ?? ''}`;
    return {
      key,
      keyPlace: {node: pair.key, offset, path: place.path},
      value: {node: pair.value, offset: offsetOf(pair.value) ?? offset, path},
    };
  });
}

/** The place of one field; the map's own where there is no such field. */
export function fieldPlace(place: Place, name: string): Place {
  const path = place.path === '' ? name : `${place.path}.${name}`;
  const value = entriesOf(place).find(({key}) => key === name)?.value;
  return value ?? {node: undefined, offset: place.offset, path};
}

/** The places of a list's items. */
export function itemPlaces(place: Place): readonly Place[] {
  if (!isSeq(place.node)) return [];
  return place.node.items.map((node, index) => ({
    node,
    offset: offsetOf(node) ?? place.offset,
    path: `${place.path}[${index}]`,
  }));
}

const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

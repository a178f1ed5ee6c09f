// What the configuration files hold: the keys, and per resource which of them writes. A file is rendered from a
// layout; two layouts differ by one kind of change at a time (add, reorder, drop, resource).

import type {KeyId, KeyRef} from './key.ts';

/** `own` = whatever this node's present file writes with (adoption of nodes that differ). */
export type WriteKey = KeyId | 'identity' | 'own';

export interface LayoutResource {
  /** As kube-apiserver writes it: `secrets`, `widgets.example.com`, `*.apps`, `*.*`. */
  readonly resource: string;
  readonly write: WriteKey;
  /** On its way out of the list: written in clear, still read with every key. */
  readonly leaving?: true;
}

/** A block of an adopted file whose resources we do not manage: kept in its own order. */
export interface KeptBlock {
  readonly resources: readonly string[];
  readonly order: readonly string[];
}

export interface Layout {
  /** Keys that every managed block reads, newest first, adopted ones after ours. */
  readonly keys: readonly KeyId[];
  readonly resources: readonly LayoutResource[];
  readonly kept: readonly KeptBlock[];
  /** KMS providers of an adopted file, as entries `kms:<JSON>`, read after all keys. */
  readonly kms: readonly string[];
}

/** One rendered block: which provider entries in which order. */
export interface RenderedBlock {
  readonly resources: readonly string[];
  /** Key ids, `identity`, or `kms:<JSON of the provider, word for word>`. */
  readonly order: readonly string[];
}

export const emptyLayout: Layout = {keys: [], resources: [], kept: [], kms: []};

/** The write entry of each resource in a rendered file. */
export function writeEntries(blocks: readonly RenderedBlock[]): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const block of blocks) {
    const first = block.order[0];
    if (first === undefined) continue;
    for (const resource of block.resources) if (!entries.has(resource)) entries.set(resource, first);
  }
  return entries;
}

/** Every key id that a rendered file holds, once. */
export function keysOf(blocks: readonly RenderedBlock[]): ReadonlySet<KeyId> {
  const keys = new Set<KeyId>();
  for (const block of blocks) for (const entry of block.order) if (isKey(entry)) keys.add(entry);
  return keys;
}

export const isKey = (entry: string): boolean => entry !== 'identity' && !entry.startsWith('kms:');

/** Whether a resource of a file is a wildcard (`*.`, `*.apps`, `*.*`) that takes in another one. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === narrow) return false;
  if (wide === '*.*') return true;
  if (!wide.startsWith('*.')) return false;
  const dot = narrow.indexOf('.');
  return (dot < 0 ? '' : narrow.slice(dot + 1)) === wide.slice(2);
}

/** Whether a list names a resource or takes it in. */
export const isListed = (list: readonly string[], resource: string): boolean =>
  list.some((each) => each === resource || covers(each, resource));

/** Names before wildcards of a group, and those before `*.*`: kube-apiserver takes the first block that fits. */
const breadth = (resource: string): number => (resource === '*.*' ? 2 : resource.startsWith('*.') ? 1 : 0);

/** The narrowest resource that names or takes in another one: what serves it. */
export function servedBy<T extends {readonly resource: string}>(resources: readonly T[], name: string): T | undefined {
  const fitting = resources.filter(({resource}) => isListed([resource], name));
  return fitting.reduce<T | undefined>(
    (a, b) => (a === undefined || breadth(b.resource) < breadth(a.resource) ? b : a),
    undefined,
  );
}

/** Entries of the block that serves a resource: the first that names it or takes it in. */
export function orderOf(blocks: readonly RenderedBlock[], resource: string): readonly string[] | undefined {
  return blocks.find(({resources}) => isListed(resources, resource))?.order;
}

/** What writes a resource. */
export const writeEntryOf = (blocks: readonly RenderedBlock[], resource: string): string | undefined =>
  orderOf(blocks, resource)?.[0];

/**
 * Renders a layout for one node. `own` answers what the node's present file writes a resource with; resources of the
 * same breadth and order share a block, in the layout's order, names before the wildcards that take them in.
 */
export function renderLayout(
  layout: Layout,
  keys: ReadonlyMap<KeyId, KeyRef>,
  own: (resource: string) => string | undefined,
): readonly RenderedBlock[] {
  const blocks: {resources: string[]; order: readonly string[]}[] = [];
  const byOrder = new Map<string, {resources: string[]; order: readonly string[]}>();
  // A node without a file of its own must not begin in clear what others encrypt.
  const adopted = layout.keys.find((id) => keys.get(id)?.revision === 0);
  for (const {resource, write} of layout.resources) {
    const first = write === 'own' ? (own(resource) ?? adopted ?? 'identity') : write;
    const order = orderFor(first, layout, keys);
    const id = [breadth(resource), ...order].join('\n');
    const present = byOrder.get(id);
    if (present !== undefined) present.resources.push(resource);
    else {
      const block = {resources: [resource], order};
      byOrder.set(id, block);
      blocks.push(block);
    }
  }
  for (const kept of layout.kept) blocks.push({resources: [...kept.resources], order: kept.order});
  const sorted = blocks.sort((a, b) => broadest(a.resources) - broadest(b.resources));
  return needsGuardBlock(layout) ? [{resources: [ownGroup], order: ['identity']}, ...sorted] : sorted;
}

/** Our own group, which no key may ever stand in front of. */
const ownGroup = '*.cluster.alauda.io';

const broadest = (resources: readonly string[]): number => Math.max(...resources.map(breadth));

/** A wildcard that would take in our own group needs a first block that leaves our group in clear. */
const needsGuardBlock = (layout: Layout): boolean => layout.resources.some(({resource}) => resource === '*.*');

function orderFor(first: string, layout: Layout, keys: ReadonlyMap<KeyId, KeyRef>): readonly string[] {
  const firstProvider = keys.get(first)?.provider;
  const rest = layout.keys.filter((id) => id !== first);
  const near = rest.filter((id) => keys.get(id)?.provider === firstProvider);
  const far = rest.filter((id) => keys.get(id)?.provider !== firstProvider);
  const kms = layout.kms.filter((entry) => entry !== first);
  const identity = first === 'identity' ? [] : ['identity'];
  return [first, ...near, ...far, ...kms, ...identity];
}

/**
 * Adds keys for reading only: nothing that stands in a block goes or moves in front of another. Where blocks hold keys
 * of ours, only those are touched, since the others are not ours to manage; the one of our own group stays in clear.
 */
export function addReadKeys(
  blocks: readonly RenderedBlock[],
  ids: readonly KeyId[],
  keys: ReadonlyMap<KeyId, Pick<KeyRef, 'provider' | 'revision'>>,
): readonly RenderedBlock[] {
  const holdsOurs = ({order}: RenderedBlock): boolean => order.some((entry) => (keys.get(entry)?.revision ?? 0) > 0);
  const managed = blocks.filter(holdsOurs);
  const open = managed.length > 0 ? managed : blocks.filter(({resources}) => !resources.includes(ownGroup));
  return blocks.map((block) => (open.includes(block) ? {...block, order: withKeys(block.order, ids, keys)} : block));
}

/** Behind the last key of the same provider, else in front of KMS and plain text, which come last. */
function withKeys(
  order: readonly string[],
  ids: readonly KeyId[],
  keys: ReadonlyMap<KeyId, Pick<KeyRef, 'provider'>>,
): readonly string[] {
  const next = [...order];
  for (const id of ids) {
    if (next.includes(id)) continue;
    const near = next.findLastIndex((entry) => keys.has(entry) && keys.get(entry)?.provider === keys.get(id)?.provider);
    const last = near >= 0 ? near : next.findLastIndex((entry) => isKey(entry));
    next.splice(Math.max(1, last + 1), 0, id);
  }
  return next;
}

/** What a server must have accepted once before such a file goes to all: providers with key lengths, and resources. */
export function layoutKinds(layout: Layout, keys: ReadonlyMap<KeyId, KeyRef>): readonly string[] {
  const kinds = new Set<string>();
  for (const id of layout.keys) {
    const key = keys.get(id);
    if (key !== undefined) kinds.add(`${key.provider}/${key.length}`);
  }
  for (const {resource} of layout.resources) kinds.add(`resource/${resource}`);
  for (const block of layout.kept) for (const resource of block.resources) kinds.add(`resource/${resource}`);
  if (layout.kms.length > 0) kinds.add('kms');
  return [...kinds].sort();
}
